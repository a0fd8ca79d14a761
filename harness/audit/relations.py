"""Probes of right completions that were changed to have a wrong ending, no ending or a denied answer."""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.answers import (
    Answers,
    answers_in,
    drawn_evenly,
    fewer,
    form_alone,
    formats_tried,
    kind_in,
    other_answer,
)
from harness.audit.attempts import Attempt, AttemptTally, found_by, full, try_all, with_work
from harness.audit.audit_finding import Found
from harness.audit.case import DELTA, Case, Probe
from harness.audit.declared import declared_templates, prompt_of
from harness.audit.farming import best_free
from harness.audit.formats import SLOT
from harness.audit.lengths import PROBES as LENGTHS
from harness.audit.luck import holds
from harness.audit.ranking import WORK, Ranking
from harness.audit.wording import amount, quoted
from harness.findings import Rule, Severity

__all__ = ["PROBES", "DeniedLabel", "RightThenWrong", "Truncated"]

_RECORDS = 12
_NAMED = (
    "At first {} comes to mind. That is not settled: it is one of several that we have to check against what"
    " is given, one by one, before we can"
)
"""Reasoning that mentions an answer but is cut off before a decision."""
_CUTS = (0.25, 0.5, 0.75, 0.95, 1.0)


class RightThenWrong:
    """Probe for right answers in the reasoning that are rewarded although the final answer is wrong."""

    rule = Rule(
        "C08",
        Severity.ERROR,
        "a wrong final answer is paid because the right one precedes it",
        "Read the last answer, from its expected place; pay nothing if there are two.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies to answers that fit into a sentence."""
        if kind_in(case) in ("code", "free", "tools"):
            return f"answers of the kind {kind_in(case)} do not fit into a sentence"
        return form_alone(case)

    def run(self, case: Case) -> Iterator[Found]:
        """Put the right answer into the reasoning or the format, and end with a wrong formatted answer."""
        best: AttemptTally | None = None
        for one in formats_tried(case):
            for tally in self._paid(case, answers_in(case, one)):
                if best is None or round(tally.best.share, 2) > round(best.best.share, 2):
                    best = tally
        if best is not None:
            yield found_by(
                case,
                self.rule,
                best,
                f"{best.name} is paid {amount(best.best.share)} on {len(best.paid)} of {best.tried} records:"
                " a policy can end with a wrong answer",
                self.rule.severity if best.best.share >= 0.5 else Severity.WARNING,
            )

    def _paid(self, case: Case, answers: Answers) -> Iterator[AttemptTally]:
        """Yield attempts that are rewarded with a right answer in the reasoning but not with a wrong one."""
        tallies = try_all(case, list(self._attempts(case, answers, right=True)))
        instead = try_all(case, list(self._attempts(case, answers, right=False)))
        for name, tally in tallies.items():
            base = instead[name].mean if name in instead else 0.0
            tally.paid = [paid for paid in tally.paid if paid.share > base + DELTA]
            if (
                answers.distinct(paid.record for paid in tally.paid) >= 2
                and len(tally.paid) >= tally.tried / 4
            ):
                yield tally

    def _attempts(self, case: Case, answers: Answers, right: bool) -> Iterator[Attempt]:
        one = answers.format
        golds = [*answers.gold.values()]
        for at in drawn_evenly(case, answers, fewer(case, _RECORDS), "C08"):
            gold, other = answers.gold[at], other_answer(case, answers, at)
            if other is None or holds(answers.kind, gold, other):
                continue
            third = next(
                (each for each in golds if not holds(answers.kind, gold, each) and each != other), None
            )
            first = gold if right else third
            if first is None:
                continue
            wrong = one.fill(other)
            on_the_way = f"On the way we get {first}, which is not what is asked for. We go on from there."
            name = "the right answer in the working with a wrong one at the end"
            yield Attempt(name, at, with_work(wrong, on_the_way))
            if one.template and one.template != "{a}":
                twice = f"{one.fill(first)}\nThat was for another question. Now for this one.\n{wrong}"
                yield Attempt("the right answer first with a wrong one after it", at, twice)


class Truncated:
    """Probe for completions that are rewarded although they are cut off before the answer."""

    rule = Rule(
        "C13",
        Severity.ERROR,
        "a completion that was cut off before its answer is paid",
        "Pay nothing if the completion ends before the answer.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe does not apply to a reward for form alone, which ignores references."""
        return form_alone(case)

    def run(self, case: Case) -> Iterator[Found]:
        """Cut completions off at several places before the answer."""
        free = best_free(case)
        floor = min(free.shares) if free else 0.0  # another probe reports this reward, which any text earns
        for one in formats_tried(case):
            if not one.template:
                continue
            answers = answers_in(case, one)
            attempts = [*self._attempts(case, answers), *self._named(case, answers)]
            tallies = try_all(case, attempts)
            paid = [
                tally
                for tally in tallies.values()
                if answers.distinct(each.record for each in tally.paid) >= 2
                and len(tally.paid) >= tally.tried / 4
                and tally.best.share > floor + DELTA
            ]
            if paid:
                tally = max(paid, key=lambda each: round(each.best.share, 2))
                yield found_by(
                    case,
                    self.rule,
                    tally,
                    f"an accepted completion cut off {tally.name} is paid {amount(tally.best.share)} on"
                    f" {len(tally.paid)} of {tally.tried} records: a policy does not need to finish",
                )
                return

    def _attempts(self, case: Case, answers: Answers) -> Iterator[Attempt]:
        for at in case.some(fewer(case, _RECORDS), "C13", among=answers.gold):
            gold = answers.gold[at]
            whole = with_work(answers.format.fill(gold), f"{WORK} {WORK}")
            before = whole[: whole.rfind(gold)] if isinstance(whole, str) else ""
            for part in _CUTS:
                text = before[: round(len(before) * part)]
                if text.strip() and not holds(answers.kind, gold, text):
                    yield Attempt(f"{part:.0%} of the way to the answer", at, text)

    def _named(self, case: Case, answers: Answers) -> Iterator[Attempt]:
        """Yield reasoning that mentions the right answer but ends before the formatted answer."""
        if kind_in(case) not in ("number", "choice", "text"):  # after a yes or no, the text may be complete
            return
        for at in drawn_evenly(case, answers, fewer(case, _RECORDS), "C13 named"):
            template = answers.format.template
            if template in declared_templates([prompt_of(case.subject.records[at])]) and template != SLOT:
                text = _NAMED.format(answers.gold[at])
                yield Attempt("in its working, which names the answer,", at, text)
                yield Attempt("in its thoughts, which name the answer,", at, f"<think>\n{text}")


class DeniedLabel:
    """Probe for completions that deny the right label but are rewarded."""

    rule = Rule(
        "C14",
        Severity.NOTE,
        "a label that the completion denies is paid",
        "Require only the label in the place of the answer.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies only to labels, because denying a label amounts to a different answer."""
        if kind_in(case) not in ("choice", "yes-no"):
            return "only letters, yes and no can be denied with `not`"
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Deny the right answer in each accepted format."""
        for one in formats_tried(case):
            answers = answers_in(case, one)
            attempts = [
                Attempt(pattern, at, one.fill(pattern.replace("{}", answers.gold[at])))
                for at in drawn_evenly(case, answers, _RECORDS, "C14")
                for pattern in ("not {}", "certainly not {}", "anything but {}", "It cannot be {}")
            ]
            tallies = try_all(case, attempts, lambda reward, at: full(case, reward, at))
            denied = [
                each for each in tallies.values() if answers.distinct(paid.record for paid in each.paid) >= 2
            ]
            if denied:
                tally = max(denied, key=lambda each: len(each.paid))
                yield found_by(
                    case,
                    self.rule,
                    tally,
                    f"{quoted(tally.best.completion)} is paid when that answer is right, on"
                    f" {len(tally.paid)} of {tally.tried} records: a denial counts as the answer",
                )
                return


PROBES: tuple[Probe, ...] = (Ranking(), RightThenWrong(), Truncated(), DeniedLabel(), *LENGTHS)
"""The probes of this family, in the order in which they run."""
