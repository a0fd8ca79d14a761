from graders import Missing, Sample, grader
from graders.extract import parse_number, reference_number


def percent(value: float) -> float:
    while abs(value) < 0.4:
        if not value:
            break
        value *= 100
    return value


@grader
def growth(sample: Sample) -> bool:
    gold = float(reference_number(sample.reference_text))
    head, marker, tail = sample.completion.strip().rpartition("Final answer is")
    value = parse_number(tail.strip().rstrip(".%")) if marker else None
    if value is None or isinstance(value, Missing):
        return False
    return abs(percent(float(value)) - percent(gold)) <= 0.006
