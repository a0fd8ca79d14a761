"""Prints a run or one sample. If standard output is not a terminal, it prints plain text.

Markup in completions is not interpreted, and control characters are escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from rich.text import Text

from harness.data.identity import canonical
from harness.printable import named, printable, readable, shortened
from harness.report.console import SafeConsole
from harness.report.look import Look
from harness.report.short_texts import SampleReader, text_lines
from harness.report.shown_texts import as_text
from harness.runs.facts import answers_lines
from harness.runs.rows import Row, failure_of, sample_name
from harness.signal.groups import GroupCounts

BAR = 40
METRICS = 20
"""Number of metrics printed by default, because a grader may invent a metric name for each sample."""
TEXT = 10_000
"""Number of characters printed of each text by default."""
TURNS = 40
"""Number of messages printed by default, half from the start and half from the end."""
_NAME = 60


def print_run(
    look: Look,
    console: SafeConsole | None = None,
    everything: bool = False,
    reader: SampleReader | None = None,
) -> None:
    """Print a run's rewards, groups and errors, and the samples worth reading.

    Args:
        look: The run's summary.
        console: The console to print to; None for standard output.
        everything: True to print all metrics instead of only the first ones.
        reader: Reads the texts of the samples worth reading; None to leave the texts out.
    """
    console = console or SafeConsole()
    facts, totals = look.facts, look.totals
    _head(console, printable(f"{facts.grader.ref}  on {facts.input.name}"))
    graded = f"{_count(totals.gradings, 'grading')} {facts.target.kind}"
    console.print(f"{graded}, {look.ms / max(1, totals.gradings):.3f} ms each")
    if facts.answers is not None:
        for line in answers_lines(facts.answers):
            console.print(printable(line))
    print_rewards(look, console)
    _head(console, "groups")
    print_groups(look, console)
    if look.metrics:
        _head(console, "metrics")
        lines = (
            f"{_name(name):<24} mean {of.mean:.4f}  n {of.n:,}" for name, of in sorted(look.metrics.items())
        )
        _metrics(console, lines, len(look.metrics), everything)
    if totals.errors:
        _head(console, "no reward")
        for kind, count in sorted(totals.errors.items()):
            console.print(f"  {printable(kind):<10} {count:,}")
        _rows(console, look.failed, _failure, reader)
    if facts.label is not None:
        _against(facts.label, look, console)
    if look.disagreed:
        _rows(console, look.disagreed, _disagreement, reader)
    if look.lowest:
        _head(console, "lowest")
        _rows(console, look.lowest, lambda row: f"{row['reward']:g}", reader)
    _head(console, "slowest")
    _rows(console, look.slowest, lambda row: f"{row['ms']:.2f} ms")
    if reader is not None and reader.why is not None:
        console.print(printable(f"\ntexts are not shown: {reader.why}"))
    console.print(f"\none sample in full: rft show {look.folder} ID", style="dim")


def _against(label: str, look: Look, console: SafeConsole) -> None:
    _head(console, printable(f"against {label}"))
    console.print(f"  agrees on {look.agreed:,} of {look.judged:,}")
    for line in [*look.labels.lines(), *look.ranks.lines()]:
        console.print(f"  {line}")
    if look.judged < look.totals.gradings and look.bounds is None:
        console.print("  true and false are not compared: the grader's range is not known")


def print_sample(found: dict[str, Any], console: SafeConsole | None = None, everything: bool = False) -> None:
    """Print one sample: the conversation, the reference, and every grading of it.

    Args:
        found: The result of `sample_of`.
        console: The console to print to; None for standard output.
        everything: True to print the full texts and all metrics.
    """
    console = console or SafeConsole()
    rollout = found["rollout"]
    if "place" in found:
        console.print(printable(found["place"]), style="dim")
    if isinstance(rollout, dict) and isinstance(rollout.get("messages"), list):
        _conversation(rollout, console, everything)
    else:  # a line that was not a rollout
        _head(console, "line")
        console.print(Text(readable(_shown(found.get("line", rollout), everything))))
    for row in found["rows"]:
        _head(console, f"grading {row['repeat'] + 1}")
        if row["reward"] is None:
            console.print(_shown(f"no reward: {': '.join(failure_of(row))}", everything))
        else:
            console.print(f"reward {row['reward']:g}  ({row['ms']:.2f} ms)")
        if "reason" in row:
            console.print(printable(_shown(f"  reason: {row['reason']}", everything)))
        lines = (f"{_name(name)} {value:g}" for name, value in row["metrics"].items())
        _metrics(console, lines, len(row["metrics"]), everything)
        if "wires" in row:
            console.print(printable(_shown(f"  wires {canonical(row['wires'])}", everything)))
    if others := found.get("others"):
        console.print(f"\nother rollouts of this id: {named(others)}", style="dim")


def _conversation(rollout: dict[str, Any], console: SafeConsole, everything: bool) -> None:
    messages = rollout["messages"]
    left_out = 0 if everything else max(0, len(messages) - TURNS)
    for number, message in enumerate(messages):
        if left_out and TURNS // 2 <= number < TURNS // 2 + left_out:
            if number == TURNS // 2:
                _head(console, f"{_count(left_out, 'message')} left out; --all shows all")
            continue
        turn = message if isinstance(message, dict) else {"role": "(no message)", "content": message}
        _head(console, printable(shortened(str(turn.get("role")))))
        console.print(Text(readable(_shown(turn.get("content"), everything))))
    _head(console, "reference_answer")
    console.print(Text(readable(_shown(rollout.get("reference_answer"), everything))))


def _metrics(console: SafeConsole, lines: Iterator[str], count: int, everything: bool) -> None:
    for line in lines if everything else islice(lines, METRICS):
        console.print(f"  {line}")
    if count > METRICS and not everything:
        console.print(f"  and {count - METRICS:,} more; --all shows all")


def _name(metric: str) -> str:
    return printable(shortened(metric, _NAME))


def print_rewards(look: Look, console: SafeConsole) -> None:
    """Print the distribution of rewards with one bar per value or per tenth of the range."""
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
    """Print the number of records that would teach the model something."""
    groups = look.groups
    if not groups.groups:
        console.print("  no group has a reward")
        return
    if groups.groups == groups.single:
        what = _count(groups.single, "group")
        console.print(f"  {what} of one grading: it is unknown what a job would learn")
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


def _rows(
    console: SafeConsole, rows: list[Row], say: Callable[[Row], str], reader: SampleReader | None = None
) -> None:
    for row in rows:
        console.print(f"  {printable(sample_name(row))}  {printable(say(row))}")
        texts = None if reader is None else reader.at(row["at"])
        for line in () if texts is None else text_lines(texts, prompt=False):
            console.print(line)


def _failure(row: Row) -> str:
    kind, message = failure_of(row)
    return f"{kind}: {shortened(message)}"


def _disagreement(row: Row) -> str:
    if "wires" in row:
        return shortened(f"wires {canonical(row['wires'])}")
    return f"reward {row['reward']:g}, label {shortened(str(row['label']))}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _head(console: SafeConsole, title: str) -> None:
    console.print(Text(f"\n{title}", style="bold"))


def _shown(value: Any, everything: bool) -> str:
    """Return a value as text, with the middle left out if the text is very long."""
    text = "(none)" if value is None else as_text(value)
    if everything or len(text) <= TEXT:
        return text
    half = TEXT // 2
    return f"{text[:half]}\n... {len(text) - TEXT:,} characters left out; --all shows all ...\n{text[-half:]}"
