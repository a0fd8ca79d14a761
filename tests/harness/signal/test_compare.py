from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.signal.compare import compare

GRADERS = '''
"""Rewards that stand in the completions."""

from graders import Sample, grader


@grader
def first(sample: Sample) -> float:
    return float(sample.completion.split()[0])


@grader
def second(sample: Sample) -> float:
    return float(sample.completion.split()[1])


@grader
def spoiling(sample: Sample) -> float:
    reward = float(sample.completion.split()[0])
    sample.messages[-1]["content"] = "none at all"
    return reward
'''


def write(folder: Path, rewards: list[list[tuple[Any, Any]]]) -> Path:
    (folder / "two_graders.py").write_text(GRADERS)
    path = folder / "rollouts.jsonl"
    with path.open("w") as file:
        for record, group in enumerate(rewards):
            for k, (was, now) in enumerate(group):
                turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": f"{was} {now}"}]
                file.write(
                    json.dumps({"id": f"{record}/{k}", "record": f"r{record}", "messages": turns}) + "\n"
                )
    return path


def change(folder: Path, rewards: list[list[tuple[Any, Any]]], was: str = "first") -> Any:
    path, file = write(folder, rewards), folder / "two_graders.py"
    return compare(f"{file}:{was}", f"{file}:second", path)


def test_means_inversions_and_flips(tmp_path: Path) -> None:
    found = change(tmp_path, [[(0, 1), (1, 0)], [(0.5, 0.5), (1, 1)], [(0, 0), (0, 1)]])
    assert (found.was.mean, found.now.mean) == (pytest.approx(2.5 / 6), pytest.approx(3.5 / 6))
    assert (found.order.rollouts, found.order.changed, found.zero_std.groups) == (6, 3, 3)
    assert (found.order.pairs, found.order.inverted, found.order.merged, found.order.parted) == (2, 1, 0, 1)
    assert [flip.id for flip in found.order.flips] == ["0/0", "0/1"]
    assert (found.zero_std.was, found.zero_std.now) == (1, 0)
    assert found.was.sha256 == found.now.sha256


def test_missing_rewards_are_counted_but_order_nothing(tmp_path: Path) -> None:
    found = change(tmp_path, [[(0, "x"), (1, 0)]])
    assert (found.now.failures, found.order.pairs, found.order.changed) == (1, 0, 2)


def test_a_grader_that_modifies_its_input_does_not_affect_the_other_grader(tmp_path: Path) -> None:
    found = change(tmp_path, [[(0, 1), (1, 0)]], was="spoiling")
    assert (found.was.mean, found.now.mean, found.order.inverted) == (0.5, 0.5, 1)


def test_nothing_is_learned_from_a_group_without_rewards(tmp_path: Path) -> None:
    found = change(tmp_path, [[(0, "x"), (1, "x")]])
    assert (found.zero_std.was, found.zero_std.now) == (0, 1)


def test_all_flips_are_counted_and_the_first_are_shown(tmp_path: Path) -> None:
    found = change(tmp_path, [[(0, 1), (1, 0)]] * 150)
    assert (found.order.flipped, len(found.order.flips)) == (300, 300)
