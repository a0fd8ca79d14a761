"""Builds the page's card for a calibration: the verdict, its warnings and all figures."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import InputError
from harness.report.page.signal_charts import StatisticLine, statistic_line
from harness.runs.facts import Bounds
from harness.runs.store import Run
from harness.signal.calibration import Calibration, calibrate

__all__ = ["CalibrationCard", "calibration_card"]


@dataclass(frozen=True, slots=True)
class CalibrationCard:
    """The result of `rft calibrate` for a run."""

    sentence: str
    warnings: list[str]
    statistics: list[StatisticLine]


def calibration_card(run: Run, bounds: Bounds | None) -> CalibrationCard | None:
    """Return the calibration of a run, or None if the run has neither labels nor repeats.

    Args:
        run: The run.
        bounds: The grader's range, if the run has not recorded it.
    """
    facts = run.facts
    if facts.label is None and facts.repeats < 2:
        return None
    try:
        found = calibrate(run, bounds=bounds, worst=0)
    except InputError as error:  # for example, labels have another scale; the rest of the page still works
        return CalibrationCard(f"Not measured: {error}", [], [])
    return CalibrationCard(found.trust.sentence, list(found.trust.warnings), _lines(found))


def _lines(found: Calibration) -> list[StatisticLine]:
    lines = []
    if found.labels:
        numbers = found.kind == "numbers"
        name = "kappa, quadratic weights" if numbers else "Cohen's kappa"
        lines.append(statistic_line(name, found.kappa, ".3f"))
        lines.append(statistic_line("gradings equal to their label", found.agreement, ".1%"))
        if not numbers:
            lines.append(statistic_line("false positives", found.paid_no, ".1%"))
            lines.append(statistic_line("false negatives", found.unpaid_yes, ".1%"))
    if found.repeats > 1:
        lines.append(statistic_line("gradings that flip", found.flips, ".1%"))
        lines.append(statistic_line("noise within records", found.noise, ".1%"))
        lines.append(statistic_line("noise over all gradings", found.noise_of_total, ".1%"))
        lines.append(_needed(found))
    if found.position_bias.value is not None:
        lines.append(statistic_line("position bias", found.position_bias, "+.1%"))
    return lines


def _needed(found: Calibration) -> StatisticLine:
    needed = found.needed
    name = f"repeats for at most {needed.share:.0%} noise {needed.of}"
    if needed.repeats is None:
        return StatisticLine(name, "not measured", "", "", needed.why)
    high = "any number" if needed.high is None else str(needed.high)
    return StatisticLine(
        name, str(needed.repeats), "" if needed.low is None else f"{needed.low} to {high}", "", None
    )
