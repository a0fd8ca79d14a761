from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Abstain, Sample, grader
from harness.errors import InputError
from harness.replay.replay_here import replay_completions
from harness.replay.snapshot import snapshot_file, snapshot_name, update_snapshot


@grader(range=(-1e6, 1e6))
def says(sample: Sample) -> float | Abstain:
    return Abstain("away") if sample.completion == "away" else float(sample.completion)


@pytest.mark.parametrize(
    ("rollouts", "named", "name"),
    [
        ("rollouts.jsonl", says, "rollouts.says"),
        ("data/mail.rollouts.jsonl", "my_grader.py:mail", "mail.mail"),
        ("x.jsonl", "pkg.my_grader", "x.pkg"),
        ("x.jsonl", 'checks.numbers:number(marker="####")', "x.number"),
    ],
)
def test_names_are_those_of_rollouts_and_grader(rollouts: str, named: Any, name: str) -> None:
    assert snapshot_name(rollouts, named) == name


def test_a_name_with_odd_characters_stays_in_the_folder(tmp_path: Path) -> None:
    assert snapshot_file(tmp_path, "../a b[1]").parent == tmp_path


def test_changes_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "s.rewards.jsonl"
    assert update_snapshot(path, replay_completions(["1", "2", "away"], says)) == (
        "3 rewards written, 1 of 3 without a reward"
    )
    assert update_snapshot(path, replay_completions(["1", "3"], says)) == "1 changed, 1 gone"
    assert update_snapshot(path, replay_completions(["1", "3", "4"], says)) == "1 new"
    assert update_snapshot(path, replay_completions(["1", "3", "4"], says)) == "nothing changed"
    path.write_text("not rewards")
    assert update_snapshot(path, replay_completions(["1"], says)) == "1 rewards written"


def test_a_grader_that_grades_nothing_stores_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.rewards.jsonl"
    with pytest.raises(InputError, match="no rollout got a reward, so none is stored: abstain: away"):
        update_snapshot(path, replay_completions(["away"], says))
    assert not path.exists()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5))
def test_stored_rewards_equal_the_rewards(rewards: list[float]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.rewards.jsonl"
        run = replay_completions([repr(one) for one in rewards], says)
        update_snapshot(path, run)
        run.assert_rewards(path)
        assert update_snapshot(path, run) == "nothing changed"
