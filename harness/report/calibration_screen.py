"""Prints a calibration: the verdict, the figures, and the grader's disagreements with human labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.printable import shortened
from harness.report.console import SafeConsole
from harness.report.sections import NAME_COLUMNS, filled, print_sections, statistic_line
from harness.report.short_texts import SampleReader, text_line, text_lines
from harness.runs.store import Run
from harness.signal.calibration import Calibration
from harness.signal.held_to_labels import Confusion, Disagreement
from harness.signal.trust_limits import TrustOutcome

__all__ = ["print_calibration"]

_COLUMN = 8
_ROOM = 80 - NAME_COLUMNS - 3
"""Number of columns to the right of a row's name and its indentation."""


def print_calibration(
    found: Calibration,
    limits: Sequence[TrustOutcome],
    run: Run,
    console: SafeConsole,
    *,
    whole: bool = False,
) -> None:
    """Print a calibration.

    Args:
        found: The calibration.
        limits: The limits, with the measured values.
        run: The run whose rollouts contain the texts.
        console: The console to print to.
        whole: True to print the texts of disagreements in full.
    """
    console.print(filled(found.trust.sentence), style="bold")
    for warning in found.trust.warnings:
        console.print(filled(f"  warning: {warning}", 4))
    sections: tuple[tuple[str, Iterable[str]], ...] = (
        (_title(found), _labels(found)),
        ("labels and rewards", _confusion(found.confusion)),
        ("the grader against itself", _repeats(found)),
        ("limits", map(_limit, limits)),
    )
    print_sections(sections, console)
    _print_disagreements(found, run, console, whole)


def _title(found: Calibration) -> str:
    failed = sum(found.errors.values())
    more = f", {failed:,} gradings without a reward" if failed else ""
    held = "" if found.metric is None else f"the metric {shortened(found.metric, 20)} against "
    return f"{held}people: {found.labeled:,} labels of {found.rollouts:,} rollouts with a reward{more}"


def _labels(found: Calibration) -> Iterator[str]:
    numbers = found.kind == "numbers"
    yield statistic_line("kappa, quadratic weights" if numbers else "Cohen's kappa", found.kappa, form=".3f")
    yield statistic_line("equal to the label" if numbers else "agreement", found.agreement)
    if found.off_by is not None:
        yield f"{'mean distance':<{NAME_COLUMNS}} {found.off_by:.3g} from the label"
    if not numbers and found.kappa.value is not None:
        yield statistic_line("false positives", found.paid_no)
        yield statistic_line("false negatives", found.unpaid_yes)
    for rater in found.raters:
        other, first = shortened(rater.label, 9), shortened(found.labels[0], 9)
        yield statistic_line(f"kappa with {other}", rater.with_grader, form=".3f")
        yield statistic_line(f"  {first} with {other}", rater.with_first, form=".3f")


def _confusion(found: Confusion | None) -> Iterator[str]:
    if found is None:
        return
    counts = [[f"{count:,}" for count in gradings] for gradings in found.gradings]
    longest = max(len(cell) for row in (found.verdicts, *counts) for cell in row)
    width = max(_COLUMN, longest + 2)
    shown = min(6, _ROOM // width)
    for label, row in zip(("label", *found.labels), (found.verdicts, *counts), strict=True):
        yield f"{label:<{NAME_COLUMNS}} " + "".join(f"{cell:>{width}}" for cell in row[:shown])
    if len(found.verdicts) > shown:
        yield f"and {len(found.verdicts) - shown} more columns; --json has all"


def _repeats(found: Calibration) -> Iterator[str]:
    if found.repeats < 2:
        yield f"noise and flips are not measured: {found.flips.why}"
    else:
        yield statistic_line("gradings that flip", found.flips)
        if found.verdict_flips.value is not None and found.verdict_flips != found.flips:
            yield statistic_line("  across the middle", found.verdict_flips)
        yield statistic_line("noise within records", found.noise)
        yield statistic_line("noise over all gradings", found.noise_of_total)
        yield from _needed(found)
    yield statistic_line("position bias", found.position_bias, form="+.1%")
    if found.first_chosen is not None:
        yield f"{'  first label chosen':<{NAME_COLUMNS}} {found.first_chosen:.1%}"


def _needed(found: Calibration) -> Iterator[str]:
    needed, cost = found.needed, found.cost
    if needed.repeats is None:
        yield f"{'repeats needed':<{NAME_COLUMNS}} not measured: {needed.why}"
        return
    bounds = ""
    if needed.low is not None:
        bounds = f"  {needed.low} to {'any number' if needed.high is None else needed.high}"
    of = f"for {needed.share:.0%} noise {needed.of}"
    yield f"{'repeats needed':<{NAME_COLUMNS}} {needed.repeats}{bounds}  {of}"
    calls = needed.repeats * (1.0 if cost.calls is None else cost.calls)
    said = f"{1000 * calls:,.0f} calls"
    if cost.usd is not None:
        said += f", {1000 * needed.repeats * cost.usd:,.2f} USD"
    yield f"{'  for 1,000 completions':<{NAME_COLUMNS}} {said}"


def _limit(one: TrustOutcome) -> str:
    if one.value is None:
        return f"{one.limit:<{NAME_COLUMNS}} NOT MEASURED: {one.why}"
    broken = "TOO LOW" if one.least else "TOO HIGH"
    return f"{one.limit:<{NAME_COLUMNS}} {'kept' if one.kept else broken}: {one.value:.3f}"


def _print_disagreements(found: Calibration, run: Run, console: SafeConsole, whole: bool) -> None:
    if not found.disagreements:
        return
    console.print()
    count = f"{found.disagreeing:,} of {found.labeled:,} rollouts"
    console.print(f"where it disagrees, worst first: {count}", style="bold")
    reader = SampleReader(run)
    if reader.why is not None:
        console.print(filled(f"  texts are not shown: {reader.why}", 4))
    for one in found.disagreements:
        console.print(filled(f"  {_disagreement(one)}", 4))
        texts = reader.at(one.at)
        for line in () if texts is None else text_lines(texts, whole=whole):
            console.print(line)
        if one.reason is not None:
            console.print(text_line("reason", one.reason, whole=whole))
    if found.disagreeing > len(found.disagreements):
        console.print(f"  and {found.disagreeing - len(found.disagreements):,} more; --worst N lists more")
    console.print(filled(f"one sample in full: rft show {found.run} ID"), style="dim")


def _disagreement(one: Disagreement) -> str:
    label = ("yes" if one.label else "no") if isinstance(one.label, bool) else f"{one.label:g}"
    rewards = ", ".join(f"{reward:g}" for reward in one.rewards[:10])
    more = f" and {len(one.rewards) - 10:,} more" if len(one.rewards) > 10 else ""
    return f"{shortened(str(one.id), 40)}: label {label}, rewards {rewards}{more}"
