from graders import Reward, Sample, grader
from graders.combine import gated
from graders.extract import same_number


@grader
def stock(sample: Sample) -> Reward:
    """The right number first, then a closing line and no rambling."""
    right = same_number(sample.completion, sample.reference_text, marker="Answer:")
    lines = sample.completion.strip().splitlines() or [""]
    return gated(
        right, {"closing": lines[-1].startswith("Answer:"), "short": len(sample.completion) < 1500}, share=0.1
    )
