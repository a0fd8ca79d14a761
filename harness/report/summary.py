"""What a replay came to: the run's totals, and how they stand to what was known before.

In comes a run that is done, and stored rewards where there are any; out comes an `Outcome`, as JSON or as
lines for people. It decides no exit code and prints nothing; lines may hold control characters of the input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from harness.replay.controls import Controls, count_controls
from harness.replay.expect import RewardDifference, differences
from harness.replay.grading import ALL_WIRES
from harness.rollouts.read import line_number
from harness.runs.rows import Totals, read_rows
from harness.runs.store import Run

SHOWN = 10


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a replay came to."""

    run: Run
    totals: Totals
    changed: list[RewardDifference] | None
    """What differs from stored rewards; None where none were given."""
    controls: Controls | None
    """How rollouts made of records fared; None for a file of rollouts."""
    unusable: list[tuple[str, str]]
    """Place and problem of the first lines that were no rollouts."""

    def to_json(self) -> dict[str, Any]:
        """The run as one JSON object."""
        run, totals = self.run, self.totals
        summary: dict[str, Any] = {"run": str(run.folder), "rewards": str(run.rewards), **run.facts}
        summary["totals"] = totals.to_json()
        if run.facts["label"] is not None:
            judged = totals.agreed + totals.disagreed
            summary["agreement"] = totals.agreed / judged if judged else None
        if self.changed is not None:
            summary["differences"] = [one.to_json() for one in self.changed]
        if self.controls is not None:
            summary["controls"] = asdict(self.controls)
        if self.unusable:
            summary["unusable"] = [{"place": place, "message": said} for place, said in self.unusable]
        return summary

    def lines(self) -> Iterator[str]:
        """The run in a few lines for people."""
        facts, totals = self.run.facts, self.totals
        mean = "no rewards" if totals.mean is None else f"mean reward {totals.mean:.4f}"
        yield f"{totals.gradings:,} grading{'' if totals.gradings == 1 else 's'}, {mean}"
        if facts["target"].get("note"):
            yield f"note: {facts['target']['note']}"
        if self.controls is not None:
            yield from _control_lines(self.controls)
        if facts["label"] is not None:
            left = f" ({totals.unlabelled:,} without a verdict or a reward)" if totals.unlabelled else ""
            judged = totals.agreed + totals.disagreed
            yield f"agrees with {facts['label']} on {totals.agreed:,} of {judged:,}{left}"
        if facts["wire"] == ALL_WIRES:
            known = f"the wires disagree on {totals.wires:,}; `rft show {self.run.folder}` lists them"
            yield known if totals.wires else "every wire gives the same rewards"
        for kind, count in sorted(totals.errors.items()):
            yield f"no reward for {count:,}: {kind}"
        for place, message in self.unusable:
            yield f"  {place}: {message}"
        if self.changed is not None:
            yield from _difference_lines(self.changed)
        yield f"run: {self.run.folder}   next: rft show {self.run.folder}"


def summary_of(run: Run, totals: Totals, stored: list[tuple[Any, float | None]] | None = None) -> RunSummary:
    """Gather what a replay came to.

    Args:
        run: A run that is done.
        totals: What its rows add up to.
        stored: Pairs of id and reward to compare with.
    """
    changed = None
    if stored is not None:
        changed = differences(stored, ((row["id"], row["reward"]) for row in read_rows(run.rewards)))
    controls = _controls(run) if run.facts["input"]["derived"] else None
    unusable = _unusable(run) if totals.errors.get("input") else []
    return RunSummary(run, totals, changed, controls, unusable)


def _controls(run: Run) -> Controls:
    bounds = run.facts["grader"]["options"].get("range")
    return count_controls(((str(row["id"]), row["reward"]) for row in read_rows(run.rewards)), bounds)


def _unusable(run: Run) -> list[tuple[str, str]]:
    path = run.facts["rollouts"]
    kept = (
        row
        for row in read_rows(run.rewards)
        if row["repeat"] == 0 and (row["error"] or {}).get("kind") == "input"
    )
    return [
        (f"{path}:{line_number(path, row['at'])}", row["error"]["message"]) for row in islice(kept, SHOWN)
    ]


def _control_lines(controls: Controls) -> Iterator[str]:
    mine = "own reference as the completion:"
    if controls.own_highest is None or controls.other_lowest is None:  # the range is not known
        yield f"{mine} more reward than another record's on {controls.apart:,} of {controls.pairs:,}"
        return
    yield f"{mine} highest reward on {controls.own_highest:,} of {controls.own:,}"
    yield f"another record's reference:      lowest reward on {controls.other_lowest:,} of {controls.other:,}"
    for key in controls.below[:SHOWN]:
        yield f"  below the highest: {key}"


def _difference_lines(changed: list[RewardDifference]) -> Iterator[str]:
    yield f"{len(changed):,} differ from the stored rewards" if changed else "all as stored"
    for one in changed[:SHOWN]:
        yield f"  {one.id}: stored {_said(one.expected)}, now {_said(one.found)}"
    if len(changed) > SHOWN:
        yield f"  and {len(changed) - SHOWN:,} more; --json lists all"


def _said(reward: float | str | None) -> str:
    return "no reward" if reward is None else str(reward)
