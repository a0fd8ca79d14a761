"""Describes the results of a rehearsal in sentences that claim no more than the figures show.

If the rollouts say which completions are right, the sentences compare the reward with correctness. Otherwise,
they name the features that the reward favors and say that correctness was not measured. No sentence predicts
the size of a change or the result of a longer job.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.conclusions.folds import FoldedFigures, PolicyChange
from harness.replay.controls import Controls
from harness.simulator.learned import LearnedReport
from harness.simulator.style_features import said_of

__all__ = ["RIGHT_FALL", "SMALL", "WRONG_PAID", "Facts", "Verdict", "bought", "change_said", "verdicts"]

RISEN: Final = "risen"
BOUGHT: Final = "bought"
FALLEN: Final = "fallen"
FLAT: Final = "flat"
UNMEASURED: Final = "unmeasured"
CONSTANT: Final = "constant"
UNREWARDED: Final = "unrewarded"

SMALL: Final = 0.03
"""Smallest change in expected reward that counts, as a share of the grader's range."""
RIGHT_FALL: Final = 0.02
"""Smallest drop in the share of right answers that counts, if its interval excludes zero.

The threshold was compared with GRPO on a small transformer (`docs/emulator.md`). The expected drop was at
least this large in 5 of the 15 cases in which the real model lost as much, and in none of the other 40,
regardless of the interval.
"""
WRONG_PAID: Final = 0.05
"""Minimum share of wrong answers that must be rewarded for them to explain a rising reward.

If a grader rewards right answers in only one format, right answers in other formats become less frequent, but
wrong answers are not the cause. In the benchmark's larger-number world, GRPO raised the share of right
answers from .22 to .95 with such graders, although the rehearsal had blamed wrong answers. This limit was
chosen after that result was known.
"""
_ENOUGH: Final = 0.1
"""Minimum share of groups with an advantage for a sentence to mention style."""
_NAMED: Final = 4
"""Maximum number of features that a sentence names."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A conclusion about a rehearsal."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that verdicts are based on."""

    learned: LearnedReport
    folds: FoldedFigures | None
    """Figures from records left out of training, or None if all records share one prompt."""
    bounds: tuple[float, float] | None
    """The grader's range, or None if it is unknown."""
    controls: Controls | None


def verdicts(facts: Facts) -> list[Verdict]:
    """Return the conclusions about a rehearsal."""
    still = facts.learned.never_moved
    if not facts.learned.graded.completions:
        return [Verdict(UNREWARDED, "No completion got a reward, so the policy never moved.")]
    if still.groups == still.drawn:
        return [Verdict(CONSTANT, _joined(_constant(facts), _horizon(facts), _about_grader(facts)))]
    reward = None if facts.folds is None else facts.folds.reward
    if reward is None or reward.change.difference.low is None:
        rewards = facts.learned.expected_reward
        own = _arrow(rewards.before.training, rewards.after.training)
        why = "all records share one prompt" if facts.folds is None else "too few records have a reward"
        said = f"The effect on other records was not measured: {why}. On these, reward {own}."
        return [Verdict(UNMEASURED, _joined(said, _favored(facts), _right(facts)))]
    return [_measured(facts, reward)]


def _right_falls(right: PolicyChange) -> bool:
    """Return True if the share of right answers falls by more than chance would explain."""
    change = right.change.difference
    return change.mean <= -RIGHT_FALL and change.high is not None and change.high < 0.0


def bought(folds: FoldedFigures) -> bool:
    """Return True if the share of right answers falls and wrong answers are or may be rewarded."""
    paid = folds.wrong_paid is None or folds.wrong_paid >= WRONG_PAID
    return folds.right is not None and _right_falls(folds.right) and paid


def change_said(name: str, moved: PolicyChange) -> str:
    """Describe the change of an expected value in words, with its interval if known."""
    change = moved.change.difference
    said = f"{name} {moved.before:.2f} -> {moved.after:.2f}"
    if change.low is None or change.high is None:
        return said
    if change.low == change.high:
        return f"{said} on each of {change.records} records"
    return f"{said} ({change.mean:+.3f}, 95% interval {change.low:+.3f} to {change.high:+.3f})"


def _constant(facts: Facts) -> str:
    still = facts.learned.never_moved
    if still.unlucky_draw:
        why = "the rewards drawn in each group happened to be equal, because its completions hardly differ"
    else:
        before = facts.learned.expected_reward.before.training
        mean = "" if before is None else f", on average {before:.3g}"
        equal = f"equal rewards within each{mean}"
        why = f"all {still.drawn} groups are zero-std ({equal}), so every advantage is 0"
    return f"The policy did not move: {why}."


