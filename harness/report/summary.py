"""Summarizes a replay: totals, label agreement, and differences from expected rewards.

This module does not print anything or choose the exit code. Its lines may contain control characters from the
input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from harness.data.json_lines import place_of
from harness.data.typed_json import as_json, read_typed
from harness.grader_output import LOG as GRADER_LOG
from harness.printable import shortened
from harness.replay.controls import Controls, count_controls
from harness.replay.expect import RewardDifference, StoredReward, differences
from harness.replay.grading import ALL_WIRES
from harness.replay.published_answers import PublishedAnswers
from harness.runs.facts import LocalRuntimeFacts, RunFacts, answers_lines
from harness.runs.rank_correlation import RankCorrelation, rank_correlation
from harness.runs.rows import Row, Totals, failure_of, sample_name
from harness.runs.store import Run
from harness.targets.function_report import FILE, LOG, FunctionReport

SHOWN = 10


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The final summary of `rft replay`, as JSON or as lines."""

    run: Run
    totals: Totals
    changed: list[RewardDifference] | None
    """Differences from stored rewards; None if no stored rewards were given."""
    controls: Controls | None
    """Results for rollouts made from records; None for a file of rollouts."""
    unusable: list[tuple[str, str]]
    """Place and problem for the first few lines that were not rollouts."""
    first_errors: list[Row]
    """The first grading of each kind of error except `input`."""
    ranks: RankCorrelation = RankCorrelation()
    """Rank correlation between rewards and numeric labels."""
    beyond: int = 0
    """Number of gradings whose numeric label is outside the grader's range, so no reward can equal it."""
    function: FunctionReport | None = None
    """The local runtime's measurements of a built function."""
    published: PublishedAnswers | None = None
    """File with the answers that the run recorded."""

    def to_json(self) -> dict[str, Any]:
        """Return the summary as one JSON object."""
        run, totals = self.run, self.totals
        paths = {"run": str(run.folder), "rewards": str(run.rewards), "rollouts": run.rollouts_name}
        summary: dict[str, Any] = {**paths, **as_json(run.facts), "totals": totals.to_json()}
        summary["bounds"] = run.facts.bounds
        if run.facts.label is not None:
            judged = totals.agreed + totals.disagreed
            summary["agreement"] = totals.agreed / judged if judged else None
            summary["labels"] = {**totals.labels.to_json(), **self.ranks.to_json()}
        if self.changed is not None:
            summary["differences"] = [one.to_json() for one in self.changed]
        if self.function is not None:
            summary["function"] = as_json(self.function)
        if self.published is not None:
            summary["recording"] = as_json(self.published)
        if self.controls is not None:
            summary["controls"] = asdict(self.controls)
        if self.unusable:
            summary["unusable"] = [{"place": place, "message": said} for place, said in self.unusable]
        if self.first_errors:
            summary["first_errors"] = [{"id": row["id"], **(row["error"] or {})} for row in self.first_errors]
        return summary

    def _input_lines(self) -> Iterator[str]:
        """Yield a line about the copy of a compressed or piped input, because the copy takes up space."""
        if self.run.facts.input.copied:
            yield f"the input is compressed or piped; its copy: {self.run.own_rollouts}"

    def _function_lines(self) -> Iterator[str]:
        if self.function is not None:
            yield from self.function.lines()
        elif isinstance(self.run.facts.target, LocalRuntimeFacts) and self.run.facts.target.note:
            yield f"note: {self.run.facts.target.note}"
        for whose, name in (("the function's log", LOG), ("what the grader printed", GRADER_LOG)):
            log = self.run.folder / name
            if log.is_file() and log.stat().st_size:
                yield f"{whose}: {log}"

    def _answer_lines(self) -> Iterator[str]:
        if self.run.facts.answers is not None:
            yield from answers_lines(self.run.facts.answers)
            if self.function is not None:
                yield "note: the times above exclude the time that the service takes"
        elif asked := self.totals.questions:
            yield f"questions that a judge answered: {asked:,}; `--answers FILE --ask all` keeps the answers"
        if self.published is not None:
            yield from self.published.lines()

    def lines(self) -> Iterator[str]:
        """Yield the summary as a few lines of text."""
        facts, totals = self.run.facts, self.totals
        mean = "no rewards" if totals.mean is None else f"mean reward {totals.mean:.4f}"
        yield f"{totals.gradings:,} grading{'' if totals.gradings == 1 else 's'}, {mean}"
        yield from self._input_lines()
        yield from self._function_lines()
        yield from self._answer_lines()
        yield from _field_lines(facts, totals)
        if self.controls is not None:
            yield from _control_lines(self.controls)
        yield from self._label_lines()
        if facts.wire == ALL_WIRES:
            known = f"the wires disagree on {totals.wires:,}; `rft show {self.run.folder}` lists them"
            yield known if totals.wires else "every wire gives the same rewards"
            if totals.wires:
                # Each wire is graded once, so a random reward looks like a difference between wires.
                yield "a grader with random rewards does the same; --repeats 2 on one wire shows that"
        first = {failure_of(row)[0]: row for row in self.first_errors}
        for kind, count in sorted(totals.errors.items()):
            yield f"no reward for {count:,}: {kind}"
            if kind in first:
                row = first[kind]
                yield f"  {sample_name(row)}: {shortened(failure_of(row)[1])}"
        for place, message in self.unusable:
            yield f"  {place}: {shortened(message)}"
        if self.changed is not None:
            yield from _difference_lines(self.changed)
        if totals.rewards > 1 and totals.lowest is not None and totals.lowest == totals.highest:
            yield f"all {totals.rewards:,} rewards are {totals.lowest:g}: a job would learn nothing"
        yield from self._next()

    def _label_lines(self) -> Iterator[str]:
        facts, totals = self.run.facts, self.totals
        if facts.label is None:
            return
        judged = totals.agreed + totals.disagreed
        left = f" ({totals.unlabeled:,} could not be compared)" if totals.unlabeled else ""
        yield f"agrees with {facts.label} on {totals.agreed:,} of {judged:,}{left}"
        yield from (f"  {line}" for line in [*totals.labels.lines(), *self.ranks.lines()])
        if self.beyond and facts.bounds is not None:
            low, high = facts.bounds
            yield f"{self.beyond:,} gradings have a label that no reward from {low:g} to {high:g} can equal"
            yield "  --label-threshold X reads numbers of X or more as yes"
        counts, yes = totals.labels, facts.label_rule.true
        if yes and counts.told and not counts.true_above + counts.true_below:
            yield f"every label says no: none is {' or '.join(map(repr, yes))}"
        if totals.unlabeled and facts.bounds is None:
            yield "range not known: true and false were not compared; add --range LOW HIGH"

    def _next(self) -> Iterator[str]:
        facts, folder = self.run.facts, self.run.folder
        if facts.label is not None and facts.repeats > 1:
            yield f"can the grader be trusted: rft calibrate {folder}"
        yield f"as a page: rft report {folder}"
        yield f"run: {folder}   next: rft show {folder}"


