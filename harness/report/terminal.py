"""Prints a run, or one sample, for people to read.

In comes what `harness.report.look` gathered; out goes text, plain where standard output is not a terminal.
Content is printed as it is: no markup in a completion is ever interpreted.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from harness.report.look import Look
from harness.runs.rows import Row

BAR = 40
_TEXT = 200


def print_run(look: Look, console: Console | None = None) -> None:
    """Print rewards, groups, errors, and the samples worth a look."""
    console = console or _console()
    facts, totals = look.facts, look.totals
    target = facts["target"]["kind"]
    _head(console, f"{facts['grader']['ref']}  on {facts['input']['path']}")
    graded = f"{totals.gradings:,} grading{'' if totals.gradings == 1 else 's'} {target}"
    console.print(f"{graded}, {look.ms / max(1, totals.gradings):.3f} ms each")
    print_rewards(look, console)
    _head(console, "groups")
    print_groups(look, console)
    if look.metrics:
        _head(console, "metrics")
        for name, mean in sorted(look.metrics.items()):
            console.print(f"  {_shown(name):<24} mean {mean:.4f}")
    if totals.errors:
        _head(console, "no reward")
        for kind, count in sorted(totals.errors.items()):
            console.print(f"  {kind:<10} {count:,}")
        _rows(console, look.failed, lambda row: f"{row['error']['kind']}: {row['error']['message'][:_TEXT]}")
    if facts["label"] is not None:
        _head(console, f"against {facts['label']}")
        console.print(f"  agrees on {totals.agreed:,} of {totals.agreed + totals.disagreed:,}")
    if look.disagreed:
        _rows(console, look.disagreed, _disagreement)
    if look.lowest:
        _head(console, "lowest")
        _rows(console, look.lowest, lambda row: f"{row['reward']:g}")
    _head(console, "slowest")
    _rows(console, look.slowest, lambda row: f"{row['ms']:.2f} ms")
    console.print(f"\none sample in full: rft show {look.folder} ID", style="dim")


def print_sample(found: dict[str, Any], console: Console | None = None) -> None:
    """Print one sample: the conversation, the reference, and every grading of it."""
    console = console or _console()
    rollout = found["rollout"]
    if isinstance(rollout, dict) and isinstance(rollout.get("messages"), list):
        _conversation(rollout, console)
    else:  # a line that was no rollout
        _head(console, "line")
        console.print(_shown(found.get("line", rollout)))
    for row in found["rows"]:
        _head(console, f"grading {row['repeat'] + 1}")
        if row["reward"] is None:
            console.print(_shown(f"no reward: {row['error']['kind']}: {row['error']['message']}"))
        else:
            console.print(f"reward {row['reward']:g}  ({row['ms']:.2f} ms)")
        for name, value in row["metrics"].items():
            console.print(f"  {_shown(name)} {value:g}")
        if "wires" in row:
            console.print(f"  wires {row['wires']}")
    if found.get("others"):
        console.print(f"\nother rollouts of this id: {', '.join(found['others'])}", style="dim")


def _conversation(rollout: dict[str, Any], console: Console) -> None:
    for message in rollout["messages"]:
        turn = message if isinstance(message, dict) else {"role": "(no message)", "content": message}
        _head(console, _shown(str(turn.get("role"))))
        console.print(_shown(turn.get("content")))
    _head(console, "reference_answer")
    console.print(_shown(rollout.get("reference_answer")))


def print_rewards(look: Look, console: Console) -> None:
    """Print how the rewards are spread: a bar a value where there are few, else one a tenth of the range."""
    totals = look.totals
    if totals.mean is None:
        console.print("no rewards at all")
        return
    console.print(f"mean reward {totals.mean:.4f}, from {totals.lowest:g} to {totals.highest:g}")
    low, high = look.bounds
    width = (high - low) / len(look.bins)
    if look.values:
        bars = [(f"{value:g}", count) for value, count in look.values.items()]
    else:
        bars = [
            (f"{low + at * width:.2g} to {low + (at + 1) * width:.2g}", n) for at, n in enumerate(look.bins)
        ]
    most = max(count for _, count in bars)
    for name, count in bars:
        console.print(f"  {name:>12} {'█' * round(BAR * count / most):<{BAR}} {count:,}")


def print_groups(look: Look, console: Console) -> None:
    """Print how many records would teach the model something."""
    groups = look.groups
    if not groups.groups:
        console.print("  none has a reward")
        return
    if groups.groups == groups.single:
        console.print(
            f"  one grading a record ({groups.groups:,} in all): what a job would learn cannot be told"
        )
        return
    share = groups.zero_std / max(1, groups.groups)
    zero = f"{groups.zero_std:,} of them zero-std ({share:.0%}): nothing is learned there"
    console.print(f"  {groups.groups:,} groups, {zero}")
    console.print(f"  of those {groups.all_lowest:,} all wrong, {groups.all_highest:,} all right")
    if groups.unrewarded:
        console.print(f"  {groups.unrewarded:,} groups without any reward")


def _rows(console: Console, rows: list[Row], say: Any) -> None:
    for row in rows:
        name = f"at-{row['at']}" if row["id"] is None else str(row["id"])  # as `rft show RUN` finds it
        console.print(f"  {_shown(name)}  {_shown(say(row))}")


def _disagreement(row: Row) -> str:
    if "wires" in row:
        return f"wires {row['wires']}"
    return f"reward {row['reward']:g}, label {row['label']}"


def _head(console: Console, title: str) -> None:
    console.print(Text(f"\n{title}", style="bold"))


def _shown(value: Any) -> str:
    """Text as it is; a lone surrogate, which no terminal takes, as a question mark."""
    text = "(none)" if value is None else value if isinstance(value, str) else repr(value)
    return text.encode("utf-8", "replace").decode()


def _console() -> Console:
    return Console(markup=False, highlight=False, emoji=False, soft_wrap=True)
