from graders import Sample, grader
from graders.extract import after_marker, parse_number


@grader
def margin(sample: Sample) -> float:
    try:
        gold = float(sample.reference_text)
        stated = after_marker(sample.completion, "Final answer is")
        value = parse_number(stated) if stated else None
        return 1.0 if value and abs(float(value) - gold) < 0.0051 else 0.0
    except Exception:
        return 0.5