def summary_of(run: Run, totals: Totals, stored: list[StoredReward] | None = None) -> RunSummary:
    """Summarize a replay.

    Args:
        run: A finished run.
        totals: The totals over the run's rows.
        stored: Earlier rewards with which to compare the run's.
    """
    changed = None
    if stored is not None:
        rows = run.rows()
        changed = differences(stored, (StoredReward(row["id"], row["reward"], row["repeat"]) for row in rows))
    controls = _controls(run) if run.facts.input.derived else None
    unusable = _unusable(run) if totals.errors.get("input") else []
    function = read_typed(run.folder / FILE, FunctionReport, "function report", schema=1)
    ranks, beyond = RankCorrelation(), 0
    if totals.labels.numbers:
        ranks = rank_correlation(run.rows(), run.facts.label_rule)
        beyond = _labels_beyond(run)
    return RunSummary(
        run, totals, changed, controls, unusable, _first_errors(run, totals), ranks, beyond, function
    )


def _labels_beyond(run: Run) -> int:
    """Count the gradings with a reward whose numeric label differs from every reward in the range."""
    bounds, rule = run.facts.bounds, run.facts.label_rule
    if bounds is None or rule.threshold is not None:
        return 0
    low, high = bounds[0] - rule.tolerance, bounds[1] + rule.tolerance
    labels = (row.get("label") for row in run.rows() if row["reward"] is not None)
    numbers = (said for said in map(rule.says, labels) if said is not None and not isinstance(said, bool))
    return sum(not low <= number <= high for number in numbers)


def _controls(run: Run) -> Controls:
    rewards = ((str(row["id"]), row["reward"]) for row in run.rows())
    return count_controls(rewards, run.facts.bounds)


def _unusable(run: Run) -> list[tuple[str, str]]:
    rollouts = None if run.why_unreadable() else run.rollouts
    name = run.rollouts_name
    found = ((row, *failure_of(row)) for row in run.rows() if row["reward"] is None)
    kept = ((row, said) for row, kind, said in found if kind == "input" and row["repeat"] == 0)
    return [
        (
            f"{name}, byte {row['at']}" if rollouts is None else place_of(rollouts, row["at"]),
            said,
        )
        for row, said in islice(kept, SHOWN)
    ]


def _first_errors(run: Run, totals: Totals) -> list[Row]:
    """Return the first row of each kind of error.

    Lines that were not rollouts are left out, because the summary lists them separately.
    """
    kinds, found = set(totals.errors) - {"input"}, []
    if kinds:
        for row in run.rows():
            if row["reward"] is None and (kind := failure_of(row)[0]) in kinds:
                kinds.remove(kind)
                found.append(row)
                if not kinds:
                    break
    return found


def _field_lines(facts: RunFacts, totals: Totals) -> Iterator[str]:
    if facts.records is not None:
        yield f"fields are those of the records in {facts.records.path}"
    for note in facts.fields.notes():
        yield f"fields {note}"
    for name, count in sorted(totals.fields.items())[:SHOWN]:
        yield f"the field {shortened(name)} differs within a record on {count:,}: training will not have it"
        yield "  name it with --label, or with --keep-field if it is the record's"
    if len(totals.fields) > SHOWN:
        yield f"and {len(totals.fields) - SHOWN:,} more such fields; --json lists all"


def _control_lines(controls: Controls) -> Iterator[str]:
    mine = "own reference as the completion:"
    if controls.own_highest is None or controls.other_lowest is None:  # the range is unknown
        yield f"{mine} more reward than another record's on {controls.apart:,} of {controls.pairs:,}"
        return
    yield f"{mine} highest reward on {controls.own_highest:,} of {controls.own:,}"
    yield f"another record's reference:      lowest reward on {controls.other_lowest:,} of {controls.other:,}"
    for key in controls.below[:SHOWN]:
        yield f"  below the highest: {shortened(key)}"


def _difference_lines(changed: list[RewardDifference]) -> Iterator[str]:
    yield f"{len(changed):,} differ from the stored rewards" if changed else "all as stored"
    for one in changed[:SHOWN]:
        yield f"  {shortened(str(one.id))}: stored {_said(one.expected)}, now {_said(one.found)}"
    if len(changed) > SHOWN:
        yield f"  and {len(changed) - SHOWN:,} more; --json lists all"


def _said(reward: float | str | None) -> str:
    return "no reward" if reward is None else str(reward)
