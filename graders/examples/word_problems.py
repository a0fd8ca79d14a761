"""A grader for arithmetic word problems: only the number after the last `####` counts."""

from __future__ import annotations

from graders import Sample, grader
from graders.extract import same_number


@grader
def word_problem(sample: Sample) -> bool:
    """Return whether the completion's final number equals the reference's."""
    return same_number(sample.completion, sample.reference_text, marker="####")
