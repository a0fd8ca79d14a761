"""Prints a rehearsal for people: the curve, what was learned to say, and what it means.

Completions are printed as they are, never read as markup, without what would steer a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from harness.api.types import ENTROPY, RESPONSE_LENGTH_MEAN, REWARD_MEAN
from harness.follow.curves import sparkline
from harness.rehearsal.rehearsal import BeforeAfter, HeldOut, Rehearsal
from harness.report.printable import printable
from harness.simulator.learned import NeverMoved, Shift, StyleShift

__all__ = ["print_curves", "print_example", "print_rehearsal"]

_SHOWN = 3
_WIDTH = 76


def print_rehearsal(found: Rehearsal, console: Console) -> None:
    """Print all there is to say of a rehearsal.

    Args:
        found: The rehearsal.
        console: Where to print; without markup.
    """
    sizes = found.sizes
    console.print(
        f"{sizes.completions:,} recorded completions, {sizes.training_records:,} records to train on,"
        f" {sizes.held_out_records:,} held out"
    )
    if sizes.left_out:
        console.print(f"fields left out, since they are about completions: {', '.join(sizes.left_out)}")
    for remark in found.remarks[:_SHOWN]:
        console.print(f"remark: {printable(remark)}")
    _head(console, f"the job: {found.steps} steps")
    print_curves(found, console)
    graded = found.learned.graded
    if graded.completions < graded.asked:
        console.print(f"  {graded.asked - graded.completions:,} of {graded.asked:,} got no reward")
    _head(console, "what it learned to say (recorded completions by change of their probability)")
    _shifts(console, "amplified", found.learned.amplified)
    _shifts(console, "suppressed", found.learned.suppressed)
    _styles(console, found.learned.by_model)
    _still(console, found.learned.never_moved)
    if found.example is not None:
        _head(console, "one held-out record")
        print_example(found.example, console)
    _head(console, "verdict")
    for verdict in found.verdicts:
        console.print(f"  {verdict.message}")


def print_curves(found: Rehearsal, console: Console) -> None:
    """Print reward, entropy and length over the steps, and the reward expected before and after."""
    for name in (REWARD_MEAN, ENTROPY, RESPONSE_LENGTH_MEAN):
        points = found.curves[name]
        if points:
            console.print(f"  {name:<21} {sparkline(points)}  {points[0]:.3g} -> {points[-1]:.3g}")
    quarters = found.reward_by_quarter
    if quarters:
        told = "  ".join(f"{value:.3f}" for value in quarters)
        console.print(f"  mean reward by quarter of the steps: {told}  ({quarters[-1] - quarters[0]:+.3f})")
    before, after = found.learned.expected_reward.before, found.learned.expected_reward.after
    if before.training is not None and after.training is not None:
        said = f"{before.training:.3f} -> {after.training:.3f}"
        console.print(f"  expected reward on the records it trained on: {said}")
    if found.held_out is not None:
        _held_out(console, found.held_out)


def print_example(example: BeforeAfter, console: Console) -> None:
    """Print the completion of a record that lost most and the one that gained most."""
    console.print(f"  {_line(example.prompt)}")
    for name, text, reward, (first, last) in (
        ("lost", example.before, example.reward_before, example.before_probability),
        ("gained", example.after, example.reward_after, example.after_probability),
    ):
        told = f"  {name}: probability {first:.3f} -> {last:.3f} (reward {reward:g})"
        console.print(Text(told, style="bold"))
        console.print(Text(_block(text), style="dim"))


def _held_out(console: Console, found: HeldOut) -> None:
    change = found.change.difference
    console.print(f"  expected reward on held-out records: {found.before:.3f} -> {found.after:.3f}")
    wins = f"higher on {found.change.wins} of {change.records}, lower on {found.change.losses}"
    if change.low is None or change.high is None:
        console.print(f"    {wins}")
    else:
        console.print(
            f"    {change.mean:+.3f} (95% interval {change.low:+.3f} to {change.high:+.3f}); {wins}"
        )


def _shifts(console: Console, name: str, shifts: Sequence[Shift]) -> None:
    if not shifts:
        console.print(f"  {name}: none")
        return
    console.print(Text(f"  {name}", style="bold"))
    for shift in shifts[:_SHOWN]:
        reward = "none" if shift.reward is None else f"{shift.reward:g}"
        source = f"  {shift.model}" if shift.model else ""
        console.print(
            f"  {_change(shift)}  reward {reward}  {printable(str(shift.rollout))}{printable(source)}"
        )
        console.print(Text(f"    {_line(shift.completion)}", style="dim"))


def _styles(console: Console, by_model: dict[str, StyleShift]) -> None:
    """What the rollouts name as their model, where they name several."""
    if len(by_model) < 2:
        return
    console.print(Text("  probability by the rollouts' `model`", style="bold"))
    for name, figures in sorted(by_model.items(), key=lambda item: item[1].before - item[1].after):
        reward = "none" if figures.reward_mean is None else f"{figures.reward_mean:.2f}"
        console.print(f"  {_change(figures)}  mean reward {reward}  {printable(name)}")


def _still(console: Console, still: NeverMoved) -> None:
    console.print(f"  records that never moved: {still.groups:,} of {still.drawn:,}")
    for groups, said in (
        (still.all_equal, "all their completions have the same reward"),
        (still.unlucky_draw, "those drawn had the same reward by chance"),
        (still.no_reward, "none of their completions got a reward"),
    ):
        if groups:
            console.print(f"    {len(groups):,}: {said}")


def _change(figures: Shift | StyleShift) -> str:
    return f"{figures.before:.3f} -> {figures.after:.3f}"


def _head(console: Console, title: str) -> None:
    console.print(Text(f"\n{title}", style="bold"))


def _line(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _block(text: str) -> str:
    return "\n".join(f"    {printable(line)}" for line in text[:600].splitlines()) or "    (nothing)"
