"""Probes of the contract: response shape, ids, rewards, and calls in which one sample fails.

A grader may report a failed sample in that sample's entry. If it raises an error instead, the rewards of the
whole call are lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from graders.wire import write_events
from harness.audit.audit_finding import Found, Witness
from harness.audit.case import Case, FamilyStopped
from harness.audit.collector import Violation
from harness.audit.form_alone import FORM_FILLER
from harness.findings import Rule, Severity
from harness.printable import printable, shortened
from harness.targets.protocol import GraderFault

__all__ = [
    "LOST_CALL",
    "OF_SHAPE",
    "PROBES",
    "RULES",
    "broken_contract",
    "good_completion",
    "records_for",
    "rule_of",
]

_SHAPE = Rule(
    "A01",
    Severity.CRITICAL,
    "an answer is not in the contract's shape",
    "Return a list with one object per sample: its `id` and a number as `aggregate_reward_score`.",
)
_IDS = Rule(
    "A02",
    Severity.ERROR,
    "an id does not come back with its sample",
    "Copy the `id` of each sample into its entry, even if it fails, and keep the order of the samples.",
)
_RANGE = Rule(
    "A09",
    Severity.CRITICAL,
    "a reward is not a number in the range",
    "Return a finite float in the declared range.",
)
_CHANGES = Rule(
    "A14",
    Severity.WARNING,
    "the grader changes its event",
    "Work on a copy, or leave the samples unchanged.",
)
LOST_CALL = Rule(
    "A03",
    Severity.CRITICAL,
    "one sample loses its whole call",
    "Grade each sample in its own `try`, and give a failed one an entry with the lowest reward.",
)
"""The rule that is violated if one sample makes the whole call fail."""
_OFTEN, _MORE_TIME = 8, 3
"""Number of timeouts after which no call is repeated, and the time limit factor for repeated calls."""
_ENDLESS = Rule(
    "G04",
    Severity.CRITICAL,
    "a completion takes longer than any call may",
    "Bound the grader's loops, and give each sample its own time limit.",
)
RULES = {rule.id: rule for rule in (_SHAPE, _IDS, _RANGE)}
OF_SHAPE = {
    **dict.fromkeys(("AnswerShapeError", "InvalidJson", "Runtime.MarshalError"), "A01"),
    **dict.fromkeys(("AnswerRewardError", "InvalidAnswer"), "A01"),
    "AnswerIdError": "A02",
}
"""Maps the error of a failed call to the rule that the grader violated."""
_NOT_FINITE = "Out of range float"
"""Part of the error message of Python's JSON encoder for a number that is not finite."""
_MISCOUNTED = " sent and "
"""Part of a fault's message if the number of entries is wrong."""
_NO_NUMBER = (
    "None is not a number",
    "a str is not a number",
    "a list is",
    "a dict is",
    "aggregate_reward_score",
    "metric",
)


def broken_contract(case: Case) -> Iterator[Found]:
    """Report contract violations found in any response of the audit. Call this at the end of the audit.

    Args:
        case: The audit. Its collector recorded the violations.
    """
    noted: dict[str, list[Violation]] = {}
    for violation in case.collector.violations:
        noted.setdefault(_rule_of(violation), []).append(violation)
    for id, violations in noted.items():
        rule = RULES[id]
        worst = max(violations, key=lambda one: _severity(case, id, one).rank)
        severity = _severity(case, id, worst)
        count = case.collector.broken[worst.id]
        said = f"{count:,} answer{'' if count == 1 else 's'} broke the contract, such as: {worst.message}"
        yield Found(
            id,
            severity,
            said,
            fix=rule.fix,
            witness=_witness(case, worst),
            headline=_short(said),
        )
    yield from _crashes(case)
    yield from _endless(case)
    yield from _changed_event(case)


def _endless(case: Case) -> Iterator[Found]:
    """Report a grader that never responds or that times out on ordinary completions."""
    target = case.collector.target
    if not target.answered and target.faults:
        kind, message = target.faults[0]
        rule = _ENDLESS if kind == "Sandbox.Timedout" else LOST_CALL
        said = f"no call was ever answered: {message}"
    elif target.late is not None and _surely_late(case):
        rule = _ENDLESS
        last = target.late[0]["messages"][-1] if isinstance(target.late, list) else {}
        text = shortened(printable(repr(last.get("content"))), 60)
        what = f"the completion {text}" if len(target.late) == 1 else f"a call of {len(target.late)} samples"
        said = f"{what} runs into the time limit of {case.opener.limits.seconds:g} s"
    else:
        return
    yield Found(*(rule.id, rule.severity, said), fix=rule.fix, headline=said)


def _surely_late(case: Case) -> bool:
    """Return True if calls timed out often, or if a repeated call times out even with more time.

    A single timeout may only mean that this machine is busy.
    """
    target = case.collector.target
    if sum(kind == "Sandbox.Timedout" for kind, _ in target.faults) >= _OFTEN:
        return True
    with closing(case.opener.open(seconds=_MORE_TIME * case.opener.limits.seconds)) as patient:
        answer = patient.call(target.late, len(target.late))
    return isinstance(answer.fault, GraderFault) and answer.fault.error_type == "Sandbox.Timedout"


