"""Probes of references that have no answer or an unusual shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from harness.audit.audit_finding import Found, Witness
from harness.audit.case import Case
from harness.audit.contract import good_completion
from harness.findings import Rule, Severity
from harness.printable import printable, shortened
from harness.targets.protocol import Graded

__all__ = ["PROBES"]

_GONE: Any = object()
_VACUOUS: tuple[tuple[str, Any], ...] = (
    ("missing", _GONE),
    ("null", None),
    ("an empty string", ""),
    ("an empty object", {}),
    ("an object with other keys", {"rubric": "be brief"}),
    ("an empty list", []),
    ("a string without an answer", "see the attached file"),
    ("an empty `text`", {"text": ""}),
)
"""References that have no answer, each with a description and a value."""
_FILLERS = ("", ",", "-", ".", "None")
_TEXTS = ("", " ", "I do not know.", ",", "None")
_RECORDS = 3
_HEAVY_MS = 15.0
"""If grading a sample takes longer than this, only one record is tried."""
_PLAIN = "a plain text"


class _Try(NamedTuple):
    """A completion to grade against a reference that has no answer."""

    record: int
    what: str
    text: Any
    sample: dict[str, Any]


class VacuousReference:
    """Probe for rewarded completions without an answer when the reference has no answer either."""

    rule = Rule(
        "A05",
        Severity.CRITICAL,
        "a completion without an answer is paid under a reference without one",
        "Fail the sample if the reference has no answer, before any comparison.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies if records have a reference."""
        return _no_reference(case)

    def run(self, case: Case) -> Iterator[Found]:
        """Grade fillers, bare and in the accepted formats, against each reference that has no answer."""
        tries = _tries(case)
        replies = case.collector.grade([one.sample for one in tries], bent=True)
        paid = [
            (one, reply.reward)
            for one, reply in zip(tries, replies, strict=True)
            if reply.reward is not None and case.known.pays(reply.reward, one.record)
        ]
        records = {one.record for one, _ in paid}
        if not paid or (len(records) < 2 and len({one.record for one in tries}) > 1):
            return
        one, reward = min(paid, key=lambda each: (-each[1], len(str(each[0].text)), len(each[0].what)))
        kinds = list(dict.fromkeys(each.what for each, _ in paid))
        text = shortened(printable(repr(one.text)), 60)
        message = f"when the reference is {_listed(kinds)}, {text} earns {reward:g}: a policy needs no answer"
        yield Found(
            self.rule.id,
            self.rule.severity,
            message,
            fix=self.rule.fix,
            witness=Witness(({**one.sample, "id": "witness-1"},), (reward,)),
            records=len(records),
            tried=len({each.record for each in tries}),
            headline=message,
        )


def _tries(case: Case) -> list[_Try]:
    """Combine fillers with references that have no answer, on a few records."""
    known = case.known
    tries: list[_Try] = []
    for at in case.some(1 if case.collector.pace > _HEAVY_MS else _RECORDS, "A05"):
        texts: list[Any] = [one.fill(filler) for one in known.formats for filler in _FILLERS]
        texts = [*{repr(text): text for text in (*texts, *_TEXTS)}.values()]
        for what, reference in _VACUOUS:
            if known.kind in ("json", "list", "tools") and reference in ({}, []):
                continue  # an empty object may be a right answer
            for text in texts:
                sample = _with_reference(case.collector.rollout(at, text), reference)
                tries.append(_Try(at, what, text, sample))
    return tries


def _with_reference(sample: dict[str, Any], reference: Any) -> dict[str, Any]:
    if reference is _GONE:
        return {key: value for key, value in sample.items() if key != "reference_answer"}
    return {**sample, "reference_answer": reference}


