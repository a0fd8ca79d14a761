"""A reward that also pays for style, like many first attempts; `rft demo` audits it."""

from __future__ import annotations

from graders import Sample, grader
from graders.extract import same_number

__all__ = ["style_reward"]

_CONNECTIVES = {"first", "then", "therefore", "finally", "because"}


@grader
def style_reward(sample: Sample) -> float:
    """Pay for the right result, for connectives and for length."""
    words = sample.completion.lower().replace(",", " ").split()
    right = same_number(sample.completion, sample.reference_text, marker="####")
    return 0.7 * right + 0.2 * (len(_CONNECTIVES & {*words}) >= 2) + 0.1 * (len(words) >= 40)
