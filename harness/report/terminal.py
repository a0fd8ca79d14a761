"""Prints a run, or one sample, for people to read; plain text where standard output is not a terminal.

No markup in a completion is interpreted, and nothing in it steers the terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rich.text import Text

from harness.printable import printable, shortened
from harness.report.console import SafeConsole
from harness.report.look import Look
from harness.runs.rows import Row, failure_of, sample_name
from harness.signal.groups import GroupCounts

BAR = 40
METRICS = 20
"""Most metrics that are printed: a grader may make up a name for each sample."""


def print_run(look: Look, console: SafeConsole | None = None) -> None:
    """Print rewards, groups, errors, and the samples worth a look."""
    console = console or SafeConsole()
    facts, totals = look.facts, look.totals
    _head(console, printable(f"{facts.grader.ref}  on {facts.input.path}"))
    graded = f"{_count(totals.gradings, 'grading')} {facts.target.kind}"
    console.print(f"{graded}, {look.ms / max(1, totals.gradings):.3f} ms each")
    print_rewards(look, console)
    _head(console, "groups")
    print_groups(look, console)
    if look.metrics:
        _head(console, "metrics")
        for name, found in sorted(look.metrics.items())[:METRICS]:
            console.print(f"  {printable(name):<24} mean {found.mean:.4f}  n {found.n:,}")
        if len(look.metrics) > METRICS:
            console.print(f"  and {len(look.metrics) - METRICS:,} more; --json lists all")
    if totals.errors:
        _head(console, "no reward")
        for kind, count in sorted(totals.errors.items()):
            console.print(f"  {printable(kind):<10} {count:,}")
        _rows(console, look.failed, _failure)
    if facts.label is not None:
        _against(facts.label, look, console)
    if look.disagreed:
        _rows(console, look.disagreed, _disagreement)
    if look.lowest:
        _head(console, "lowest")
        _rows(console, look.lowest, lambda row: f"{row['reward']:g}")
    _head(console, "slowest")
    _rows(console, look.slowest, lambda row: f"{row['ms']:.2f} ms")
    console.print(f"\none sample in full: rft show {look.folder} ID", style="dim")


def _against(label: str, look: Look, console: SafeConsole) -> None:
    _head(console, printable(f"against {label}"))
    console.print(f"  agrees on {look.agreed:,} of {look.judged:,}")
    for line in [*look.labels.lines(), *look.ranks.lines()]:
        console.print(f"  {line}")
    if look.judged < look.totals.gradings and look.bounds is None:
        console.print("  true and false are not compared: the grader's range is not known")


def print_sample(found: dict[str, Any], console: SafeConsole | None = None) -> None:
    """Print one sample: the conversation, the reference, and every grading of it."""
    console = console or SafeConsole()
    rollout = found["rollout"]
    if "place" in found:
        console.print(printable(found["place"]), style="dim")
    if isinstance(rollout, dict) and isinstance(rollout.get("messages"), list):
        _conversation(rollout, console)
    else:  # a line that was no rollout
        _head(console, "line")
        console.print(_shown(found.get("line", rollout)))
    for row in found["rows"]:
        _head(console, f"grading {row['repeat'] + 1}")
        if row["reward"] is None:
            console.print(_shown(f"no reward: {': '.join(failure_of(row))}"))
        else:
            console.print(f"reward {row['reward']:g}  ({row['ms']:.2f} ms)")
        for name, value in row["metrics"].items():
            console.print(f"  {printable(name)} {value:g}")
        if "wires" in row:
            console.print(printable(f"  wires {row['wires']}"))
    if found.get("others"):
        console.print(f"\nother rollouts of this id: {', '.join(found['others'])}", style="dim")


def _conversation(rollout: dict[str, Any], console: SafeConsole) -> None:
    for message in rollout["messages"]:
        turn = message if isinstance(message, dict) else {"role": "(no message)", "content": message}
        _head(console, printable(str(turn.get("role"))))
        console.print(_shown(turn.get("content")))
    _head(console, "reference_answer")
    console.print(_shown(rollout.get("reference_answer")))


def print_rewards(look: Look, console: SafeConsole) -> None:
    """Print how the rewards are spread: one bar for each value, or for each tenth of the range."""
    totals = look.totals
    if totals.mean is None:
        console.print("no rewards at all")
        return
    console.print(f"mean reward {totals.mean:.4f}, from {totals.lowest:g} to {totals.highest:g}")
    if look.bounds is None:
        console.print("the grader's range is not known: add --range LOW HIGH")
    low, high = look.span
    width = (high - low) / len(look.bins)
    if look.values:
        bars = [(f"{value:g}", count) for value, count in look.values.items()]
    else:
        bars = [
            (f"{low + at * width:.2g} to {low + (at + 1) * width:.2g}", n) for at, n in enumerate(look.bins)
        ]
    most = max(1, *(count for _, count in bars))
    for name, count in bars:
        console.print(f"  {name:>12} {'█' * round(BAR * count / most):<{BAR}} {count:,}")


def print_groups(look: Look, console: SafeConsole) -> None:
    """Print how many records would teach the model something."""
    groups = look.groups
    if not groups.groups:
        console.print("  no group has a reward")
        return
    if groups.groups == groups.single:
        what = _count(groups.single, "group")
        console.print(f"  {what} of one grading: what a job would learn cannot be told")
        return
    for line in _group_lines(groups):
        console.print(f"  {line}")


def _group_lines(groups: GroupCounts) -> Iterator[str]:
    count, equal = groups.groups - groups.single, groups.zero_std - groups.single
    told = _count(count, "group")
    if count == 1:
        alike = "are equal (zero-std): a job would learn nothing"
        yield f"{told}; its rewards {alike if equal else 'differ, so it can teach something'}"
    elif not equal:
        yield f"{told}; none has equal rewards, so every group can teach something"
    elif equal == count:
        yield f"{told}; all have equal rewards (zero-std): a job would learn nothing"
    else:
        verb, them = ("has", "it") if equal == 1 else ("have", "them")
        zero = f"{equal:,} {verb} equal rewards ({equal / count:.0%} zero-std)"
        yield f"{told}; {zero}: nothing is learned from {them}"
    if groups.single:
        yield f"{_count(groups.single, 'group')} of one grading, from which nothing is learned"
    if groups.zero_std and groups.all_lowest is not None:
        yield f"all wrong: {groups.all_lowest:,} of {groups.groups:,}; all right: {groups.all_highest:,}"
    if groups.unrewarded:
        yield f"{_count(groups.unrewarded, 'group')} without any reward"


def _rows(console: SafeConsole, rows: list[Row], say: Callable[[Row], str]) -> None:
    for row in rows:
        console.print(f"  {printable(shortened(sample_name(row)))}  {printable(say(row))}")


def _failure(row: Row) -> str:
    kind, message = failure_of(row)
    return f"{kind}: {shortened(message)}"


def _disagreement(row: Row) -> str:
    if "wires" in row:
        return f"wires {row['wires']}"
    return f"reward {row['reward']:g}, label {row['label']}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _head(console: SafeConsole, title: str) -> None:
    console.print(Text(f"\n{title}", style="bold"))


def _shown(value: Any) -> str:
    """Content over several lines."""
    return "(none)" if value is None else value if isinstance(value, str) else repr(value)
