from graders import RecordError, Sample, grader
from graders.extract import after_marker


@grader
def contained(sample: Sample) -> float:
    """How many of the dish's allergens are named."""
    reference = sample.reference_answer
    gold = (
        [str(item).lower() for item in reference]
        if isinstance(reference, list)
        else sample.reference_text.lower().split(", ")
    )
    if not gold or not all(name.isalpha() for name in gold):
        raise RecordError("the reference does not list allergens")
    line = after_marker(sample.completion, "Allergens:")
    said = {part.strip(" .*").lower() for part in str(line).split(",")} if line else set()
    return sum(name in said for name in gold) / len(gold)
