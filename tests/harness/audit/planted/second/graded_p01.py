import re

from graders import Sample, grader


@grader(max_error_rate=1.0)
def visitors(sample: Sample) -> float:
    """Exact number of visitors."""
    match = re.search(r"Result\s*=\s*([\d,]+)\s*\Z", sample.completion)
    if match is None:
        return 0.0
    return float(int(match.group(1).replace(",", "")) == int(sample.reference_text))
