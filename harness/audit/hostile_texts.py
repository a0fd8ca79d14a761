"""Probe of completions that tend to break programs: huge, deeply nested or unprintable text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from graders.wire import write_events
from harness.audit.audit_finding import Found, Witness
from harness.audit.case import Case
from harness.audit.code_bench import runs_code
from harness.audit.collector import BREAKS_CONTRACT
from harness.audit.contract import good_completion
from harness.findings import Rule, Severity
from harness.targets.protocol import GraderFault

__all__ = ["PROBES"]

_MEGABYTE = 1_000_000
_RECORDS = 4
_HEAVY_MS = 15.0
"""If grading a sample takes longer than this, only one record is tried."""
_ENDLESS = "a power"
_TEXTS: tuple[tuple[str, str], ...] = (
    ("a number of 5,000 digits", "9" * 5_000),
    ("a NUL character", "a\x00b"),
    ("a lone surrogate (half of a character)", "answer \ud83d"),
    ("100,000 nested brackets", "[" * 100_000),
    ("nested objects", '{"a":' * 3_000 + "1" + "}" * 3_000),
    ("right-to-left text", "\u202e72 \u05d0\u05d1\u200f"),
    (_ENDLESS, "9**9**9**9"),
    ("digits of other scripts", "\u0667\u0662 \u00b2\u00bd \u2460"),
    ("the number 1e400", "1e400"),
    ("a fraction with denominator zero", "1/0"),
)


class HostileText:
    """Probe for completions that a policy may write and that break the grader."""

    rule = Rule(
        "A12",
        Severity.ERROR,
        "a completion makes the grader fail its whole call",
        "Grade each sample in its own `try` that also catches RecursionError and ValueError.",
    )
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe applies to every grader."""
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Grade each text, bare and in the first accepted format, in one call with a right answer."""
        at = (case.some(1, "A12") or [0])[0]
        good = case.collector.rollout(at, good_completion(case, at))
        if _fault(case, [good, good]) is not None:
            return  # The call fails even without hostile texts.
        tried = _completions(case)
        failing: list[tuple[str, dict[str, Any], GraderFault]] = []
        if _fault(case, [good, *(sample for _, sample in tried)]) is None:
            return
        for what, sample in tried:
            fault = _fault(case, [good, sample])
            if fault is not None:
                failing.append((what, sample, fault))
        if not failing:
            return
        what, sample, fault = min(failing, key=lambda one: len(str(one[1])))
        kinds = list(dict.fromkeys(kind for kind, _, _ in failing))
        message = f"{what} in a completion loses the rewards of its whole call ({fault.message})"
        if len(kinds) > 1:
            message += f"; so do {', '.join(kind for kind in kinds if kind != what)}"
        samples = ({**good, "id": "witness-1"}, {**sample, "id": "witness-2"})
        with closing(case.opener.open()) as fresh:
            rewards = tuple(one.reward for one in fresh.grade(samples, bent=True))
        yield Found(
            self.rule.id,
            self.rule.severity,
            message,
            fix=self.rule.fix,
            witness=Witness(samples, rewards),
            headline=f"{what} in a completion loses the rewards of its whole call",
        )


PROBES = (HostileText(),)
"""The only probe in this module."""


def _completions(case: Case) -> list[tuple[str, dict[str, Any]]]:
    """Return the texts for a few records, bare and in the first accepted format."""
    found = []
    records = case.some(1 if case.collector.pace > _HEAVY_MS else _RECORDS, "A12") or [0]
    programs = runs_code(case)
    first = case.control.formats[0] if case.control is not None else None
    for at in records:
        for what, text in _TEXTS:
            if at == records[0]:
                found.append((what, case.collector.rollout(at, text)))
            if programs and what == _ENDLESS:
                continue  # as a program, this text runs into the grader's limit, which E08 covers
            if first is not None and first.template != "{a}":
                found.append((what, case.collector.rollout(at, first.fill(text))))
    huge = case.collector.rollout(records[0], "lorem 12 " * (_MEGABYTE // 9))
    return [*found, ("a megabyte of text", huge)]


def _fault(case: Case, samples: list[dict[str, Any]]) -> GraderFault | None:
    """Return the fault of a call if the grader raised an error or its process ended, or None otherwise."""
    for event in write_events(samples, case.collector.profile):
        fault = case.collector.call(event, len(samples)).fault
        if isinstance(fault, GraderFault) and fault.error_type != "Sandbox.Timedout":
            if fault.error_type not in BREAKS_CONTRACT:
                return fault
    return None
