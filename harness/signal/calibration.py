"""Measures how well a grader, such as a judge, agrees with human labels and with itself.

`calibrate(run, ...)` returns a `Calibration`. Every grading counts and all rollouts have the same weight, so
the figures describe a single grading, as in training. The 95 % intervals treat the record as the independent
unit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from harness.data.sources import DataFile
from harness.data.typed_json import as_json
from harness.runs.facts import Bounds, known_bounds, middle_of
from harness.runs.labels import PLAIN
from harness.runs.rows import QUESTIONS, metrics_named, no_rewards
from harness.runs.store import Run
from harness.signal.graded_rollouts import GradedRollouts, reasons_of, rows_of
from harness.signal.held_to_labels import Confusion, Disagreement, HeldToLabels
from harness.signal.human_labels import HumanLabels, LabelReading
from harness.signal.label_source import FileLabels, LabelSource, RunLabels
from harness.signal.noise import noise_of
from harness.signal.repeatability import NeededRepeats, Regraded, flips_of, needed_repeats, noise_of_total
from harness.signal.statistic import Statistic, refused
from harness.signal.tally import Tally, gather
from harness.signal.trust import Rater, Trust, TrustGrounds, trust_in

__all__ = ["Calibration", "GradingCost", "calibrate"]


@dataclass(frozen=True, slots=True)
class GradingCost:
    """Average cost of one grading, from the metrics that the grader reports."""

    calls: float | None
    """Number of judge calls; None if the grader does not count them."""
    usd: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """A grader's reliability, measured from a run with labels or repeats."""

    run: str
    metric: str | None
    """The metric that is compared with labels; None for the reward."""
    labels: tuple[str, ...]
    """The label fields, one per rater; the grader is compared with the first."""
    kind: Literal["yes or no", "numbers"] | None
    """Type of the labels; None without labels."""
    bounds: Bounds | None
    repeats: int
    rollouts: int
    """Number of rollouts with a reward."""
    labeled: int
    """Number of rollouts with a reward and a label."""
    gradings: int
    errors: dict[str, int]
    """Number of gradings without a reward, by kind."""
    kappa: Statistic
    """Cohen's kappa between a single grading and the label, with quadratic weights for numeric labels."""
    agreement: Statistic
    """Share of gradings that agree with the label."""
    paid_no: Statistic
    """Share of the gradings labeled no that have a reward above the middle of the range."""
    unpaid_yes: Statistic
    """Share of the gradings labeled yes that have a reward at or below the middle of the range."""
    off_by: float | None
    """Mean absolute difference between the reward and a numeric label."""
    confusion: Confusion | None
    """The confusion table; None if there are no labels, or too many distinct ones."""
    raters: list[Rater]
    """Agreement of the other raters with the first rater and with the grader."""
    flips: Statistic
    """Share of same-rollout pairs of gradings that have different rewards."""
    verdict_flips: Statistic
    """Share of same-rollout pairs of gradings that lie on opposite sides of the middle of the range."""
    noise: Statistic
    """Variance of repeats divided by the variance within records, as in `rft signal`."""
    noise_of_total: Statistic
    """Variance of repeats divided by the variance of all gradings."""
    needed: NeededRepeats
    cost: GradingCost
    position_bias: Statistic
    """Share of verdicts for the label listed first, minus the share expected if order had no effect."""
    first_chosen: float | None
    """Share of verdicts for the label listed first; None if not measured."""
    disagreeing: int
    """Number of rollouts with at least one grading that disagrees with the label."""
    disagreements: list[Disagreement]
    """The largest disagreements, worst first."""
    trust: Trust

    def to_json(self) -> dict[str, Any]:
        """Return the calibration as JSON."""
        found: dict[str, Any] = as_json(self)
        return {**found, "sentence": self.trust.sentence}


