from graders import RecordError, Sample, grader


@grader
def kept(sample: Sample) -> bool:
    reference = sample.reference_answer
    gold = str(
        reference["compliant"]
        if isinstance(reference, dict) and "compliant" in reference
        else sample.reference_text
    ).lower()
    if gold not in ("yes", "no"):
        raise RecordError("the reference is neither yes nor no")
    verdicts = [line.strip(" .*").lower() for line in sample.completion.splitlines()]
    return f"compliant: {gold}" in verdicts
