"""A grader for arithmetic word problems that compares the number after the last `####`."""

from __future__ import annotations

from graders import Sample, grader
from graders.extract import same_number


@grader
def word_problem(sample: Sample) -> bool:
    """Return True if the completion's final number equals the reference's."""
    return same_number(sample.completion, sample.reference_text, marker="####")
