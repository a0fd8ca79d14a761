"""What a page holds: everything of a run that is worth seeing, gathered in a few passes over its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from harness.data.typed_json import as_json
from harness.report.look import Look, look_at, unchanged
from harness.report.page.bars import (
    FAILURES,
    Bar,
    BarChart,
    DensityMap,
    failure_bars,
    group_bars,
    length_map,
    metric_bars,
    reward_bars,
)
from harness.report.page.curve_charts import CurveChart, job_charts, rehearsal_charts
from harness.report.page.heat_map import GroupCells
from harness.report.page.held_samples import MOST_CHARACTERS, HeldRows, HeldTexts, hold_rows, read_texts
from harness.report.page.packing import packed, sample_columns
from harness.report.page.shown_texts import Shown
from harness.runs.facts import Bounds, middle_of
from harness.runs.rows import Row, failure_of, read_rows, sample_name
from harness.runs.store import Run

__all__ = ["ReportPage", "PageVerdict", "PrintedSample", "page_of"]

_PRINTED = 12
_PRINTED_TEXT = 600


@dataclass(frozen=True, slots=True)
class PageVerdict:
    """The sentence at the top."""

    word: str
    """A word or two: what to do."""
    tone: str
    """`good`, `caution` or `bad`."""
    sentence: str
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Tile:
    """One key figure."""

    name: str
    figure: str
    note: str = ""
    link: str | None = None


@dataclass(frozen=True, slots=True)
class PrintedSample:
    """A sample as it stands on paper, and where no script runs."""

    name: str
    reward: str
    prompt: str
    completion: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """What one page shows."""

    title: str
    lead: str
    """What this run is, in a line."""
    facts: list[tuple[str, str]]
    verdict: PageVerdict
    tiles: list[Tile]
    charts: list[BarChart]
    lengths: DensityMap | None
    groups: int
    """Groups that are drawn, of `all_groups`."""
    all_groups: int
    training: list[CurveChart]
    rehearsal: list[CurveChart]
    rehearsal_says: list[str]
    remarks: list[str]
    """What the page does not hold, or what was not measured."""
    printed: list[PrintedSample]
    held: int
    """Samples in the page, of `gradings`."""
    gradings: int
    data: str
    """The samples, packed."""


@dataclass(slots=True)
class _Gathered:
    """What one pass over the rewards finds beside a `Look`."""

    middle: float | None
    look: Look
    cells: GroupCells = field(default_factory=GroupCells)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    extremes: dict[str, tuple[float, float]] = field(default_factory=dict)

    def passing(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Pass rows on, having looked at each."""
        for row in rows:
            self.cells.add(row)
            if row["reward"] is None:
                self.failures[failure_of(row)] += 1
            for name, value in row["metrics"].items():
                low, high = self.extremes.get(name, (value, value))
                self.extremes[name] = min(low, value), max(high, value)
            yield row

    def worth_reading(self, row: Row) -> bool:
        """Whether a grading failed, or its label or wires disagree."""
        if row["reward"] is None or "wires" in row:
            return True
        rule = self.look.facts.label_rule
        return "label" in row and rule.agreement(row["reward"], row["label"], self.middle) is False


def page_of(
    run: Run,
    *,
    bounds: Bounds | None = None,
    job: tuple[str, Path] | None = None,
    rehearsal: Path | None = None,
    most_characters: int = MOST_CHARACTERS,
) -> ReportPage:
    """Gather what a page shows of a run.

    Args:
        run: A run that is done.
        bounds: The grader's range, where the run does not know it.
        job: Name and folder of a job whose events were kept.
        rehearsal: Folder of a finished rehearsal.
        most_characters: Beyond so much text the page holds excerpts.

    Raises:
        InputError: The run is not finished or damaged, or there is no such job or rehearsal.
    """
    look = look_at(run, 0, bounds)
    gathered = _Gathered(middle_of(look.bounds), look)
    rows = gathered.passing(read_rows(run.rewards))
    held = hold_rows(rows, look.totals.gradings, gathered.worth_reading)
    there = unchanged(run, run.rollouts)
    texts = read_texts(run.rollouts, held, most_characters) if there else None
    cells = gathered.cells.drawn()
    failures = sorted(gathered.failures.items(), key=lambda item: (-item[1], item[0]))
    columns = sample_columns(
        held,
        texts,
        bounds=look.bounds,
        rule=look.facts.label_rule,
        cells=cells,
        failures=[failure for failure, _ in failures[:FAILURES]],
    )
    training = [] if job is None else job_charts(*job)
    says, rehearsed = ([], []) if rehearsal is None else rehearsal_charts(rehearsal)
    charts = [reward_bars(look), group_bars(look.groups), metric_bars(look, gathered.extremes)]
    if look.facts.label is not None:
        charts.append(_label_bars(look))
    charts.append(failure_bars(failures, look.totals.gradings))
    return ReportPage(
        title=look.facts.id or run.folder.name,
        lead=f"{look.facts.grader.ref} on {look.facts.input.path.name}, replayed {_replayed(run)}",
        facts=_facts(run, look),
        verdict=_verdict(look),
        tiles=_tiles(look),
        charts=[chart for chart in charts if chart.bars],
        lengths=None if texts is None else length_map(_points(held, texts), look.span),
        groups=len(cells),
        all_groups=len(gathered.cells.cells),
        training=training,
        rehearsal=rehearsed,
        rehearsal_says=says,
        remarks=list(_remarks(run, look, held, texts)),
        printed=_printed(held, texts),
        held=len(held.rows),
        gradings=look.totals.gradings,
        data=packed({"samples": columns, "curves": as_json({"training": training, "rehearsal": rehearsed})}),
    )


