"""Computes a job's progress and the curves of its metrics from its events.

A curve has at most about 500 points, however long the job is. Times are taken from the events, not from this
machine's clock. Events without numbers or out of order are ignored.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

from harness.api.times import seconds_since_1970
from harness.api.types import STEP, TOTAL_STEPS, TRAINING_METRICS, Event

__all__ = ["Curves", "Series", "sparkline"]

_POINTS = 512
_WINDOW = 20
_BARS = "▁▂▃▄▅▆▇█"


class Series:
    """The curve of one metric over the steps: the first and latest values, and averages over all values."""

    __slots__ = ("_pending", "_stride", "count", "first", "points", "recent")

    def __init__(self) -> None:
        self.count = 0
        """Number of values added."""
        self.first: list[float] = []
        """The first 20 values."""
        self.recent: deque[float] = deque(maxlen=_WINDOW)
        """The latest 20 values."""
        self.points: list[float] = []
        """At most 512 points, each of which is the mean of the same number of values."""
        self._stride = 1
        self._pending: list[float] = []

    def add(self, value: float) -> None:
        """Add the next value.

        Args:
            value: A finite number.
        """
        self.count += 1
        if len(self.first) < _WINDOW:
            self.first.append(value)
        self.recent.append(value)
        self._pending.append(value)
        if len(self._pending) < self._stride:
            return
        self.points.append(math.fsum(self._pending) / len(self._pending))
        self._pending = []
        if len(self.points) >= _POINTS:
            self.points = [(a + b) / 2 for a, b in zip(self.points[::2], self.points[1::2], strict=True)]
            self._stride *= 2

    def curve(self) -> list[float]:
        """Return the whole curve, including the latest value."""
        return [*self.points, *([math.fsum(self._pending) / len(self._pending)] if self._pending else [])]

    @property
    def last(self) -> float | None:
        """The latest value."""
        return self.recent[-1] if self.recent else None


class Curves:
    """A job's progress and curves, computed from its events."""

    __slots__ = ("_start", "_times", "bad_numbers", "series", "step", "total_steps")

    def __init__(self) -> None:
        self.series: dict[str, Series] = {name: Series() for name in TRAINING_METRICS}
        self.step = 0
        """The latest step with metrics."""
        self.total_steps: int | None = None
        self.bad_numbers: set[str] = set()
        """Metrics that were NaN or infinite at some step."""
        self._start: tuple[int, float] | None = None
        self._times: deque[tuple[int, float]] = deque(maxlen=_WINDOW)

    def add(self, event: Event) -> None:
        """Add one event.

        Args:
            event: An event of any type.
        """
        data = event.get("data")
        if not isinstance(data, Mapping):
            return
        total = _number(data.get(TOTAL_STEPS))
        if total is not None and total > 0:
            self.total_steps = int(total)
        step = _number(data.get(STEP))
        # A late or repeated step would make the curve go backward.
        if step is None or step <= self.step:
            return
        self.step = int(step)
        for name, series in self.series.items():
            value = _number(data.get(name))
            if value is not None:
                series.add(value)
            elif _is_bad(data.get(name)):
                self.bad_numbers.add(name)
        self._at(event.get("created_at"))

    def _at(self, created_at: Any) -> None:
        seconds = seconds_since_1970(created_at)
        if seconds is not None:
            self._start = self._start or (self.step, seconds)
            self._times.append((self.step, seconds))

    @property
    def seconds_a_step(self) -> float | None:
        """Seconds per step, from the times of the latest events or of all of them; None while unknown."""
        if not self._times or self._start is None:
            return None
        last_step, last_time = self._times[-1]
        for step, seconds in (self._times[0], self._start):
            if last_step > step and last_time > seconds:
                return (last_time - seconds) / (last_step - step)
        return None

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds until the last step; None while unknown."""
        pace = self.seconds_a_step
        if pace is None or self.total_steps is None:
            return None
        return max(0, self.total_steps - self.step) * pace

    def latest(self) -> dict[str, float]:
        """Return the latest value of each reported metric."""
        return {name: series.last for name, series in self.series.items() if series.last is not None}


def sparkline(points: list[float], width: int = 40) -> str:
    """Draw a curve as one line of block characters scaled from its minimum to its maximum.

    Args:
        points: Finite numbers.
        width: The maximum number of characters.
    """
    if not points:
        return ""
    columns = min(width, len(points))
    edges = [len(points) * column // columns for column in range(columns + 1)]
    means = [math.fsum(points[a:b]) / (b - a) for a, b in zip(edges, edges[1:], strict=False)]
    low, high = min(means), max(means)
    if not high - low > 1e-12 * max(abs(low), abs(high), 1e-300):
        return _BARS[0] * columns
    return "".join(
        _BARS[min(len(_BARS) - 1, int((mean - low) / (high - low) * len(_BARS)))] for mean in means
    )


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # No real metric is larger, and sums and squares of larger numbers would overflow.
    return float(value) if abs(value) < 1e100 else None


def _is_bad(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    return _number(value) is None if not isinstance(value, str) else value.lower() in ("nan", "inf", "-inf")
