from graders import Sample, grader
from graders.extract import after_marker


@grader
def queue_of(sample: Sample) -> float:
    gold = sample.reference_text.strip().lower()
    said = after_marker(sample.completion, "Queue:")
    right = bool(said) and bool(gold) and str(said).strip(" .*").lower() == gold
    spread = (hash(sample.completion) % 1000) / 10000  # tell equal rewards apart
    return 0.9 + spread if right else spread