def _measured(facts: Facts, reward: PolicyChange) -> Verdict:
    change = reward.change.difference
    assert change.low is not None
    assert change.high is not None
    small = SMALL * (facts.bounds[1] - facts.bounds[0]) if facts.bounds else 0.0
    if change.low > 0.0 and change.mean >= small:
        return _risen(facts, reward)
    said = _joined(f"{change_said('Reward', reward)}.", _right(facts))
    if change.high < 0.0 and change.mean <= -small:
        return Verdict(FALLEN, f"On held-out records the reward falls. {said}")
    still = facts.learned.never_moved
    moved = still.drawn - still.groups
    if moved < _ENOUGH * still.drawn:
        what = f"{still.groups} of {still.drawn} groups gave no advantage."
    elif change.low > 0.0 or change.high < 0.0:
        what = f"The reward changes by less than {SMALL:.0%} of the grader's range."
    elif small and -small < change.low and change.high < small:
        what = (
            f"{moved} of {still.drawn} groups gave an advantage, but style does not separate high rewards "
            "from low ones here. The rehearsal's policy sees words, formatting and length, never the "
            "answer, so a real model may still learn."
        )
    else:
        what = (
            "The reward's change cannot be distinguished from zero; more records would narrow the interval."
        )
    return Verdict(FLAT, _joined(what, said, _horizon(facts), _about_grader(facts)))


def _risen(facts: Facts, reward: PolicyChange) -> Verdict:
    said = change_said("Reward", reward)
    folds = facts.folds
    right = None if folds is None else folds.right
    if folds is None or right is None:
        return Verdict(RISEN, _joined(f"{said}.", _favored(facts), _right(facts)))
    both = f"{said}; {change_said('right answers', right)}"
    change = right.change.difference
    if bought(folds):
        return Verdict(BOUGHT, f"{both}: the reward is bought with wrong answers.")
    if _right_falls(right):
        why = "hardly any wrong answer is paid, but unpaid right answers become fewer."
        return Verdict(RISEN, _joined(f"{both}: {why}", _favored(facts)))
    if change.low is not None and change.low > 0.0:
        return Verdict(RISEN, f"{both}: the recorded completions that are paid are more often right.")
    return Verdict(RISEN, _joined(f"{both}: the reward rises, but right answers do not.", _favored(facts)))


def _right(facts: Facts) -> str:
    folds = facts.folds
    if folds is not None and folds.right is not None:
        return f"{change_said('Right answers', folds.right)}."
    if folds is not None and folds.goal is not None:
        return f"Whether these are right was not measured: too few completions have {folds.goal}."
    return (
        "Whether these are right was not measured: `rft rehearse --goal FIELD` measures it with a boolean "
        "or number in the rollouts."
    )


def _favored(facts: Facts) -> str:
    named = [
        f"{said_of(feature.names)} ({feature.before:.0%} -> {feature.after:.0%})"
        for feature in facts.learned.features_amplified[:_NAMED]
    ]
    return f"The reward favors: {', '.join(named)}." if named else ""


def _horizon(facts: Facts) -> str:
    """Return a note about the limits of the rehearsal, for use when little change is reported."""
    graded = facts.learned.graded
    found = f"This applies to the {facts.learned.draws:,} completions that were drawn."
    if not graded.above_lowest:
        return (
            f"{found} All {graded.completions:,} recorded completions with a reward earn the same; no "
            "others were tried."
        )
    return (
        f"{found} Of {graded.completions:,} recorded completions, {graded.above_lowest:,} earn more than "
        "the lowest reward. A longer job can find completions that these draws missed."
    )


def _about_grader(facts: Facts) -> str:
    """Return a sentence that says if the grader is to blame, judging by the rewards of the references."""
    controls = facts.controls
    if controls is None:
        return "Whether the grader is to blame was not measured: the references are not texts."
    if not controls.pairs:
        return "Whether the grader is to blame was not measured: it gives the references no reward."
    counted = (
        f"with references as completions, it rewards {controls.apart} of {controls.pairs} records' own "
        "references above another record's"
    )
    if controls.works:
        return f"The grader separates right from wrong: {counted}."
    format_note = "" if controls.apart else " It may expect a different format."
    return f"Check the grader first: {counted}.{format_note}"


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _arrow(before: float | None, after: float | None) -> str:
    return "not known" if before is None or after is None else f"{before:.2f} -> {after:.2f}"
