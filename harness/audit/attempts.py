"""Grades wrong completions on several records and determines which ones the grader rewards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness.audit.answers import Answers, drawn_evenly, fewer
from harness.audit.audit_finding import Found
from harness.audit.case import DELTA, Case
from harness.audit.luck import holds
from harness.findings import Rule, Severity

__all__ = [
    "Attempt",
    "Idea",
    "Paid",
    "AttemptTally",
    "found_by",
    "full",
    "severity_of",
    "try_all",
    "try_ideas",
    "with_work",
]

_FIRST = 6
_THEN = 24
_KEPT = 6
_RATE = 0.15
_OF_TWO = 0.4
_LIVES = 0.3
_OPENS = re.compile(r"\s*<(think|thinking|reasoning|analysis)>", re.IGNORECASE)


class Attempt(NamedTuple):
    """A completion to try on a record."""

    name: str
    """The name of the idea behind the completion. Attempts with the same name are counted together."""
    record: int
    completion: Any


class Paid(NamedTuple):
    """A rewarded attempt."""

    record: int
    completion: Any
    reward: float
    share: float
    """The reward as a share of the right answer's reward."""


@dataclass
class AttemptTally:
    """The results of all attempts with the same name."""

    name: str
    tried: int = 0
    paid: list[Paid] = field(default_factory=list)
    said: str | None = None
    """The text used in place of the answer, if the idea has one."""
    shares: list[float] = field(default_factory=list)
    """The reward of each attempt as a share of the right answer's reward."""

    @property
    def best(self) -> Paid:
        """The attempt with the largest share. Among equal shares, the shortest completion."""
        return max(self.paid, key=lambda one: (round(one.share, 3), -len(json.dumps(one.completion))))

    @property
    def mean(self) -> float:
        """The mean share of all attempts, or 0 if there are none."""
        return sum(self.shares) / len(self.shares) if self.shares else 0.0


class Idea(NamedTuple):
    """A kind of completion to try on several records."""

    name: str
    make: Callable[[int], Any]
    """Function that returns the completion for a record, or None if the idea does not apply to the record."""
    said: str | None = None
    """The text used in place of the answer, if it is the same for all records."""


def full(case: Case, reward: float | None, record: int) -> bool:
    """Return True if a reward differs from the right answer's by at most a tenth of the range."""
    known = case.known
    if reward is None or not known.pays(reward, record):
        return False
    return reward >= known.right.get(record, known.high) - DELTA * known.span


def try_all(
    case: Case, attempts: Sequence[Attempt], pays: Callable[[float | None, int], bool] | None = None
) -> dict[str, AttemptTally]:
    """Grade attempts together and count them by name.

    Args:
        case: The audit.
        attempts: The attempts to grade.
        pays: Function that returns True if a completion counts as rewarded, given the reward and the record.
            None to require more than the reward of a wrong answer.
    """
    pays = pays or case.known.pays
    replies = case.collector.ask([(one.record, one.completion) for one in attempts])
    found: dict[str, AttemptTally] = {}
    for one, reply in zip(attempts, replies, strict=True):
        tally = found.setdefault(one.name, AttemptTally(one.name))
        tally.tried += 1
        share = case.known.share(reply.reward, one.record)
        tally.shares.append(share)
        if reply.reward is not None and pays(reply.reward, one.record):
            tally.paid.append(Paid(one.record, one.completion, reply.reward, share))
    return found


def try_ideas(case: Case, answers: Answers, ideas: Sequence[Idea], name: str) -> list[AttemptTally]:
    """Grade ideas on a few records, then retry the rewarded ideas on more records.

    A record is skipped if the idea's completion happens to contain the record's right answer.

    Args:
        case: The audit.
        answers: The right answers.
        ideas: The ideas to try.
        name: A name used as the random seed for drawing records.

    Returns:
        The ideas that are rewarded too often to be lucky guesses, best first.
    """
    drawn = drawn_evenly(case, answers, fewer(case, _THEN), name)
    first = drawn_evenly(case, answers, fewer(case, _FIRST), name, drawn)
    said = {idea.name: idea.said for idea in ideas}
    tallies = try_all(case, _unlucky(answers, ideas, first))
    leads = sorted((one for one in tallies.values() if one.paid), key=_rank)[:_KEPT]
    names = {one.name for one in leads}
    again = try_all(case, _unlucky(answers, [one for one in ideas if one.name in names], drawn))
    for one in again.values():
        one.said = said[one.name]
    return sorted((one for one in again.values() if _enough(answers, one)), key=_rank)


def _rank(tally: AttemptTally) -> tuple[float, int]:
    return -round(tally.mean, 2), len(json.dumps(tally.best.completion))


def _enough(answers: Answers, tally: AttemptTally) -> bool:
    """Return True if an idea is rewarded for two right answers or on many records, not just by chance."""
    if len(tally.paid) < 2:
        return False
    if answers.distinct(one.record for one in tally.paid) >= 2 and len(tally.paid) >= 0.1 * tally.tried:
        return True
    # If the rewarded records share one label, the text may be a lucky guess, unless it says nothing at all.
    text = str(tally.best.completion) if tally.said is None else tally.said
    says = answers.kind != "format" and any(mark.isalnum() for mark in text)
    return len(tally.paid) >= (_OF_TWO if says else _RATE) * tally.tried


def _unlucky(answers: Answers, ideas: Sequence[Idea], records: Sequence[int]) -> list[Attempt]:
    found = []
    for idea in ideas:
        for at in records:
            completion = idea.make(at)
            lucky = holds(answers.kind, answers.gold[at], completion, idea.said)
            if completion is not None and not lucky:
                found.append(Attempt(idea.name, at, completion))
    return found


def with_work(completion: Any, work: str) -> Any:
    """Return a completion with reasoning before its answer.

    Args:
        completion: A string, or a message with tool calls.
        work: One or more sentences of reasoning.
    """
    if isinstance(completion, dict):
        return {**completion, "content": work}
    opened = _OPENS.match(completion)
    if opened:
        return f"{completion[: opened.end()]}{work}\n{completion[opened.end() :]}"
    return f"{work}\n{completion}"


def severity_of(share: float) -> Severity:
    """Return the severity for a rewarded text that has no answer. It is critical if the share is large."""
    return Severity.CRITICAL if share >= _LIVES else Severity.ERROR


def found_by(
    case: Case, rule: Rule, tally: AttemptTally, message: str, severity: Severity | None = None, **more: Any
) -> Found:
    """Create a finding from the best attempt in a tally.

    Args:
        case: The audit.
        rule: The rule.
        tally: The results of the attempts, at least one of them rewarded.
        message: One sentence on the problem and on the behavior that a policy would learn.
        severity: The severity, or None to use the rule's severity.
        **more: Other fields of `Found`.
    """
    best = tally.best
    fields: dict[str, Any] = {
        "fix": rule.fix,
        "witness": case.witness((best.record, best.completion)),
        "records": len(tally.paid),
        "tried": tally.tried,
        "text": best.completion if isinstance(best.completion, str) else None,
        "share": best.share,
        **more,
    }
    return Found(rule.id, severity or rule.severity, message, **fields)
