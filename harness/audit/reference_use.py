"""Probes for graders that ignore the reference or reward wrong answers as much as right ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from math import isfinite
from statistics import fmean
from typing import Any, NamedTuple

from harness.audit.answer_kinds import same
from harness.audit.answers import Answers, answers_in, fewer, form_alone, formats_tried, judged
from harness.audit.attempts import Attempt, AttemptTally, found_by, try_all
from harness.audit.audit_finding import Found
from harness.audit.case import DELTA, Case, Control
from harness.audit.formats import Format
from harness.audit.proposals import SampledAnswers, answers_of, tiers
from harness.audit.wording import amount, quoted
from harness.findings import Rule, Severity

__all__ = ["PROBES", "AnotherAnswer", "Contrast", "Inverted", "assumed", "contrasts"]

_TRIED = 80
_BLIND = 16
_FIRST = 4
_KEPT = 3
_FORMATS = 40
_FEW = 0.05
_MANY = 0.3
_OF_ONE = 4
"""Number of rewarded records that is sufficient evidence even if all have the same right answer."""
_PAID = 0.2


class AnotherAnswer:
    """Probe for rewarded answers of other records, in accepted formats or else in the best known ones."""

    rule = Rule(
        "C04",
        Severity.CRITICAL,
        "another record's answer is paid",
        "Compare the answer with the record's own reference_answer, whole and by value. If the reward is for"
        " form alone, use `--kind format`.",
    )
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe does not apply to a reward for form alone, or to a grader that uses a judge."""
        return form_alone(case) or judged(case)

    def run(self, case: Case) -> Iterator[Found]:
        """Compare the rewards of wrong and right answers. A wrong answer counts if it gets full reward."""
        if case.control is None:
            yield from self._blind(case)
            return
        for one in formats_tried(case):
            answers = answers_in(case, one, case.known.right)
            for tally in try_all(case, list(_others(case, answers)), _as_right(case)).values():
                rate = len(tally.paid) / tally.tried
                several = answers.distinct(paid.record for paid in tally.paid) >= 2
                if rate >= _FEW and (several or len(tally.paid) >= _OF_ONE):
                    yield self._found(case, tally, rate)
                    return

    def _found(self, case: Case, tally: AttemptTally, rate: float) -> Found:
        message = (
            f"another record's answer is paid {amount(tally.best.share)} on {len(tally.paid)} of"
            f" {tally.tried} records: a policy does not need the right one"
        )
        return found_by(
            case, self.rule, tally, message, Severity.CRITICAL if rate >= _MANY else Severity.ERROR
        )

    def _blind(self, case: Case) -> Iterator[Found]:
        for seen in contrasts(case):
            if seen.right < _MANY or seen.wrong < _PAID * seen.right or seen.wrong - seen.right >= DELTA:
                continue
            share = min(1.0, seen.wrong / seen.right)
            yield Found(
                self.rule.id,
                Severity.CRITICAL if share >= _MANY else Severity.ERROR,
                f"wrong answers earn {share:.0%} of what right ones earn in the format"
                f" {quoted(str(seen.format))}: a policy does not need the right one",
                fix=self.rule.fix,
                witness=case.witness(*seen.shown),
                tried=seen.tried,
                records=seen.as_right,
                text=seen.shown[1][1] if isinstance(seen.shown[1][1], str) else None,
                share=share,
            )
            return


class Inverted:
    """Probe for wrong answers that earn more than right ones in the same format."""

    rule = Rule(
        "C06",
        Severity.CRITICAL,
        "a wrong answer earns more than the right one",
        "Check the direction of the comparison and the sign of each part of the reward.",
    )
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe applies if there is no control. Otherwise, another probe makes the comparison."""
        if form_alone(case) or judged(case):
            return form_alone(case) or judged(case)
        return None if case.control is None else "the right answer earns more than a wrong one"

    def run(self, case: Case) -> Iterator[Found]:
        """Look for a format in which another record's answer earns more than the right one."""
        for seen in contrasts(case):
            if seen.wrong - seen.right >= DELTA:
                yield Found(
                    self.rule.id,
                    self.rule.severity,
                    f"a wrong answer earns {seen.wrong:.0%} of the range and the right one {seen.right:.0%}"
                    f" in the format {quoted(str(seen.format))}: a policy learns to give wrong answers",
                    fix=self.rule.fix,
                    witness=case.witness(*seen.shown),
                    tried=seen.tried,
                    text=seen.shown[1][1] if isinstance(seen.shown[1][1], str) else None,
                )
                return


