"""Builds the page's charts of a run's signal: the forecast, correlates of the reward and all statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.api.cost import GROUP_SIZE
from harness.report.page.bars import Bar, BarChart, Tone, figure_of
from harness.signal.learning import Signal
from harness.signal.statistic import Statistic

__all__ = [
    "StatisticLine",
    "component_bars",
    "forecast_bars",
    "length_note",
    "statistic_line",
    "statistic_lines",
]

_COMPONENTS = 15


@dataclass(frozen=True, slots=True)
class StatisticLine:
    """One statistic, described in words."""

    name: str
    value: str
    interval: str
    n: str
    why: str | None
    """The reason why the statistic was not measured."""


def forecast_bars(found: Signal) -> BarChart:
    """Return the share of groups that would teach something, by group size."""
    bars = []
    for one in found.forecast:
        zero = one.zero_std
        if zero.value is None or zero.low is None or zero.high is None:
            continue
        figure = f"{1 - zero.value:.1%}"
        low, high = 1 - zero.high, 1 - zero.low
        bars.append(Bar(f"G = {one.group_size}", 1 - zero.value, figure, "good", None, low, high))
    note = (
        "Lines are 95 % prediction intervals. AWS documents no group size;"
        f" we assume {GROUP_SIZE} (unverified)."
    )
    return BarChart("Groups that would teach something", ("group size", "groups"), bars, note)


def component_bars(found: Signal) -> BarChart:
    """Return the correlation between each metric and the reward across a record's rollouts."""
    bars = []
    for one in found.components[:_COMPONENTS]:
        if one.correlation is not None:
            figure = f"{one.correlation:+.3f}"
            tone: Tone = "good" if one.correlation > 0 else "bad"
            bars.append(Bar(one.name[:80], abs(one.correlation), figure, tone))
    note = "Correlation of metric and reward within records: which component carries the spread."
    return BarChart("Correlates of the reward", ("metric", "correlation"), bars, note)


def length_note(found: Signal) -> str:
    """Describe the correlation between length and reward within records."""
    one = found.length
    if one.value is None:
        return f"Correlation within records not measured: {one.why}."
    bounds = _interval(one, "+.3f")
    return f"Correlation within records {one.value:+.3f} ({bounds}), n {one.n:,} {one.of}."


def statistic_lines(found: Signal) -> list[StatisticLine]:
    """Return all statistics, including those that were not measured."""
    shares = [
        ("rewards at the floor", found.at_floor),
        ("rewards at the top", found.at_top),
        ("zero-std groups", found.zero_std),
        ("groups all at the floor", found.all_lowest),
        ("groups all at the top", found.all_highest),
        ("groups equal in between", found.all_between),
        ("rollouts in groups that teach", found.effective),
        ("records to drop", found.droppable),
        ("spread that is the grader's noise", found.noise),
        ("completions cut off", found.truncated),
        *((f"answers unread ({name[:60]})", share) for name, share in found.unread.items()),
    ]
    return [
        statistic_line("mean reward, each record once", found.mean, ".3f"),
        *(statistic_line(name, one, ".1%") for name, one in shares),
        statistic_line("correlation of reward and length", found.length, "+.3f"),
        *_sizes(found),
    ]


def _sizes(found: Signal) -> Iterator[StatisticLine]:
    for name, size in (
        ("group size from which half of the groups teach", found.group_size),
        ("batch size with enough groups that teach", found.batch_size),
    ):
        yield StatisticLine(name, "none" if size is None else f"{size:,}", "", "", None)


def statistic_line(name: str, one: Statistic, form: str) -> StatisticLine:
    """Describe one statistic in words.

    Args:
        name: The statistic's name.
        one: The statistic.
        form: The format of the statistic's numbers.
    """
    if one.value is None:
        return StatisticLine(name, "not measured", "", "", one.why)
    return StatisticLine(name, figure_of(one.value, form), _interval(one, form), f"{one.n:,} {one.of}", None)


def _interval(one: Statistic, form: str) -> str:
    if one.low is None or one.high is None:
        return ""
    return f"{figure_of(one.low, form)} to {figure_of(one.high, form)}"
