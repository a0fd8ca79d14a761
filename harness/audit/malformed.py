"""Probe of malformed samples, which must fail without affecting the other samples in the call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from graders.wire import write_events
from harness.audit.audit_finding import Found, Witness
from harness.audit.case import Case, NotRun
from harness.audit.contract import LOST_CALL, OF_SHAPE, good_completion, records_for, rule_of
from harness.findings import Rule, Severity
from harness.printable import shortened
from harness.targets.protocol import Answer, GraderFault

__all__ = ["PROBES"]


class _Poison(NamedTuple):
    """A way in which a sample can be malformed."""

    what: str
    severity: Severity
    """Severity if the sample makes its call fail. Only a note if no service sends such samples."""
    bend: Any
    """Function that turns a good element of an event into the malformed one."""


def _last(sample: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Return the sample with keys of the final message replaced. A value of `...` removes the key."""
    *before, last = sample["messages"]
    merged = {**last, **changed}
    return {**sample, "messages": [*before, {k: v for k, v in merged.items() if v is not ...}]}


def _without_reference(sample: dict[str, Any]) -> dict[str, Any]:
    bent = {key: value for key, value in sample.items() if key != "reference_answer"}
    if isinstance(bent.get("metadata"), dict):
        bent["metadata"] = {k: v for k, v in bent["metadata"].items() if k != "reference_answer"}
    return bent


_ERROR, _CRITICAL, _NOTE = Severity.ERROR, Severity.CRITICAL, Severity.NOTE
_POISONS = (
    _Poison("whose content is null", _CRITICAL, lambda s: _last(s, content=None)),
    _Poison("whose message has no content", _CRITICAL, lambda s: _last(s, content=...)),
    _Poison("without messages", _CRITICAL, lambda s: {**s, "messages": []}),
    _Poison("without the key messages", _CRITICAL, lambda s: {k: v for k, v in s.items() if k != "messages"}),
    _Poison("without a reference", _ERROR, _without_reference),
    _Poison("with blocks of an unknown kind", _NOTE, lambda s: _last(s, content=[{"image": {"x": 1}}, 7])),
    _Poison("whose content is a number", _NOTE, lambda s: _last(s, content=7)),
    _Poison("whose messages are a string", _NOTE, lambda s: {**s, "messages": "hello"}),
    _Poison("that is not an object", _NOTE, lambda s: "hello"),
)


class PoisonedCall:
    """Probe for malformed samples that affect the good samples in the same call."""

    rule = LOST_CALL
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe applies to every grader."""
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Grade one malformed sample of each kind, placed between two good samples."""
        first, second = records_for(case, 2)
        good = [
            case.collector.rollout(first, good_completion(case, first)),
            case.collector.rollout(second, good_completion(case, second)),
        ]
        (event,) = [*write_events(good, case.collector.profile)][:1]
        if not isinstance(event, list):
            raise NotRun("this wire sends samples one by one or in an object")
        before = case.collector.call(event, 2)
        if isinstance(before.fault, GraderFault):
            raise NotRun(f"a call of good samples fails: {before.fault.message}")
        steady = not _differ(before, case.collector.call(event, 2))
        lost: list[tuple[_Poison, GraderFault]] = []
        broken: list[tuple[_Poison, GraderFault]] = []
        for poison in _POISONS:
            bad = poison.bend({**event[0], "id": "bad"})
            answer = case.collector.call([event[0], bad, event[1]], 3)
            fault = answer.fault
            if isinstance(fault, GraderFault):
                (broken if fault.error_type in OF_SHAPE else lost).append((poison, fault))
            elif steady and _moved(before, answer):
                lost.append((poison, GraderFault("", "the good samples next to it get different rewards")))
        for rule, cases in ((self.rule, lost), (None, broken)):
            if cases:
                yield _of_poisons(case, rule, cases, good)


def _differ(one: Answer, other: Answer) -> bool:
    return [each.reward for each in one.items] != [each.reward for each in other.items]


def _moved(before: Answer, after: Answer) -> bool:
    return [one.reward for one in before.items] != [after.items[0].reward, after.items[2].reward]


def _of_poisons(
    case: Case,
    rule: Rule | None,
    cases: Sequence[tuple[_Poison, GraderFault]],
    good: Sequence[dict[str, Any]],
) -> Found:
    """Return one finding for all malformed samples that break a call in the same way."""
    poison, fault = max(cases, key=lambda one: one[0].severity.rank)
    kinds = ", ".join(one.what for one, _ in cases[:4]) + (", ..." if len(cases) > 4 else "")
    if rule is not None:
        severity = poison.severity
        said = f"one sample {poison.what} loses the rewards of its whole call ({fault.message})"
    else:
        rule = rule_of(fault)
        severity = min(rule.severity, max(poison.severity, Severity.WARNING))
        said = f"the entry of a sample {poison.what} breaks the contract: {fault.message}"
    if len(cases) > 1:
        said += f"; so do samples {kinds}"
    bad = poison.bend({**good[0], "id": "witness-2"})
    witness = None
    if isinstance(bad, dict) and "messages" in bad and isinstance(bad["messages"], list) and bad["messages"]:
        samples = ({**good[0], "id": "witness-1"}, bad, {**good[1], "id": "witness-3"})
        witness = Witness(samples, tuple(one.reward for one in case.collector.grade(samples, bent=True)))
    return Found(rule.id, severity, said, fix=rule.fix, witness=witness, headline=shortened(said, 160))


PROBES = (PoisonedCall(),)
"""The only probe in this module."""
