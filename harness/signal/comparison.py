"""Compares two runs, either of the same rollouts with two graders or of the same records with two models."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from harness.data.typed_json import as_json
from harness.errors import InputError
from harness.runs.facts import Bounds, check_bounds, middle_of
from harness.runs.labels import LabelRule
from harness.runs.store import Run
from harness.signal.intervals import Pair, compare
from harness.signal.joined import (
    Joined,
    Labeled,
    join_by_completion,
    join_by_place,
    same_file,
    verdicts_by_record,
)
from harness.signal.label_agreement import Agreement, LabelComparison, Verdict, agreement
from harness.signal.reordered import Reordering, ZeroStdChange, reordered, zero_std_change

__all__ = ["Comparison", "JoinBy", "compare_runs"]

JoinBy: TypeAlias = Literal["rollout", "record"]
"""The unit of comparison: each rollout, or each record's mean."""

_ENOUGH = 0.5
"""Share of the smaller run's rollouts that must match for a comparison by rollout."""
_NEARLY_ALL = 0.95
"""Share that must match if both runs have the same grader. This share is higher, because two models may give
the same short answers by chance."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences between two runs."""

    was: str
    """The first run's folder."""
    now: str
    by: Literal["place", "completion", "record"]
    """How the runs were joined: by line of the same file, by completion, or only by record."""
    only_was: int
    """Number of rollouts (records if compared by record) that only the first run has."""
    only_now: int
    mean_was: float | None
    """Mean reward over the compared rollouts; None if they have no rewards."""
    mean_now: float | None
    order: Reordering | None
    """Changes in the rewards and their order; None if compared by record."""
    zero_std: ZeroStdChange
    records: Pair | None
    """Comparison of mean rewards by record, over the rollouts with a reward in both runs."""
    common_records: int
    labels: LabelComparison | None
    """Agreement of both runs with the labels; None if there are no labels or the range is unknown."""
    why_no_labels: str | None
    remarks: list[str]
    """Remarks on how the runs were compared."""

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON, with samples as objects."""
        found: dict[str, Any] = as_json(self)
        if self.order is not None:
            found["order"]["samples"] = [one._asdict() for one in self.order.samples]
        return {**found, "records": self.records and self.records.to_json()}


def compare_runs(was: Run, now: Run, bounds: Bounds | None = None, by: JoinBy | None = None) -> Comparison:
    """Compare two runs.

    Runs of the same file are compared by rollout. Runs of two files are too if at least half of the rollouts
    (nearly all, with the same grader) match by record and completion. Other runs are compared by record, as
    runs of two models.

    Args:
        was: The first run.
        now: The second run. Changes are reported from the first run to the second.
        bounds: The grader's range if it does not declare one.
        by: The unit of comparison; None to choose it by the rollouts that the runs have in common.

    Raises:
        InputError: A run is not complete, the runs have nothing in common, or rollouts can no longer be read.
    """
    _ = was.totals, now.totals  # raises an error for an incomplete run
    if bounds is not None:
        check_bounds(bounds)
    remarks = list(_remarks(was, now))
    sides = _Sides(was, now, bounds)
    joined = None if by == "record" else _joined(was, now, by, remarks)
    return _by_record(sides, remarks) if joined is None else _by_rollout(joined, sides, remarks)


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both runs, and the rules for comparing their rewards with labels."""

    was: Run
    now: Run
    bounds: Bounds | None

    @property
    def label(self) -> str | None:
        """The label field. If the runs have different ones, the first run's."""
        return self.was.facts.label or self.now.facts.label

    def terms(self, run: Run) -> tuple[LabelRule, float | None]:
        """Return the rule for interpreting labels, and the middle of the run's range."""
        asked = run if run.facts.label is not None else self.now if run is self.was else self.was
        return asked.facts.label_rule, middle_of(run.fitting(run.facts.bounds or self.bounds))


def _remarks(was: Run, now: Run) -> Iterator[str]:
    one, other = was.facts, now.facts
    if one.bounds is not None and other.bounds is not None and one.bounds != other.bounds:
        yield "the graders' ranges differ: compare the order within records, not rewards and means"
    if max(one.repeats, other.repeats) > 1:
        yield "only the first of repeated gradings counts"
    if one.label is not None and other.label is not None and one.label != other.label:
        yield f"the labels differ: {one.label} is used, or {other.label} where a rollout has no {one.label}"
    for run in (was, now):
        if bad := run.totals.errors.get("input"):
            yield f"{bad:,} gradings of {run.folder.name} are of lines that are not rollouts"


def _joined(was: Run, now: Run, by: JoinBy | None, remarks: list[str]) -> Joined | None:
    """Join the rollouts of both runs; return None if the runs have to be compared by record."""
    if same_file(was, now):
        return join_by_place(was, now)
    one, other = was.facts.grader, now.facts.grader  # graders in the same file have the same hash
    same_grader = one.sha256 is not None and (one.ref, one.sha256) == (other.ref, other.sha256)
    if by is None and same_grader and (why := was.why_unreadable() or now.why_unreadable()):
        remarks.append(f"compared by record, as two models, because completions cannot be read: {why}")
        return None
    joined = join_by_completion(was, now)
    smaller = joined.rollouts + min(joined.only_was, joined.only_now)
    if by is None and joined.rollouts < (_NEARLY_ALL if same_grader else _ENOUGH) * smaller:
        remarks.append(
            f"compared by record, as two models: {joined.rollouts:,} of {smaller:,} rollouts are in both runs"
        )
        return None
    if not joined.rollouts:
        raise InputError(
            "the runs have no completion in common",
            place=f"{was.folder} and {now.folder}",
            fix="Leave out --by rollout.",
        )
    return joined


