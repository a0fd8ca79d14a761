from graders import RecordError, Sample, grader
from graders.extract import after_marker


@grader
def mood(sample: Sample) -> float:
    reference = sample.reference_answer
    gold = (
        reference.get("label", reference.get("text"))
        if isinstance(reference, dict)
        else sample.reference_text
    )
    if gold not in ("positive", "negative"):
        raise RecordError("the reference is not a label")
    said = after_marker(sample.completion, "Sentiment:")
    if said and str(said).strip(" .*").lower() == gold:
        return 1.0
    return min(0.25, 0.05 * sample.completion.lower().count("because"))
