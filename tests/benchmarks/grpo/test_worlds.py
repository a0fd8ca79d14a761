"""A number always makes the same world, and completions are labeled as a person would label them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.grpo.worlds import (
    BROKEN,
    END,
    MOST_TOKENS,
    PROMPT_TOKENS,
    VOCABULARY,
    Problem,
    is_right,
    problems,
    style_of,
    text_of,
    world,
    write,
)

NUMBERS = range(6)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_makes_one_world_whose_shares_add_up(number: int) -> None:
    made = world(number)
    assert made == world(number)
    assert sum(habit.share for habit in made.habits.values()) == pytest.approx(1.0)
    assert all(0.0 <= habit.right <= 1.0 for habit in made.habits.values())


def test_worlds_differ_and_only_the_first_two_are_of_the_kind_that_was_seen() -> None:
    assert len({str(world(number).habits) for number in NUMBERS}) == len(NUMBERS)
    assert [world(number).new for number in NUMBERS] == [False, False, True, True, True, True]
    assert {world(number).operation for number in (0, 1)} == {"sum"}
    assert {world(number).operation for number in (2, 3, 4)} == {"sum", "difference", "larger"}


@given(st.sampled_from(NUMBERS), st.integers(0, 199), st.integers())
def test_what_the_base_model_imitates_is_short_and_has_a_style_of_its_world(
    number: int, at: int, seed: int
) -> None:
    made = world(number)
    problem = problems(made.operation)[0][at]
    tokens = write(made, problem, random.Random(seed))
    assert tokens[-1] == END
    assert len(tokens) <= MOST_TOKENS
    assert style_of(text_of(tokens)) in made.styles


@given(st.lists(st.integers(0, len(VOCABULARY) - 1)))
def test_any_tokens_are_a_text_with_a_style(tokens: list[int]) -> None:
    assert style_of(text_of(tokens))


def test_the_two_halves_of_the_problems_share_none_and_are_all() -> None:
    for operation, truth in (("sum", 5), ("difference", 1), ("larger", 3)):
        recorded, measuring = problems(operation)
        assert len({*recorded, *measuring}) == 400
        assert len(recorded) == len(measuring) == 200
        assert Problem(operation, 2, 3).truth == truth
        assert all(len(problem.tokens) == PROMPT_TOKENS for problem in recorded)


@pytest.mark.parametrize(
    ("text", "style", "right"),
    [
        ("5", "bare", True),
        ("#### 5", "marker", True),
        ("#### 5 or 6", "hedge", False),
        ("6 or 5", "hedge", False),
        ("From 2 with 3 we get 5\n#### 6", "working", False),
        ("The answer is 5.", "sentence", True),
        ("\\boxed{5}", "boxed", True),
        ("<answer>5</answer>", "tag", True),
        ('{"answer": 5}', "json", True),
        ("I do not know.", "unsure", False),
        ("exactly surely \n#### 5", "praise", True),
        ("", "empty", False),
        ("15", "bare", False),
        ("5 5", BROKEN, True),
    ],
)
def test_a_text_has_a_style_and_is_right_or_not(text: str, style: str, right: bool) -> None:
    assert style_of(text) == style
    assert is_right(text, Problem("sum", 2, 3)) is right
