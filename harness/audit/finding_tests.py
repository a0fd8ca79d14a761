"""Generates tests from audit findings for the user's project. Each test fails until its finding is fixed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from harness.audit.audit_finding import Found, Witness
from harness.audit.case import DELTA, Control, Subject
from harness.audit.keeping import record_of
from harness.data.record_fields import EXPECTED
from harness.replay.expectation import expectation_of
from harness.runs.facts import Bounds

__all__ = ["FindingTests", "as_tests"]

_ROLLOUTS = "audit_findings.jsonl"
_TEST = '''"""Findings of `rft audit` in {grader}: each test fails until its finding is fixed."""

import json
from pathlib import Path

import pytest

ROLLOUTS = Path(__file__).with_name("{rollouts}")
EXPECTED = {{
    line["id"]: line.get("expected_reward") for line in map(json.loads, ROLLOUTS.read_text().splitlines())
}}


@pytest.fixture(scope="module")
def rewards():
    """The rewards of all witnesses, by id."""
    return {{}}


@pytest.mark.parametrize("sample", EXPECTED)
def test_the_finding_is_fixed(rft_replay, rewards, sample):
    if not rewards:
        rewards |= rft_replay(ROLLOUTS, {grader!r}).rewards
    reward, expected = rewards[sample], EXPECTED[sample] or {{}}
    assert reward is not None, "the grader fails on this completion"
    assert reward >= expected.get("at_least", reward), "this right answer is refused"
    assert reward <= expected.get("at_most", reward), "this completion is paid"
'''


class FindingTests(NamedTuple):
    """A test file and its rollouts."""

    files: dict[str, bytes]
    """File content by file name. Empty if no finding can be tested."""
    written: int
    """Number of findings with tests."""
    left: int
    """Number of findings without tests, because they need several completions or a judge's replies."""


def as_tests(
    findings: Sequence[Found], subject: Subject, control: Control | None, grader: str, bounds: Bounds | None
) -> FindingTests:
    """Generate tests from findings.

    Args:
        findings: The findings.
        subject: The data of the audit.
        control: The rewards of right and wrong answers.
        grader: Name of the grader to use in the tests.
        bounds: The grader's range, if known.
    """
    lines, written = [], 0
    for number, one in enumerate(findings, 1):
        found = [
            {**line, "id": f"{one.id}-{number}-{place}"}
            for place, line in enumerate(_expected(one, subject, control, bounds), 1)
        ]
        lines += found
        written += bool(found)
    files = {}
    if lines:
        files[_ROLLOUTS] = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        files["test_audit_findings.py"] = _TEST.format(grader=grader, rollouts=_ROLLOUTS).encode()
    return FindingTests(files, written, len(findings) - written)


def _expected(
    found: Found, subject: Subject, control: Control | None, bounds: Bounds | None
) -> list[dict[str, Any]]:
    """Return the witness rollouts whose rewards must change, with the rewards expected after the fix."""
    if not isinstance(found.witness, Witness) or found.witness.answers is not None:
        return []
    pairs = [*zip(found.witness.rollouts, found.witness.rewards, strict=True)]
    if (
        len(pairs) > 1
    ):  # Several rollouts can show a relation: only the completion that the finding is about counts.
        pairs = [one for one in pairs if found.text is not None and _text(one[0]) == found.text]
    lines = []
    for rollout, reward in pairs:
        line = {**rollout, **_expectation(reward, record_of(subject, rollout), subject, control)}
        if not expectation_of(line).holds(reward, bounds):
            lines.append(line)
    return lines


def _expectation(
    reward: float | None, at: int | None, subject: Subject, control: Control | None
) -> dict[str, Any]:
    """Return the reward expected after the fix.

    If the grader fails, any reward will do and the result is empty.
    """
    low, high = subject.bounds or (0.0, 1.0)
    if reward is None:
        return {}
    if reward < low or reward > high:  # Outside the range.
        return {EXPECTED: {"at_least": low, "at_most": high}}
    if control is None:
        return {EXPECTED: {"at_most": low + DELTA * (high - low)}}
    at = -1 if at is None else at
    bar = control.wrong.get(at, control.low) + DELTA * control.span
    if reward > bar:
        return {EXPECTED: {"at_most": bar}}
    return {EXPECTED: {"at_least": control.right.get(at, control.high) - DELTA * control.span}}


def _text(rollout: dict[str, Any]) -> Any:
    return rollout["messages"][-1].get("content")
