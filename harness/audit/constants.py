"""Finds the constant answer with the highest average reward across all records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from statistics import median

from harness.audit.answer_kinds import same, value
from harness.audit.answers import Answers, answers_in, fewer, form_alone, formats_tried, judged
from harness.audit.attempts import AttemptTally, Paid, found_by
from harness.audit.audit_finding import Found
from harness.audit.case import Case, NotRun
from harness.audit.near_misses import calls_in
from harness.audit.reference_use import assumed
from harness.audit.shaped_rewards import shaped
from harness.audit.wording import quoted
from harness.findings import Rule, Severity

__all__ = ["BestConstant"]

_FIRST = 16
_THEN = 80
_KEPT = 3
_OVER = 0.05
_SHAPED = 0.5
_CONSTANTS: dict[str, tuple[str, ...]] = {
    "number": ("0", "1", "-1", "2", "0.5", "10", "100", "1000"),
    "choice": ("A", "B", "C", "D", "E"),
    "yes-no": ("yes", "no", "Yes", "No", "true", "false", "True", "False"),
    "list": ("[]",),
    "json": ("{}",),
}
_ANY = ("None", "0", "yes", "A", "the")


class BestConstant:
    """Probe for a constant answer that earns more than the most frequent right answer should."""

    rule = Rule(
        "C03",
        Severity.CRITICAL,
        "one constant answer earns more than its share",
        "Pay nothing for a wrong answer, and make the tolerance smaller than the difference between answers.",
    )
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe does not apply to a reward for form alone, which ignores references."""
        return form_alone(case) or judged(case)

    def run(self, case: Case) -> Iterator[Found]:
        """Grade each constant on some records, then the best ones on more records, in each format."""
        known = assumed(case)
        if known is None:
            raise NotRun("no paid format is known")
        case = known
        for one in formats_tried(case):
            answers = answers_in(case, one)
            if not answers.gold:
                continue
            constants = _constants(answers)
            first = case.some(fewer(case, _FIRST), "C03 first", among=answers.gold)
            best = sorted(
                ((_excess(case, answers, text, first)[0], text) for text in constants), reverse=True
            )[:_KEPT]
            drawn = case.some(fewer(case, _THEN), "C03", among=answers.gold)
            for over, text in best:
                if over > _OVER and (found := self._found(case, answers, text, drawn)) is not None:
                    yield found
                    return

    def _found(self, case: Case, answers: Answers, text: str, records: list[int]) -> Found | None:
        over, rate, tally = _excess(case, answers, text, records)
        wrong = [one for one in tally.paid if not same(answers.kind, answers.gold[one.record], text)]
        if over <= _OVER or len(wrong) < 2:
            return None
        is_shaped = shaped(case)
        severity = Severity.NOTE if is_shaped and tally.mean < _SHAPED else self.rule.severity
        tally.paid = wrong
        return found_by(
            case,
            self.rule,
            tally,
            f"{quoted(tally.best.completion)} on every record earns {tally.mean:.0%} of what right answers"
            f" earn, though it is right on {rate:.0%}: a policy learns one answer for all",
            severity,
            share=tally.mean,
        )


def _excess(case: Case, answers: Answers, text: str, records: list[int]) -> tuple[float, float, AttemptTally]:
    """Compute how much more a constant earns than the most frequent right answer should.

    A reward that nearly all wrong answers earn is subtracted because another probe reports it.
    """
    completion = answers.format.fill(text)
    replies = case.collector.ask([(at, completion) for at in records])
    tally = AttemptTally(text, len(records))
    for at, reply in zip(records, replies, strict=True):
        share = case.known.share(reply.reward, at)
        tally.shares.append(share)
        if reply.reward is not None and share > _OVER:
            tally.paid.append(Paid(at, completion, reply.reward, share))
    right = sum(same(answers.kind, answers.gold[at], text) for at in records) / len(records)
    base = _baseline(case, records)
    frequent = max(_rate(answers, records), right)
    return tally.mean - (frequent + (1 - frequent) * base), right, tally


def _rate(answers: Answers, records: list[int]) -> float:
    """Return the share of records with the most frequent right answer."""
    counted = Counter(value(answers.kind, answers.gold[at]) for at in records)
    return counted.most_common(1)[0][1] / len(records)


def _baseline(case: Case, records: list[int]) -> float:
    """Return the share of the reward that nearly every honest wrong answer earns."""
    known = case.known
    shares = sorted(known.share(known.wrong[at], at) for at in records if at in known.wrong)
    return shares[len(shares) // 10] if shares else 0.0


def _constants(answers: Answers) -> list[str]:
    """Return the constants to try: common ones, the most frequent answers and mid-range numbers."""
    frequent = Counter(answers.gold.values()).most_common(4)
    blanks = Counter(filter(None, map(_blanked, answers.gold.values()))) if answers.kind == "tools" else {}
    found = [
        *(text for text, _ in frequent),
        *sorted(blanks, key=lambda text: -blanks[text])[:3],
        *_CONSTANTS.get(answers.kind, _ANY),
    ]
    if answers.kind == "number":
        numbers = [value("number", text) for text in answers.gold.values()]
        read = [float(one) for one in numbers if isinstance(one, int | float | Decimal | Fraction)]
        if read:
            middle = median(read)
            found += [f"{middle:g}", f"{sum(read) / len(read):.6g}", str(round(middle))]
    return list(dict.fromkeys(found))


def _blanked(answer: str) -> str | None:
    """Return the same tool calls without arguments."""
    found = json.loads(answer) if answer[:1] in ("{", "[") else None
    for call in calls_in(found):
        call["arguments" if "arguments" in call else "parameters"] = {}
    return json.dumps(found) if found else None
