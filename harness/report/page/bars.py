"""Builds the page's bar charts as HTML tables that need no script. Each row has a name, a bar and a number.

Shares are fractions of the chart's full width. A bar may show an interval and link to the samples that it
counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.report.look import Look
from harness.report.page.unrewarded import FailureText
from harness.runs.facts import Bounds, share_of
from harness.signal.groups import GroupCounts

__all__ = [
    "FAILURES",
    "Bar",
    "BarChart",
    "DensityCell",
    "DensityMap",
    "Tone",
    "failure_bars",
    "figure_of",
    "group_bars",
    "label_bars",
    "length_map",
    "metric_bars",
    "reward_bars",
]

Tone: TypeAlias = Literal["plain", "good", "bad", "muted"]

_NAME = 80
_ROWS = 30
FAILURES = 12
"""Maximum number of failures that get a bar."""
_COLUMNS, _LINES = 32, 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart."""

    name: str
    share: float
    """Fraction of the width that the bar fills, from 0 to 1."""
    figure: str
    tone: Tone = "plain"
    link: str | None = None
    """Address within the page that shows the counted samples."""
    low: float | None = None
    """Start of the bar's interval, from 0 to 1."""
    high: float | None = None


@dataclass(frozen=True, slots=True)
class BarChart:
    """A bar chart with a sentence about it."""

    title: str
    columns: tuple[str, str]
    """Column headings for the names and the figures."""
    bars: list[Bar]
    note: str = ""

    @property
    def width(self) -> str:
        """Space for the names: `short`, `middling` or `long`."""
        longest = max((len(bar.name) for bar in self.bars), default=0)
        return "short" if longest < 13 else "long" if longest > 60 else "middling"


@dataclass(frozen=True, slots=True)
class DensityCell:
    """One cell of a map, with its number of samples."""

    x: int
    y: int
    weight: float
    """Square root of the number relative to the fullest cell, so that single samples stay visible."""
    count: int


@dataclass(frozen=True, slots=True)
class DensityMap:
    """A two-dimensional histogram of samples by length and reward."""

    cells: list[DensityCell]
    columns: int
    lines: int
    left: str
    right: str
    bottom: str
    top: str
    tenths: BarChart
    n: int


def reward_bars(look: Look) -> BarChart:
    """Return the distribution of rewards, with one bar per value or per tenth of the range."""
    low, high = look.span
    width = (high - low) / len(look.bins)
    if look.values:
        counted = [(f"{value:g}", count, _between(value, value)) for value, count in look.values.items()]
    elif not look.totals.rewards:
        counted = []
    else:
        edges = [(low + at * width, low + (at + 1) * width) for at in range(len(look.bins))]
        counted = [
            (f"{a:.3g} to {b:.3g}", count, _between(a, b))
            for (a, b), count in zip(edges, look.bins, strict=True)
        ]
    most = max((count for _, count, _ in counted), default=0)
    total = look.totals.rewards
    bars = [
        Bar(name, count / most if most else 0.0, _of(count, total), link=link)
        for name, count, link in counted
    ]
    note = "" if look.bounds else "The grader's range is not known. Add it with --range LOW HIGH."
    return BarChart("Rewards", ("reward", "gradings"), bars, note)


def group_bars(groups: GroupCounts) -> BarChart:
    """Return the number of groups that can teach something and, by reason, of those that cannot."""
    total = groups.groups + groups.unrewarded
    told = groups.groups - groups.zero_std
    rows: list[tuple[str, int, Tone]] = [("rewards differ: can teach", told, "good")]
    if groups.all_highest is None or groups.all_lowest is None:
        rows.append(("all equal (zero-std)", groups.zero_std, "bad"))
    else:
        between = groups.zero_std - groups.all_highest - groups.all_lowest
        rows += [
            ("all right (zero-std)", groups.all_highest, "muted"),
            ("all wrong (zero-std)", groups.all_lowest, "bad"),
        ]
        if between:
            rows.append(("all equal in between (zero-std)", between, "bad"))
    if groups.unrewarded:
        rows.append(("without any reward", groups.unrewarded, "bad"))
    bars = [Bar(name, count / total if total else 0.0, _of(count, total), tone) for name, count, tone in rows]
    note = ""
    if groups.single:
        note = f"{groups.single:,} of these groups have one grading, which is always zero-std."
    return BarChart("Groups", ("group", "records"), bars, note)