def _crashes(case: Case) -> Iterator[Found]:
    """Report a completion that makes the whole call fail, unless the grader runs code."""
    crashes = case.collector.crashes
    if not crashes or (case.control is not None and case.control.kind == "code"):
        return
    worst = min(crashes, key=lambda one: len(str(one.sample["messages"][-1])))
    content = worst.sample["messages"][-1].get("content")
    text = shortened(printable(repr(content)), 60)
    samples = ({**worst.sample, "id": "witness-1"},)
    try:
        graded = case.collector.grade(samples, bent=True)
    except FamilyStopped:
        return  # a grader that never answers has its own finding
    if graded[0].error is None:
        return
    message = f"the completion {text} loses the rewards of its whole call ({worst.message})"
    rule = LOST_CALL
    yield Found(
        *(rule.id, rule.severity, message),
        fix=rule.fix,
        witness=Witness(samples, (None,)),
        text=content if isinstance(content, str) else None,
        headline=f"the completion {text} loses the rewards of its whole call",
    )


def rule_of(fault: GraderFault) -> Rule:
    """Return the rule that a failed call violates.

    Args:
        fault: A fault whose type is in `OF_SHAPE`.
    """
    if _NOT_FINITE in fault.message:
        return _RANGE
    if _MISCOUNTED in fault.message:
        return _SHAPE
    return RULES[OF_SHAPE[fault.error_type]]


def _rule_of(violation: Violation) -> str:
    """Return the id of the violated rule: A01 for wrong counts and for rewards that are not numbers."""
    if violation.id == "A09" and any(text in violation.message for text in _NO_NUMBER):
        return "A01"
    if _MISCOUNTED in violation.message:
        return "A01"
    return violation.id


def _severity(case: Case, id: str, violation: Violation) -> Severity:
    if id != "A09":
        return RULES[id].severity
    if "boolean" in violation.message:
        return Severity.WARNING
    if violation.reward is None or violation.reward - violation.reward != 0:
        return Severity.CRITICAL  # not finite
    control = case.control
    usual = control is not None and violation.reward < 0 and min(control.wrong.values(), default=0.0) < 0
    # Negative rewards for wrong answers mean an undeclared range, not an accident.
    return Severity.NOTE if usual and case.subject.bounds is None else Severity.WARNING


def _witness(case: Case, violation: Violation) -> Witness | None:
    """Return the sample as a witness, with a second copy if one copy does not show the violation."""
    alone = ({**violation.sample, "id": "witness-b"},)
    beside = (*alone, {**violation.sample, "id": "witness-a"})
    for samples in (alone, beside):
        graded = case.collector.grade(samples, bent=True)
        if any(one.error is not None and one.error["kind"] == "call" for one in graded) or (
            violation.reward is not None and graded[0].reward == violation.reward
        ):
            return Witness(samples, tuple(one.reward for one in graded))
    return None


def _changed_event(case: Case) -> Iterator[Found]:
    """Report a grader that modified an event."""
    if case.collector.target.changed is None:
        return
    said = "the grader changes the samples of its event: code that reads them later sees something else"
    yield Found(_CHANGES.id, _CHANGES.severity, said, fix=_CHANGES.fix, headline=said)


class Ids:
    """Probe for graders that fail to return unusual ids, such as repeated ids, numbers and odd characters."""

    rule = _IDS
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe applies to every grader."""
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Send samples with repeated, odd and numeric ids."""
        good = [case.collector.rollout(at, good_completion(case, at)) for at in records_for(case, 3)]
        if _fault_of(case, good) is not None:
            return  # the ids are not the cause
        for ids, what, severity in (
            (("r/7:é b", "0", "r/7:é c"), "unusual characters", Severity.ERROR),
            (("same", "same", "same"), "one id for several samples", Severity.WARNING),
            ((11, 2, 3), "ids that are numbers", Severity.WARNING),
        ):
            samples = [{**one, "id": id} for one, id in zip(good, ids, strict=False)]
            fault = _fault_of(case, samples)
            if fault is None:
                continue
            graded = case.collector.grade(samples, bent=True)
            message = f"with {what}, the answer cannot be matched with its samples: {fault.message}"
            witness = Witness(tuple(samples), tuple(one.reward for one in graded))
            yield Found(self.rule.id, severity, message, fix=self.rule.fix, witness=witness, headline=message)
            return


PROBES = (Ids(),)
"""The only probe in this module."""


def good_completion(case: Case, at: int) -> Any:
    """Return the right answer in the first accepted format, or the plain reference if none is known.

    Args:
        case: The audit.
        at: The record's index.
    """
    reference = case.subject.reference(at)
    for one in case.control.formats if case.control is not None else ():
        if case.control is not None and case.control.kind == "format":  # no answer is known
            return one.fill(FORM_FILLER)
        if answer := case.gold(one, at):
            return one.fill(answer)
    return reference if isinstance(reference, str) else json.dumps(reference)


def records_for(case: Case, count: int) -> list[int]:
    """Return indices of records, repeating some if there are fewer records than requested.

    Args:
        case: The audit.
        count: Number of indices to return.
    """
    found = case.some(count, "contract") or case.some(count, "contract", range(len(case.subject.records)))
    return (found * count)[:count]


def _fault_of(case: Case, samples: Sequence[dict[str, Any]]) -> GraderFault | None:
    for event in write_events(samples, case.collector.profile):
        fault = case.collector.call(event, len(samples)).fault
        if isinstance(fault, GraderFault):
            return fault
    return None


def _short(said: str) -> str:
    return said if len(said) <= 160 else said[:157] + "..."
