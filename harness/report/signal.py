"""Prints a run's signal for people: what to do, then the statistics that say so."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

from harness.api.cost import GROUP_SIZE
from harness.jobs.forecast import Forecast
from harness.printable import printable, shortened
from harness.report.console import SafeConsole
from harness.signal.kept import KeptRecords
from harness.signal.learning import SURE, TEACHING, Signal
from harness.signal.statistic import Statistic

__all__ = ["print_signal"]

_NAME = 26
_METRICS = 10


def print_signal(
    found: Signal, cost: Forecast | None, kept: KeptRecords | None, console: SafeConsole
) -> None:
    """Print what a job could learn.

    Args:
        found: The statistics.
        cost: What the planned job takes; None where there is no record to plan with.
        kept: The training file that was written; None where none was asked for.
        console: Where to print.
    """
    console.print(_filled(found.verdict.sentence), style="bold")
    for more in found.verdict.also:
        console.print(_filled(f"  also: {more}", 4))
    for title, lines in (
        (_title(found), _rewards(found)),
        ("groups: what a job learns from", _groups(found)),
        ("zero-std groups at other group sizes", _forecast(found)),
        ("within groups, what goes with the reward", _within(found)),
        ("completions", _completions(found)),
        ("the planned job", iter(["not measured: no record has a reward"] if cost is None else cost.lines())),
        ("the training file", iter([] if kept is None else kept.lines())),
    ):
        shown = list(lines)
        if shown:
            console.print()
            console.print(printable(title), style="bold")
        for line in shown:
            console.print(_filled(f"  {line}", _NAME + 3))
    if found.run:
        console.print()
        console.print(printable(f"next: rft report {found.run}"), style="dim")


def _filled(line: str, indent: int = 0) -> str:
    """A line in 80 columns; words stay whole, since some are paths."""
    after = " " * indent
    return fill(printable(line), 80, subsequent_indent=after, break_long_words=False, break_on_hyphens=False)


def _title(found: Signal) -> str:
    return f"rewards: {found.rewarded:,} of {found.rollouts:,} rollouts, {found.groups:,} records"


def _rewards(found: Signal) -> Iterator[str]:
    yield _line("mean reward", found.mean, percent=False)
    yield _line("at the floor", found.at_floor)
    yield _line("at the top", found.at_top)
    if found.agreement.n:
        yield _line("agrees with the label", found.agreement)
    for kind, count in found.errors.items():
        yield f"{'no reward: ' + shortened(kind, 12):<{_NAME}} {count:,}"


def _groups(found: Signal) -> Iterator[str]:
    yield _line("zero-std (all equal)", found.zero_std)
    if found.all_lowest.value is not None:
        yield _line("  all at the floor", found.all_lowest)
        yield _line("  all at the top", found.all_highest)
        yield _line("  all between", found.all_between)
    yield _line("rollouts that teach", found.effective)
    yield _line("  by size of advantage", found.effective_by_weight)
    yield _line("records to drop", found.droppable)
    if found.groups > found.several:
        yield f"{found.groups - found.several:,} records have one reward, which tells nothing either way"


def _forecast(found: Signal) -> Iterator[str]:
    if all(one.zero_std.value is None for one in found.forecast):
        yield f"not measured: {found.forecast[0].zero_std.why}"
        return
    for one in found.forecast:
        yield _line(f"G = {one.group_size}", one.zero_std, more=f"  {one.method}")
    yield f"AWS documents no group size; we assume {GROUP_SIZE} (unverified)"
    if found.group_size is not None:
        yield f"half of the groups teach something from G = {found.group_size} on"
    if found.batch_size is not None:
        yield f"batch_size {found.batch_size} holds {TEACHING} groups that teach in {SURE:.0%} of the steps"


def _within(found: Signal) -> Iterator[str]:
    yield _line("length", found.length, percent=False)
    yield _line("noise of the grader", found.noise)
    if found.noise.value is not None:
        yield _line("groups that are all noise", found.noisy)
    for one in found.components[:_METRICS]:
        said = (
            "never differs"
            if one.correlation is None
            else f"{one.correlation:+.3f} ({one.explained:.0%} of the variance)"
        )
        n = "" if one.n == found.rewarded else f", n {one.n:,} of {found.rewarded:,} rollouts"
        yield f"{shortened(one.name, _NAME):<{_NAME}} {said}  spread {one.spread:.3g}, mean {one.mean:.3g}{n}"
    if len(found.components) > _METRICS:
        yield f"and {len(found.components) - _METRICS:,} more metrics; --json lists all"
    if found.passed_over:
        yield f"{found.passed_over:,} values of metrics not looked at: over 50 names, or beyond 1e100"


def _completions(found: Signal) -> Iterator[str]:
    more = "" if found.truncated_mean is None else f"  mean reward {found.truncated_mean:.3f}"
    yield _line("cut off", found.truncated, more=more)
    for name, share in found.unread.items():
        yield _line(f"answers unread{'' if name == 'unread' else ' (' + shortened(name, 12) + ')'}", share)


def _line(name: str, one: Statistic, *, percent: bool = True, more: str = "") -> str:
    if one.value is None:
        return f"{name:<{_NAME}} not measured: {one.why}"
    form = ".1%" if percent else "+.3f" if name == "length" else ".3f"
    bounds = "" if one.low is None or one.high is None else f"  {one.low:{form}} to {one.high:{form}}"
    return f"{name:<{_NAME}} {one.value:{form}}{bounds}  n {one.n:,} {one.of}{more}"
