"""Provides the page's curves of a job or a rehearsal, with the step and value of every point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from harness.api.types import (
    ADVANTAGES_MEAN,
    ENTROPY,
    GRAD_NORM,
    POLICY_LOSS,
    RESPONSE_LENGTH_MEAN,
    REWARD_MEAN,
    Event,
)
from harness.data.json_lines import LineError, lines, parse
from harness.errors import InputError
from harness.follow.curves import Curves
from harness.rehearsal.rehearsal_file import Rehearsal, read_rehearsal
from harness.simulator.pool import message_text
from harness.simulator.style_features import EXCERPT

__all__ = ["CurveChart", "job_charts", "rehearsal_charts"]

_TITLES = {
    REWARD_MEAN: "Mean reward",
    RESPONSE_LENGTH_MEAN: "Mean response length",
    ENTROPY: "Entropy",
    ADVANTAGES_MEAN: "Mean advantage",
    POLICY_LOSS: "Policy loss",
    GRAD_NORM: "Gradient norm",
}
_POINTS = 1_000


@dataclass(frozen=True, slots=True)
class CurveChart:
    """The curve of one metric over the steps."""

    title: str
    metric: str
    """The metric's name in the API."""
    steps: list[float]
    values: list[float]

    @property
    def said(self) -> str:
        """Description of the curve in words."""
        ends = ((self.values[at], self.steps[at]) for at in (0, -1))
        return ", ".join(f"{value:.4g} at step {step:g}" for value, step in ends)


def job_charts(name: str, folder: Path) -> list[CurveChart]:
    """Return the curves of a job, from its stored events.

    Args:
        name: The user's name for the job.
        folder: The folder of the job's events.

    Raises:
        InputError: The folder contains no events.
    """
    path = folder / "events.jsonl"
    if not path.is_file():
        raise InputError(
            f"no events of {name} are stored here", place=str(path), fix=f"Run `rft watch {name}` first."
        )
    curves = Curves()
    found: dict[str, list[tuple[float, float]]] = {metric: [] for metric in curves.series}
    for event in _events(path):
        before = {metric: series.count for metric, series in curves.series.items()}
        curves.add(event)
        for metric, series in curves.series.items():
            if series.count > before[metric] and series.last is not None:
                found[metric].append((float(curves.step), series.last))
    return [
        CurveChart(_TITLES[metric], metric, *_thinned(points)) for metric, points in found.items() if points
    ]


def rehearsal_charts(folder: Path) -> tuple[list[str], list[CurveChart]]:
    """Return a rehearsal's findings and its curves.

    Args:
        folder: The rehearsal's folder.

    Raises:
        InputError: The folder contains no finished rehearsal, or the rehearsal is damaged.
    """
    found = read_rehearsal(folder)
    if found is None:
        fix = "Name the folder that `rft rehearse` wrote to, or run it again to finish it."
        raise InputError("there is no finished rehearsal here", place=str(folder), fix=fix)
    charts = []
    for metric, title in _TITLES.items():
        points = found.curves.get(metric) or []
        wide = found.steps / len(points) if points else 0.0
        if points:
            steps = [round((at + 1) * wide, 3) for at in range(len(points))]
            charts.append(CurveChart(title, metric, steps, points))
    charts += [*_bred(found)]
    return list(_said(found)), charts


def _bred(found: Rehearsal) -> Iterator[CurveChart]:
    for one in found.bred:
        wide = found.steps / len(one.curve) if one.curve else 0.0
        steps = [round((at + 1) * wide, 3) for at in range(len(one.curve))]
        if steps:
            yield CurveChart(
                f"Probability of the text that {one.id} found rewarded", f"audit {one.id}", steps, one.curve
            )


def _said(found: Rehearsal) -> Iterator[str]:
    yield from (verdict.message for verdict in found.verdicts)
    for finding in found.findings:
        yield f"{finding.id} {finding.message}. {finding.fix or ''}"
        if finding.witness is not None:
            text = message_text(finding.witness["messages"][-1])[:EXCERPT]
            yield f"Witness: {text or '(nothing)'}"
    for one in found.bred:
        whether = "breeds" if one.bred else "does not breed"
        yield f"{one.id} {one.message}. A job whose model may say this text {whether} it."
    yield from (f"{reason}." for reason in found.unchecked)


def _events(path: Path) -> Iterator[Event]:
    """Read the stored events. The last line may be incomplete, because a watch may still be writing it."""
    for _, line in lines(path):
        try:
            value = parse(line)
        except LineError:
            return
        if isinstance(value, dict):
            yield cast(Event, value)


def _thinned(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Reduce a curve to at most 1,000 points by averaging neighbors. Each mean gets their last step."""
    stride = -(-len(points) // _POINTS)
    parts = [points[at : at + stride] for at in range(0, len(points), stride)]
    return [part[-1][0] for part in parts], [sum(value for _, value in part) / len(part) for part in parts]
