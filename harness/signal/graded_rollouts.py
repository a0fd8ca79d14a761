"""Groups a run's rows by rollout, together with human labels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from harness.errors import InputError
from harness.printable import named
from harness.runs.facts import Bounds
from harness.runs.rows import Row, failure_of, metrics_named, sample_name
from harness.runs.store import Run
from harness.signal.by_record import Influence, mean_over_records
from harness.signal.held_to_labels import Disagreement, GradedRollout, HeldToLabels
from harness.signal.human_labels import HumanLabels
from harness.signal.statistic import Statistic, refused

__all__ = ["GradedRollouts", "reasons_of", "rows_of"]

FIRST: Final = "judge_first"
"""Metric that reports the share of a judge's verdicts for the label listed first."""
EXPECTED: Final = "judge_first_expected"
"""Metric that reports the share of verdicts expected for the first label if order had no effect."""


def rows_of(run: Run, metric: str | None, bounds: Bounds | None) -> Iterator[Row]:
    """Yield the rows of a run, with the named metric, if any, in place of the reward.

    Raises:
        InputError: No grading has the metric, or a value is outside its range.
    """
    if metric is None or bounds is None:
        yield from run.rows()
        return
    low, high = bounds
    seen, others = False, dict[str, None]()
    for row in run.rows():
        if row["reward"] is not None:
            value = row["metrics"].get(metric)
            if value is None:
                others.update(dict.fromkeys(row["metrics"]))
                row = {**row, "reward": None, "error": {"kind": "no metric", "message": metric}}
            elif not low <= value <= high:
                what = f"the metric {metric} is {value:g}, outside its range from {low:g} to {high:g}"
                raise InputError(what, place=f"sample {sample_name(row)}", fix="Add --range LOW HIGH.")
            else:
                seen, row = True, {**row, "reward": value}
        yield row
    if not seen:
        fix = f"It has {named(list(others))}." if others else "It has no metrics."
        raise InputError(f"no grading of this run has the metric {metric!r}", place=str(run.folder), fix=fix)


class GradedRollouts:
    """Collects the gradings of each rollout while it passes the rows on to the tally.

    Args:
        people: The human labels of the rollouts.
    """

    def __init__(self, people: HumanLabels) -> None:
        self._people = people
        self.rollouts: dict[int, GradedRollout] = {}
        self.errors: Counter[str] = Counter()
        """Number of gradings without a reward, by kind."""
        self._biases: dict[int, list[float]] = {}
        """Position bias of each grading, by line offset."""
        self._firsts: list[float] = []

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Record each row, and yield it."""
        for row in rows:
            at, record, reward = row["at"], row["group"], row["reward"]
            if reward is None:
                self.errors[failure_of(row)[0]] += 1
            elif record is not None:
                one = self.rollouts.get(at)
                if one is None:
                    said = self._people.of(row)
                    one = self.rollouts[at] = GradedRollout(sample_name(row), record, said)
                one.rewards.append(reward)
                self._note_order(at, row["metrics"])
            yield row

    def _note_order(self, at: int, metrics: Mapping[str, float]) -> None:
        for first in metrics_named(FIRST, metrics):
            expected = metrics.get(first.removesuffix(FIRST) + EXPECTED)
            if expected is not None:
                self._biases.setdefault(at, []).append(metrics[first] - expected)
                self._firsts.append(metrics[first])

    def position_bias(self) -> tuple[Statistic, float | None]:
        """Return the position bias, and the share of verdicts for the label listed first."""
        if not self._biases:
            return refused(f"no grading has the metric {EXPECTED}", of="rollouts"), None
        biases = [
            Influence(self.rollouts[at].record, math.fsum(found) / len(found))
            for at, found in self._biases.items()
        ]
        first = math.fsum(self._firsts) / len(self._firsts)
        return mean_over_records(biases, "rollouts with the metric"), first


def reasons_of(
    rows: Iterable[Row], disagreements: Sequence[Disagreement], held: HeldToLabels
) -> dict[int, str]:
    """Return, by line offset, the first reason that a disagreeing grading gives."""
    found: dict[int, str] = {}
    wanted = {one.at: one for one in disagreements}
    for row in rows if wanted else ():
        one, reward = wanted.get(row["at"]), row["reward"]
        if one is not None and reward is not None and "reason" in row and held.disagrees(reward, one.label):
            found.setdefault(one.at, row["reason"])
    return found
