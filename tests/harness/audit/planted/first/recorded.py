"""Graders of numbers after `####` whose fault is seen in recorded rollouts."""

from graders import grader
from graders.extract import same_number


def right(sample):
    return same_number(sample.completion, sample.reference_text, marker="####")


@grader
def tiny_tiers(sample):
    """Right answers differ by a thousandth for a reason that nobody chose."""
    return (1.0 - 0.001 * (len(sample.completion) % 3)) if right(sample) else 0.0


@grader
def length_among_right(sample):
    """Longer right answers earn more."""
    return 0.5 + 0.5 * min(1.0, len(sample.completion) / 300) if right(sample) else 0.0


@grader
def nearly_all_right(sample):
    """Pays whatever has the marker, as most rollouts do."""
    return 1.0 if "####" in sample.completion and any(c.isdigit() for c in sample.completion[-9:]) else 0.0
