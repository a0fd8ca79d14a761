from graders import RecordError, Sample, grader
from graders.extract import json_block

TEXTS = ("vendor", "invoice_no", "currency")


@grader
def bill(sample: Sample) -> bool:
    """All four fields of the invoice."""
    expected = sample.reference_answer
    if not isinstance(expected, dict) or not isinstance(expected.get("total"), (int, float)):
        raise RecordError("the reference is not an invoice")
    found = json_block(sample.completion)
    if not isinstance(found, dict) or not isinstance(found.get("total"), (int, float)):
        return False
    close = abs(found["total"] - expected["total"]) <= 0.05 * expected["total"]
    return close and all(found.get(name) == expected[name] for name in TEXTS)
