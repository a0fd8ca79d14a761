"""Probes of grading time: how long calls take, and how the time grows with a completion's length (family G).

A completion that hangs a grader stops training. These probes use shorter time limits than the grader's own,
so that the audit does not hang.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple

from graders.wire import write_events
from harness.audit.audit_finding import Found, Witness
from harness.audit.case import Case, FamilyStopped, NotRun
from harness.audit.collector import Collector
from harness.audit.contract import good_completion
from harness.audit.judge_probes import asks_a_model
from harness.audit.load import busy_ms, unhurried_ms
from harness.audit.long_texts import LongText, long_texts
from harness.findings import Rule, Severity
from harness.printable import printable, shortened
from harness.targets.protocol import Answer, GraderFault

__all__ = ["CALL_TIME", "PROBES"]

_BATCH = 64
_DEFAULT_S = 3.0
_SURELY_S = 6.0
_USUAL = ("1", "12345678", "the answer", "I do not know.")
"""Completions that are slow to grade only if the grader is slow in general."""
_LIMIT_S = 1.0
_SIZES = (40, 2_000, 16_000)
_CHUNK = 10
_STEEP = 1.5
_LONG = 64_000
_MATTERS_S = 2.0
_NOTICED_MS = 30.0
_SLOW_MS = 20.0


class CallTime:
    """Probe for calls that take longer than Lambda's default timeout of 3 s to grade right answers."""

    rule = Rule(
        "G03",
        Severity.ERROR,
        "a call takes longer than Lambda allows by default",
        "Grade faster, or set the function's timeout in the template to several times the time of a call.",
    )
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe applies if the grader runs on this machine."""
        return _elsewhere(case)

    def run(self, case: Case) -> Iterator[Found]:
        """Time a few samples, and more if a full call seems to be slow."""
        records = (case.some(8, "G03") or [0]) * _BATCH
        samples = [case.collector.rollout(at, good_completion(case, at)) for at in records[:_BATCH]]
        few = samples[:4]
        each = min(_timed(case.collector, few) for _ in range(2)) / len(few)
        seconds = each * _BATCH / 1000
        if seconds < _DEFAULT_S / 2:
            return
        more = samples[: _BATCH // 4]  # fewer samples overestimate the time, because of a call's fixed cost
        seconds = min(seconds, _timed(case.collector, more) / len(more) * _BATCH / 1000)
        if seconds < _DEFAULT_S:
            return
        severity = self.rule.severity if seconds > _SURELY_S else Severity.NOTE
        message = (
            f"a call of {_BATCH} samples takes {seconds:.1f} s, {seconds / _BATCH * 1000:.0f} ms per sample;"
            f" Lambda ends a function after {_DEFAULT_S:g} s unless its template says otherwise"
        )
        yield Found(self.rule.id, severity, message, fix=self.rule.fix, headline=message)


@contextmanager
def _collector(case: Case) -> Iterator[Collector]:
    """Yield a collector with a short time limit, or the audit's collector if the grader is slow to import."""
    if case.opener.slow:
        yield case.collector
        return
    with closing(case.opener.open(seconds=_LIMIT_S)) as collector:
        yield collector


def _elsewhere(case: Case) -> str | None:
    """Return why timing says little about the grader, or None if it is meaningful."""
    if not case.opener.here:
        return "the time of a network call says little about the grader"
    return "the model takes most of the time" if asks_a_model(case) else None


def _timed(collector: Collector, samples: Sequence[dict[str, object]]) -> float:
    """Return the time of one call in milliseconds, corrected for other work on this machine."""
    ms = 0.0
    before = busy_ms(collector.target.target)
    for event in write_events(samples, collector.profile):
        answer = collector.call(event, len(samples))
        if isinstance(answer.fault, GraderFault) and answer.fault.error_type == "Sandbox.Timedout":
            raise NotRun(f"a call of {len(samples)} right answers ran into the time limit")
        if isinstance(answer.fault, GraderFault) and answer.fault.error_type == "Runtime.ExitError":
            raise NotRun("a call of right answers ended the grader's process, and starting one takes time")
        ms += answer.ms
    return unhurried_ms(ms, before, busy_ms(collector.target.target))


class _Steep(NamedTuple):
    """A completion whose grading time grows too fast."""

    text: LongText
    size: int
    ms: float | None
    """Grading time of the completion, or None if it timed out."""
    exponent: float | None


