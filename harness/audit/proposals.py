"""Proposes formats to try, based on prompts, recordings, common use and the grader's source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from harness.audit.answer_kinds import infer, value
from harness.audit.case import Subject
from harness.audit.declared import declared_templates, prompt_of
from harness.audit.formats import SLOT, WORKING, Format, common_templates
from harness.audit.readings import Reading, answer_in, readings_of
from harness.audit.seen_formats import mined_templates, recorded_templates, text_of, whole_template

__all__ = ["SampledAnswers", "answers_of", "likely_formats", "others", "tiers"]

_PROMPTS = 12
_SHARE = 0.5
_MOST_READINGS = 10
_FIRST_READINGS = 3
_DECLARED = 10
_WHOLE = 4


@dataclass(frozen=True, slots=True)
class SampledAnswers:
    """The answers of several records, found by one reading."""

    kind: str
    sure: bool
    """Whether the kind of the answers is certain."""
    known: dict[int, str]
    """The answers by record. Records without an answer are omitted."""
    other: dict[int, int]
    """For each record, another record whose answer has a different value."""


def answers_of(
    subject: Subject, records: Sequence[int], readings: Sequence[Reading] | None = None
) -> dict[Reading, SampledAnswers]:
    """Return the answers found by each reading that fits most records, most likely reading first.

    Args:
        subject: The data.
        records: Indices of the records.
        readings: The readings to use, or None to infer them.
    """
    if readings is None:
        counts: dict[Reading, int] = {}
        for at in records:
            for reading in dict.fromkeys(readings_of(subject.records[at])):
                counts[reading] = counts.get(reading, 0) + 1
        readings = [reading for reading, count in counts.items() if count >= _SHARE * len(records)]
        readings = readings or list(counts)
    found: dict[Reading, SampledAnswers] = {}
    seen: set[tuple[str, ...]] = set()
    for reading in readings:
        answers = ((at, answer_in(reading, subject.records[at])) for at in records)
        known = {at: text for at, text in answers if text}
        inferred = infer([*known.values()])
        kind = subject.kind or ("tools" if reading.part.startswith("call") else inferred.kind)
        other = others(kind, known)
        if other and (*known.values(),) not in seen:
            seen.add((*known.values(),))
            found[reading] = SampledAnswers(kind, inferred.sure or kind == "tools", known, other)
        if len(found) == _MOST_READINGS:
            break
    return found


def others(kind: str, known: dict[int, str]) -> dict[int, int]:
    """For each record, choose another record whose answer has a different value.

    Numbers that are far apart, objects with the same keys and calls with the same name are preferred.

    Args:
        kind: The kind of the answers, one of `harness.audit.answer_kinds.KINDS`.
        known: The answers by record.
    """
    values = {at: value(kind, text) for at, text in known.items()}
    numbers = {at: one for at, one in values.items() if isinstance(one, Fraction)}
    order = sorted(known, key=lambda at: (numbers[at], at)) if len(numbers) == len(known) else list(known)
    shapes: dict[object, list[int]] = {}
    for at in order:
        shapes.setdefault(_shape(kind, known[at]), []).append(at)
    found: dict[int, int] = {}
    for alike in (*shapes.values(), order):
        half = len(alike) // 2
        for place, at in enumerate(alike):
            if at not in found:
                turned = (alike[(place + half + step) % len(alike)] for step in range(len(alike)))
                there = next((each for each in turned if values[each] != values[at]), None)
                if there is not None:
                    found[at] = there
    return found


def _shape(kind: str, text: str) -> object:
    """Return the part that a wrong answer should share with the right one: its keys or a call's name."""
    if kind == "json":
        return tuple(sorted(re.findall(r'"([^"]*)"\s*:', text)))
    return tuple(re.findall(r'"name"\s*:\s*"([^"]*)"', text)) if kind == "tools" else None


