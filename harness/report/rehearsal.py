"""Prints a rehearsal for people: the curve, what was learned to say, and what it means.

In comes a `Rehearsal`, out goes text. Completions are printed as they are, never read as markup, without what
would steer a terminal.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from harness.api.types import ENTROPY, RESPONSE_LENGTH_MEAN, REWARD_MEAN
from harness.follow.curves import sparkline
from harness.rehearsal.request import BeforeAfter, Rehearsal
from harness.report.evaluation import print_evaluation

__all__ = ["print_curves", "print_example", "print_rehearsal"]

_SHOWN = 3
_WIDTH = 150


def print_rehearsal(found: Rehearsal, console: Console) -> None:
    """Print all there is to say of a rehearsal.

    Args:
        found: The rehearsal.
        console: Where to print; without markup.
    """
    parts = found.split
    console.print(
        f"{parts.completions:,} recorded completions of {parts.training_records:,} records to train on and"
        f" {parts.held_out_records:,} held out"
    )
    if parts.left_out:
        console.print(f"fields left out, since they are about completions: {', '.join(parts.left_out)}")
    for remark in found.remarks[:_SHOWN]:
        console.print(f"remark: {_line(remark)}")
    _head(console, f"the job: {found.curves.step} steps, {found.job['status']}")
    print_curves(found, console)
    graded = found.learned["graded"]
    if graded["completions"] < graded["asked"]:
        console.print(f"  {graded['asked'] - graded['completions']:,} of {graded['asked']:,} got no reward")
    _head(console, "what it learned to say (recorded completions by change of their probability)")
    _shifts(console, "amplified", found.learned["amplified"])
    _shifts(console, "suppressed", found.learned["suppressed"])
    _styles(console, found.learned["by_model"])
    _still(console, found.learned["never_moved"])
    if found.example is not None:
        _head(console, "one held-out answer")
        print_example(found.example, console)
    if found.evaluation is not None:
        _head(console, "held-out records, asked through the API")
        print_evaluation(found.evaluation, console)
    _head(console, "verdict")
    for verdict in found.verdicts:
        console.print(f"  {verdict.message}")


def print_curves(found: Rehearsal, console: Console) -> None:
    """Print reward, entropy and length over the steps, and the reward expected before and after."""
    for name in (REWARD_MEAN, ENTROPY, RESPONSE_LENGTH_MEAN):
        points = found.curves.series[name].curve()
        if points:
            console.print(f"  {name:<21} {sparkline(points)}  {points[0]:.3g} -> {points[-1]:.3g}")
    if found.rewards:
        told = "  ".join(f"{value:.3f}" for value in found.rewards)
        console.print(
            f"  mean reward by quarter of the steps: {told}  ({found.rewards[-1] - found.rewards[0]:+.3f})"
        )
    expected = found.learned["expected_reward"]
    before, after = expected["before"], expected["after"]
    for name, said in (("training", "records it trained on"), ("held_out", "held-out records, exactly")):
        if before[name] is not None and after[name] is not None:
            console.print(f"  expected reward, {said}: {before[name]:.3f} -> {after[name]:.3f}")


def print_example(example: BeforeAfter, console: Console) -> None:
    """Print one answer before and after, and how many others changed either way."""
    console.print(f"  {_line(example.prompt)}")
    for name, text, reward in (
        ("before", example.before, example.reward_before),
        ("after", example.after, example.reward_after),
    ):
        console.print(Text(f"  {name} (reward {reward:g})", style="bold"))
        console.print(Text(_block(text), style="dim"))
    console.print(
        f"  of {example.answers} answers {example.higher} have a higher reward than before (this is one),"
        f" {example.lower} a lower one"
    )


def _shifts(console: Console, name: str, shifts: list[dict[str, Any]]) -> None:
    if not shifts:
        console.print(f"  {name}: none")
        return
    console.print(Text(f"  {name}", style="bold"))
    for shift in shifts[:_SHOWN]:
        reward = "none" if shift["reward"] is None else f"{shift['reward']:g}"
        source = f"  {shift['model']}" if shift["model"] else ""
        console.print(f"  {_change(shift)}  reward {reward}  {_safe(str(shift['rollout']))}{_safe(source)}")
        console.print(Text(f"    {_line(shift['completion'])}", style="dim"))


def _styles(console: Console, by_model: dict[str, dict[str, Any]]) -> None:
    """What the rollouts name as their model, where they name several."""
    if len(by_model) < 2:
        return
    console.print(Text("  probability by the rollouts' `model`", style="bold"))
    ranked = sorted(by_model.items(), key=lambda item: item[1]["before"] - item[1]["after"])
    for name, figures in ranked:
        reward = "none" if figures["reward_mean"] is None else f"{figures['reward_mean']:.2f}"
        console.print(f"  {_change(figures)}  mean reward {reward}  {_safe(name)}")


def _still(console: Console, still: dict[str, Any]) -> None:
    count, drawn = still["groups"], still["drawn"]
    console.print(f"  records that never moved: {count:,} of {drawn:,}")
    for name, said in (
        ("all_equal", "all their completions have the same reward"),
        ("unlucky_draw", "those drawn had the same reward by chance"),
        ("no_reward", "none of their completions got a reward"),
    ):
        if still[name]:
            console.print(f"    {len(still[name]):,}: {said}")


def _change(figures: dict[str, Any]) -> str:
    return f"{figures['before']:.3f} -> {figures['after']:.3f}"


def _head(console: Console, title: str) -> None:
    console.print(Text(f"\n{title}", style="bold"))


def _line(text: str) -> str:
    text = _safe(" ".join(text.split()))
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _block(text: str) -> str:
    return "\n".join(f"    {_safe(line)}" for line in text[:600].splitlines()) or "    (nothing)"


def _safe(text: str) -> str:
    """Text without what would steer a terminal, lone surrogates included."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
