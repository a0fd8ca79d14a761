from graders import RecordError, Sample, grader
from graders.extract import after_marker


def names(text) -> set[str]:
    return {part.strip(" .").lower() for part in str(text).split(";") if part.strip(" .")}


@grader
def north(sample: Sample) -> bool:
    """No name that is not in the reference."""
    gold = names(sample.reference_text)
    if not gold:
        raise RecordError("no names")
    said = after_marker(sample.completion, "Names:")
    return names(said if said else "") <= gold and "Names:" in sample.completion
