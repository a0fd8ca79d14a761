import re

from graders import RecordError, Sample, grader

KNOWN = ("milk", "egg", "peanut", "soy", "wheat", "fish", "sesame", "mustard", "celery", "lupin")


def named(text: str) -> set[str]:
    return {word for word in re.findall(r"[a-z]+", text.lower()) if word in KNOWN}


@grader
def allergens(sample: Sample) -> float:
    """Share of the ten allergens that are rightly marked as contained or not."""
    reference = sample.reference_answer
    gold = named(" ".join(map(str, reference)) if isinstance(reference, list) else sample.reference_text)
    if not gold:
        raise RecordError("no known allergen in the reference")
    line = re.search(r"Allergens:([^\n]*)\Z", sample.completion.strip())
    if line is None:
        return 0.0
    said = named(line.group(1))
    return sum((name in said) == (name in gold) for name in KNOWN) / len(KNOWN)
