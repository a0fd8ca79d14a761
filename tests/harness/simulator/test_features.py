from __future__ import annotations

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.simulator.features import DIMENSIONS, features, length_in_tokens, named_features
from support.growth import assert_linear


@given(st.text())
def test_features_have_length_one_and_rising_indices(text: str) -> None:
    phi = features(text)
    assert math.isclose(math.fsum(value * value for _, value in phi), 1.0)
    indices = [index for index, _ in phi]
    assert indices == sorted(set(indices))
    assert all(0 <= index < DIMENSIONS for index in indices)


@given(st.integers(100, 999), st.integers(100, 999))
def test_features_do_not_know_the_number(left: int, right: int) -> None:
    assert features(f"So it is\n#### {left}") == features(f"So it is\n#### {right}")


def test_format_words_and_length_all_move_the_features() -> None:
    plain = features("the answer is 12")
    assert features("**the answer is 12**") != plain
    assert features("the result is 12") != plain
    assert features("the answer is 12" + " 1" * 400) != plain


@pytest.mark.parametrize(
    ("text", "bucket"),
    [("none", "no"), ("It is 1,234.5", "1"), ("3 or 4", "2"), ("1 2 3", "3-4"), ("1 " * 40, "17+")],
)
def test_the_count_of_numbers_is_a_feature_but_their_values_are_not(text: str, bucket: str) -> None:
    assert f"numbers:{bucket}" in named_features(text)


@pytest.mark.parametrize(
    ("text", "repeats"),
    [("Check.\nIt fits.\n Check.", True), ("}\n}\n---\n---", False), ("a\nb", False), ("", False)],
)
def test_a_repeated_line_is_a_feature(text: str, repeats: bool) -> None:
    assert ("marker:repeated-line" in named_features(text)) is repeats


def test_features_are_equal_in_another_process() -> None:
    code = "from harness.simulator.features import features; print(features('Let us see.\\n#### 72'))"
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "77"},
    )
    assert said.stdout.strip() == repr(features("Let us see.\n#### 72"))


def test_a_token_is_four_characters() -> None:
    assert length_in_tokens("12345678") == 2.0


@pytest.mark.parametrize(
    "piece", ["1.", ".", " ", "\n", "\n ", "$", "<", "<<", "a", "1", "A", "*", "- ", "1) ", "\t|"]
)
@pytest.mark.parametrize("end", ["", "x", "\n"])
def test_features_take_linear_time_on_degenerate_completions(piece: str, end: str) -> None:
    assert_linear(features, lambda size: piece * size + end, 50_000)
