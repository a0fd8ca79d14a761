from __future__ import annotations

from pathlib import Path

import pytest

from graders import Sample, grader
from harness.replay.replayed import Replayed
from harness.replay.rollout_tests import read_tests
from harness.targets.in_process import InProcessTarget
from support.pytest_run import said_by
from support.readme import README, blocks
from support.rollout_files import rollout, write_rollouts

DOCUMENT = README.parent / "docs" / "replay-tests.md"


def test_its_tests_pass(pytester: pytest.Pytester) -> None:
    code = blocks("python", DOCUMENT)
    (pytester.path / "tests").mkdir()
    (pytester.path / "my_grader.py").write_text(code[0])
    (pytester.path / "rft.toml").write_text(blocks("toml", DOCUMENT)[0])
    (pytester.path / "tests" / "math.rollouts.jsonl").write_text(blocks("json", DOCUMENT)[0])
    lines = [rollout("p1/0", "#### 72", is_right=True), rollout("p1/1", "#### 73", is_right=False)]
    write_rollouts(pytester.path / "rollouts.jsonl", lines)
    (pytester.path / "tests" / "test_rewards.py").write_text("\n\n".join(code[1:]))
    said = said_by(pytester, "--update-rewards")
    assert "8 passed" in said
    assert "rollouts.math_answer.rewards.jsonl: 2 rewards written" in said
    assert "1 passed" in said_by(pytester, "tests/math.rollouts.jsonl::two-answers")
    assert "1 passed, 7 deselected" in said_by(pytester, "-k", "two-answers")


@grader
def generous(sample: Sample) -> float:
    return 1.0


def test_a_failure_looks_as_it_says(tmp_path: Path) -> None:
    line = rollout(
        "two-answers",
        "The answer is 72 clips",
        "The answer is 73 clips",
        expected_reward={"at_most": 0.5},
    )
    [one] = read_tests(write_rollouts(tmp_path / "x.rollouts.jsonl", [line]))
    assert one.failure(InProcessTarget(generous), (0, 1)) == blocks("text", DOCUMENT)[0].strip()


def test_its_table_names_every_assertion() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for name in (name for name in vars(Replayed) if name.startswith("assert_")):
        assert f"| `{name}(" in text
