"""Renders a rehearsal as text: the curves, the learned features, the verdict and the warnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import NamedTuple

from harness.api.types import ENTROPY, RESPONSE_LENGTH_MEAN, REWARD_MEAN
from harness.conclusions.folds import FoldedFigures
from harness.follow.curves import sparkline
from harness.printable import printable, shortened
from harness.rehearsal.bred_text import BredText
from harness.rehearsal.rehearsal_file import BeforeAfter, Rehearsal
from harness.simulator.learned import NeverMoved, StyleShift
from harness.simulator.pool import message_text
from harness.simulator.style_features import FeatureShift, said_of

__all__ = [
    "StyledLine",
    "bred_lines",
    "curves_lines",
    "example_lines",
    "rehearsal_lines",
    "verdict_lines",
    "warning_lines",
]


class StyledLine(NamedTuple):
    """One or more lines of text with their terminal style."""

    text: str
    style: str = ""
    """`bold`, `dim` or empty."""


_SHOWN = 3
_WIDTH = 76


def rehearsal_lines(found: Rehearsal) -> Iterator[StyledLine]:
    """Yield the full report of a rehearsal.

    Args:
        found: The rehearsal.
    """
    sizes, folds = found.sizes, found.folds
    yield StyledLine(
        f"{sizes.completions:,} recorded completions, {sizes.training_records:,} records to train on,"
        f" {sizes.held_out_records:,} held out"
    )
    if sizes.left_out:
        said = f"fields left out because they describe completions: {', '.join(sizes.left_out)}"
        yield StyledLine(fill(printable(said), 80))
    if folds is not None and folds.goal is not None:
        yield StyledLine(fill(printable(f"right answers: {folds.goal}"), 80))
    if found.questions:
        said = f"questions that a judge answered: {found.questions:,}"
        if found.questions_made:
            said += f", {found.questions_made:,} of them about completions that are not recorded"
        yield StyledLine(fill(f"{said}; with --answers, the judge is not called", 80))
    for remark in found.remarks[:_SHOWN]:
        yield StyledLine(fill(f"remark: {printable(remark)}", 80))
    yield from _head(f"the job: {found.steps} steps")
    yield from curves_lines(found)
    graded = found.learned.graded
    if graded.completions < graded.asked:
        yield StyledLine(f"  {graded.asked - graded.completions:,} of {graded.asked:,} got no reward")
    yield from _head("what it learned to say, by name (expected frequency before and after)")
    yield from _features("amplified", found.learned.features_amplified)
    yield from _features("suppressed", found.learned.features_suppressed)
    yield from _models(found.learned.by_model)
    yield StyledLine("  reward and advantage: means of the recorded completions, without the policy", "dim")
    yield from _still(found.learned.never_moved)
    if found.example is not None:
        yield from _head("one held-out record")
        yield from example_lines(found.example)
    yield from bred_lines(found.bred)
    yield from _head("verdict")
    yield from verdict_lines(found)
    yield from warning_lines(found)


def warning_lines(found: Rehearsal) -> Iterator[StyledLine]:
    """Yield the warnings with their fixes, and the checks that were skipped."""
    yield from _head("warnings")
    if not found.findings:
        yield StyledLine("  none")
    for finding in found.findings:
        yield StyledLine(_indented(f"{finding.id} {printable(finding.message)}", 2), "bold")
        if finding.fix:
            yield StyledLine(_indented(finding.fix, 4))
        if finding.witness is not None:
            text = message_text(finding.witness["messages"][-1])
            yield StyledLine(f"    witness: {_line(text, 66) or '(nothing)'}", "dim")
    for reason in found.unchecked:
        yield StyledLine(_indented(printable(f"{reason}."), 2), "dim")


def bred_lines(bred: Sequence[BredText]) -> Iterator[StyledLine]:
    """Yield the effect of training on each completion that an audit found wrongly rewarded.

    Args:
        bred: The texts.
    """
    if not bred:
        return
    yield from _head("completions that the audit found rewarded, if the model may say them")
    for one in bred:
        yield StyledLine(_indented(f"{one.id} {printable(shortened(one.message))}", 2), "bold")
        yield StyledLine(f"    text: {_line(one.text, 66) or '(nothing)'}", "dim")
        told = f"{one.before:.0%} -> {one.after:.0%}"
        if one.held_out is not None:
            told += ", on held-out records {:.0%} -> {:.0%}".format(*one.held_out)
        yield StyledLine(f"    probability {sparkline(one.curve)}  {told}")
        earned = "no step drew it" if one.reward is None else f"mean reward {one.reward:.2f}"
        verdict = "training breeds it" if one.bred else "training does not breed it here"
        yield StyledLine(f"    {verdict}; {earned}")
    said = (
        "This is a separate job, in which the text is one more completion of each record. A model"
        " may say it less often at first. The figures above and the verdict do not include it."
    )
    yield StyledLine(_indented(said, 2), "dim")


def verdict_lines(found: Rehearsal) -> Iterator[StyledLine]:
    """Yield the verdicts of a rehearsal."""
    for verdict in found.verdicts:
        yield StyledLine(_indented(verdict.message, 2))


def curves_lines(found: Rehearsal) -> Iterator[StyledLine]:
    """Yield reward, entropy and length over the steps, and the expected reward before and after training."""
    for name in (REWARD_MEAN, ENTROPY, RESPONSE_LENGTH_MEAN):
        points = found.curves[name]
        if points:
            yield StyledLine(f"  {name:<21} {sparkline(points)}  {points[0]:.3g} -> {points[-1]:.3g}")
    quarters = found.reward_by_quarter
    if quarters:
        told = "  ".join(f"{value:.3f}" for value in quarters)
        yield StyledLine(
            f"  mean reward by quarter of the steps: {told}  ({quarters[-1] - quarters[0]:+.3f})"
        )
    before, after = found.learned.expected_reward.before, found.learned.expected_reward.after
    if before.training is not None and after.training is not None:
        said = f"{before.training:.3f} -> {after.training:.3f}"
        yield StyledLine(f"  expected reward on the records it trained on: {said}")
    if found.folds is not None:
        yield from _folds(found.folds)


def example_lines(example: BeforeAfter) -> Iterator[StyledLine]:
    """Yield a record's completions whose probability fell and rose the most."""
    yield StyledLine(f"  {_line(example.prompt)}")
    for name, text, reward, (first, last) in (
        ("lost", example.before, example.reward_before, example.before_probability),
        ("gained", example.after, example.reward_after, example.after_probability),
    ):
        told = f"  {name}: probability {first:.3f} -> {last:.3f} (reward {reward:g})"
        yield StyledLine(told, "bold")
        yield StyledLine(_block(text), "dim")


