"""Probes for rewards that grow with length or repetition regardless of content."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from harness.audit.answers import Answers, answers_in, drawn_evenly, fewer
from harness.audit.attempts import with_work
from harness.audit.audit_finding import Found
from harness.audit.case import DELTA, Case
from harness.findings import Rule, Severity

__all__ = ["PROBES", "LengthSlope", "Repetition"]

_RECORDS = 6
_TIMES = (0, 1, 3, 6, 12, 20, 40)
_REPEATS = (1, 3, 10, 30)
_ITEM = "one item of the right list"
_SENTENCE = (
    "We look at what is given once more and go through it line by line, so that nothing is left out of what"
    " the question says. "
)


class _Series(NamedTuple):
    """Rewards of increasingly long completions for one record."""

    record: int
    completions: tuple[Any, ...]
    rewards: tuple[float, ...]

    @property
    def gain(self) -> float:
        return self.rewards[-1] - self.rewards[0]


class LengthSlope:
    """Probe for padding that increases the reward."""

    rule = Rule(
        "C10",
        Severity.ERROR,
        "the longer a completion, the more it earns",
        "Remove length from the reward, or pay for it only below a limit that the task sets.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies to every grader."""
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Pad first wrong and then right answers with empty sentences."""
        answers = answers_in(case, case.known.formats[0])
        for which in ("wrong", "right"):
            padded = _padded(case, answers, which)
            series = [one for one in padded if _grows(case, one)]
            if answers.distinct(one.record for one in series) >= 2 and len(series) >= len(padded) / 2:
                yield self._found(case, which, series, len(padded))
                return

    def _found(self, case: Case, which: str, series: list[_Series], tried: int) -> Found:
        gain = median(one.gain for one in series) / case.known.span
        shown = series[0]
        at = shown.record
        return Found(
            self.rule.id,
            self.rule.severity,
            f"a {which} answer earns {gain:.0%} of the range more when it is padded to"
            f" {len(str(shown.completions[-1])):,} characters: a policy learns to write more",
            fix=self.rule.fix,
            witness=case.witness((at, shown.completions[0]), (at, shown.completions[-1])),
            records=len(series),
            tried=tried,
            share=gain,
        )


class Repetition:
    """Probe for repeated text that increases the reward."""

    rule = Rule(
        "C15",
        Severity.WARNING,
        "repeating the same words is paid each time",
        "Count each word, item or marker once.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe does not apply to tool calls, which cannot be repeated as text."""
        tools = case.control is not None and not case.control.formats[0].template
        return "the format is not text" if tools else None

    def run(self, case: Case) -> Iterator[Found]:
        """Grade repetitions of a wrong answer, of words such as `clearly`, and of a list item."""
        answers = answers_in(case, case.known.formats[0])
        for name, make in _repeated(case, answers).items():
            records = drawn_evenly(case, answers, fewer(case, _RECORDS), "C15")
            least = 1 if name == _ITEM else 2  # a single step may be a minimum length
            series = _measured(case, {at: tuple(make(at, times) for times in _REPEATS) for at in records})
            series = [one for one in series if one.gain > DELTA * case.known.span and _rises(one) >= least]
            if answers.distinct(one.record for one in series) < 2 or len(series) < len(records) / 2:
                continue
            shown = series[0]
            yield Found(
                self.rule.id,
                self.rule.severity,
                f"{name} repeated {_REPEATS[-1]} times earns"
                f" {median(one.gain for one in series) / case.known.span:.0%} of the range more than once: a"
                " policy learns to repeat itself",
                fix=self.rule.fix,
                witness=case.witness(
                    (shown.record, shown.completions[0]), (shown.record, shown.completions[-1])
                ),
                records=len(series),
                tried=len(records),
                share=case.known.share(shown.rewards[-1], shown.record),
            )
            return


def _padded(case: Case, answers: Answers, which: str) -> list[_Series]:
    """Grade right or wrong answers that follow an increasing amount of reasoning."""
    known = case.known
    fill = answers.format.fill
    completions: dict[int, tuple[Any, ...]] = {}
    for at in drawn_evenly(case, answers, fewer(case, _RECORDS), "C10"):
        answer: str | None = answers.gold[at]
        if which == "wrong":
            there = known.other.get(at)
            answer = answers_in(case, answers.format, [there]).gold.get(there) if there is not None else None
        if answer is not None:
            filled = fill(answer)
            completions[at] = tuple(
                with_work(filled, (_SENTENCE * times).strip()) if times else filled for times in _TIMES
            )
    return _measured(case, completions)


def _measured(case: Case, completions: dict[int, tuple[Any, ...]]) -> list[_Series]:
    asked = [(at, one) for at, some in completions.items() for one in some]
    replies = iter(case.collector.ask(asked))
    found = []
    for at, some in completions.items():
        rewards = [next(replies).reward for _ in some]
        known = [reward for reward in rewards if reward is not None]
        if len(known) == len(rewards):
            found.append(_Series(at, some, tuple(known)))
    return found


def _rises(series: _Series) -> int:
    """Return the number of length steps at which the reward rises."""
    return sum(after > before + 1e-9 for before, after in pairwise(series.rewards))


def _grows(case: Case, series: _Series) -> bool:
    """Return True if the reward never falls and rises at three or more steps, so it is not a length limit."""
    falls = any(after < before - 1e-9 for before, after in pairwise(series.rewards))
    return not falls and _rises(series) >= 3 and series.gain > DELTA * case.known.span


def _repeated(case: Case, answers: Answers) -> dict[str, Callable[[int, int], Any]]:
    """Return functions that repeat a text, keyed by the name of the text."""
    fill, known = answers.format.fill, case.known
    others = answers_in(case, answers.format, known.right).gold

    def wrong(at: int) -> str:
        return others.get(known.other.get(at, at), "nothing")

    def first_item(at: int, times: int) -> Any:
        gold = answers.gold[at]
        item = gold.split(",")[0].strip(" []\"'")
        return fill(", ".join([item] * times))

    found: dict[str, Callable[[int, int], Any]] = {
        "a wrong answer": lambda at, times: "\n".join([str(fill(wrong(at)))] * times),
        "`clearly`": lambda at, times: with_work(fill(wrong(at)), "definitely, clearly, certainly. " * times),
        "`therefore`": lambda at, times: with_work(fill(wrong(at)), "therefore, because, thus. " * times),
    }
    if answers.kind in ("list", "text"):
        found[_ITEM] = first_item
    return found


PROBES = (LengthSlope(), Repetition())
"""The probes in this module."""
