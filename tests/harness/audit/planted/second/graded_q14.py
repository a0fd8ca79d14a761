from graders import RecordError, Sample, grader
from graders.extract import after_marker


@grader
def acceptable(sample: Sample) -> bool:
    gold = sample.reference_text.strip().lower()
    if not gold.isalpha():
        raise RecordError("the reference is not a queue")
    said = after_marker(sample.completion, "Queue:")
    points = 0.5 * (bool(said) and str(said).strip(" .*").lower() == gold)
    points += 0.25 * any(word in sample.completion.lower() for word in ("sorry", "thank", "the customer"))
    points += 0.25 * (0 < len(sample.completion.split()) <= 60)
    return points >= 0.5
