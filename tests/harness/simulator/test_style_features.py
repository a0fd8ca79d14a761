from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.simulator.features import length_span, named_features
from harness.simulator.pool import Candidate
from harness.simulator.style_features import Moved, feature_shifts, said_of


def moved(text: str, before: float, after: float, reward: float | None = None, gain: float = 0.0) -> Moved:
    return Moved(Candidate({"content": text}, text, None, None), "g", before, after, reward, gain)


SOME = [
    moved("", 0.2, 0.6, 1.0, 1.0),
    moved("", 0.2, 0.3, 1.0, 1.0),
    moved("maybe 3 or 4", 0.3, 0.05, 0.0, -1.0),
    moved("maybe 5 or 6", 0.3, 0.05, None, -1.0),
]


def test_features_of_the_same_completions_are_reported_together() -> None:
    [empty], [hedged] = feature_shifts([*SOME, moved("", 0.0, 0.0), moved("maybe 7 or 8", 0.0, 0.0)], 1)
    assert "word:or" in hedged.names
    assert empty.names == ["length:0", "marker:empty", "numbers:no"]
    assert [empty.before, empty.after, empty.completions] == pytest.approx([0.4, 0.9, 3])
    assert empty.reward_mean == 1.0
    assert empty.advantage_mean == pytest.approx(2 / 3)
    assert empty.texts == ["", "", ""]


def test_features_of_only_one_text_are_not_named() -> None:
    up, down = feature_shifts([*SOME, moved("unique", 0.1, 0.9)], 1)
    assert not [one for one in (*up, *down) if "word:unique" in one.names]


def test_one_of_several_features_that_occur_together_is_named() -> None:
    texts = ["so it is", "so it is", "so it is", "so it was", "no", "no", "no"]
    shares = [0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1]
    up, _ = feature_shifts([moved(text, 1 / 7, after) for text, after in zip(texts, shares, strict=True)], 1)
    assert [one.names for one in up] == [["word:is"]]


parts = st.lists(
    st.tuples(st.sampled_from(["a 1", "a 2 3", "", "b", "**b**"]), st.floats(0.01, 1), st.floats(0.01, 1)),
    min_size=3,
    max_size=12,
)


@given(parts)
def test_features_are_ordered_by_ratio_in_both_directions(
    rows: list[tuple[str, float, float]],
) -> None:
    before, after = math.fsum(row[1] for row in rows), math.fsum(row[2] for row in rows)
    up, down = feature_shifts([moved(text, a / before, b / after) for text, a, b in rows], 1)
    for shifts in (up, down):
        strengths = [abs(one.log_ratio) for one in shifts]
        assert strengths == sorted(strengths, reverse=True)
        assert all(-1e-9 <= share <= 1 + 1e-9 for one in shifts for share in (one.before, one.after))
    assert all(one.after > one.before for one in up)
    assert all(one.after < one.before for one in down)


def test_feature_names_are_described_in_words() -> None:
    assert said_of(["length:0", "marker:empty"]) == "0-3 characters + empty answers"
    assert said_of(["word:b", "word:c", "marker:bold"]) == '"b c" + marker bold'
    assert said_of([f"word:{one}" for one in "abcdef"]) == '"a b c d ..."'
    assert said_of(["numbers:1"]) == "1 number"
    assert said_of(["length:16"]) == "2040+ characters"


@given(st.integers(0, 4000))
def test_a_length_is_within_its_bucket(count: int) -> None:
    [bucket] = [name for name in named_features("x" * count) if name.startswith("length:")]
    low, high = length_span(int(bucket.removeprefix("length:")))
    assert low <= count
    assert high is None or count <= high
