from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from harness.data.record_fields import FieldChoice
from harness.data.record_file import RecordFacts
from harness.errors import InputError
from harness.findings import Finding
from harness.jobs.evidence import changed_code, evidence
from harness.jobs.same_code import UnknownFunction
from harness.replay.prepare import ReplayRequest, prepare
from harness.replay.supervisor import replay
from harness.runs.facts import AnswersFacts, Ask, DeployedFacts, GraderFacts, LocalRuntimeFacts
from harness.runs.rows import Totals, dump, read_rows
from harness.runs.store import Run, open_run
from harness.targets.deployed_code import FunctionFacts
from support.artifacts import write_artifact
from support.builds import SAME, write_build
from support.rollout_files import rollout, write_rollouts

ARN = "arn:aws:lambda:us-west-2:123456789012:function:my-grader:3"
UNKNOWN = UnknownFunction(ARN, "AWS was not asked")
GRADER = """
from graders import Sample, grader

@grader
def listed(sample: Sample) -> float:
    return float(sample.completion)
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def replayed(folder: Path, *groups: tuple[str, ...]) -> Run:
    """Replay these completions with a grader that returns the reward stated in each."""
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


def write_rewards(run: Run, *rewards: float) -> None:
    """Replace all rewards of a finished run."""
    rows = list(read_rows(run.rewards))
    totals = Totals()
    for row, reward in zip(rows, rewards, strict=True):
        row["reward"] = reward
        totals.add(row)
    run.rewards.write_bytes(b"".join(map(dump, rows)))
    run.save(totals=totals)


def training_file(run: Run) -> Path:
    """Write the records of a run's rollouts as a training file."""
    records = {}
    for line in Path(run.rollouts_name).read_text(encoding="utf-8").splitlines():
        value = json.loads(line)
        records[value["record"]] = {**value, "messages": value["messages"][:-1]}
    return write_rollouts(run.folder / "train.jsonl", records.values())


def weigh(run: Run, arn: str = ARN, **more: Any) -> list[Finding]:
    return evidence(
        run.folder, UnknownFunction(arn, "AWS was not asked"), training_file(run), **more
    ).findings


def found(run: Run, arn: str = ARN) -> dict[str, str]:
    weighed = weigh(run, arn)
    return {one.id: one.severity.value for one in weighed}


def as_deployed(run: Run, arn: str, **facts: Any) -> Run:
    """Make the run look like one of a deployed function, whose options are unknown."""
    run.save(target=DeployedFacts(arn), **facts)
    return open_run(run.folder)


def test_no_replay_is_warned_about_with_the_command_that_makes_one() -> None:
    [one] = evidence(None, UNKNOWN, Path("train.jsonl")).findings
    assert one.id == "J020"
    assert one.fix is not None
    assert f"--arn {ARN}" in one.fix


def test_a_replay_of_the_same_arn_with_different_rewards_is_good_evidence(tmp_path: Path) -> None:
    assert found(as_deployed(replayed(tmp_path, ("0", "1"), ("1", "1")), ARN)) == {}


def test_another_arn_and_a_local_replay_are_reported(tmp_path: Path) -> None:
    run = replayed(tmp_path, ("0", "1"))
    [one] = weigh(run)
    assert one.message == "not proven that the function is the replayed grader: AWS was not asked"
    assert (one.id, one.severity) == ("J023", "note")
    assert found(as_deployed(run, ARN.replace(":3", ":2"))) == {"J022": "error"}


def test_a_grader_that_changed_since_its_replay_is_warned_about(tmp_path: Path) -> None:
    run = replayed(tmp_path, ("0", "1"))
    (tmp_path / "my_grader.py").rename(tmp_path / "gone.py")
    assert found(run) == {"J023": "note"}, "a run from another machine"
    (tmp_path / "my_grader.py").write_text(f"{GRADER}# changed", encoding="utf-8")
    one, two = weigh(run)
    assert (one.id, "my_grader.py" in one.message, two.id) == ("J022", True, "J023")


