"""Whether a grader keeps the contract: what all its answers break, ids, bad samples beside good ones.

A grader that fails a sample honestly, with an entry of its own, is good; raising loses the whole call.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from graders.wire import write_events
from harness.audit.case import Case, NotRun
from harness.audit.collector import Violation
from harness.audit.form_alone import FORM_FILLER
from harness.audit.found import Found, Witness
from harness.findings import Rule, Severity
from harness.targets.protocol import Answer, GraderFault

__all__ = ["PROBES", "broken_contract", "good_completion"]

_SHAPE = Rule(
    "A01",
    Severity.CRITICAL,
    "an answer is not in the contract's shape",
    "Return a list with one object a sample: its `id` and a number as `aggregate_reward_score`.",
)
_IDS = Rule(
    "A02",
    Severity.ERROR,
    "an id does not come back with its sample",
    "Copy each sample's own `id` into its entry, for samples that fail too, and keep their order.",
)
_RANGE = Rule(
    "A09",
    Severity.CRITICAL,
    "a reward is no number of the range",
    "Return a finite float in the declared range.",
)
_CHANGES = Rule(
    "A14",
    Severity.WARNING,
    "the grader changes the event that it is given",
    "Work on a copy, or take nothing out of the sample and put nothing in.",
)
_RULES = {rule.id: rule for rule in (_SHAPE, _IDS, _RANGE)}
_OF_SHAPE = {
    **dict.fromkeys(("AnswerShapeError", "InvalidJson", "Runtime.MarshalError"), "A01"),
    **dict.fromkeys(("AnswerRewardError", "InvalidAnswer"), "A01"),
    "AnswerIdError": "A02",
}
"""Which rule an entry breaks whose call fails with this error."""
_NOT_FINITE = "Out of range float"
"""How JSON's writer says that a number is not finite."""
_NO_NUMBER = ("None is no number", "a str is no number", "a list is", "a dict is", "aggregate_reward_score")


def broken_contract(case: Case) -> Iterator[Found]:
    """What the answers of a whole audit break: run it at the end.

    Args:
        case: The audit, whose collector noted every answer.
    """
    noted: dict[str, list[Violation]] = {}
    for violation in case.collector.violations:
        noted.setdefault(_rule_of(violation), []).append(violation)
    for id, violations in noted.items():
        rule = _RULES[id]
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
            records=count,
            headline=_short(said),
        )
    yield from _changed_event(case)


def _rule_of(violation: Violation) -> str:
    """The rule that a violation breaks: a reward that is no number at all is a matter of shape."""
    if violation.id == "A09" and any(text in violation.message for text in _NO_NUMBER):
        return "A01"
    return violation.id


def _severity(case: Case, id: str, violation: Violation) -> Severity:
    if id != "A09":
        return _RULES[id].severity
    if "boolean" in violation.message:
        return Severity.WARNING
    if violation.reward is None or violation.reward - violation.reward != 0:
        return Severity.CRITICAL  # not finite
    control = case.control
    usual = control is not None and violation.reward < 0 and min(control.wrong.values(), default=0.0) < 0
    # Wrong answers that earn less than nothing are a range that nobody declared, not an accident.
    return Severity.NOTE if usual and case.subject.bounds is None else Severity.WARNING


def _witness(case: Case, violation: Violation) -> Witness | None:
    """The sample alone where that shows it, else beside another one."""
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
    """Whether any event of the audit was changed."""
    if case.collector.target.changed is None:
        return
    said = "the grader changes the samples of its event: whoever looks at them later sees something else"
    yield Found(_CHANGES.id, _CHANGES.severity, said, fix=_CHANGES.fix, headline=said)