def _folds(found: FoldedFigures) -> Iterator[StyledLine]:
    yield StyledLine(f"  on records left out of training ({found.folds} folds, each record once):")
    for name, moved in (("reward", found.reward), ("right answers", found.right)):
        if moved is None:
            continue
        change = moved.change.difference
        told = f"    {name:<14} {moved.before:.3f} -> {moved.after:.3f}"
        if change.low is not None and change.high is not None:
            told += f"  {change.mean:+.3f} (95% interval {change.low:+.3f} to {change.high:+.3f})"
        yield StyledLine(told)
        wins, losses = moved.change.wins, moved.change.losses
        yield StyledLine(f"{'':<19}higher on {wins:,} of {change.records:,}, lower on {losses:,}")
    if found.right_earn is not None and found.wrong_earn is not None:
        yield StyledLine(
            f"    after it, right answers earn {found.right_earn:.3f} and wrong ones {found.wrong_earn:.3f}"
        )


def _features(name: str, shifts: Sequence[FeatureShift]) -> Iterator[StyledLine]:
    if not shifts:
        yield StyledLine(f"  {name}: none")
        return
    yield StyledLine(f"  {name}", "bold")
    for shift in shifts[:_SHOWN]:
        said = printable(said_of(shift.names))
        yield StyledLine(f"  {shift.before:4.0%} -> {shift.after:4.0%}  {_earned(shift)}  {_line(said, 34)}")
        for text in shift.texts:
            yield StyledLine(f"      {_line(text, 72) or '(nothing)'}", "dim")


def _models(by_model: dict[str, StyleShift]) -> Iterator[StyledLine]:
    """Yield the probability of each model's completions if the rollouts name at least two models."""
    if len(by_model) < 2:
        return
    yield StyledLine("  probability by the rollouts' `model`, by ratio", "bold")
    for name, shift in sorted(by_model.items(), key=lambda item: -item[1].after / item[1].before):
        ratio = f"x{shift.after / shift.before:.2g}"
        said = _line(name, 27)
        yield StyledLine(f"  {shift.before:4.0%} -> {shift.after:4.0%}  {ratio:<6} {_earned(shift)}  {said}")


def _earned(shift: FeatureShift | StyleShift) -> str:
    """Describe the reward and advantage of recorded completions. Neither depends on the policy."""
    reward = "none" if shift.reward_mean is None else f"{shift.reward_mean:.2f}"
    gain = "unknown" if shift.advantage_mean is None else f"{shift.advantage_mean:+.2f}"
    return f"reward {reward:<4} advantage {gain}"


def _still(still: NeverMoved) -> Iterator[StyledLine]:
    yield StyledLine(f"  records that never moved: {still.groups:,} of {still.drawn:,}")
    for groups, said in (
        (still.all_equal, "all their completions have the same reward"),
        (still.unlucky_draw, "those drawn had the same reward by chance"),
        (still.no_reward, "none of their completions got a reward"),
    ):
        if groups:
            yield StyledLine(f"    {len(groups):,}: {said}")


def _head(title: str) -> Iterator[StyledLine]:
    yield StyledLine(f"\n{title}", "bold")


def _line(text: str, width: int = _WIDTH) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _block(text: str) -> str:
    return "\n".join(_indented(printable(line), 4) for line in text[:600].splitlines()) or "    (nothing)"


def _indented(text: str, by: int) -> str:
    return fill(text, 80, initial_indent=" " * by, subsequent_indent=" " * by)