def test_files_outside_this_folder_are_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = replayed(tmp_path, ("0", "1"))
    (tmp_path / "my_grader.py").write_text(f"{GRADER}# changed", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    one, two = weigh(run)
    assert (one.id, two.id) == ("J023", "J023")
    assert one.message == "1 of the replayed files are outside this folder and were not compared"


def test_a_replay_of_an_artifact_that_is_older_than_its_sources_is_warned_about(tmp_path: Path) -> None:
    run = replayed(tmp_path, ("0", "1"))
    build = write_build(tmp_path / "project")
    write_artifact(tmp_path / "project", {"app.py": SAME})
    run.save(target=LocalRuntimeFacts(build / "template.yaml", "Same", "sha"))
    assert found(run) == {"J023": "note"}
    write_artifact(tmp_path / "project", {"app.py": f"{SAME}# changed"})
    one, two = weigh(run)
    assert (one.id, "app.py changed since" in one.message, two.id) == ("J022", True, "J023")


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
def test_a_job_that_would_fail_or_teach_nothing_is_reported(
    tmp_path: Path, groups: list[Any], expected: dict[str, str]
) -> None:
    run = as_deployed(replayed(tmp_path, *groups), ARN)
    assert {key: level for key, level in found(run).items() if key in expected} == expected


@pytest.mark.parametrize("groups", [[("0", "0.01")], [("1", "0.99")]])
def test_an_unknown_range_causes_no_findings(tmp_path: Path, groups: list[Any]) -> None:
    run = as_deployed(replayed(tmp_path, *groups), ARN, grader=GraderFacts("my-grader", "abc=", None))
    assert found(run) == {"J029": "note"}


@pytest.mark.parametrize(
    ("bounds", "expected"), [((0, 10), {}), ((2, 20), {"J027": "warning"}), ((-20, 3), {"J028": "warning"})]
)
def test_a_range_given_by_the_user_is_used(
    tmp_path: Path, bounds: tuple[float, float], expected: dict[str, str]
) -> None:
    run = replayed(tmp_path, ("0.1", "0.9"))
    write_rewards(run, 2.1, 2.9)
    run = as_deployed(run, ARN, grader=GraderFacts("my-grader", "abc=", None))
    assert {one.id: one.severity.value for one in weigh(run, bounds=bounds)} == expected
    with pytest.raises(InputError, match="the rewards go from 2.1 to 2.9, outside the range 2.4 to 5"):
        weigh(run, bounds=(2.4, 5.0))


def test_a_range_that_the_grader_contradicts_is_refused(tmp_path: Path) -> None:
    run = replayed(tmp_path, ("0", "1"))
    with pytest.raises(InputError, match="declares a range from 0 to 1, not from 0 to 10"):
        weigh(run, bounds=(0.0, 10.0))


def test_an_unfinished_replay_is_an_error(tmp_path: Path) -> None:
    run = replayed(tmp_path, ("0", "1"))
    run.save(state="running")
    assert found(run) == {"J021": "error"}


def test_a_run_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run"):
        evidence(tmp_path / "nothing", UNKNOWN, tmp_path)


def test_changed_code_is_reported() -> None:
    function = FunctionFacts(
        arn=ARN,
        version="3",
        code_sha256="new=",
        handler=None,
        runtime=None,
        layers=0,
        location=None,
        unread="",
    )

    def severities(**known: str | None) -> list[str]:
        return [one.severity.value for one in changed_code(function, **{"expected": None, **known})]

    assert severities(submitted=None) == severities(submitted="new=", expected="new=") == []
    assert severities(submitted="old=") == ["warning"]
    assert severities(submitted=None, expected="old=") == ["error"]
    assert list(changed_code(UNKNOWN, expected="old=", submitted="old=")) == []
    [gone] = changed_code(UnknownFunction(ARN, "gone", missing=True), expected=None, submitted=None)
    assert (gone.id, gone.severity) == ("J019", "warning")


def changed_training(run: Run, change: Any) -> list[Finding]:
    """Return the findings after each training record is changed, or dropped if `change` returns None."""
    path = training_file(run)
    values = [change(at, json.loads(line)) for at, line in enumerate(path.read_text().splitlines())]
    write_rollouts(path, [value for value in values if value is not None])
    return evidence(run.folder, UnknownFunction(ARN, "nobody asked"), path).findings


def one_of(findings: list[Finding], key: str) -> tuple[str, str]:
    [one] = [finding for finding in findings if finding.id == key]
    return one.severity.value, one.message


def other_prompt(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "messages": [{"role": "user", "content": f"Translate {value['record']}"}]}


TEN = [("0", "1")] * 10


@pytest.mark.parametrize(
    ("strangers", "severity", "share"),
    [(0, None, ""), (3, "note", "7 of the 10"), (5, "warning", "5 of the 10"), (10, "error", "none of 10")],
)
def test_a_replay_counts_for_the_records_that_it_graded(
    tmp_path: Path, strangers: int, severity: str | None, share: str
) -> None:
    run = as_deployed(replayed(tmp_path, *TEN), ARN)
    findings = changed_training(run, lambda at, value: other_prompt(value) if at < strangers else value)
    if severity is None:
        assert findings == []
    else:
        level, message = one_of(findings, "J030")
        assert level == severity
        assert share in message


def test_records_without_names_are_matched_by_content(tmp_path: Path) -> None:
    run = as_deployed(replayed(tmp_path, ("0", "1")), ARN)
    assert (
        changed_training(run, lambda _, value: {key: value[key] for key in ("messages", "reference_answer")})
        == []
    )
    level, _ = one_of(
        changed_training(run, lambda _, value: {"messages": value["messages"], "reference_answer": "other"}),
        "J030",
    )
    assert level == "error"


def test_records_that_got_no_reward_were_not_seen(tmp_path: Path) -> None:
    run = as_deployed(replayed(tmp_path, ("0", "1"), ("x", "x")), ARN)
    assert "1 of the 2 records" in one_of(weigh(run), "J030")[1]


def test_a_replay_whose_rollouts_are_gone_is_not_compared(tmp_path: Path) -> None:
    run = as_deployed(replayed(tmp_path, ("0", "1")), ARN)
    path = training_file(run)
    Path(run.rollouts_name).rename(tmp_path / "elsewhere.jsonl")
    findings = evidence(run.folder, UnknownFunction(ARN, "nobody asked"), path).findings
    level, message = one_of(findings, "J030")
    assert level == "note"
    assert "rollouts.jsonl, which was replayed, does not exist" in message
    Path(run.rollouts_name).write_bytes(
        (tmp_path / "elsewhere.jsonl").read_bytes().replace(b"How many", b"How much")
    )
    assert "changed since" in one_of(evidence(run.folder, UNKNOWN, path).findings, "J030")[1]


def test_fields_on_one_side_only_are_evidence_against_a_replay(tmp_path: Path) -> None:
    run = as_deployed(replayed(tmp_path, ("0", "1")), ARN)
    level, message = one_of(changed_training(run, lambda _, value: {**value, "difficulty": 3}), "J031")
    assert (level, "training shows the grader fields that the replay did not: difficulty" in message) == (
        "warning",
        True,
    )
    lines = [rollout(f"a/{turn}", turn, record="a", verdict="x", hint=turn) for turn in ("0", "1")]
    Path(run.rollouts_name).write_text("")
    request = ReplayRequest(
        rollouts=write_rollouts(tmp_path / "more.jsonl", lines),
        grader=f"{tmp_path / 'my_grader.py'}:listed",
        runs=tmp_path / "runs",
        name="two",
    )
    run = prepare(request)
    replay(run, cores=1)
    run = as_deployed(run, ARN)
    findings = changed_training(
        run, lambda _, value: {key: value[key] for key in ("messages", "reference_answer", "record")}
    )
    _, message = one_of(findings, "J031")
    assert message == "the replay's grader saw fields that training records lack: verdict", "hint was hidden"
    assert run.facts.fields.hidden == ("hint",)


@pytest.mark.parametrize(("ask", "noted"), [("never", True), ("new", True), ("all", False)])
def test_recorded_answers_of_a_judge_are_noted(tmp_path: Path, ask: Ask, noted: bool) -> None:
    run = replayed(tmp_path, ("0", "1"))
    run.save(answers=AnswersFacts(tmp_path / "answers.jsonl", ask, "0" * 64))
    findings = evidence(run.folder, UNKNOWN, training_file(run)).findings
    told = [one.message for one in findings if one.id == "J035"]
    assert bool(told) is noted
    assert all("answered from answers.jsonl; the service was not asked again" in message for message in told)


def test_a_partial_replay_and_kept_fields_are_reported(tmp_path: Path) -> None:
    run = as_deployed(replayed(tmp_path, ("0", "1")), ARN, limit=2, fields=FieldChoice(kept=("hint",)))
    assert found(run) == {"J032": "note", "J033": "note"}


@pytest.mark.parametrize(
    ("arn", "command"),
    [
        (f"{ARN[:-1]}$LATEST", f"rft replay ROLLOUTS --arn '{ARN[:-1]}$LATEST'"),
        ("my-grader", None),
        ("arn:aws:iam::123456789012:role/grader", None),
    ],
)
def test_the_command_that_replays_can_be_pasted_or_is_left_out(arn: str, command: str | None) -> None:
    [one] = evidence(None, UnknownFunction(arn, "nobody asked"), Path("train.jsonl")).findings
    assert (one.fix and one.fix.split("`")[1]) == command


def test_fields_of_another_file_and_events_of_another_service_are_reported(tmp_path: Path) -> None:
    run = replayed(tmp_path, ("0", "1"))
    path = training_file(run)
    same = RecordFacts(str(path), hashlib.sha256(path.read_bytes()).hexdigest())
    assert found(as_deployed(run, ARN, records=same, wire="all")) == {}
    assert found(as_deployed(run, ARN, wire="open-weight-root")) == {}
    other = as_deployed(run, ARN, records=RecordFacts(str(tmp_path / "other.jsonl"), "x"), wire="nova")
    assert found(other) == {"J031": "warning", "J034": "warning"}
