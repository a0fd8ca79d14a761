"""Rollout tests that an audit writes for its findings."""

from __future__ import annotations

import ast
import json
from typing import Any

from harness.audit.audit_finding import Found, Witness
from harness.audit.case import Control, Subject
from harness.audit.finding_tests import as_tests
from harness.audit.formats import Format
from harness.audit.keeping import place_of, record_of, witness_files
from harness.findings import Severity

RECORDS = tuple(
    {"messages": [{"role": "user", "content": f"{n} + 1?"}], "reference_answer": str(n + 1)} for n in range(3)
)
SUBJECT = Subject(RECORDS, "records.jsonl", (1, 2, 5), bounds=(0.0, 1.0))
CONTROL = Control("number", (Format("{a}"),), {0: 1.0, 2: 0.9}, {0: 0.0, 2: 0.2}, {0: 1}, 0.0, 1.0)


def rollout(at: int, completion: str, number: int = 1) -> dict[str, Any]:
    last = {"role": "assistant", "content": completion}
    return {**RECORDS[at], "id": f"witness-{number}", "messages": [*RECORDS[at]["messages"], last]}


def finding(*shown: tuple[int, str, float | None], text: str | None = None, name: str = "C02") -> Found:
    rollouts = tuple(rollout(at, completion, n) for n, (at, completion, _) in enumerate(shown, 1))
    witness = Witness(rollouts, tuple(reward for _, _, reward in shown))
    return Found(name, Severity.CRITICAL, "m", witness=witness, text=text)


def written(*findings: Found, control: Control | None = CONTROL) -> list[dict[str, Any]]:
    made = as_tests(findings, SUBJECT, control, "g.py:f", SUBJECT.bounds)
    if not made.files:
        return []
    ast.parse(made.files["test_audit_findings.py"])
    return [json.loads(line) for line in made.files["audit_findings.jsonl"].splitlines()]


def expected(*findings: Found, control: Control | None = CONTROL) -> list[Any]:
    return [line.get("expected_reward") for line in written(*findings, control=control)]


def test_a_paid_text_must_earn_at_most_what_a_wrong_answer_earns() -> None:
    assert expected(finding((0, ",", 1.0))) == [{"at_most": 0.1}]
    (bound,) = expected(finding((2, ",", 0.5)))
    assert abs(bound["at_most"] - 0.3) < 1e-9


def test_a_refused_answer_must_earn_what_the_right_answer_earns() -> None:
    assert expected(finding((0, "1.", 0.0), name="B03")) == [{"at_least": 0.9}]


def test_a_failed_sample_must_get_a_reward_within_the_range() -> None:
    assert expected(finding((0, "x", None))) == [None]
    assert expected(finding((0, "x", 7.0))) == [{"at_least": 0.0, "at_most": 1.0}]
    assert expected(finding((0, "x", 0.5)), control=None) == [{"at_most": 0.1}]


def test_only_the_rollout_that_the_finding_is_about_is_tested() -> None:
    ranking = finding((0, "1", 0.2), (0, "long", 1.0), text="long")
    (line,) = written(ranking)
    assert (line["messages"][-1]["content"], line["expected_reward"]) == ("long", {"at_most": 0.1})
    made = as_tests(
        [finding((0, "1", 0.2), (0, "long", 1.0)), Found("A11", Severity.ERROR, "m")],
        SUBJECT,
        CONTROL,
        "g.py:f",
        None,
    )
    assert (made.files, made.written, made.left) == ({}, 0, 2)


def test_every_line_has_its_own_id() -> None:
    lines = written(finding((0, ",", 1.0)), finding((0, ".", 1.0)), finding((2, ".", 1.0), name="C03"))
    assert len({line["id"] for line in lines}) == 3


def test_a_finding_has_the_place_of_its_record() -> None:
    assert str(place_of(finding((2, ",", 1.0)), SUBJECT)) == "records.jsonl:5"
    assert str(place_of(Found("A11", Severity.ERROR, "m"), SUBJECT)) == "records.jsonl"
    bent = rollout(1, "2") | {"reference_answer": None}
    assert record_of(SUBJECT, bent) == 1
    assert record_of(SUBJECT, {"messages": "none"}) is None


def test_a_witness_is_written_with_its_rewards() -> None:
    one = finding((0, "\ud800", 1.0), (0, "", None))
    files = witness_files([one, Found("A11", Severity.ERROR, "m")])
    assert one.witness is not None
    stem = f"C02-{one.witness.digest}"
    assert set(files) == {f"{stem}.jsonl", f"{stem}.rewards.jsonl"}
    rewards = [json.loads(line) for line in files[f"{stem}.rewards.jsonl"].splitlines()]
    assert rewards == [{"id": "witness-1", "reward": 1.0}, {"id": "witness-2", "reward": None}]
    assert json.loads(files[f"{stem}.jsonl"].splitlines()[0])["messages"][-1]["content"] == "\ud800"
