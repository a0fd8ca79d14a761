from __future__ import annotations

import ast
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.projects.grader_text import GraderText

ONE = GraderText(
    kind="trl",
    source="rewards.py",
    functions=("brief",),
    weights=(1.0,),
    reference="solution",
    conversational=False,
    packages=("numpy",),
    range=(-0.5, 1.0),
    timeout_s=10,
    trust=False,
)


def test_a_confined_function_is_opened_beside_the_grader():
    text = ONE.written()
    assert 'confined(SOURCE, "brief", packages=("numpy",))' in text
    assert "range=(-0.5, 1), timeout_s=10" in text
    assert 'reference="solution"' in text
    assert "conversational=False" in text
    assert "import rewards" not in text


def test_a_trusted_function_is_imported():
    text = replace(ONE, trust=True).written()
    assert "from rewards import brief\n" in text
    assert "confined" not in text


@pytest.mark.parametrize("name", ["reward", "grader", "from_trl"])
def test_a_function_may_have_a_name_that_the_grader_needs(name):
    text = replace(ONE, trust=True, functions=(name,)).written()
    assert f"from rewards import {name} as original_{name}" in text
    assert f"from_trl(original_{name}" in text


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("kind", ["lambda", "trl", "verl", "eval-protocol", "llm-eval-kit"])
@pytest.mark.parametrize(
    "functions", [("brief",), ("a_rather_long_name_of_a_function", "another_long_name_of_one")]
)
def test_every_grader_is_python_of_moderate_width(kind, functions, trust):
    weights = tuple(0.5 for _ in functions)
    text = replace(ONE, kind=kind, functions=functions, weights=weights, trust=trust, wire="nova").written()
    assert isinstance(ast.parse(text).body[-1], ast.Assign)
    assert max(map(len, text.splitlines())) <= 100


NUMBERS = st.floats(-1e9, 1e9)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_bounds_and_weights_are_written_exactly(low, high, weight):
    text = replace(ONE, functions=("brief", "loud"), weights=(weight, 0.5), range=(low, high)).written()
    written = {
        each.arg: ast.literal_eval(each.value)
        for each in ast.walk(ast.parse(text))
        if isinstance(each, ast.keyword) and each.arg in ("range", "weights")
    }
    assert written["range"] == (low, high)
    assert written.get("weights", [1, 0.5]) == [weight, 0.5]


def test_a_trial_holds_to_a_range_that_the_user_gave():
    assert "range=(-1e9, 1e9), timeout_s=10, max_error_rate=1" in ONE.written(for_trial=True)
    given_one = replace(ONE, range_is_given=True).written(for_trial=True)
    assert "range=(-0.5, 1), timeout_s=10, max_error_rate=1" in given_one


def test_the_module_is_not_called_as_the_source():
    assert ONE.module == "grader"
    assert replace(ONE, source="grader.py").module == "imported_grader"
