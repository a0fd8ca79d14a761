"""Prints an evaluation: a table of models, and a comparison of each model with the baseline.

This module only formats figures that are computed elsewhere.
"""

from __future__ import annotations

from harness.evaluation.evaluate import Evaluation, Standing
from harness.printable import printable
from harness.report.console import SafeConsole
from harness.signal.intervals import Interval, Pair

__all__ = ["print_evaluation"]


def print_evaluation(found: Evaluation, console: SafeConsole) -> None:
    """Print each model's reward and its gain over the baseline.

    Args:
        found: The evaluation.
        console: The console to print to.
    """
    first = found.baseline.label
    asked = f"{_count(found.records, 'record')}, {_count(found.n, 'completion')} each"
    console.print(printable(f"{asked}, graded by {found.grader}"))
    rows: list[tuple[str, ...]] = [("model", "mean reward", "95 %", "characters")]
    for standing in found.standings:
        label = standing.label + (" (baseline)" if standing is found.baseline and found.pairs else "")
        length = "" if standing.length is None else f"{standing.length:.0f}"
        rows.append((label, _mean(standing.reward), _bounds(standing.reward, ".3f"), length))
    _print_table(rows, console)
    if found.pairs:
        console.print(printable(f"against {first}, record by record"))
        rows = [("model", "difference", "95 %", "won", "lost", "tied")]
        for standing, pair in zip(found.standings[1:], found.pairs, strict=True):
            rows.append((standing.label, *_against(pair)))
        _print_table(rows, console)
    # A job's checkpoints share one training file, so the job's name stands for all of them.
    for exposure, label in {standing.exposure: standing.label for standing in found.standings}.items():
        if exposure.sentence:
            console.print(printable(f"  {label}: {exposure.sentence}"))
    for standing in found.standings:
        for line in _apart(standing):
            console.print(printable(f"  {standing.label}: {line}"))
    for standing, pair in zip(found.standings[1:], found.pairs, strict=True):
        if pair is not None and not pair.is_clear:
            one = pair.difference.records == 1
            why = "one record gives no interval" if one else "the interval includes 0"
            console.print(printable(f"  {standing.label}: no clear difference from {first}; {why}"))


def _print_table(rows: list[tuple[str, ...]], console: SafeConsole) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        numbers = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        console.print(printable("  ".join([f"  {row[0]:<{widths[0]}}", *numbers]).rstrip()))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _mean(value: Interval | None) -> str:
    return "none" if value is None else f"{value.mean:.3f}"


def _bounds(value: Interval | None, form: str) -> str:
    if value is None or value.low is None or value.high is None:
        return ""
    return f"{value.low:{form}} to {value.high:{form}}"


def _against(pair: Pair | None) -> tuple[str, ...]:
    if pair is None:
        return ("not measured", "", "", "", "")
    return (
        f"{pair.difference.mean:+.3f}",
        _bounds(pair.difference, "+.3f"),
        str(pair.wins),
        str(pair.losses),
        str(pair.ties),
    )


def _apart(standing: Standing) -> list[str]:
    """Return notes on completions that failed, are empty, were cut off or were refused."""
    lines = [f"{count:,} got no reward: {kind}" for kind, count in standing.failures.items()]
    if standing.not_recorded:
        lines.append(f"{standing.not_recorded:,} left out: the emulator has no recorded completion")
    if standing.textless:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in standing.textless.items())
        lines.append(f"without text, but graded: {kinds}")
    if standing.cut:
        kinds = ", ".join(f"{count:,} {printable(finish)}" for finish, count in standing.cut.items())
        lines.append(f"cut off, but graded: {kinds}")
    if standing.refused:
        lines.append(f"{standing.refused:,} refused by the model")
    return lines
