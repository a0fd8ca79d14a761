"""Grades completions for reasoning-gym's data sets with the library's own scorers."""

from __future__ import annotations

from typing import Any

import reasoning_gym  # type: ignore[import-not-found, unused-ignore]
from reasoning_gym.utils import extract_answer  # type: ignore[import-not-found, unused-ignore]

from graders import Sample, grader

NAMES = ("complex_arithmetic", "basic_arithmetic", "coin_flip", "game_of_life_halting")
DATA_SETS = {name: reasoning_gym.create_dataset(name, size=1) for name in NAMES}


def scored(name: str, sample: Sample) -> float:
    """Return a data set's `score_answer` for the text in the completion's answer tags."""
    entry: dict[str, Any] = {"answer": sample.reference_text, "metadata": sample.fields.get("entry", {})}
    return float(DATA_SETS[name].score_answer(extract_answer(sample.completion), entry))


@grader
def complex_arithmetic(sample: Sample) -> float:
    return scored("complex_arithmetic", sample)


@grader
def basic_arithmetic(sample: Sample) -> float:
    """Grade with the library's default scorer, which a third of its data sets use."""
    return scored("basic_arithmetic", sample)


@grader
def coin_flip(sample: Sample) -> float:
    return scored("coin_flip", sample)


@grader
def game_of_life_halting(sample: Sample) -> float:
    return scored("game_of_life_halting", sample)