class Ids:
    """Ids of kinds that a grader may take for granted: repeated ones, and one with odd characters."""

    rule = _IDS
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """It applies to every grader."""
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Send ids that are repeated, odd, or numbers; a number that comes back as a text is a note."""
        good = [case.collector.rollout(at, good_completion(case, at)) for at in _records(case, 3)]
        if _fault_of(case, good) is not None:
            return  # whatever this is, the ids are not why
        for ids, what, severity in (
            (("r/7:é b", "0", "r/7:é c"), "unusual characters", Severity.ERROR),
            (("same", "same", "same"), "one id for several samples", Severity.WARNING),
            ((11, 2, 3), "ids that are numbers", Severity.NOTE),
        ):
            samples = [{**one, "id": id} for one, id in zip(good, ids, strict=False)]
            fault = _fault_of(case, samples)
            if fault is None:
                continue
            graded = case.collector.grade(samples, bent=True)
            message = f"with {what} the answer cannot be matched with its samples: {fault.message}"
            witness = Witness(tuple(samples), tuple(one.reward for one in graded))
            yield Found(self.rule.id, severity, message, fix=self.rule.fix, witness=witness, headline=message)
            return


class _Poison(NamedTuple):
    """One way in which a sample can be malformed."""

    what: str
    severity: Severity
    """What it costs when it takes its call with it: nothing but a note where no service sends it."""
    bend: Any
    """Makes the malformed element of an event from a good one."""


def _last(sample: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The sample with a changed final message; a value of `...` takes the key out."""
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
    _Poison(
        "with blocks of a kind of their own", _NOTE, lambda s: _last(s, content=[{"image": {"x": 1}}, 7])
    ),
    _Poison("whose content is a number", _NOTE, lambda s: _last(s, content=7)),
    _Poison("whose messages are a text", _NOTE, lambda s: {**s, "messages": "hello"}),
    _Poison("that is no object", _NOTE, lambda s: "hello"),
)


class PoisonedCall:
    """A malformed sample between two good ones."""

    rule = Rule(
        "A03",
        Severity.CRITICAL,
        "one malformed sample loses its whole call",
        "Grade each sample in a `try` of its own, and give one that fails an entry with the lowest reward.",
    )
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """It applies to every grader."""
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Put each kind of malformed sample between two good ones; they must be graded as they are alone."""
        first, second = _records(case, 2)
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
                (broken if fault.error_type in _OF_SHAPE else lost).append((poison, fault))
            elif steady and _moved(before, answer):
                lost.append((poison, GraderFault("", "the good samples beside it get other rewards")))
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
    """One finding for all kinds of malformed samples that break a call in one way."""
    poison, fault = max(cases, key=lambda one: one[0].severity.rank)
    kinds = ", ".join(one.what for one, _ in cases[:4]) + (", ..." if len(cases) > 4 else "")
    if rule is not None:
        severity = poison.severity
        said = f"one sample {poison.what} loses the rewards of its whole call ({fault.message})"
    else:
        rule = _RANGE if _NOT_FINITE in fault.message else _RULES[_OF_SHAPE[fault.error_type]]
        severity = min(rule.severity, max(poison.severity, Severity.WARNING))
        said = f"the entry of a sample {poison.what} breaks the contract: {fault.message}"
    if len(cases) > 1:
        said += f"; so do samples {kinds}"
    bad = poison.bend({**good[0], "id": "witness-2"})
    witness = None
    if isinstance(bad, dict) and "messages" in bad and isinstance(bad["messages"], list) and bad["messages"]:
        samples = ({**good[0], "id": "witness-1"}, bad, {**good[1], "id": "witness-3"})
        witness = Witness(samples, tuple(one.reward for one in case.collector.grade(samples, bent=True)))
    return Found(rule.id, severity, said, fix=rule.fix, witness=witness, headline=_short(said))


PROBES = (Ids(), PoisonedCall())
"""The probes of this family, in the order in which they run."""


def good_completion(case: Case, at: int) -> Any:
    """The right answer in the first accepted format; the plain reference where none is known.

    Args:
        case: The audit.
        at: A record.
    """
    reference = case.subject.reference(at)
    for one in case.control.formats if case.control is not None else ():
        if case.control is not None and case.control.kind == "format":  # no reference says what to write
            return one.fill(FORM_FILLER)
        if answer := case.gold(one, at):
            return one.fill(answer)
    return reference if isinstance(reference, str) else json.dumps(reference)


def _records(case: Case, count: int) -> list[int]:
    """Some records, the same ones again where there are fewer."""
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
