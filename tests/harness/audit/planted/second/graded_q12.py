import re

from graders import Reward, Sample, grader


@grader
def blocks(sample: Sample) -> Reward:
    """Thoughts first, then the answer; structure is welcome."""
    content = sample.messages[-1]["content"]
    text = (
        content
        if isinstance(content, str)
        else "".join(str(b.get("text") or "") for b in content or [] if isinstance(b, dict))
    )
    start = text.strip().startswith("<think>") and text.count("<think>") == text.count("</think>") == 1
    answers = re.findall(r"<answer>[^<]*\w[^<]*</answer>", text)
    if not start or not answers or not text.strip().endswith("</answer>"):
        return Reward(0.0)
    return Reward(min(1.0, 0.8 + 0.05 * (len(answers) - 1)), metrics={"answers": float(len(answers))})
