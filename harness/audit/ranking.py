"""Probe that compares the rewards of right and wrong completions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.audit.answers import Answers, answers_in, fewer, form_alone, formats_tried, other_answer
from harness.audit.attempts import with_work
from harness.audit.audit_finding import Found
from harness.audit.case import DELTA, Case
from harness.audit.declared import prompt_of
from harness.findings import Rule, Severity

__all__ = ["WORK", "Ranking"]

WORK = (
    "We read the question again and write down what is given. Then we work through it with care, check each"
    " step, and look at the result from another side."
)
"""Reasoning that reveals nothing about the answer."""
_RIGHT = "the right completion"
_LONG_WORK = " ".join([WORK] * 6)
_DOUBT = (
    "I am not sure, but maybe this is right. Perhaps it is not; it might be another one, possibly. I think"
    " that it is probably this one, though I am not certain, so it could be wrong."
)
_BRIEF = re.compile(
    r"\b(?:short|brief|briefly|concise|succinct|at most|no more than|fewer than|words"
    r"|characters|only|alone)\b",
    re.IGNORECASE,
)
"""Words in prompts that ask for a short completion. If present, the grader may refuse a long one."""


class Ranking:
    """Probe for right answers that earn less than no answer or than wrong ones with the same reasoning."""

    rule = Rule(
        "C06",
        Severity.CRITICAL,
        "a wrong completion earns more than a right one",
        "Make the right answer worth more than everything else combined.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe does not apply to a reward for form alone, which ignores references."""
        return form_alone(case)

    def run(self, case: Case) -> Iterator[Found]:
        """Compare right completions with wrong or empty ones, both with and without the same reasoning."""
        for one in formats_tried(case):
            answers = answers_in(case, one, case.known.right)
            for name, pairs in self._pairs(case, answers).items():
                found = self._worse(case, answers, name, pairs)
                if found is not None:
                    yield found
                    return

    def _pairs(self, case: Case, answers: Answers) -> dict[tuple[str, str], list[tuple[int, Any, Any]]]:
        """Return pairs by name, each with a record, a right completion and one that should earn less."""
        fill, known = answers.format.fill, case.known
        found: dict[tuple[str, str], list[tuple[int, Any, Any]]] = {}
        for at in case.some(fewer(case, 40), "C06", among=answers.gold):
            other = other_answer(case, answers, at)
            if other is None:
                continue
            right, wrong = fill(answers.gold[at]), fill(other)
            worked = with_work(right, WORK)
            pairs = {
                ("another answer", _RIGHT): (right, wrong),
                ("another answer with the same working", _RIGHT): (worked, with_work(wrong, WORK)),
                ("only the working", _RIGHT): (worked, WORK),
                ("an empty completion", _RIGHT): (right, ""),
            }
            if known.wrong.get(at, known.low) > known.low + DELTA * known.span:
                for better, work in _ways_to_say(prompt_of(case.subject.records[at])).items():
                    pairs[("another answer", better)] = (with_work(right, work), wrong)
            for name, (better, worse) in pairs.items():
                found.setdefault(name, []).append((at, better, worse))
        return found

    def _worse(
        self, case: Case, answers: Answers, names: tuple[str, str], pairs: list[tuple[int, Any, Any]]
    ) -> Found | None:
        known = case.known
        name, right = names
        if right != _RIGHT and not self._works(case, answers, [at for at, *_ in pairs]):
            return None
        replies = case.collector.ask([(at, each) for at, *two in pairs for each in two])
        inverted = []
        for (at, better, worse), good, bad in zip(pairs, replies[::2], replies[1::2], strict=True):
            if good.reward is None or bad.reward is None:
                continue
            understood = good.reward > known.low + DELTA * known.span or worse != WORK
            if understood and bad.reward > good.reward + DELTA * known.span:
                inverted.append((at, better, worse, bad.reward - good.reward))
        several = answers.distinct(at for at, *_ in inverted) >= 2 or len(inverted) >= 4
        if not several or len(inverted) < 0.05 * len(pairs):
            return None
        at, better, worse, _ = max(inverted, key=lambda one: one[3])
        return Found(
            self.rule.id,
            self.rule.severity,
            f"{name} earns more than {right} on {len(inverted)} of {len(pairs)} records: the"
            " policy learns to avoid the right answer",
            fix=self.rule.fix,
            witness=case.witness((at, better), (at, worse)),
            records=len(inverted),
            tried=len(pairs),
            text=worse if isinstance(worse, str) else None,
        )

    def _works(self, case: Case, answers: Answers, records: list[int]) -> bool:
        """Return True if right answers are still rewarded after a short piece of reasoning."""
        worked = [(at, with_work(answers.format.fill(answers.gold[at]), WORK)) for at in records]
        replies = case.collector.ask(worked)
        return all(case.known.pays(reply.reward, at) for at, reply in zip(records, replies, strict=True))


def _ways_to_say(prompt: str) -> dict[str, str]:
    """Return harmless texts to put before a right answer, keyed by the name of the resulting completion."""
    ways = {"a right one after words of doubt": _DOUBT}
    return ways if _BRIEF.search(prompt) else {**ways, "a right one after long working": _LONG_WORK}
