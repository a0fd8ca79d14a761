"""Finds graders that reward a copy of the prompt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from harness.audit.answer_kinds import same, value
from harness.audit.answers import Answers, answers_in, fewer, form_alone
from harness.audit.attempts import Attempt, AttemptTally, found_by, severity_of, try_all
from harness.audit.audit_finding import Found
from harness.audit.case import DELTA, Case
from harness.audit.luck import holds
from harness.audit.wording import amount
from harness.findings import Rule, Severity

__all__ = ["Echo", "prompt_of"]

_WHOLE_PROMPT = ("the prompt", "the prompt, in the accepted format,")


class Echo:
    """Probe for rewarded completions that repeat all or part of the prompt."""

    rule = Rule(
        "C12",
        Severity.CRITICAL,
        "repeating the prompt is paid",
        "Read the answer from its expected place, not from anywhere in the completion.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe does not apply to a reward for form alone, which ignores references."""
        return form_alone(case)

    def run(self, case: Case) -> Iterator[Found]:
        """Grade parts of each prompt. If a part contains the right answer, it must earn more than a guess."""
        answers = answers_in(case, case.known.formats[0])
        drawn = case.some(fewer(case, 24), "C12", among=answers.gold)
        lucky = set()
        attempts, elsewhere = [], []
        for name, make in self._parts(case, answers).items():
            for at in drawn:
                mine, other = make(at, at), make(at, drawn[drawn.index(at) - 1])
                if mine is None or other is None:
                    continue
                attempts.append(Attempt(name, at, mine))
                elsewhere.append(Attempt(name, at, other))
                if holds(answers.kind, answers.gold[at], mine):
                    lucky.add((name, at))
        base = try_all(case, elsewhere)
        for name, tally in try_all(case, attempts).items():
            tally.paid = [one for one in tally.paid if one.share > base[name].mean + DELTA]
            found = self._paid(answers, tally, {at for each, at in lucky if each == name}, drawn)
            if found is not None:
                yield found_by(
                    case,
                    self.rule,
                    found,
                    f"{name} repeated is paid {amount(found.best.share)} on {len(found.paid)} of"
                    f" {found.tried} records: a policy learns to copy the question",
                    severity_of(found.best.share),
                )
                return

    def _paid(
        self, answers: Answers, tally: AttemptTally, lucky: set[int], drawn: list[int]
    ) -> AttemptTally | None:
        """Return the attempts that are not rewarded by chance, or None.

        In these attempts, the repeated part contains no answer or earns more than a guess.
        """
        clean = [one for one in tally.paid if one.record not in lucky]
        unlucky = tally.tried - len(lucky)
        sure = len(tally.paid) > max(0.25, _rate(answers, drawn) + 0.05) * tally.tried
        if len(clean) >= max(2, 0.1 * unlucky):
            found = AttemptTally(tally.name, unlucky, clean)
        elif sure and tally.name in _WHOLE_PROMPT:
            found = AttemptTally(tally.name, tally.tried, tally.paid)
        else:
            return None
        return found if answers.distinct(one.record for one in found.paid) >= 2 else None

    def _parts(self, case: Case, answers: Answers) -> dict[str, Callable[[int, int], Any]]:
        """Return the ideas by name. Each idea repeats part of a record's prompt."""
        fill = answers.format.fill

        def number(at: int, of: int, place: int) -> Any:
            found = re.findall(r"-?\d+(?:\.\d+)?", prompt_of(case, of))
            usable = found and not same("number", found[place], answers.gold[at])
            return fill(found[place]) if usable else None

        found: dict[str, Callable[[int, int], Any]] = {
            _WHOLE_PROMPT[0]: lambda at, of: prompt_of(case, of) or None,
            _WHOLE_PROMPT[1]: lambda at, of: fill(prompt_of(case, of)),
        }
        if answers.kind == "number":
            found["the prompt's last number"] = lambda at, of: number(at, of, -1)
            found["the prompt's first number"] = lambda at, of: number(at, of, 0)
        return found


def _rate(answers: Answers, records: list[int]) -> float:
    values = [value(answers.kind, answers.gold[at]) for at in records]
    return max((values.count(one) for one in values), default=0) / (len(values) or 1)


def prompt_of(case: Case, record: int) -> str:
    """Return the text of a record's last user message.

    Args:
        case: The audit.
        record: The record's index.
    """
    for message in reversed(case.subject.records[record]["messages"]):
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, list):
                content = "\n".join(part.get("text") or "" for part in content if isinstance(part, dict))
            return content if isinstance(content, str) else ""
    return ""