def calibrate(
    run: Run,
    labels: Sequence[str] = (),
    scale: LabelReading | None = None,
    bounds: Bounds | None = None,
    *,
    file: DataFile | None = None,
    metric: str | None = None,
    target_noise: float = 0.2,
    worst: int | None = 5,
) -> Calibration:
    """Compare a run's grader with labels and with its own repeats.

    Args:
        run: A completed run.
        labels: The label fields, one per rater; if empty, the label field of the replay is used.
        scale: The rule for interpreting labels; None to use the run's setting.
        bounds: The grader's range, if the grader does not declare it; with `metric`, the metric's range.
        file: A file to read the labels from, by ID, instead of the run or its rollouts.
        metric: A metric to compare with the labels instead of the reward.
        target_noise: The acceptable share of noise in the variance.
        worst: Maximum number of disagreements to keep; None keeps all.

    Raises:
        InputError: The run is not complete or has no rewards, labels cannot be compared with its rewards, or
            the range contradicts the grader's.
    """
    facts, totals = run.facts, run.totals
    if not totals.rewards:
        raise no_rewards(run.rewards, totals.errors)
    names = tuple(dict.fromkeys(labels)) or ((facts.label,) if facts.label is not None else ())
    if metric is None:
        known = run.bounds(bounds)
    else:
        known = known_bounds(None, bounds or (0.0, 1.0))
    source: LabelSource = RunLabels(run, names) if file is None else FileLabels(file, names)
    as_replayed = scale is None and file is None and names[:1] == (facts.label,)
    people = HumanLabels(source, scale or LabelReading(facts.label_rule if as_replayed else PLAIN), known)
    reading = GradedRollouts(people)
    tally = gather(reading.of(rows_of(run, metric, known)), facts.repeats)
    if names:
        people.check()
    rollouts = {at: one for at, one in reading.rollouts.items() if one.rewards}
    middle, failed = middle_of(known), sum(reading.errors.values())
    held = HeldToLabels(rollouts, names, middle, people.scale.rule)
    regraded = [Regraded(one.record, one.rewards) for one in rollouts.values()]
    inner, total = (
        noise_of(tally.repeats, facts.repeats),
        noise_of_total(regraded, facts.repeats),
    )
    by_record = inner.value is not None or total.value is None
    noise, where = (inner, "within records") if by_record else (total, "over all gradings")
    kappa, raters = held.kappa(), held.raters()
    disagreeing, disagreements = held.disagreements(worst)
    reasons = reasons_of(rows_of(run, metric, known), disagreements, held)
    gradings = sum(len(one.rewards) for one in rollouts.values()) + failed
    position_bias, first_chosen = reading.position_bias()
    grounds = TrustGrounds(
        label=names[0] if names else None,
        kappa=kappa,
        noise=noise,
        noise_of=where,
        position_bias=position_bias,
        labeled=held.labeled,
        rarer=held.rarer,
        raters=raters,
        gradings=gradings,
        failed=failed,
        unlabeled=len(rollouts) - held.labeled,
        unmatched=source.unmatched,
        seen=[name for name in names if source.was_seen(name)],
    )
    no_range = refused("the grader's range is not known; add --range LOW HIGH", of="rollouts")
    return Calibration(
        run=str(run.folder),
        metric=metric,
        labels=names,
        kind=None if not names else "numbers" if people.numeric else "yes or no",
        bounds=known,
        repeats=facts.repeats,
        rollouts=len(rollouts),
        labeled=held.labeled,
        gradings=gradings,
        errors=dict(sorted(reading.errors.items())),
        kappa=kappa,
        agreement=held.agreement(),
        paid_no=held.wrong(label=False),
        unpaid_yes=held.wrong(label=True),
        off_by=held.off_by,
        confusion=held.confusion(),
        raters=raters,
        flips=flips_of(regraded, facts.repeats),
        verdict_flips=no_range if middle is None else flips_of(regraded, facts.repeats, middle),
        noise=inner,
        noise_of_total=total,
        needed=needed_repeats(noise, where, target_noise),
        cost=GradingCost(_each_took(tally, QUESTIONS), _each_took(tally, "judge_usd")),
        position_bias=position_bias,
        first_chosen=first_chosen,
        disagreeing=disagreeing,
        disagreements=[replace(one, reason=reasons.get(one.at)) for one in disagreements],
        trust=trust_in(grounds),
    )


def _each_took(tally: Tally, name: str) -> float | None:
    """Return the average cost per rewarded rollout, over all judges of a grader, or None if none is reported.

    All rewarded rollouts are counted, because a cascade that ends before it calls its judge reports no cost.
    """
    found = [tally.metrics[metric].total for metric in metrics_named(name, tally.metrics)]
    return math.fsum(found) / sum(len(group.rewards) for group in tally.groups.values()) if found else None
