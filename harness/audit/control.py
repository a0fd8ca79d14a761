"""Finds the formats that a grader accepts, and the rewards of right and wrong answers in them.

A format is accepted if the right answer earns more in it than another record's answer. Otherwise, formats in
which any answer is rewarded would be accepted.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from harness.audit.case import DELTA, Case, Control, FamilyStopped, Sought
from harness.audit.form_alone import seek_form
from harness.audit.formats import WORKING, Format
from harness.audit.proposals import answers_of, tiers
from harness.audit.unpaid import explain

__all__ = ["find_control", "seek"]

_SAMPLE = 24
_PROBED = 4
_CHECKED = 16
_CHOSEN = 5
_MOST = 3
_WORKS = 0.9
_SOME = 0.25
_SECONDS = 0.25
_PATIENCE = 4.0
_FEWEST = 24
_HEAVY_MS = 15.0
_CHECKED_HEAVY = 6
_FEWEST_HEAVY = 8
_NARROWEST = 0.5
_WIRES = ("open-weight", "open-weight-text", "open-weight-root", "open-weight-plain", "nova", "nova-blocks")
_QUICK = 12
_UNLIKELY = 3
"""Tiers from this number on are tried only if no format has been accepted."""
_REASONING = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL)


class _Tried(NamedTuple):
    """The results of a format on several records."""

    format: Format
    share: float
    """The share of records whose right answer earns more than a wrong one."""
    mean: float
    """The average reward of right answers."""


def find_control(case: Case) -> Control | None:
    """Return the control, or None if no known format gives right answers more reward than wrong ones.

    Args:
        case: The audit.
    """
    return seek(case).control


def seek(case: Case) -> Sought:
    """Search for the control. If there is none, explain why.

    If nothing is rewarded on the audit's wire, the search tries other wires, and the audit continues on one
    that works.

    Args:
        case: The audit. The result is also stored in `case.sought`.
    """
    look = seek_form if case.subject.kind == "format" else _seek
    try:
        case.sought = look(case)
    except FamilyStopped as stopped:
        case.sought = Sought(None, str(stopped), case.opener.wire)
    return case.sought


def _seek(case: Case) -> Sought:
    search = _Search(case)
    found = search.run()
    asked = case.opener.wire
    if found:
        return _measured(case, search, found, Sought(None, wire=asked))
    tried = tuple(search.tried_formats)
    for wire in _WIRES if search.answers else ():
        if wire != asked and time.monotonic() < search.until:
            search.collector = case.collector.over(
                wire
            )  # Answers on this wire cannot break the contract of the requested wire.
            found = search.run(quick=True)
            if found:
                case.speak(wire)
                case.notes.append(
                    f"This audit sends samples over `{wire}`; replay its witnesses with `--wire {wire}`."
                )
                search.collector = case.collector
                return _measured(case, search, found, Sought(None, wire=wire, unpaid_over=asked))
    return explain(case, search.answers, tried)


def _measured(case: Case, search: _Search, found: Sequence[_Tried], sought: Sought) -> Sought:
    """Measure the control on all records. Reject it if wrong answers earn as much on most of them."""
    control = search.control(found)
    apart = sum(control.pays(reward, at) for at, reward in control.right.items())
    if control.right and apart >= _SOME * len(control.right):
        return sought._replace(control=control)
    why = (
        f"right answers earn no more than wrong ones on {len(control.right) - apart} of"
        f" {len(control.right)} records, in the format {found[0].format}"
    )
    return sought._replace(why=why, tried=tuple(one.format for one in found))


class _Search:
    """Tries the formats for one grader, tier by tier."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.collector = case.collector
        self.sample = _spread(case)
        self.answers = answers_of(case.subject, self.sample)
        self.tried_formats: list[Format] = []
        self.seconds_each = 0.0
        self.until = time.monotonic() + _PATIENCE

    def run(self, quick: bool = False) -> list[_Tried]:
        """Return the accepted formats, best first.

        Args:
            quick: Whether to try only the most likely formats.
        """
        found: list[_Tried] = []
        self.tried_formats = []
        for number, formats in enumerate(self._tiers()):
            if found and number >= _UNLIKELY:
                break
            few = formats[:_QUICK] if quick else formats if not found else formats[: _QUICK // 2]
            found += self._checked(self._contrasted(few))
            good = {_skeleton(one.format) for one in found if one.share >= _WORKS}
            if len(good) >= (1 if quick or self.heavy else _MOST) or (
                quick and len(self.tried_formats) > _QUICK
            ):
                break
            if time.monotonic() > self.until:
                break
        return _chosen([one for one in found if one.share >= (_WORKS if quick else _SOME)])

    def _tiers(self) -> Iterator[list[Format]]:
        """Yield the tiers. Formats for programs come first, because code graders are slow."""
        for number, formats in enumerate(tiers(self.case.subject, self.answers, self.sample)):
            programs = [one for one in formats if self.answers[one.reading].kind == "code"]
            if number == 0 and 0 < len(programs) < len(formats):
                yield programs
                formats = [one for one in formats if one not in programs]
            yield formats

    def _contrasted(self, formats: Sequence[Format]) -> list[Format]:
        """Return the formats in which right answers earn more than wrong ones on a few records."""
        self.tried_formats += formats
        tried = self._measure(formats, _PROBED)
        likely = [one for one in tried if one.share >= 2 / _PROBED]
        likely = likely or [one for one in tried if one.share > 0]
        return [one.format for one in sorted(likely, key=lambda one: -one.mean * one.share)[:_CHOSEN]]

    def _checked(self, formats: Sequence[Format]) -> list[_Tried]:
        """Return the formats that separate right from wrong answers on more records too."""
        count = _CHECKED_HEAVY if self.heavy else _CHECKED
        return [one for one in self._measure(formats, count) if one.share >= _SOME]

    @property
    def heavy(self) -> bool:
        """Whether grading is so slow that only a few samples can be tried."""
        return self.collector.pace > _HEAVY_MS

    def _measure(self, formats: Sequence[Format], count: int) -> list[_Tried]:
        """Grade right and wrong answers in all formats together."""
        asked: list[tuple[int, object]] = []
        spans: list[tuple[Format, list[tuple[int, int]]]] = []
        for one in formats:
            answers = self.answers[one.reading]
            pairs = _pairs(answers.other, self.sample, count)
            asked += [(at, one.fill(answers.known[at])) for at, _ in pairs]
            asked += [(at, one.fill(answers.known[there])) for at, there in pairs]
            spans.append((one, pairs))
        began, used = time.perf_counter(), self.collector.budget.used
        replies = iter([_finite(reply.reward) for reply in self.collector.ask(asked)])
        used = self.collector.budget.used - used
        if used:
            self.seconds_each = (time.perf_counter() - began) / used
        measured = []
        for one, pairs in spans:
            right = {at: next(replies) for at, _ in pairs}
            measured.append((one, pairs, right, {at: next(replies) for at, _ in pairs}))
        span = _span(
            self.case,
            (each for *_, right, wrong in measured for part in (right, wrong) for each in part.values()),
        )
        return [_judged(one, pairs, right, wrong, span) for one, pairs, right, wrong in measured if pairs]

    def control(self, found: Sequence[_Tried]) -> Control:
        """Measure rewards on all records, or on as many as a slow grader allows."""
        first = found[0].format
        subject = self.case.subject
        answers = answers_of(subject, range(len(subject.records)), (first.reading,))[first.reading]
        order = [*dict.fromkeys((*self.sample, *answers.other))]
        most = max(_FEWEST_HEAVY if self.heavy else _FEWEST, int(_SECONDS / max(self.seconds_each, 1e-6)))
        chosen = sorted(at for at in order[:most] if at in answers.other)
        replies = self.collector.ask(
            [(at, first.fill(answers.known[at])) for at in chosen]
            + [(at, first.fill(answers.known[answers.other[at]])) for at in chosen]
        )
        half = len(chosen)
        right = {at: one.reward for at, one in zip(chosen, replies[:half], strict=True)}
        wrong = {at: one.reward for at, one in zip(chosen, replies[half:], strict=True)}
        rewards = [one for one in (*right.values(), *wrong.values()) if one is not None and isfinite(one)]
        low = min(0.0, *rewards)
        low, high = subject.bounds or (low, max(low + _NARROWEST, *rewards))
        if not answers.sure and subject.kind is None:
            self.case.notes.append(
                f"The records do not show what kind of answer they have; the audit assumes {answers.kind}."
                " Set it with --kind."
            )
        return Control(
            answers.kind,
            tuple(one.format for one in found),
            {at: reward for at, reward in right.items() if reward is not None},
            {at: reward for at, reward in wrong.items() if reward is not None},
            {at: answers.other[at] for at in chosen},
            low,
            high,
            golds=answers.known,
        )


def _pairs(other: Mapping[int, int], sample: Sequence[int], count: int) -> list[tuple[int, int]]:
    """Return up to `count` records, each with the record whose answer is used as the wrong one.

    If two records use each other's answers, both are included.
    """
    found: dict[int, int] = {}
    for at in sample:
        if at in other and len(found) < count:
            found[at] = other[at]
            if other.get(other[at]) == at:
                found[other[at]] = at
    return list(found.items())


def _judged(
    one: Format,
    pairs: Sequence[tuple[int, int]],
    right: Mapping[int, float | None],
    wrong: Mapping[int, float | None],
    span: float,
) -> _Tried:
    """Rate a format. A right answer must earn more than a wrong one and more than on another record."""
    apart = 0
    for at, there in pairs:
        mutual = right.get(there) is not None and dict(pairs).get(there) == at
        rivals = (wrong[at], wrong[there]) if mutual else (wrong[at],)  # the same text on the other record
        mine = right[at]
        apart += mine is not None and all(mine > (each or 0.0) + DELTA * span for each in rivals)
    return _Tried(one, apart / len(pairs), sum(each or 0.0 for each in right.values()) / len(pairs))


def _finite(reward: float | None) -> float | None:
    return reward if reward is not None and isfinite(reward) else None


def _span(case: Case, rewards: Iterable[float | None]) -> float:
    """Return the declared range of rewards, or the range of the rewards seen if none is declared."""
    if case.subject.bounds is not None:
        return case.subject.bounds[1] - case.subject.bounds[0] or 1.0
    seen = [one for one in rewards if one is not None]
    return max(_NARROWEST, max(seen, default=0.0) - min(seen, default=0.0))


def _chosen(found: Sequence[_Tried]) -> list[_Tried]:
    """Choose up to three different formats, starting with one whose rewards match the highest."""
    if not found:
        return []
    best = max(one.share for one in found)
    good = [one for one in found if one.share >= _WORKS * best]
    most = max(one.mean for one in good)
    paid = [one for one in good if one.mean >= most - 0.05 * abs(most)]
    rest = sorted((one for one in found if one not in paid), key=lambda one: -one.share)
    first: dict[str, _Tried] = {}
    for one in (*paid, *rest):
        first.setdefault(_skeleton(one.format), one)
    return list(first.values())[:_MOST]


def _skeleton(one: Format) -> str:
    """Return a template in lower case without reasoning or spaces, to recognize similar formats."""
    return "".join(_REASONING.sub("", one.template).replace(WORKING, "").split()).casefold()


def _spread(case: Case) -> list[int]:
    """Draw records to try formats on."""
    records = range(len(case.subject.records))
    drawn = case.some(_SAMPLE, "control", among=records)
    case.random("control order").shuffle(drawn)
    return drawn
