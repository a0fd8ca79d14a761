"""What a rehearsal means, in sentences: figures come in, verdicts go out.

Each verdict rests on a figure that it names. Where nothing was learned, the reason is looked for: equal
rewards, a grader that cannot tell a reference from another's, or completions whose style says nothing about
being right. Nothing is measured here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Controls", "Facts", "Verdict", "verdicts"]

LEARNED, CONSTANT, UNREWARDED, FLAT, LENGTH = (
    "learned",
    "constant",
    "unrewarded",
    "flat",
    "length",
)

RISE = 0.03
"""A rise of the expected reward, in parts of the grader's range; less is nothing that matters."""
LENGTH_CORRELATION = 0.3
"""From here on the advantage goes with length."""
LENGTH_CHANGE = 0.1
"""Part by which the mean length must move, too."""
_WORKS = 0.9
_ENOUGH = 0.1
_ENOUGH_TO_TELL = 30
"""Groups with an advantage below which nothing is said about style."""


@dataclass(frozen=True, slots=True)
class Controls:
    """What the grader says of the references themselves, in place of completions."""

    own: int
    """Records that were asked about."""
    own_highest: int
    """Of these, whose own reference gets the top of the range."""
    other: int
    other_lowest: int
    """Records for which another's reference gets the floor."""

    @property
    def works(self) -> bool:
        """Whether the grader tells a record's own reference from another's."""
        return (
            self.own > 0
            and self.other > 0
            and self.own_highest >= _WORKS * self.own
            and self.other_lowest >= _WORKS * self.other
        )

    def to_json(self) -> dict[str, Any]:
        """The counts as JSON."""
        return {**asdict(self), "works": self.works}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence about a rehearsal."""

    kind: str
    message: str

    def to_json(self) -> dict[str, str]:
        """The verdict as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Facts:
    """What verdicts rest on."""

    learned: Mapping[str, Any]
    """The emulator's report on the job."""
    quarters: Sequence[float]
    """Mean reward of each quarter of the steps; empty where there were too few."""
    lengths: Sequence[float]
    """Mean length in tokens likewise."""
    bounds: tuple[float, float]
    controls: Controls | None


def verdicts(facts: Facts) -> list[Verdict]:
    """Say what the rehearsal means."""
    still = facts.learned["never_moved"]
    if not facts.learned["graded"]["completions"]:
        return [Verdict(UNREWARDED, "No completion got a reward: nothing could be learned.")]
    if still["groups"] == still["drawn"]:
        return [_constant(facts, still)]
    found = [_gain(facts)]
    length = _length(facts)
    return found + ([length] if length else [])


def _constant(facts: Facts, still: Mapping[str, Any]) -> Verdict:
    before = facts.learned["expected_reward"]["before"]["training"]
    count = still["drawn"]
    if still["unlucky_draw"]:
        why = "the rewards drawn in each group happened to be equal, since its completions hardly differ"
    else:
        told = "" if before is None else f", on average {before:.3g}"
        why = f"all {count} groups are zero-std (equal rewards within each{told}), so every advantage is 0"
    return Verdict(
        CONSTANT, f"The policy stayed as it was and nothing was learned: {why}. {_about_grader(facts)}"
    )


def _gain(facts: Facts) -> Verdict:
    low, high = facts.bounds
    least = RISE * (high - low)
    before, after = facts.learned["expected_reward"]["before"], facts.learned["expected_reward"]["after"]
    which = "held_out" if before["held_out"] is not None else "training_theta_alone"
    where = "held-out records" if which == "held_out" else "the training records, by style alone"
    own = f"on the records it trained on {before['training']:.3f} -> {after['training']:.3f}"
    said = f"expected reward on {where} {before[which]:.3f} -> {after[which]:.3f}"
    if after[which] - before[which] >= least:
        return Verdict(LEARNED, f"The policy learned something that carries over: {said}; {own}.")
    still = facts.learned["never_moved"]
    moved, drawn = still["drawn"] - still["groups"], still["drawn"]
    if moved < _ENOUGH * drawn:
        what = f"There was hardly anything to learn from: {drawn - moved} of {drawn} groups gave no advantage"
        return Verdict(FLAT, f"{what}; {said}; {own}. {_about_grader(facts)}")
    if moved < _ENOUGH_TO_TELL:
        what = f"Too little was learned from to tell more: {moved} of {drawn} groups gave an advantage"
        return Verdict(FLAT, f"{what}; {said}; {own}. {_about_grader(facts)}")
    what = (
        f"The style of these completions does not separate right from wrong: {moved} of {drawn} groups gave"
    )
    return Verdict(
        FLAT,
        f"{what} an advantage, yet {said}; {own}. The rehearsal's policy sees words, formatting and length,"
        f" never the answer: a real model may still learn. {_about_grader(facts)}",
    )


def _about_grader(facts: Facts) -> str:
    """Whether the grader is to blame, as far as the references tell."""
    controls = facts.controls
    if controls is None:
        return "Whether the grader is to blame was not measured: the references are no texts."
    counted = (
        f"it gives the top of its range to {controls.own_highest} of {controls.own} records' own references"
        f" as completions, and the floor to {controls.other_lowest} of {controls.other} foreign ones"
    )
    if controls.works:
        return f"The grader is not to blame: {counted}."
    if not controls.own_highest and controls.other_lowest == controls.other:
        return f"Look at the grader first: {counted}. It may want another format than theirs."
    return f"Look at the grader first: {counted}."


def _length(facts: Facts) -> Verdict | None:
    correlation = facts.learned["advantage_length_correlation"]
    if correlation is None or abs(correlation) < LENGTH_CORRELATION or len(facts.lengths) < 2:
        return None
    before, after = facts.lengths[0], facts.lengths[-1]
    change = after / before - 1 if before else 0.0
    if abs(change) < LENGTH_CHANGE or (change > 0) != (correlation > 0):
        return None
    kind = "longer" if correlation > 0 else "shorter"
    return Verdict(
        LENGTH,
        f"length: the gain is bought with {kind} completions: advantage correlates with length"
        f" ({correlation:+.2f}), and the mean length went from {before:.0f} to {after:.0f} tokens."
        " See whether the grader means that.",
    )
