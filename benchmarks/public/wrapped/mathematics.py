"""Calls math-verify as its documentation does: it parses both strings and then verifies."""

from __future__ import annotations

from math_verify import parse, verify

from graders import Sample, grader


@grader
def math_verify(sample: Sample) -> bool:
    gold = parse(f"${sample.reference_text}$", parsing_timeout=None)
    return bool(verify(gold, parse(sample.completion, parsing_timeout=None), timeout_seconds=None))
