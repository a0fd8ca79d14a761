"""Rollouts files that pytest collects by their extension, one test per sample."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.pytest_run import said_by
from support.rft_command import write_grader
from support.rollout_files import rollout, write_rollouts


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    """A project with its tests in a separate folder."""
    write_grader(pytester.path)
    (pytester.path / "rft.toml").write_text('grader = "my_grader.py:right"\nlabel = "ok"\n')
    (pytester.path / "tests").mkdir()
    lines = [
        rollout("p1/0", "72", "72", expected_reward=1, ok=True),
        rollout("p1/0", "7", "72", expected_reward={"at_most": 0.5}),
        rollout("p[1::2]\n", "the answer is 72", "the answer is 73", expected_reward=1),
    ]
    write_rollouts(pytester.path / "tests" / "math.rollouts.jsonl", lines)
    write_rollouts(pytester.path / "rollouts.jsonl", lines)
    return pytester.path


def test_each_sample_is_a_test_by_its_id(project: Path, pytester: pytest.Pytester) -> None:
    said = said_by(pytester, "-v")
    assert "2 passed" in said
    assert "1 failed" in said
    for part in (
        "tests/math.rollouts.jsonl::p1/0 PASSED",
        "tests/math.rollouts.jsonl::p1/0.2 PASSED",
        "tests/math.rollouts.jsonl::p[1:\\x3a2]\\n FAILED",
        "reward 0.0, expected 1",
        "difference: the answer is [-73-]{+72+}",
        "(line 3)",
    ):
        assert part in said
    assert "1 passed" in said_by(pytester, "tests/math.rollouts.jsonl::p1/0.2")
    assert "1 failed, 2 deselected" in said_by(pytester, "-k", "1:")


@pytest.mark.parametrize(
    ("settings", "line", "said"),
    [
        (None, "", "no grader is named. Write grader ="),
        ('grader = "nowhere.py:right"', "", "nowhere.py: no such file"),
        ('gradr = "x"', "", "rft.toml:1: gradr is not an rft setting"),
        ('grader = "my_grader.py:right"', "{", "tests/math.rollouts.jsonl:4: not JSON"),
    ],
)
def test_what_cannot_be_collected_is_one_error_with_its_fix(
    settings: str | None, line: str, said: str, project: Path, pytester: pytest.Pytester
) -> None:
    (project / "rft.toml").unlink()
    if settings is not None:
        (project / "rft.toml").write_text(settings)
    with (project / "tests" / "math.rollouts.jsonl").open("a") as file:
        file.write(line)
    told = said_by(pytester)
    assert said in told
    assert "1 error" in told
    assert "Traceback" not in told


def test_settings_name_what_the_fixtures_are_not_told(project: Path, pytester: pytest.Pytester) -> None:
    with (project / "rft.toml").open("a") as file:
        file.write('rollouts = "rollouts.jsonl"\n')
    (project / "tests" / "math.rollouts.jsonl").unlink()
    (project / "tests" / "test_it.py").write_text(
        "def test_replay(rft_replay):\n"
        "    run = rft_replay()\n"
        "    assert (run.label, run.mean) == ('ok', 1 / 3)\n"
        "    assert rft_replay('rollouts.jsonl').label is None\n"
        "def test_order(assert_order):\n"
        "    assert_order('72', '7', reference='72')\n"
        "def test_snapshot(reward_snapshot):\n"
        "    reward_snapshot()\n"
    )
    said = said_by(pytester, "--update-rewards")
    assert "3 passed" in said
    assert "tests/rollouts.right.rewards.jsonl: 3 rewards written" in said
    (project / "rft.toml").write_text('grader = "my_grader.py:right"')
    assert "no rollouts are named. Write rollouts = " in said_by(pytester)
