from graders import Reward, Sample, grader
from graders.combine import weighted
from graders.extract import same_number


@grader
def marked(sample: Sample) -> Reward:
    """Right answers, and the marker at the end."""
    right = same_number(sample.completion, sample.reference_text, marker="####")
    lines = sample.completion.strip().splitlines()
    return weighted(
        {"right": right, "marker": bool(lines) and lines[-1].startswith("####")},
        {"right": 0.75, "marker": 0.25},
    )
