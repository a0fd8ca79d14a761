"""What a rehearsal means, in sentences that say no more than its figures.

Whether something was learned is decided by the interval of the change on held-out records. Where nothing can
be told, the reason is looked for: equal rewards, a grader that cannot tell a reference from another's, or
completions whose style says nothing about being right. Nothing is measured here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.replay.controls import Controls
from harness.signal.intervals import Pair
from harness.simulator.learned import LearnedReport, NeverMoved

__all__ = ["Facts", "Verdict", "verdicts"]

LEARNED: Final = "learned"
WORSE: Final = "worse"
FLAT: Final = "flat"
UNMEASURED: Final = "unmeasured"
CONSTANT: Final = "constant"
UNREWARDED: Final = "unrewarded"

SMALL: Final = 0.03
"""A change of the expected reward, in parts of the grader's range, that does not matter."""
_ENOUGH: Final = 0.1
"""Part of the groups that must have given an advantage before style is spoken of."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One conclusion about a rehearsal."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What verdicts rest on."""

    learned: LearnedReport
    held_out: Pair | None
    """The change of the expected reward on held-out records; None where there is none."""
    bounds: tuple[float, float] | None
    """The grader's range; None where it is not known."""
    controls: Controls | None


def verdicts(facts: Facts) -> list[Verdict]:
    """Say what the rehearsal means."""
    still = facts.learned.never_moved
    if not facts.learned.graded.completions:
        return [Verdict(UNREWARDED, "No completion got a reward: nothing could be learned.")]
    if still.groups == still.drawn:
        return [_constant(facts, still)]
    return [_gain(facts)]


def _constant(facts: Facts, still: NeverMoved) -> Verdict:
    before = facts.learned.expected_reward.before.training
    if still.unlucky_draw:
        why = "the rewards drawn in each group happened to be equal, since its completions hardly differ"
    else:
        told = "" if before is None else f", on average {before:.3g}"
        why = (
            f"all {still.drawn} groups are zero-std (equal rewards within each{told}),"
            " so every advantage is 0"
        )
    return Verdict(
        CONSTANT, f"The policy stayed as it was and nothing was learned: {why}. {_about_grader(facts)}"
    )


def _gain(facts: Facts) -> Verdict:
    rewards = facts.learned.expected_reward
    own = f"on the records it trained on {_change(rewards.before.training, rewards.after.training)}"
    change = facts.held_out.difference if facts.held_out else None
    if change is None or change.low is None or change.high is None:
        said = "no record was held out" if change is None else "a single record was held out"
        return Verdict(
            UNMEASURED,
            f"Whether anything carries over to other records was not measured: {said};"
            f" expected reward {own}.",
        )
    said = (
        f"expected reward on {change.records} held-out records"
        f" {_change(rewards.before.held_out, rewards.after.held_out)}"
        f" ({change.mean:+.3f}, 95% interval {change.low:+.3f} to {change.high:+.3f}); {own}"
    )
    small = SMALL * (facts.bounds[1] - facts.bounds[0]) if facts.bounds else 0.0
    if change.low > 0.0 and change.mean >= small:
        return Verdict(LEARNED, f"The policy learned something that carries over: {said}.")
    if change.high < 0.0 and change.mean <= -small:
        return Verdict(WORSE, f"What the policy learned makes other records worse: {said}.")
    still = facts.learned.never_moved
    moved = still.drawn - still.groups
    if moved < _ENOUGH * still.drawn:
        what = (
            f"There was hardly anything to learn from: {still.groups} of {still.drawn} groups gave no"
            f" advantage; {said}"
        )
    elif change.low > 0.0 or change.high < 0.0:
        what = f"What carries over is small, under {SMALL:.0%} of the grader's range: {said}"
    elif small and -small < change.low and change.high < small:
        what = (
            f"The style of these completions does not separate high rewards from low ones: {moved} of"
            f" {still.drawn} groups gave an advantage, yet {said}. The rehearsal's policy sees words,"
            " formatting and length, never the answer: a real model may still learn"
        )
    else:
        what = f"Nothing measurable carries over: {said}. More held-out records would narrow the interval"
    return Verdict(FLAT, f"{what}. {_about_grader(facts)}")


def _about_grader(facts: Facts) -> str:
    """Whether the grader is to blame, as far as the references tell."""
    controls = facts.controls
    if controls is None:
        return "Whether the grader is to blame was not measured: the references are no texts."
    if not controls.pairs:
        return "Whether the grader is to blame was not measured: it gives the references no rewards."
    counted = (
        f"given references as completions, it rewards {controls.apart} of {controls.pairs} records' own above"
        " another record's"
    )
    if controls.works:
        return f"The grader tells right from wrong: {counted}."
    format_note = "" if controls.apart else " It may want another format than theirs."
    return f"Look at the grader first: {counted}.{format_note}"


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "not known"
    return f"{before:.3f} -> {after:.3f}"
