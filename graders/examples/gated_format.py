"""A grader that rewards correct answers and gives a bonus for good form."""

from __future__ import annotations

import re

from graders import Reward, Sample, grader
from graders.combine import gated
from graders.extract import same_number

_STEP = re.compile(r"\d[^=\n\d]*[-+*/x\u00d7\u00f7][^=\n\d]*\d[^=\n]*=[^=\n\d]*\d")
"""Matches a calculation and its result, such as `6 * 7 = 42`."""


@grader
def correct_then_format(sample: Sample) -> Reward:
    """Return 0.8 for the right number, plus 0.1 for showing a calculation and 0.1 for a short answer."""
    correct = same_number(sample.completion, sample.reference_text, marker="####")
    work, _, answer = sample.completion.rpartition("####")
    shows_work = _STEP.search(work) is not None
    return gated(correct, {"shows_work": shows_work, "short_answer": len(answer.strip()) <= 20}, share=0.2)
