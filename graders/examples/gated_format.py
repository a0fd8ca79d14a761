"""Correctness first, form second: good form adds to a right answer and never pays for a wrong one."""

from __future__ import annotations

from graders import Reward, Sample, grader
from graders.combine import gated
from graders.extract import same_number


@grader
def correct_then_format(sample: Sample) -> Reward:
    """0.8 for the right number; up to 0.2 more for a short answer that shows one step a line."""
    correct = same_number(sample.completion, sample.reference_text, marker="####")
    work, _, answer = sample.completion.rpartition("####")
    steps = [line for line in work.splitlines() if "=" in line]
    return gated(correct, {"shows_work": bool(steps), "short_answer": len(answer.strip()) <= 20}, share=0.2)
