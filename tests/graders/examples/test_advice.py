"""The graders in the documents and the examples pay nothing for form alone."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest

from graders import Failure, Grader, examples
from graders._runtime import QuestionsHeldBack
from graders.testing import make_sample
from support.readme import README, blocks

UNEARNED = [
    *("", ".", "x", "=", "1 + 1 = 2", "<answer>", "####"),
    *("\n" * 50, "\u200b" * 50, "word " * 300, "x" * 1000),
]
"""Completions that answer nothing."""


def shown() -> dict[str, Grader]:
    """Return the graders of the examples and of the code in the documents, by place and name."""
    found: dict[str, Any] = {}
    for one in pkgutil.iter_modules(examples.__path__):
        found |= {f"{one.name}.{name}": each for name, each in named(f"graders.examples.{one.name}").items()}
    for page in (README, *sorted((README.parent / "docs").glob("*.md"))):
        for number, block in enumerate(blocks("python", page)):
            if "from graders" in block and page.name != "adapters.md":  # it shows graders of other projects
                names: dict[str, Any] = {"__name__": "example"}
                exec(compile(block, page.name, "exec"), names)
                found |= {f"{page.name} {number} {name}": each for name, each in names.items()}
    return {place: each for place, each in found.items() if isinstance(each, Grader)}


def named(module: str) -> dict[str, Any]:
    return vars(importlib.import_module(module))


SHOWN = shown()


@pytest.mark.parametrize("place", SHOWN)
@pytest.mark.parametrize("reference", ["72", "#### 72", "Paris"])
def test_what_answers_nothing_earns_nothing(place, reference):
    graded = SHOWN[place]
    floor = graded.options.range[0]
    with QuestionsHeldBack():  # asking a judge costs money, and its answers are not tested here
        outcomes = graded.grade_all([make_sample(one, reference) for one in UNEARNED])
    for found in outcomes:
        assert isinstance(found, Failure) or float(found) == floor


def test_the_examples_are_found():
    assert {"gated_format.correct_then_format", "word_problems.word_problem"} <= SHOWN.keys()
    assert any(place.startswith("graders.md") for place in SHOWN)
