"""Extracts right answers as a format expects them, and selects the records and formats to try."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

from harness.audit.answer_kinds import distinct, kind_of, same, value
from harness.audit.case import Case
from harness.audit.formats import Format
from harness.audit.judge_probes import asks_a_model
from harness.audit.readings import answer_in

__all__ = [
    "Answers",
    "answers_in",
    "drawn_evenly",
    "fewer",
    "form_alone",
    "formats_tried",
    "judged",
    "kind_in",
    "other_answer",
]

_FEWEST = 4
_FAST_MS = 1.0
_SLOW_MS = 2.0


@dataclass(frozen=True)
class Answers:
    """The right answers of the records, written as a particular format expects them."""

    format: Format
    kind: str
    """The kind of the answers, one of `harness.audit.answer_kinds.KINDS`."""
    gold: dict[int, str]
    """The right answers by record index. Records without a right answer are omitted."""

    def distinct(self, records: Iterable[int]) -> int:
        """Return the number of distinct right answers among the given records."""
        return distinct(self.kind, (self.gold[at] for at in records if at in self.gold))


def answers_in(case: Case, one: Format, records: Iterable[int] | None = None) -> Answers:
    """Return the right answers of the records, extracted as the format specifies.

    Args:
        case: The audit.
        one: The format.
        records: Indices of the records, or None for all records whose right answer is rewarded.
    """
    known = case.known
    among = case.controlled if records is None else [*records]
    if one.reading == known.formats[0].reading:
        gold = {at: known.golds[at] for at in among if known.golds.get(at)}
        return Answers(one, known.kind, gold)
    read = ((at, answer_in(one.reading, case.subject.records[at])) for at in among)
    gold = {at: text for at, text in read if text}
    return Answers(one, case.subject.kind or kind_of([*gold.values()]), gold)


def kind_in(case: Case) -> str:
    """Return the inferred or declared kind of the answers, or an empty string if it is not known yet."""
    return case.control.kind if case.control else case.subject.kind or ""


def form_alone(case: Case) -> str | None:
    """Return the reason to skip probes of answers if the reward is for form alone, or None otherwise."""
    return "the reward is for form alone" if kind_in(case) == "format" else None


def judged(case: Case) -> str | None:
    """Return the reason to skip a probe of wrong answers if the grader uses a judge, or None otherwise."""
    return "a model judges the completions" if case.control is None and asks_a_model(case) else None


def fewer(case: Case, count: int) -> int:
    """Return the number of records to try. It is lower if the grader is slow.

    Args:
        case: The audit.
        count: The number for a fast grader.
    """
    return max(_FEWEST, round(count * min(1.0, _FAST_MS / max(case.collector.mean_pace, 1e-6))))


def formats_tried(case: Case) -> Sequence[Format]:
    """Return the accepted formats, or only the first one if the grader is slow."""
    formats = case.known.formats
    return formats if case.collector.mean_pace <= _SLOW_MS else formats[:1]


def drawn_evenly(
    case: Case, answers: Answers, count: int, name: str, among: Iterable[int] | None = None
) -> list[int]:
    """Draw records such that all right answers occur about equally often.

    Args:
        case: The audit.
        answers: The right answers.
        count: Number of records to draw.
        name: A name used as the random seed.
        among: The records to draw from, or None for all that have an answer.
    """
    order = list(answers.gold if among is None else among)
    case.random(f"evenly {name}").shuffle(order)
    by_value: dict[object, list[int]] = {}
    for at in order:
        by_value.setdefault(value(answers.kind, answers.gold[at]), []).append(at)
    turns = zip_longest(*by_value.values())
    return sorted(islice((at for turn in turns for at in turn if at is not None), count))


def other_answer(case: Case, answers: Answers, at: int) -> str | None:
    """Return another record's answer, or None if its value equals this record's answer.

    Args:
        case: The audit, whose control specifies which other record to use.
        answers: The right answers.
        at: Index of the record for which a wrong answer is needed.
    """
    there = case.known.other.get(at)
    other = answers_in(case, answers.format, [there]).gold.get(there) if there is not None else None
    return None if other is None or same(answers.kind, other, answers.gold[at]) else other
