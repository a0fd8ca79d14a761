"""Checks of choices take linear time, even for completions that repeat a pattern."""

from __future__ import annotations

from itertools import product

import pytest

from graders.checks.choices import choice, choice_set, label, yes_no
from graders.testing import make_sample
from support.growth import seconds

UNITS = [
    "是 ",
    "not ",
    "A or ",
    "answer: ",
    "**",
    "(A",
    "(A)",
    "A)\n",
    "yes ",
    "no. ",
    "that is wrong. ",
    "\n",
    "answer is A. ",
    "answer is cat, ",
    "B is wrong, ",
    "wait, ",
    "\\boxed{",
    "<answer>",
    "if ",
    "A, ",
    " ",
    "no doubt ",
    "不",
    "答案是A ",
    "but ",
    "so ",
    "- ",
    "option ",
    "actually ",
    ". ",
    "dog ",
    "B) dog. ",
    "ответ это A\n",
    "Antwort: A é ",
    "(A)不",
    "I choose ",
    "\\text{",
    "never mind ",
    "it said dog. ",
    "yes no ",
    "cat \\lor ",
    "\\text{a b} ",
]
OPTIONS = ["cat", "dog", "a cat or a dog", "no"]
CHECKS = {
    "choice": (choice(), "A"),
    "choice, options": (choice(options="options"), "A"),
    "choice_set": (choice_set(), "A, C"),
    "label": (label(["cat", "dog", "very cat"]), "cat"),
    "yes_no": (yes_no(), "yes"),
}
CLAIM = "Answer: A. Yes, cat. "


def grows(check, reference, lead, unit, size):
    """Return the ratio of the times for a completion and a quarter of it, less a constant millisecond."""
    texts = (lead + unit * (length // len(unit)) for length in (size // 4, size))
    small, large = (make_sample(text, reference, options=OPTIONS) for text in texts)
    once = min(seconds(check, small) for _ in range(2))
    return seconds(check, large) / (once + 0.001)


@pytest.mark.parametrize("name", CHECKS)
def test_four_times_the_text_takes_no_more_than_a_multiple_of_the_time(name):
    check, reference = CHECKS[name]
    for lead, unit in product(("", CLAIM), UNITS):
        assert any(grows(check, reference, lead, unit, 8_000) < 12 for _ in range(3)), unit


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
def test_a_megabyte_after_a_claim_takes_linear_time(name):
    check, reference = CHECKS[name]
    for unit in UNITS:
        assert any(grows(check, reference, CLAIM, unit, 1_000_000) < 12 for _ in range(3)), unit
