"""Gathers facts about a replay run in one pass over its rewards.

Memory use grows with the number of groups, not with the length of the run.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.data.json_lines import LineError, parse, place_of
from harness.data.typed_json import as_json
from harness.errors import InputError
from harness.runs.facts import Bounds, RunFacts, check_bounds, middle_of, share_of
from harness.runs.labels import LabelCounts
from harness.runs.lines_at import lines_at
from harness.runs.rank_correlation import RankCorrelation, RankPairs
from harness.runs.rows import Row, Totals
from harness.runs.store import Run
from harness.signal.groups import GroupCounts, count_groups, group_rewards

BINS = 10


@dataclass(frozen=True, slots=True)
class MetricMean:
    """The mean of one metric."""

    mean: float
    n: int
    """Number of gradings that have the metric."""


@dataclass(slots=True)
class Look:
    """A summary of a run for people."""

    facts: RunFacts
    folder: str
    totals: Totals
    bounds: Bounds | None
    """The grader's range; None if unknown."""
    span: Bounds
    """The range divided into bins: the grader's range or, if unknown, the range of all rewards."""
    groups: GroupCounts = field(init=False)
    agreed: int = 0
    """Number of gradings whose reward agrees with the label."""
    judged: int = 0
    """Number of gradings whose reward could be compared with the label."""
    labels: LabelCounts = field(default_factory=LabelCounts)
    ranks: RankCorrelation = RankCorrelation()
    bins: list[int] = field(default_factory=lambda: [0] * BINS)
    """Number of rewards in each tenth of the span."""
    values: dict[float, int] = field(default_factory=Counter)
    """Number of occurrences of each reward; empty if there are many distinct rewards."""
    metrics: dict[str, MetricMean] = field(default_factory=dict)
    lowest: list[Row] = field(default_factory=list)
    slowest: list[Row] = field(default_factory=list)
    failed: list[Row] = field(default_factory=list)
    """The first gradings without a reward."""
    disagreed: list[Row] = field(default_factory=list)
    """The first gradings whose rewards differ between wire formats or disagree with the label."""
    ms: float = 0.0
    """Total grading time in milliseconds."""

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON."""
        found: dict[str, Any] = as_json(self)
        del found["span"], found["ranks"]
        found["run"], found["totals"] = found.pop("facts"), self.totals.to_json()
        found["labels"] = {**self.labels.to_json(), **self.ranks.to_json()}
        found["values"] = {str(value): count for value, count in self.values.items()}
        return found

    def gather(self, rows: Iterator[Row], keep: int) -> Iterator[Row]:
        """Yield rows unchanged while gathering facts about them."""
        middle, rule = middle_of(self.bounds), self.facts.label_rule
        sums: defaultdict[str, float] = defaultdict(float)
        counts: Counter[str] = Counter()
        pairs = RankPairs(rule)
        lowest: list[tuple[float, int, Row]] = []
        slowest: list[tuple[float, int, Row]] = []
        for number, row in enumerate(rows):
            self.ms += row["ms"]
            _keep(slowest, (row["ms"], -number, row), keep)
            reward = row["reward"]
            if reward is not None:
                place = min(max(share_of(self.span, reward) * BINS, 0.0), BINS - 1.0)
                self.bins[int(place)] += 1
                if len(self.values) <= BINS:
                    self.values[reward] += 1
                _keep(lowest, (-reward, -number, row), keep)
                for name, value in row["metrics"].items():
                    sums[name] += value
                    counts[name] += 1
            elif len(self.failed) < keep:
                self.failed.append(row)
            verdict = rule.agreement(reward, row["label"], middle) if "label" in row else None
            if reward is not None and "label" in row:
                self.labels.add(reward, row["label"], rule, middle)
                pairs.add(row)
            self.judged += verdict is not None
            self.agreed += verdict is True
            if ("wires" in row or verdict is False) and len(self.disagreed) < keep:
                self.disagreed.append(row)
            yield row
        self.values = dict(sorted(self.values.items())) if len(self.values) <= BINS else {}
        self.metrics = {name: MetricMean(sums[name] / count, count) for name, count in counts.items()}
        self.ranks = pairs.correlation()
        self.lowest, self.slowest = _best(lowest), _best(slowest)


def look_at(run: Run, keep: int = 5, bounds: Bounds | None = None) -> Look:
    """Summarize a run.

    Args:
        run: A finished run.
        keep: The number of samples to keep of each kind (lowest, slowest, failed, disagreeing).
        bounds: The grader's range, if the run has not recorded it.

    Raises:
        InputError: The run is unfinished or damaged, or its grader has another range.
    """
    totals, bounds = run.totals, run.bounds(bounds)
    look = Look(run.facts, str(run.folder), totals, bounds, bounds or _span(totals))
    groups = group_rewards(look.gather(run.rows(), keep))
    look.groups = count_groups(groups.values(), bounds)
    return look


def _span(totals: Totals) -> Bounds:
    """Return the lowest and highest reward, or 0 and 1 if both are too close to be divided into bins."""
    low, high = totals.lowest or 0.0, totals.highest or 0.0
    try:
        check_bounds((low, high))
    except InputError:
        return 0.0, 1.0
    return low, high


def sample_of(run: Run, key: str) -> dict[str, Any]:
    """Return everything about one sample of a run: its rollout and all recorded gradings.

    Args:
        run: A finished run.
        key: The sample's ID, or `at-N` for the sample whose line begins at byte N.

    Returns:
        `rollout` and `rows`, and in `others` the places of other rollouts with the same ID.

    Raises:
        InputError: The run is unfinished, it has no such sample, or its input changed.
    """
    _ = run.totals  # raises if the run is not finished
    rows = [row for row in run.rows() if str(row["id"]) == key]
    rows = rows or [row for row in run.rows() if f"at-{row['at']}" == key]
    if not rows:
        raise InputError(
            f"there is no sample {key!r} in this run",
            place=str(run.folder),
            fix=f"Find the ids in {run.rewards}.",
        )
    at = rows[0]["at"]
    if why := run.why_unreadable():
        raise InputError(
            f"the sample cannot be shown: {why}",
            fix=f"Replay it again; its rewards are in {run.rewards}.",
        )
    [(_, line)] = lines_at(run.rollouts, [at])
    try:
        rollout = parse(line)
    except LineError:
        rollout = None
    others = dict.fromkeys(f"at-{row['at']}" for row in rows if row["at"] != at)
    found: dict[str, Any] = {"rollout": rollout, "rows": [row for row in rows if row["at"] == at]}
    found["place"] = place_of(run.rollouts, at)  # only the run knows which file contains the rollout
    if rollout is None:
        found["line"] = line.decode("utf-8", "replace")
    if others:
        found["others"] = list(others)
    return found


def _keep(heap: list[tuple[float, int, Row]], one: tuple[float, int, Row], most: int) -> None:
    """Keep the greatest items. Of equal items, the first ones are kept."""
    if len(heap) < most:
        heapq.heappush(heap, one)
    elif heap and one[:2] > heap[0][:2]:
        heapq.heapreplace(heap, one)


def _best(heap: list[tuple[float, int, Row]]) -> list[Row]:
    return [row for _, _, row in sorted(heap, key=lambda one: one[:2], reverse=True)]
