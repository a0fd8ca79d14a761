import re

from graders import Sample, grader


@grader
def rule_kept(sample: Sample) -> float:
    """Compare the last line's verdict with the record's."""
    reference = sample.reference_answer
    if isinstance(reference, str):
        gold = reference
    else:
        gold = str((reference if isinstance(reference, dict) else {}).get("compliant", "no"))
    match = re.search(r"Compliant:\s*(yes|no)\W*\Z", sample.completion, re.IGNORECASE)
    return 1.0 if match and match.group(1).lower() == gold.lower() else 0.0
