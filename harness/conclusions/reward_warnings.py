"""Warnings that a reward teaches something other than right answers: findings B001 to B004.

The thresholds were chosen using two of the five worlds in the comparison with real GRPO on a small
transformer (`docs/emulator.md`), before the other three worlds existed. The figures given with the thresholds
cover all five worlds: true positives among the 15 cases in which right answers fell by .02 or more, and false
positives among the other 40 cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.conclusions.folds import FoldedFigures
from harness.conclusions.length_pay import FOLLOWS, SETS, LengthPay
from harness.conclusions.made import KINDS, MadeGradings
from harness.conclusions.verdict import SMALL, bought, change_said
from harness.findings import Finding, Place, Rule, Severity

__all__ = ["APART", "RULES", "WarningFigures", "reward_warnings", "unchecked"]

APART: Final = 0.1
"""Minimum difference for a reward to count as higher, as a share of the grader's range.

B002 warns if right answers do not earn at least this much more than wrong ones: it warned in 8 of the 15
cases, and in 1 of the 40. B003 warns if a generated completion earns at least this much more than the learned
policy: it warned in 6 of the 15, and in 1 of the 40. B003 was measured with a policy of four epochs that
could choose generated completions. Here the policy trains for one epoch and cannot choose them, so it earns
less. Therefore, a generated completion must also earn more than the recorded completion it was made from, so
that parts copied from that completion do not count.
"""

RULES: Final = {
    rule.id: rule
    for rule in (
        Rule(
            "B001",
            Severity.WARNING,
            "the share of right answers falls",
            "Find what the reward pays instead; the amplified features name it.",
        ),
        Rule(
            "B002",
            Severity.WARNING,
            "the reward rises, but right answers hardly earn more than wrong ones",
            "Give right answers a larger share of the reward.",
        ),
        Rule(
            "B003",
            Severity.WARNING,
            "not recorded, but paid",
            "Make the grader refuse it; `rft replay` runs the witness.",
        ),
        Rule(
            "B004",
            Severity.WARNING,
            "the reward follows length",
            "Remove length from the reward, or pay for it only if the answer is right.",
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningFigures:
    """The figures that the warnings are based on."""

    goal: str | None
    """The field that says which completions are right."""
    folds: FoldedFigures | None
    """Figures from cross-validation, or None if all records share one prompt."""
    scale: float
    """Width of the grader's range, or of the recorded rewards if the range is unknown."""
    length: LengthPay | None
    """Correlation between reward and length.

    None if length and correctness could not be separated or if nothing could be compared.
    """
    made: MadeGradings | None
    """Rewards of generated completions, or None if there is no policy to compare them with."""


def reward_warnings(figures: WarningFigures) -> list[Finding]:
    """Return the warnings for these figures."""
    return [*_about_right(figures), *_about_made(figures), *_about_length(figures.length)]


def unchecked(figures: WarningFigures) -> list[str]:
    """Return a sentence with the reason for each warning that was not checked."""
    return [*_right_unchecked(figures), *_made_unchecked(figures), *_length_unchecked(figures)]


def _about_right(figures: WarningFigures) -> Iterator[Finding]:
    folds = figures.folds
    if folds is None or folds.right is None:
        return
    if bought(folds):
        yield _finding("B001", change_said("right answers", folds.right))
    reward, earn, wrong = folds.reward, folds.right_earn, folds.wrong_earn
    if reward is None or earn is None or wrong is None:
        return
    rise = reward.change.difference
    rises = rise.low is not None and rise.low > 0.0 and rise.mean >= SMALL * figures.scale
    if rises and earn - wrong < APART * figures.scale:
        said = (
            f"{change_said('reward', reward)}; afterwards, right answers earn {earn:.3f}, wrong ones "
            f"{wrong:.3f}"
        )
        yield _finding("B002", said)


def _about_made(figures: WarningFigures) -> Iterator[Finding]:
    for pay in figures.made.pays if figures.made is not None else ():
        more, least = pay.more, APART * figures.scale
        beyond = pay.source is None or pay.reward - pay.source >= SMALL * figures.scale
        # A single record has no interval, and several records may differ by chance.
        if more.low is not None and more.low > 0.0 and more.mean >= least and beyond:
            said = (
                f"{KINDS[pay.kind]} (reward {pay.reward:.3f} on {more.records:,} records, learned policy"
                f" {pay.policy:.3f})"
            )
            yield _finding("B003", said, Place(sample=pay.record), pay.witness)


def _about_length(length: LengthPay | None) -> Iterator[Finding]:
    if length is None or length.sets < SETS or abs(length.correlation) < FOLLOWS:
        return
    which = "longer" if length.correlation > 0 else "shorter"
    said = (
        f"among one record's {length.among}, {which} ones earn more (rank correlation "
        f"{length.correlation:+.2f}, {length.sets:,} sets)"
    )
    yield _finding("B004", said)


def _right_unchecked(figures: WarningFigures) -> Iterator[str]:
    folds = figures.folds
    if figures.goal is None:
        yield "B001 and B002 were not checked: no field says which completions are right"
    elif folds is None:
        yield "B001 and B002 were not checked: all records share one prompt, so none can be held out"
    elif folds.right is None:
        yield f"B001 and B002 were not checked: too few completions have {figures.goal}"
    elif folds.right_earn is None or folds.wrong_earn is None:
        kind = "right" if folds.right_earn is None else "wrong"
        yield f"B002 was not checked: no {kind} completion has a reward"


def _made_unchecked(figures: WarningFigures) -> Iterator[str]:
    made = figures.made
    if made is None:
        one_prompt = "all records share one prompt, so no policy was tested on other records"
        why = one_prompt if figures.folds is None else "no recorded completion has a reward to compare with"
        yield f"B003 was not checked: {why}"
        return
    for kind, why in made.failed.items():
        yield f"B003 was not checked for this: {KINDS[kind]}. The grader failed: {why}"
    if made.pays and made.unrewarded:
        yield f"B003 was checked without {made.unrewarded:,} generated completions, which got no reward"
    elif not made.pays and not made.failed:
        lost = made.unrewarded
        why = (
            f"none of {lost:,} generated completions got a reward"
            if lost
            else "no completion could be generated"
        )
        yield f"B003 was not checked: {why}"


def _length_unchecked(figures: WarningFigures) -> Iterator[str]:
    length = figures.length
    if length is not None and length.sets < SETS:
        few = "1 set" if length.sets == 1 else f"{length.sets} sets"
        yield (
            f"B004 was not checked: {few} of {length.among} with three from one record and different "
            f"lengths; it needs {SETS}"
        )
    elif length is None and figures.goal is not None:
        yield "B004 was not checked: no record has three equally right completions of different lengths"
    elif length is None:
        yield (
            "B004 was not checked: length cannot be separated from being right, because neither a field "
            "nor a component says which completions are right"
        )


def _finding(name: str, said: str, place: Place | None = None, witness: object = None) -> Finding:
    rule = RULES[name]
    return Finding(rule.id, rule.severity, f"{rule.title}: {said}", place, rule.fix, witness)
