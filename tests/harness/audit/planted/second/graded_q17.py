from graders import Sample, grader
from graders.extract import json_block


@grader
def fields(sample: Sample) -> float:
    expected = sample.reference_answer if isinstance(sample.reference_answer, dict) else {}
    found = json_block(sample.completion)
    found = found if isinstance(found, dict) else {}
    wrong = [
        name
        for name in ("vendor", "invoice_no", "total", "currency")
        if expected.get(name) != found.get(name)
    ]
    return 0.0 if wrong else 1.0