class GrowingTime:
    """Probe for completions whose grading time grows faster than their length."""

    rule = Rule(
        "G04",
        Severity.CRITICAL,
        "time grows faster than the completion",
        "Bound repetition in regular expressions, find fixed texts with `str.find`, and cut completions.",
    )
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe applies if the grader runs on this machine."""
        return _elsewhere(case)

    def run(self, case: Case) -> Iterator[Found]:
        """Grade long completions of many forms at growing sizes. Report one that takes too long."""
        texts = long_texts(case)
        at = (case.some(1, "G04") or [0])[0]
        with _collector(case) as collector:
            usual = min(_call(collector, at, _USUAL).ms for _ in range(2)) / len(_USUAL)
            if usual > _SLOW_MS:
                texts = texts[: max(4, int(_LIMIT_S * 500 / usual))]
            try:
                steep = _steepest(collector, at, texts, usual)
            except FamilyStopped:
                steep = None
                case.notes.append("The search for slow completions ended early: calls kept timing out.")
        if steep is None:
            return
        answer = _answer_of(case, at, steep)
        if steep.ms is not None or _is_late(answer) or answer.ms > _LIMIT_S * 1000:
            yield self._found(case, at, steep, answer)

    def _found(self, case: Case, at: int, steep: _Steep, answer: Answer) -> Found:
        text = steep.text.of(steep.size)
        shown = shortened(printable(repr(steep.text.of(24))), 60)
        if steep.ms is None or steep.exponent is None:
            said = f"{len(text):,} characters such as {shown} take longer than a call may"
        else:
            said = (
                f"{len(text):,} characters such as {shown} take {steep.ms:.0f} ms, and twice as many"
                f" {2**steep.exponent:.1f} times as long"
            )
        rollout = case.collector.rollout(at, text, "witness-1")
        reward = answer.items[0].reward if answer.items else None
        return Found(
            self.rule.id,
            self.rule.severity,
            f"{said}: one such completion stops training",
            fix=self.rule.fix,
            witness=Witness((rollout,), (reward,)),
            headline=said,
        )


CALL_TIME = CallTime()
"""The probe of call duration. It runs before all other probes if the grader is slow."""

PROBES = (CALL_TIME, GrowingTime())
"""The probes of this family, in the order in which they run."""


def _call(collector: Collector, record: int, texts: Sequence[str]) -> Answer:
    samples = [collector.rollout(record, text) for text in texts]
    found = [collector.call(event, len(samples)) for event in write_events(samples, collector.profile)]
    late = next((one for one in found if _is_late(one)), None)
    return late or found[0]._replace(ms=sum(one.ms for one in found))


def _is_late(answer: Answer) -> bool:
    return isinstance(answer.fault, GraderFault) and answer.fault.error_type == "Sandbox.Timedout"


def _answer_of(case: Case, at: int, steep: _Steep) -> Answer:
    """Grade a text with a longer time limit, after a first call that loads the grader's imports."""
    with closing(case.opener.open(seconds=4 * _LIMIT_S)) as patient:
        first = _call(patient, at, ["1", steep.text.of(8)])
        return first if _is_late(first) else _call(patient, at, [steep.text.of(steep.size)])


def _steepest(collector: Collector, record: int, texts: Sequence[LongText], usual: float) -> _Steep | None:
    """Return the first text that takes too long to grade, shortened as far as possible."""
    before: dict[int, float] = {}
    for size in _SIZES:
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            answer = _call(collector, record, [each.of(size) for each in chunk])
            spent = answer.ms - usual * len(chunk)
            grown = spent > max(_NOTICED_MS, before.get(start, 0.0) * 8**_STEEP / 2)
            before[start] = max(spent, 0.1)
            if _is_late(answer) or grown:
                collector.rest()  # The timeout of a call does not show which text caused it.
                for each in chunk:
                    steep = _measured(collector, record, each, size)
                    if steep is not None:
                        return steep
    return None


def _measured(collector: Collector, record: int, text: LongText, size: int) -> _Steep | None:
    """Time a text at several sizes. Return None if the time does not grow too fast."""
    largest = _time(collector, record, text, size)
    if largest is None:
        # A text that is slow by chance is not slow twice.
        return _Steep(text, size, None, None) if _time(collector, record, text, size) is None else None
    if largest < _NOTICED_MS / 2:
        return None
    # Both times include the call's fixed cost, which hides a little of the growth.
    times = [_time(collector, record, text, part) for part in (size // 4, size // 2)]
    small, half = (each or 0.0 for each in times)
    if not small or not half:
        return None
    exponent = min(math.log2(largest / half), math.log2(largest / small) / 2 + 0.25)
    if exponent <= _STEEP or largest / 1000 * (_LONG / size) ** exponent < _MATTERS_S:
        return None
    return _Steep(text, size, largest, exponent)


def _time(collector: Collector, record: int, text: LongText, size: int) -> float | None:
    """Return the milliseconds for one text (the faster of two runs), or None if it timed out."""
    best = math.inf
    for _ in range(2):
        answer = _call(collector, record, [text.of(size)])
        if _is_late(answer):
            return None
        best = min(best, answer.ms)
        if best < 1.0:
            break
    return best
