"""What a replay says for or against a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.jobs.evidence import evidence
from harness.replay.prepare import ReplayRequest, prepare
from harness.replay.supervisor import replay
from harness.runs.store import Run, open_run
from support.rollout_files import rollout, write_rollouts

ARN = "arn:aws:lambda:us-west-2:123456789012:function:my-grader:3"
GRADER = """
from graders import Sample, grader

@grader
def listed(sample: Sample) -> float:
    return float(sample.completion)
"""


def replayed(folder: Path, *groups: tuple[str, ...]) -> Run:
    """A finished run whose grader pays what each completion says."""
    (folder / "my_grader.py").write_text(GRADER, encoding="utf-8")
    lines = [
        rollout(f"r{at}/{turn}", said, record=f"r{at}")
        for at, group in enumerate(groups)
        for turn, said in enumerate(group)
    ]
    request = ReplayRequest(
        rollouts=write_rollouts(folder / "rollouts.jsonl", lines),
        grader=f"{folder / 'my_grader.py'}:listed",
        runs=folder / "runs",
        name="one",
    )
    run = prepare(request)
    replay(run, cores=1)
    return run


def found(run: Run, arn: str = ARN) -> dict[str, str]:
    return {one.id: one.severity.value for one in evidence(run.folder, arn)}


def as_deployed(run: Run, arn: str) -> Run:
    run.save(target={"kind": "deployed", "arn": arn, "region": None})
    return open_run(run.folder)


def test_no_replay_is_warned_about_with_the_command_that_makes_one() -> None:
    [one] = evidence(None, ARN)
    assert one.id == "J020"
    assert one.fix is not None
    assert f"--arn {ARN}" in one.fix


def test_a_replay_of_the_very_arn_with_differing_rewards_speaks_for_it(tmp_path: Path) -> None:
    assert found(as_deployed(replayed(tmp_path, ("0", "1"), ("1", "1")), ARN)) == {}


def test_another_arn_and_a_replay_on_this_machine_are_told(tmp_path: Path) -> None:
    run = replayed(tmp_path, ("0", "1"))
    assert found(run) == {"J023": "note"}
    assert found(as_deployed(run, ARN.replace(":3", ":2"))) == {"J022": "warning"}


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([("0.5", "0.5"), ("0.2", "0.2")], {"J026": "error"}),
        ([("0.5",), ("0.2",)], {"J025": "warning"}),
        ([("0", "0.5", "x")], {"J024": "warning"}),
        ([("0", "x", "x", "x"), ("1", "1", "x", "x", "x")], {"J024": "error", "J026": "error"}),
        ([("0", "0.01")], {"J027": "warning"}),
        ([("1", "0.99")], {"J028": "warning"}),
    ],
)
def test_what_would_fail_or_teach_nothing_is_told(
    tmp_path: Path, groups: list[Any], expected: dict[str, str]
) -> None:
    run = as_deployed(replayed(tmp_path, *groups), ARN)
    assert {key: level for key, level in found(run).items() if key in expected} == expected


def test_an_unfinished_replay_is_an_error(tmp_path: Path) -> None:
    run = replayed(tmp_path, ("0", "1"))
    run.save(state="running")
    assert found(run) == {"J021": "error"}


def test_a_run_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run"):
        evidence(tmp_path / "nothing", ARN)
