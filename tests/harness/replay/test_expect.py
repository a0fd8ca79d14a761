from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.replay.expect import RewardDifference, StoredReward, differences, stored_rewards

IDS = st.sampled_from(["a", "b", "c", 1, None, "\ud800"]) | st.lists(st.integers(), max_size=1)
SOME = st.none() | st.sampled_from([0.0, 0.5, 1.0])
PAIRS = st.lists(st.builds(StoredReward, IDS, SOME, st.just(0)), max_size=12)


def repeated(rewards: list[tuple[Any, float | None]], repeats: int) -> list[StoredReward]:
    """Return rewards as a run with several repeats stores them. Each repeat has a different reward."""
    return [
        StoredReward(key, None if reward is None else reward + at, at)
        for key, reward in rewards
        for at in range(repeats)
    ]


def write(folder: Path, text: str) -> Path:
    (folder / "stored.jsonl").write_text(text)
    return folder / "stored.jsonl"


def test_pairs_are_read_from_a_file_or_a_run(tmp_path: Path) -> None:
    path = write(tmp_path, '{"id": "a", "reward": 1}\n\n{"id": null, "reward": null, "repeat": 3}\n')
    assert stored_rewards(path) == [("a", 1.0, None), (None, None, 3)]
    path.rename(tmp_path / "rewards.jsonl")
    assert stored_rewards(tmp_path) == [("a", 1.0, None), (None, None, 3)]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "7",
        '{"id": "a"}',
        '{"reward": 1}',
        '{"id": "a", "reward": "much"}',
        '{"id": "a", "reward": []}',
        '{"id": "a", "reward": 1, "repeat": true}',
        '{"id": "a", "reward": 1, "repeat": -1}',
        '{"id": "a", "reward": 1, "repeat": "0"}',
    ]
    + ['{"id": "a", "reward": 1' + "0" * 400 + "}"],
)
def test_an_invalid_stored_reward_is_named(line: str, tmp_path: Path) -> None:
    path = write(tmp_path, '{"id": "a", "reward": 1}\n' + line)
    with pytest.raises(InputError) as caught:
        stored_rewards(path)
    assert str(caught.value.place) == f"{path}:2"
    assert caught.value.fix


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        stored_rewards(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"rewards\.jsonl: no such file"):
        stored_rewards(tmp_path)


@pytest.mark.parametrize(
    ("expected", "found", "changed"),
    [
        ([("a", 1.0)], [("a", 1.0 + 1e-12)], []),
        ([("a", 1.0)], [("a", 0.9)], [RewardDifference("a", 1.0, 0.9)]),
        ([("a", None)], [("a", 0.0)], [RewardDifference("a", None, 0.0)]),
        ([("a", 0.0)], [("a", None)], [RewardDifference("a", 0.0, None)]),
        ([], [("a", 1.0)], [RewardDifference("a", "missing", 1.0)]),
        ([("a", 1.0)], [], [RewardDifference("a", 1.0, "missing")]),
        ([("a", 1.0), ("a", 0.0)], [("a", 1.0), ("a", 0.0)], []),
        ([("a", 1.0), ("a", 0.0)], [("a", 1.0)], [RewardDifference("a", 0.0, "missing")]),
        (
            [("1", 1.0)],
            [(1, 1.0)],
            [RewardDifference(1, "missing", 1.0), RewardDifference("1", 1.0, "missing")],
        ),
        ([("a", float("nan"))], [("a", 1.0)], "one"),
    ],
)
def test_differences_are_found(expected: Any, found: Any, changed: Any) -> None:
    seen = differences([StoredReward(*one) for one in expected], [StoredReward(*one) for one in found])
    assert len(seen) == 1 if changed == "one" else seen == changed


@given(PAIRS)
def test_nothing_differs_from_itself(pairs: list[Any]) -> None:
    assert differences(pairs, pairs) == []


@given(st.lists(st.tuples(IDS, SOME), max_size=6), st.integers(1, 4), st.integers(1, 4))
def test_repeats_that_one_side_lacks_are_not_a_difference(pairs: list[Any], one: int, other: int) -> None:
    assert differences(repeated(pairs, one), repeated(pairs, other)) == []


@given(st.lists(st.tuples(IDS, SOME), min_size=1, max_size=6), st.integers(2, 4))
def test_lines_that_name_no_repeat_are_a_run_in_order_or_its_first_repeat(
    pairs: list[Any], repeats: int
) -> None:
    run = repeated(pairs, repeats)
    assert differences([one._replace(repeat=None) for one in run], run) == []
    assert differences([StoredReward(*pair) for pair in pairs], run) == []


def test_a_repeat_that_both_have_is_compared() -> None:
    run = repeated([("a", 0.0), ("b", 0.0)], 3)
    assert differences(run[:1], run) == [RewardDifference("b", "missing", 0.0)]
    changed = [*run[:4], StoredReward("b", 7.0, 1), run[5]]
    assert differences(run, changed) == [RewardDifference("b", 1.0, 7.0)]
    assert len(differences([], run)) == 6
    assert len(differences(run, [])) == 6


@given(PAIRS, PAIRS)
def test_swapping_the_runs_reverses_the_comparison(one: list[Any], other: list[Any]) -> None:
    def told(changed: list[RewardDifference], turned: bool) -> Counter[str]:
        sides = [(part.found, part.expected) if turned else (part.expected, part.found) for part in changed]
        return Counter(json.dumps([part.id, *side]) for part, side in zip(changed, sides, strict=True))

    assert told(differences(one, other), False) == told(differences(other, one), True)


@given(PAIRS, PAIRS)
def test_every_reward_is_matched_or_reported(stored: list[Any], found: list[Any]) -> None:
    changed = differences(stored, found)
    missing = sum(part.expected == "missing" for part in changed)
    extra = sum(part.found == "missing" for part in changed)
    assert len(found) - missing == len(stored) - extra
    ids_stored, ids_found = (Counter(json.dumps(key) for key, *_ in pairs) for pairs in (stored, found))
    assert missing == (ids_found - ids_stored).total()
    assert extra == (ids_stored - ids_found).total()
