"""Gathers the contents of a page in a few passes over a run's files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.data.typed_json import as_json
from harness.report.look import Look, look_at
from harness.report.page.audit_card import AuditCard, audit_card
from harness.report.page.bars import (
    FAILURES,
    BarChart,
    DensityMap,
    failure_bars,
    group_bars,
    label_bars,
    length_map,
    metric_bars,
    reward_bars,
)
from harness.report.page.beside import beside
from harness.report.page.calibration_card import CalibrationCard, calibration_card
from harness.report.page.comparison_card import ComparisonCard, comparison_card
from harness.report.page.curve_charts import CurveChart, job_charts, rehearsal_charts
from harness.report.page.headline import PageVerdict, Tile, lead_of, run_facts, tiles_of, verdict_of
from harness.report.page.heat_map import GroupCells
from harness.report.page.held_samples import MOST_CHARACTERS, HeldRows, HeldTexts, Pair, hold_rows, read_texts
from harness.report.page.packing import OtherSide, packed, sample_columns
from harness.report.page.printed_samples import PrintedSample, printed_samples
from harness.report.page.signal_charts import (
    StatisticLine,
    component_bars,
    forecast_bars,
    length_note,
    statistic_lines,
)
from harness.report.page.unrewarded import FailureCounts
from harness.runs.facts import Bounds, middle_of
from harness.runs.rows import Row
from harness.runs.store import Run
from harness.signal.comparison import compare_runs
from harness.signal.joined import same_file
from harness.signal.learning import signal_of

__all__ = ["ReportPage", "page_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """The contents of one page."""

    title: str
    lead: str
    """One line that describes the run."""
    facts: list[tuple[str, str]]
    verdict: PageVerdict
    tiles: list[Tile]
    charts: list[BarChart]
    lengths: DensityMap | None
    length_note: str
    statistics: list[StatisticLine]
    groups: int
    """Number of groups that are drawn, out of `all_groups`."""
    all_groups: int
    calibration: CalibrationCard | None
    """Calibration card; None if the run has neither labels nor repeats."""
    comparison: ComparisonCard | None
    audit: AuditCard | None
    """Audit card for the newest audit; None if there is no audit of this grader."""
    training: list[CurveChart]
    rehearsal: list[CurveChart]
    rehearsal_says: list[str]
    remarks: list[str]
    """Remarks on samples that the page leaves out, and on figures that were not measured."""
    printed: list[PrintedSample]
    held: int
    """Number of samples in the page, out of `gradings`."""
    gradings: int
    data: str
    """The packed samples."""


@dataclass(slots=True)
class _Gathered:
    """Facts that are gathered in the same pass over the rewards as the `Look`."""

    middle: float | None
    look: Look
    cells: GroupCells = field(default_factory=GroupCells)
    failures: FailureCounts = field(default_factory=FailureCounts)
    extremes: dict[str, tuple[float, float]] = field(default_factory=dict)
    matched: int = 0
    """Number of gradings that the other run also has."""

    def passing(self, pairs: Iterator[Pair]) -> Iterator[Pair]:
        """Yield gradings unchanged while gathering facts about them."""
        for row, other in pairs:
            self.cells.add(row)
            self.matched += other is not None
            if row["reward"] is None:
                self.failures.add(row)
            for name, value in row["metrics"].items():
                low, high = self.extremes.get(name, (value, value))
                self.extremes[name] = min(low, value), max(high, value)
            yield row, other

    def worth_reading(self, row: Row, other: Row | None) -> bool:
        """Return True if a grading failed, or disagrees with its label, the other run or another format."""
        if row["reward"] is None or "wires" in row:
            return True
        if other is not None and other["reward"] != row["reward"]:
            return True
        rule = self.look.facts.label_rule
        return "label" in row and rule.agreement(row["reward"], row["label"], self.middle) is False


def page_of(
    run: Run,
    *,
    against: Run | None = None,
    bounds: Bounds | None = None,
    job: tuple[str, Path] | None = None,
    rehearsal: Path | None = None,
    most_characters: int = MOST_CHARACTERS,
) -> ReportPage:
    """Gather the contents of a run's page.

    Args:
        run: A finished run.
        against: Another finished run to compare the run with.
        bounds: The grader's range, if the run has not recorded it.
        job: Name and folder of a job with stored events.
        rehearsal: Folder of a finished rehearsal.
        most_characters: Maximum number of characters in a page with full texts.

    Raises:
        InputError: The run is unfinished or damaged, or there is no such job or rehearsal.
    """
    look = look_at(run, 0, bounds)
    gathered = _Gathered(middle_of(look.bounds), look)
    pairs = gathered.passing(beside(run, against))
    held = hold_rows(pairs, look.totals.gradings, gathered.worth_reading)
    texts = _texts(run, held, held.rows, most_characters)
    other = None if against is None else _other_side(run, against, held, most_characters)
    cells = gathered.cells.drawn()
    failures = gathered.failures.ordered()
    columns = sample_columns(
        held,
        texts,
        bounds=look.bounds,
        rule=look.facts.label_rule,
        cells=cells,
        failures=[failure for failure, _ in failures[:FAILURES]],
        other=other,
    )
    training = [] if job is None else job_charts(*job)
    says, rehearsed = ([], []) if rehearsal is None else rehearsal_charts(rehearsal)
    signal = signal_of(run, bounds)
    compared = None if against is None else comparison_card(compare_runs(against, run, bounds))
    charts = [
        reward_bars(look),
        group_bars(look.groups),
        forecast_bars(signal),
        *([] if look.facts.label is None else [label_bars(look)]),
        metric_bars(look, gathered.extremes),
        component_bars(signal),
        failure_bars(failures, look.totals.gradings),
    ]
    return ReportPage(
        title=look.facts.id or run.folder.name,
        lead=lead_of(run),
        facts=run_facts(run, look),
        verdict=verdict_of(signal.verdict),
        tiles=tiles_of(look),
        charts=[chart for chart in charts if chart.bars],
        lengths=None if texts is None else length_map(_points(held, texts), look.span),
        length_note=length_note(signal),
        statistics=statistic_lines(signal),
        groups=len(cells),
        all_groups=len(gathered.cells.cells),
        calibration=calibration_card(run, bounds),
        comparison=compared,
        audit=audit_card(run),
        training=training,
        rehearsal=rehearsed,
        rehearsal_says=says,
        remarks=[*_remarks(run, look, held, texts), *_unmatched(gathered, against)],
        printed=printed_samples(held.rows, texts),
        held=len(held.rows),
        gradings=look.totals.gradings,
        data=packed({"samples": columns, "curves": as_json({"training": training, "rehearsal": rehearsed})}),
    )


def _texts(run: Run, held: HeldRows, rows: Sequence[Row], most: int) -> HeldTexts | None:
    """Return the texts of gradings, or None if the rollouts no longer exist or have changed."""
    return read_texts(run.rollouts, rows, held.worth, most) if run.why_unreadable() is None else None


def _other_side(run: Run, against: Run, held: HeldRows, most: int) -> OtherSide:
    _ = against.totals  # raises if the run is not finished
    name = against.facts.id or against.folder.name
    if same_file(run, against):
        return OtherSide(name, None)
    rows = [row for row in held.others if row is not None]
    return OtherSide(name, _texts(against, replace(held, worth=frozenset()), rows, most))


def _unmatched(gathered: _Gathered, against: Run | None) -> Iterator[str]:
    if against is not None and gathered.matched < gathered.look.totals.gradings:
        yield (
            f"{gathered.matched:,} of {gathered.look.totals.gradings:,} samples are also in"
            f" {against.facts.id}; only they are compared. Samples match by record"
            " and id."
        )


def _points(held: HeldRows, texts: HeldTexts) -> Iterator[tuple[int, float]]:
    for row in held.rows:
        at = texts.of_at.get(row["at"])
        if row["reward"] is not None and at is not None:
            yield texts.length[at], row["reward"]


def _remarks(run: Run, look: Look, held: HeldRows, texts: HeldTexts | None) -> Iterator[str]:
    if texts is None:
        yield (
            f"The rollouts file {run.rollouts_name} is gone or has changed since this run, so this page has"
            " rewards but no texts."
        )
    elif texts.excerpts:
        yield (
            f"The texts are too large for one page: {texts.shortened:,} texts are"
            f" shortened to their start and end. {len(held.worth):,} samples (the lowest, the failed and the"
            " disagreeing ones) are complete up to 20,000 characters per text."
        )
    elif texts.shortened:
        yield f"{texts.shortened:,} very long texts are shortened to their start and end."
    if len(held.rows) < held.of:
        yield (
            f"The list has {len(held.rows):,} of {held.of:,} gradings: the lowest, the failed and the"
            " disagreeing ones, and others at even distances. Each figure above but the map of lengths covers"
            " all gradings."
        )
    if look.facts.label is not None and look.judged < look.totals.rewards:
        left = look.totals.rewards - look.judged
        yield f"{left:,} rewards could not be compared with their label."
