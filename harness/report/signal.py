"""Prints a run's signal: first the recommendation, then the statistics behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.api.cost import GROUP_SIZE
from harness.jobs.forecast import Forecast
from harness.printable import printable, shortened
from harness.report.console import SafeConsole
from harness.report.sections import NAME_COLUMNS, filled, print_sections, statistic_line
from harness.signal.kept import KeptRecords
from harness.signal.learning import SURE, TEACHING, Signal

__all__ = ["print_signal"]

_METRICS = 10


def print_signal(
    found: Signal, cost: Forecast | None, kept: KeptRecords | None, console: SafeConsole
) -> None:
    """Print a run's signal.

    Args:
        found: The statistics.
        cost: The planned job's cost; None if no record has a reward, so that no job can be planned.
        kept: The training file that was written; None if none was.
        console: The console to print to.
    """
    console.print(filled(found.verdict.sentence), style="bold")
    for more in found.verdict.also:
        console.print(filled(f"  also: {more}", 4))
    sections: tuple[tuple[str, Iterable[str]], ...] = (
        (_title(found), _rewards(found)),
        ("groups: what a job learns from", _groups(found)),
        ("zero-std groups at other group sizes", _forecast(found)),
        ("within groups, what goes with the reward", _within(found)),
        ("completions", _completions(found)),
        ("the planned job", iter(["not measured: no record has a reward"] if cost is None else cost.lines())),
        ("the training file", iter([] if kept is None else kept.lines())),
    )
    print_sections(sections, console)
    if found.run:
        console.print()
        console.print(printable(f"next: rft report {found.run}"), style="dim")


def _title(found: Signal) -> str:
    return f"rewards: {found.rewarded:,} of {found.rollouts:,} rollouts, {found.groups:,} records"


def _rewards(found: Signal) -> Iterator[str]:
    yield statistic_line("mean reward", found.mean, form=".3f")
    yield statistic_line("at the floor", found.at_floor)
    yield statistic_line("at the top", found.at_top)
    if found.agreement.n:
        yield statistic_line("agrees with the label", found.agreement)
    for kind, count in found.errors.items():
        yield f"{'no reward: ' + shortened(kind, 12):<{NAME_COLUMNS}} {count:,}"


def _groups(found: Signal) -> Iterator[str]:
    yield statistic_line("zero-std (all equal)", found.zero_std)
    if found.all_lowest.value is not None:
        yield statistic_line("  all at the floor", found.all_lowest)
        yield statistic_line("  all at the top", found.all_highest)
        yield statistic_line("  all between", found.all_between)
    yield statistic_line("rollouts that teach", found.effective)
    yield statistic_line("  by size of advantage", found.effective_by_weight)
    yield statistic_line("records to drop", found.droppable)
    if found.groups > found.several:
        yield f"{found.groups - found.several:,} records have one reward, which shows no spread"


def _forecast(found: Signal) -> Iterator[str]:
    if all(one.zero_std.value is None for one in found.forecast):
        yield f"not measured: {found.forecast[0].zero_std.why}"
        return
    for one in found.forecast:
        yield statistic_line(f"G = {one.group_size}", one.zero_std, more=f"  {one.method}")
    yield f"AWS documents no group size; we assume {GROUP_SIZE} (unverified)"
    if found.group_size is not None:
        yield f"half of the groups teach something from G = {found.group_size}"
    if found.batch_size is not None:
        yield f"batch_size {found.batch_size} has {TEACHING} groups that teach in {SURE:.0%} of the steps"


def _within(found: Signal) -> Iterator[str]:
    yield statistic_line("length", found.length, form="+.3f")
    yield statistic_line("noise of the grader", found.noise)
    if found.noise.value is not None:
        yield statistic_line("groups that are all noise", found.noisy)
    for one in found.components[:_METRICS]:
        said = (
            "never differs"
            if one.correlation is None
            else f"{one.correlation:+.3f} ({one.explained:.0%} of the variance)"
        )
        n = "" if one.n == found.rewarded else f", n {one.n:,} of {found.rewarded:,} rollouts"
        name = f"{shortened(one.name, NAME_COLUMNS):<{NAME_COLUMNS}}"
        yield f"{name} {said}  spread {one.spread:.3g}, mean {one.mean:.3g}{n}"
    if len(found.components) > _METRICS:
        yield f"and {len(found.components) - _METRICS:,} more metrics; --json lists all"
    if found.passed_over:
        yield f"{found.passed_over:,} values of metrics were skipped: over 50 names, or beyond 1e100"


def _completions(found: Signal) -> Iterator[str]:
    more = "" if found.truncated_mean is None else f"  mean reward {found.truncated_mean:.3f}"
    yield statistic_line("cut off", found.truncated, more=more)
    for name, share in found.unread.items():
        yield statistic_line(
            f"answers unread{'' if name == 'unread' else ' (' + shortened(name, 12) + ')'}", share
        )