def _facts(run: Run, look: Look) -> list[tuple[str, str]]:
    facts = look.facts
    target = facts.target.kind
    found = [
        ("Grader", facts.grader.ref),
        ("Rollouts", str(facts.input.path)),
        ("Replayed", _replayed(run)),
        ("Target", target if facts.wire == "open-weight" else f"{target}, wire {facts.wire}"),
        ("Range", "not known" if look.bounds is None else f"{look.bounds[0]:g} to {look.bounds[1]:g}"),
        ("Grader's digest", facts.grader.sha256 or "not known"),
    ]
    if facts.label is not None:
        found.insert(2, ("Label", facts.label))
    return found


def _replayed(run: Run) -> str:
    return f"{datetime.fromtimestamp(run.rewards.stat().st_mtime, UTC):%Y-%m-%d %H:%M} UTC"


def _tiles(look: Look) -> list[Tile]:
    totals, groups = look.totals, look.groups
    failed = totals.gradings - totals.rewards
    told = groups.groups - groups.zero_std
    found = [
        Tile("Mean reward", "none" if totals.mean is None else _figure(totals.mean), _span(look)),
        Tile("Gradings", f"{totals.gradings:,}", f"{look.ms / max(1, totals.gradings):.3g} ms each"),
        Tile("No reward", f"{failed:,}", _part(failed, totals.gradings), "#failed=1" if failed else None),
        Tile("Groups that can teach", f"{told:,}", f"of {groups.groups + groups.unrewarded:,} records"),
    ]
    if look.facts.label is not None:
        apart = look.judged - look.agreed
        note = f"{apart:,} of {look.judged:,} disagree" if look.judged else "not measured"
        agreed = f"{look.agreed / look.judged:.1%}" if look.judged else "unknown"
        found.append(Tile("Agreement with the label", agreed, note, "#disagree=1" if apart else None))
    return found


def _figure(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 1e6 else f"{value:.4g}"


def _span(look: Look) -> str:
    low, high = look.totals.lowest, look.totals.highest
    return "" if low is None or high is None else f"from {low:g} to {high:g}"


def _part(count: int, total: int) -> str:
    return f"{count / total:.1%} of all" if total else ""


def _verdict(look: Look) -> PageVerdict:
    totals, groups = look.totals, look.groups
    told = groups.groups - groups.zero_std
    if not totals.rewards:
        return PageVerdict("Fix the grader", "bad", "No grading has a reward, so nothing can be learned.", [])
    if groups.groups == groups.single:
        sentence = "Every record has a single rollout, so it was not measured what a job would learn."
        return PageVerdict("Not measured", "caution", sentence, ["Collect several rollouts of each record."])
    share = told / groups.groups
    sentence = f"{told:,} of {groups.groups:,} groups have rewards that differ, so a job can learn from them."
    if not told:
        return PageVerdict(
            "Do not train yet", "bad", "All groups are zero-std: a job would learn nothing.", []
        )
    return PageVerdict(
        "Can teach" if share >= 0.5 else "Weak signal", "good" if share >= 0.5 else "caution", sentence, []
    )


def _label_bars(look: Look) -> BarChart:
    """The confusion table of rewards and labels."""
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


def _points(held: HeldRows, texts: HeldTexts) -> Iterator[tuple[int, float]]:
    for row in held.rows:
        at = texts.of_at.get(row["at"])
        if row["reward"] is not None and at is not None:
            yield texts.length[at], row["reward"]


def _remarks(run: Run, look: Look, held: HeldRows, texts: HeldTexts | None) -> Iterator[str]:
    if texts is None:
        yield (
            f"The rollouts file {run.rollouts} is gone or has changed since this run, so this page holds"
            " rewards and no texts."
        )
    elif texts.excerpts:
        yield (
            f"The texts are too large for one page, so it holds excerpts: {texts.shortened:,} texts are"
            f" shortened to their start and end. {len(held.worth):,} samples, the lowest, the failed and the"
            " disagreeing ones, are whole as far as 20,000 characters of each text."
        )
    elif texts.shortened:
        yield f"{texts.shortened:,} very long texts are shortened to their start and end."
    if len(held.rows) < held.of:
        yield (
            f"The list holds {len(held.rows):,} of {held.of:,} gradings: the lowest, the failed and the"
            " disagreeing ones, and others at even distances. Every figure above is of all gradings."
        )
    if look.facts.label is not None and look.judged < look.totals.rewards:
        left = look.totals.rewards - look.judged
        yield f"{left:,} rewards could not be compared with their label."


def _printed(held: HeldRows, texts: HeldTexts | None) -> list[PrintedSample]:
    """The lowest samples, failed ones first."""
    if texts is None:
        return []
    first = sorted(held.rows, key=lambda row: (row["reward"] is not None, row["reward"] or 0.0))
    prompts, references = list(texts.prompts), list(texts.references)
    found = []
    for row in first[:_PRINTED]:
        at = texts.of_at.get(row["at"])
        if at is None:
            continue
        turns = "\n".join(f"{role}: {_brief(text)}" for role, text in prompts[texts.prompt[at]])
        reference = texts.reference[at]
        reward = ": ".join(failure_of(row)) if row["reward"] is None else f"{row['reward']:g}"
        found.append(
            PrintedSample(
                sample_name(row),
                reward,
                turns,
                _brief(texts.completion[at]),
                "" if reference < 0 else _brief(references[reference]),
            )
        )
    return found


def _brief(shown: Shown) -> str:
    text = shown if isinstance(shown, str) else f"{shown[0]} ... {shown[2]}"
    return text if len(text) <= _PRINTED_TEXT else f"{text[:_PRINTED_TEXT]} ..."
