"""Two runs compared: the same rollouts under two graders, or the same records under two models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from harness.data.typed_json import as_json
from harness.errors import InputError
from harness.runs.facts import Bounds, known_bounds, middle_of
from harness.runs.store import Run
from harness.signal.intervals import Pair, compare
from harness.signal.joined import Joined, join
from harness.signal.label_agreement import LabelComparison, compare_labels
from harness.signal.reordered import Reordering, reordered

__all__ = ["Comparison", "compare_runs"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the second run changes."""

    was: str
    """The first run's folder."""
    now: str
    by: Literal["place", "completion", "record"]
    """What both runs have in common: lines of one file, completions, or records alone."""
    only_was: int
    """Rollouts that only the first run graded."""
    only_now: int
    order: Reordering | None
    """How rewards and their order change; None where the runs share no completion."""
    records: Pair | None
    """Mean reward record by record, over all rollouts of both; None where no record has a reward in both."""
    common_records: int
    labels: LabelComparison | None
    """None where there is no label, or the range is not known."""
    why_no_labels: str | None

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON."""
        found: dict[str, Any] = as_json(self)
        return {**found, "records": self.records and self.records.to_json()}


def compare_runs(was: Run, now: Run, bounds: Bounds | None = None) -> Comparison:
    """Compare two runs.

    Args:
        was: The first run.
        now: The second one; what it changes is told.
        bounds: The graders' range, where they do not declare it.

    Raises:
        InputError: A run is not done, nothing is common to both, or their rollouts cannot be read again.
    """
    _ = was.totals, now.totals  # refuses runs that are not done
    joined = join(was, now)
    common = joined.means_was.keys() & joined.means_now.keys()
    if not joined.groups and not common:
        raise InputError(
            "the runs have no record in common",
            place=f"{was.folder} and {now.folder}",
            fix="Compare two runs of the same rollouts, or of the same records.",
        )
    order = None
    if joined.groups:
        order = reordered((name, [one.both for one in group]) for name, group in joined.groups.items())
    labels, why = _labels(joined, was, now, bounds)
    return Comparison(
        was=str(was.folder),
        now=str(now.folder),
        by=joined.by if joined.groups else "record",
        only_was=joined.only_was,
        only_now=joined.only_now,
        order=order,
        records=compare(joined.means_was, joined.means_now),
        common_records=len(common),
        labels=labels,
        why_no_labels=why,
    )


def _labels(
    joined: Joined, was: Run, now: Run, bounds: Bounds | None
) -> tuple[LabelComparison | None, str | None]:
    """Both graders against the label, or why there is no such comparison."""
    facts = was.facts if was.facts.label is not None else now.facts
    if facts.label is None:
        return None, "neither run names a label; replay with --label FIELD"
    if not joined.groups:
        return None, "the runs share no completion"
    declared = was.facts.bounds or now.facts.bounds
    middle = middle_of(known_bounds(declared, bounds))
    if middle is None:
        return None, "the grader's range is not known; add --range LOW HIGH"
    found = compare_labels(joined.groups.values(), facts.label, facts.label_rule, middle)
    if not found.rollouts:
        return None, f"no common rollout has a yes or no in {facts.label}"
    return found, None
