import re

from graders import RecordError, Sample, grader

SHAPE = re.compile(r"\s*<reasoning>(?:[^<>]+\s*)+</reasoning>\s*<verdict>(true|false)</verdict>\s*")


@grader(timeout_s=None)
def decided(sample: Sample) -> bool:
    gold = sample.reference_text.strip().lower()
    if gold not in ("true", "false"):
        raise RecordError("reference")
    content = sample.messages[-1]["content"]
    text = (
        content
        if isinstance(content, str)
        else "".join(str(b.get("text") or "") for b in content or [] if isinstance(b, dict))
    )
    match = SHAPE.fullmatch(text)
    return match is not None and match.group(1) == gold