def _by_rollout(joined: Joined, sides: _Sides, remarks: list[str]) -> Comparison:
    groups = joined.groups
    order = reordered((name, [one.both for one in group]) for name, group in groups.items())
    labels, why = _labels(groups, sides)
    was = {name: [x.both.was for x in group if x.both.was is not None] for name, group in groups.items()}
    now = {name: [x.both.now for x in group if x.both.now is not None] for name, group in groups.items()}
    means: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for name, group in groups.items():
        known = [(x.both.was, x.both.now) for x in group if x.both.was is not None and x.both.now is not None]
        if known:
            means[0][name] = math.fsum(one for one, _ in known) / len(known)
            means[1][name] = math.fsum(other for _, other in known) / len(known)
    return Comparison(
        was=str(sides.was.folder),
        now=str(sides.now.folder),
        by=joined.by,
        only_was=joined.only_was,
        only_now=joined.only_now,
        mean_was=_mean(was),
        mean_now=_mean(now),
        order=order,
        zero_std=zero_std_change((name, was[name], now[name]) for name in groups),
        records=compare(*means),
        common_records=len(groups),
        labels=labels,
        why_no_labels=why,
        remarks=remarks,
    )


def _by_record(sides: _Sides, remarks: list[str]) -> Comparison:
    ones, others = verdicts_by_record(sides.was), verdicts_by_record(sides.now)
    common = [name for name in ones if name in others]
    if not common:
        raise InputError(
            "the runs have no record in common",
            place=f"{sides.was.folder} and {sides.now.folder}",
            fix="Compare two runs of the same rollouts, or of the same records.",
        )
    was, now = _rewards(ones, common), _rewards(others, common)
    agreements = [
        agreement([side[name] for name in common], *sides.terms(run))
        for side, run in ((ones, sides.was), (others, sides.now))
    ]
    labels, why = _label_comparison(sides, agreements[0], agreements[1], None, None)
    return Comparison(
        was=str(sides.was.folder),
        now=str(sides.now.folder),
        by="record",
        only_was=len(ones) - len(common),
        only_now=len(others) - len(common),
        mean_was=_mean(was),
        mean_now=_mean(now),
        order=None,
        zero_std=zero_std_change((name, was[name], now[name]) for name in common),
        records=compare(_means(was), _means(now)),
        common_records=len(common),
        labels=labels,
        why_no_labels=why,
        remarks=remarks,
    )


def _labels(
    groups: Mapping[str, Sequence[Labeled]], sides: _Sides
) -> tuple[LabelComparison | None, str | None]:
    """Return the comparison of both graders with the labels, or None and the reason for its absence."""
    if sides.label is None:
        return None, "neither run names a label; replay with --label FIELD"
    (rule, middle), (rule_now, middle_now) = sides.terms(sides.was), sides.terms(sides.now)
    mended = broken = 0
    for group in groups.values():
        for (_, was, now, *_rest), label in group:
            agreed, agrees = rule.agreement(was, label, middle), rule_now.agreement(now, label, middle_now)
            mended += agreed is False and agrees is True
            broken += agreed is True and agrees is False
    # Test both on the same completions, or a grader that fails on hard ones would look better.
    both = [[x for x in group if None not in (x.both.was, x.both.now)] for group in groups.values()]
    one = agreement(([(x.both.was, x.label) for x in group] for group in both), rule, middle)
    other = agreement(([(x.both.now, x.label) for x in group] for group in both), rule_now, middle_now)
    return _label_comparison(sides, one, other, mended, broken)


def _label_comparison(
    sides: _Sides, one: Agreement, other: Agreement, mended: int | None, broken: int | None
) -> tuple[LabelComparison | None, str | None]:
    label = sides.label
    if label is None:
        return None, "neither run names a label; replay with --label FIELD"
    if one.rollouts and other.rollouts:
        return LabelComparison(label, other.rollouts, one, other, mended, broken), None
    if None in (sides.terms(sides.was)[1], sides.terms(sides.now)[1]):
        return None, "a grader's range is not known; add --range LOW HIGH"
    return None, f"not both runs have rewards and labels in {label}"


def _rewards(groups: Mapping[str, Sequence[Verdict]], common: Sequence[str]) -> dict[str, list[float]]:
    return {name: [reward for reward, _ in groups[name] if reward is not None] for name in common}


def _mean(groups: Mapping[str, Sequence[float]]) -> float | None:
    count = sum(map(len, groups.values()))
    return math.fsum(reward for rewards in groups.values() for reward in rewards) / count if count else None


def _means(groups: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: math.fsum(rewards) / len(rewards) for name, rewards in groups.items() if rewards}