def failure_bars(ordered: Sequence[tuple[FailureText, int]], gradings: int) -> BarChart:
    """Return the gradings without a reward by kind and message, most frequent first.

    Args:
        ordered: Pairs of kind and message with their counts.
        gradings: Number of all gradings.
    """
    most = ordered[0][1] if ordered else 0
    bars = [
        Bar(f"{kind}: {message}"[:400], count / most, _of(count, gradings), "bad", f"#error={at}")
        for at, ((kind, message), count) in enumerate(ordered[:FAILURES])
    ]
    rest = len(ordered) - len(bars)
    note = f"{rest:,} more messages are in the samples." if rest > 0 else ""
    return BarChart("No reward", ("failure", "gradings"), bars, note)


def metric_bars(look: Look, lows: Mapping[str, tuple[float, float]]) -> BarChart:
    """Return the mean of each metric on a scale from the metric's lowest to its highest value.

    Args:
        look: The run.
        lows: The lowest and highest value of each metric.
    """
    bars = []
    for name, of in sorted(look.metrics.items())[:_ROWS]:
        low, high = lows.get(name, (0.0, 0.0))
        low, high = min(low, 0.0), max(high, 1.0) if low >= 0.0 and high <= 1.0 else high
        share = (of.mean - low) / (high - low) if high > low else 0.0
        n = "" if of.n == look.totals.rewards else f"  n {of.n:,}"
        bars.append(Bar(name[:_NAME], min(1.0, max(0.0, share)), f"{of.mean:.4g}{n}"))
    rest = len(look.metrics) - len(bars)
    note = f"{rest:,} more metrics are not shown." if rest > 0 else ""
    return BarChart("Metrics", ("metric", "mean"), bars, note)


def label_bars(look: Look) -> BarChart:
    """Return the confusion table of rewards and labels."""
    counts = look.labels
    total = counts.told
    rows = [
        ("label yes, reward above the middle", counts.true_above, "good"),
        ("label yes, reward not above", counts.true_below, "bad"),
        ("label no, reward above the middle", counts.false_above, "bad"),
        ("label no, reward not above", counts.false_below, "good"),
    ]
    bars = [
        Bar(name, count / total, f"{count:,} ({count / total:.1%})", "good" if tone == "good" else "bad")
        for name, count, tone in rows
        if total
    ]
    note = " ".join(f"{line}." for line in look.ranks.lines())
    return BarChart(f"Label: {look.facts.label}", ("label and reward", "gradings"), bars, note)


def length_map(points: Iterable[tuple[int, float]], span: Bounds) -> DensityMap | None:
    """Return a map of completions by length and reward, or None if all lengths are equal.

    Args:
        points: Length in characters and reward of each sample.
        span: The lowest and the highest reward.
    """
    ordered = sorted(points)
    if len(ordered) < 2 or ordered[0][0] == ordered[-1][0]:
        return None
    # A single very long completion would put all others into the first column.
    longest = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))][0] or ordered[-1][0]
    shortest = ordered[0][0]
    wide = max(1, longest - shortest)
    counts: dict[tuple[int, int], int] = {}
    for length, reward in ordered:
        x = min(_COLUMNS - 1, int((length - shortest) / wide * _COLUMNS))
        y = int(min(_LINES - 1.0, max(0.0, share_of(span, reward) * _LINES)))
        counts[x, y] = counts.get((x, y), 0) + 1
    most = max(counts.values())
    return DensityMap(
        [DensityCell(x, _LINES - 1 - y, (n / most) ** 0.5, n) for (x, y), n in sorted(counts.items())],
        _COLUMNS,
        _LINES,
        f"{shortest:,}",
        f"{longest:,}{' or more' if longest < ordered[-1][0] else ''}",
        f"{span[0]:g}",
        f"{span[1]:g}",
        _tenths(ordered, span),
        len(ordered),
    )


def _tenths(ordered: list[tuple[int, float]], span: Bounds) -> BarChart:
    """Return the mean reward of each tenth of the samples, in order of completion length."""
    parts = min(10, len(ordered))
    bars = []
    for at in range(parts):
        part = ordered[len(ordered) * at // parts : len(ordered) * (at + 1) // parts]
        mean = sum(reward for _, reward in part) / len(part)
        share = min(1.0, max(0.0, share_of(span, mean)))
        bars.append(Bar(f"{part[0][0]:,} to {part[-1][0]:,}", share, f"{figure_of(mean)}  n {len(part):,}"))
    return BarChart("Mean reward by length", ("characters", "mean reward"), bars)


def figure_of(value: float, form: str = ".3f") -> str:
    """Format a number with decimals, or in scientific notation if it is huge."""
    return f"{value:{form}}" if abs(value) < 1e6 else f"{value:.4g}"


def _between(low: float, high: float) -> str:
    return f"#min={low:.12g}&max={high:.12g}"


def _of(count: int, total: int) -> str:
    return f"{count:,} ({count / total:.1%})" if total else f"{count:,}"