def likely_formats(subject: Subject, records: Sequence[int], count: int) -> list[Format]:
    """Return the formats that are likely before any is tried: common ones and those in the data.

    Args:
        subject: The data.
        records: Indices of the records to use.
        count: Maximum number of formats.
    """
    proposed = tiers(subject, answers_of(subject, records), records)
    own, common = next(proposed, []), next(proposed, [])
    return [*own[: count - count // 3], *common][:count]


def tiers(
    subject: Subject, answers: dict[Reading, SampledAnswers], sample: Sequence[int]
) -> Iterator[list[Format]]:
    """Yield lists of formats, to be tried in order until enough are accepted.

    Args:
        subject: The data.
        answers: The answers of the sampled records, by reading.
        sample: Indices of the records to try formats on.
    """
    if not answers:
        return
    seen: set[tuple[object, ...]] = set()

    def new(formats: Iterator[Format]) -> list[Format]:
        kept = []
        for one in formats:
            known = answers[one.reading].known
            key = tuple(str(one.fill(known[at])) for at in list(known)[:3])
            if key not in seen:
                seen.add(key)
                kept.append(one)
        return kept

    readings = list(answers)
    first = readings[:_FIRST_READINGS]
    declared = declared_templates([prompt_of(subject.records[at]) for at in sample[:_PROMPTS]])
    yield new(_own(subject, answers, first, declared[:_DECLARED]))
    yield new(
        Format(template, reading)
        for reading in first
        for template in common_templates(answers[reading].kind, reading)
    )
    mined = mined_templates(subject.sources)
    yield new(Format(template, reading) for template in (*mined, *_composed(declared)) for reading in first)
    yield new(
        Format(template, reading)
        for reading in readings[_FIRST_READINGS:]
        for template in (
            SLOT,
            *declared[:4],
            *mined[:4],
            *common_templates(answers[reading].kind, reading)[:8],
        )
    )
    yield new(_whole_recordings(subject, answers, first))


def _own(
    subject: Subject,
    answers: dict[Reading, SampledAnswers],
    readings: Sequence[Reading],
    declared: Sequence[str],
) -> Iterator[Format]:
    """Yield the formats given by the user or found in prompts and recorded completions."""
    for template in subject.accepted:
        if SLOT in template:
            yield from (Format(template, reading) for reading in readings)
        else:
            yield from _of_accepted(template, answers, readings)
    for number, reading in enumerate(readings):
        spoken = reading.part.startswith("call")
        if spoken:
            yield Format("", reading)
        yield from (Format(template, reading) for template in declared)
        if number == 0:
            yield from (Format(template, reading) for template in recorded_templates(subject, reading)[:4])
        yield Format(SLOT, reading)


def _of_accepted(
    text: str, answers: dict[Reading, SampledAnswers], readings: Sequence[Reading]
) -> Iterator[Format]:
    """Yield formats derived from a completion that should be rewarded by replacing its answer."""
    for reading in readings:
        held = [one for one in answers[reading].known.values() if one in text]
        for answer in sorted(dict.fromkeys(held), key=len, reverse=True)[:2]:
            template = whole_template(text, answer)
            if template is not None:
                yield Format(template, reading)


def _composed(declared: Sequence[str]) -> Iterator[str]:
    """Combine other formats with reasoning and answer tags."""
    inner = [one for one in declared if not one.startswith("<")] or ["\\boxed{{a}}", "#### {a}"]
    for one in inner[:3]:
        yield f"{WORKING}\n{one}"
        yield f"<think>{WORKING}</think>\n{one}"
        yield f"<think>\n{WORKING}\n</think>\n<answer>{one}</answer>"
        yield f"<answer>{one}</answer>"
    yield f"<reasoning>\n{WORKING}\n</reasoning>\n<answer>\n{{a}}\n</answer>"
    yield f"<think>\n{WORKING}\n</think>\n<answer>\n{{a}}\n</answer>"


def _whole_recordings(
    subject: Subject, answers: dict[Reading, SampledAnswers], readings: Sequence[Reading]
) -> Iterator[Format]:
    """Yield formats derived from recorded completions by replacing their answers."""
    for reading in readings:
        known = answers[reading].known
        held = ((text_of(one.message), known.get(one.record)) for one in subject.recorded)
        whole = (whole_template(text, answer) for text, answer in held if answer)
        found = sorted((template for template in whole if template), key=len)
        step = max(1, len(found) // _WHOLE)
        yield from (Format(template, reading) for template in found[::step][:_WHOLE])