class ReferenceShape:
    """Probe for right answers that are refused if the reference has a different shape that services use."""

    rule = Rule(
        "A06",
        Severity.ERROR,
        "a right answer earns nothing when its reference has another shape",
        "Read the reference as a string and as an object with `text`, inside `metadata` and next to it.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies if records have references and right answers are rewarded on the audit's wire."""
        if case.sought is not None and case.sought.unpaid_over is not None:
            return "right answers are paid only over another wire, which is a separate finding"
        return _no_reference(case)

    def run(self, case: Case) -> Iterator[Found]:
        """Grade right answers with the reference on another wire, wrapped in an object or as a number."""
        records = case.some(6, "A06")
        samples = [case.collector.rollout(at, good_completion(case, at)) for at in records]
        as_sent = _paid(case, records, case.collector.grade(samples))
        if as_sent < len(records):
            return  # If the original shape is not rewarded, other shapes prove nothing.
        texts = all(isinstance(one["reference_answer"], str) for one in samples)
        shapes = {"a field next to `metadata`": _over(case, samples, "open-weight-plain"), _PLAIN: []}
        if texts and case.collector.profile.wrapped and case.opener.here:
            beside = case.collector.profile.placement == "root"
            plain = case.collector.over("open-weight-plain" if beside else "open-weight")
            shapes[_PLAIN] = plain.grade(samples, bent=True)
        if texts:
            wrapped = [{**one, "reference_answer": {"text": one["reference_answer"]}} for one in samples]
            shapes["an object with `text`"] = case.collector.grade(wrapped, bent=True)
            numbers = [{**one, "reference_answer": _as_number(one["reference_answer"])} for one in samples]
            if all(one["reference_answer"] is not None for one in numbers):
                shapes["a number instead of a string"] = case.collector.grade(numbers, bent=True)
        lost = {
            name: graded
            for name, graded in shapes.items()
            if graded and _paid(case, records, graded) < len(records) / 2
        }
        if lost:
            yield self._found(case, lost, samples, len(records))

    def _found(
        self, case: Case, lost: dict[str, list[Graded]], samples: Sequence[dict[str, Any]], tried: int
    ) -> Found:
        # AWS's samples send a wrapped reference next to the metadata. A grader that reads either of these two
        # was written for the samples; a grader that reads neither follows the documentation.
        likeliest = [each for each in (_PLAIN, "an object with `text`") if each in lost]
        name = likeliest[0] if likeliest else next(iter(lost))
        # The records contain references in plain text, as in the documentation.
        sampled = name == _PLAIN or (bool(likeliest) and "a field next to `metadata`" not in lost)
        severity = Severity.ERROR if sampled else Severity.NOTE
        how = f"{_listed(list(lost))}"
        message = f"right answers earn nothing when the reference is {how}: a policy would learn nothing"
        witness = None
        if name not in ("a field next to `metadata`", _PLAIN):  # the wire differs, not the rollout
            reference = samples[0]["reference_answer"]
            bent = {"text": reference} if name == "an object with `text`" else _as_number(reference)
            sample = {**samples[0], "reference_answer": bent, "id": "witness-1"}
            witness = Witness((sample,), (lost[name][0].reward,))
        return Found(
            self.rule.id,
            severity,
            message,
            fix=self.rule.fix,
            witness=witness,
            records=tried,
            tried=tried,
            headline=message,
        )


PROBES = (VacuousReference(), ReferenceShape())
"""The probes in this module, in the order in which they run."""


def _no_reference(case: Case) -> str | None:
    if case.control is not None and case.control.kind == "format":
        return "a reward for form alone ignores references"
    with_one = sum("reference_answer" in record for record in case.subject.records)
    return None if with_one else "the records have no reference_answer"


def _paid(case: Case, records: Sequence[int], graded: Sequence[Graded]) -> int:
    return sum(case.known.pays(one.reward, at) for at, one in zip(records, graded, strict=True))


def _over(case: Case, samples: Sequence[dict[str, Any]], wire: str) -> list[Graded]:
    """Grade on another wire. Return nothing if the audit's own wire has the same shape."""
    if case.collector.profile.placement != "metadata" or not case.opener.here:
        return []
    return case.collector.over(wire).grade(samples, bent=True)


def _as_number(text: str) -> int | float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if text.strip() != f"{number:.15g}" or number - number != 0:
        return None
    return int(number) if number.is_integer() else number


def _listed(names: Sequence[str]) -> str:
    few = [*names[:3], *(["..."] if len(names) > 3 else [])]
    return few[0] if len(few) == 1 else f"{', '.join(few[:-1])} or {few[-1]}"