class Contrast(NamedTuple):
    """The rewards of right and wrong answers in a format, as shares of the range."""

    format: Format
    right: float
    wrong: float
    tried: int
    as_right: int
    """Number of records on which the wrong answer earns as much as the right one."""
    shown: tuple[tuple[int, Any], tuple[int, Any]]
    """The right and wrong completion for the record on which the wrong one is furthest ahead."""


def contrasts(case: Case) -> list[Contrast]:
    """Return the rewards of right and wrong answers in the best known formats, highest rewards first.

    Args:
        case: The audit.
    """
    records = case.some(_BLIND, "contrast", among=range(len(case.subject.records)))
    answers = answers_of(case.subject, records)
    formats = islice(chain.from_iterable(tiers(case.subject, answers, records)), _FORMATS)
    few = records[:: max(1, len(records) // _FIRST)]
    seen = [_contrast(case, one, answers[one.reading], few) for one in formats]
    best = sorted(filter(None, seen), key=_earned)[:_KEPT]
    more = [
        _contrast(case, one.format, answers[one.format.reading], records) for one in best if _earned(one) < 0
    ]
    return sorted(filter(None, more), key=_earned)


def _earned(seen: Contrast) -> float:
    return -max(seen.right, seen.wrong)


def _contrast(case: Case, one: Format, answers: SampledAnswers, records: Sequence[int]) -> Contrast | None:
    """Return the rewards in a format, or None if fewer than two records have a wrong answer in it."""
    gold = answers.known
    pairs = [(at, answers.other[at]) for at in records if at in answers.other]
    if len(pairs) < 2:
        return None
    low, high = case.subject.bounds or (0.0, 1.0)
    rights = [(at, one.fill(gold[at])) for at, _ in pairs]
    wrongs = [(at, one.fill(gold[there])) for at, there in pairs]
    rewards = (reply.reward for reply in case.collector.ask([*rights, *wrongs]))
    earned = [
        0.0 if reward is None or not isfinite(reward) else (reward - low) / ((high - low) or 1.0)
        for reward in rewards
    ]
    right, wrong = earned[: len(pairs)], earned[len(pairs) :]
    worst = max(range(len(pairs)), key=lambda place: (wrong[place] - right[place], wrong[place]))
    as_right = sum(bad >= good - DELTA for good, bad in zip(right, wrong, strict=True))
    shown = (rights[worst], wrongs[worst])
    return Contrast(one, fmean(right), fmean(wrong), len(pairs), as_right, shown)


def assumed(case: Case) -> Case | None:
    """Return the case with a control. Without one, the format with the highest rewards is assumed.

    Args:
        case: The audit.

    Returns:
        The case, or None if no format is rewarded.
    """
    if case.control is not None:
        return case
    best = next((seen for seen in contrasts(case) if seen.right >= _MANY), None)
    if best is None:
        return None
    one = best.format
    answers = answers_of(case.subject, range(len(case.subject.records)), (one.reading,))[one.reading]
    gold = answers.known
    replies = case.collector.ask([(at, one.fill(text)) for at, text in gold.items()])
    right = {at: reply.reward for at, reply in zip(gold, replies, strict=True) if reply.reward is not None}
    low, high = case.subject.bounds or (0.0, 1.0)
    wrong = dict.fromkeys(right, low)
    control = Control(answers.kind, (one,), right, wrong, answers.other, low, high, golds=gold)
    return replace(case, control=control)


def _others(case: Case, answers: Answers) -> Iterable[Attempt]:
    """Yield attempts with another record's answer, provided that it is certainly wrong."""
    for at in case.some(fewer(case, _TRIED), "C04", among=case.known.right):
        there = case.known.other.get(at)
        mine, other = answers.gold.get(at), answers.gold.get(there) if there is not None else None
        if mine and other and not same(answers.kind, mine, other) and not _within(answers.kind, mine, other):
            yield Attempt("other", at, answers.format.fill(other))


def _within(kind: str, one: str, other: str) -> bool:
    """Return True if one text is part of the other, so that both may be right."""
    one, other = one.casefold(), other.casefold()
    return kind in ("text", "free", "list") and (one in other or other in one)


def _as_right(case: Case) -> Any:
    """Return a function that checks if a reward is as high as the right answer's."""
    known = case.known
    margin = DELTA * known.span

    def pays(reward: float | None, record: int) -> bool:
        right = known.right.get(record, known.low)
        return reward is not None and right > known.low + margin and reward >= right - margin

    return pays


PROBES = (AnotherAnswer(), Inverted())
"""The probes in this module."""
