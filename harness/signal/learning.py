"""Computes how well a job could learn from a run's rewards, and gives advice based on the result.

`signal_of(run)` returns a `Signal`, whose `verdict` advises to train or names the problem to fix first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from harness.api.cost import GROUP_SIZE
from harness.api.types import HYPERPARAMETERS
from harness.data.typed_json import as_json
from harness.runs.facts import Bounds, RunFacts
from harness.runs.rows import Totals
from harness.runs.store import Run
from harness.signal.advice import Advice, Grounds, advise
from harness.signal.correlation import within_groups
from harness.signal.noise import noise_of, noisy_groups
from harness.signal.reward_groups import RewardGroups
from harness.signal.statistic import Statistic, refused, share
from harness.signal.tally import GroupTally, MetricSums, Tally, gather
from harness.signal.zero_std import SizeForecast

__all__ = ["Component", "Signal", "signal_of"]

TEACHING: Final = 4
"""Number of groups that should teach something in each step, which is our choice. With fewer, a step is
mostly noise."""
SURE: Final = 0.95
"""Required probability that a step has at least `TEACHING` groups that teach something."""
_FEW = 10
_STILL = 1e-9
"""A spread smaller than this is considered a rounding error."""


@dataclass(frozen=True, slots=True)
class Component:
    """One metric and how it relates to the reward."""

    name: str
    n: int
    """Number of rollouts with both the metric and a reward."""
    mean: float
    spread: float
    """Standard deviation within groups."""
    correlation: float | None
    """Correlation with the reward within groups; None if either is constant in every group."""
    explained: float | None
    """Share of the reward's variance within groups that a linear fit on this metric explains. Shares of
    correlated metrics overlap, and do not add up."""


@dataclass(frozen=True, slots=True)
class Signal:
    """The statistics of a run that predict how a job would learn."""

    run: str
    rollouts: int
    """Number of graded rollouts."""
    rewarded: int
    """Number of graded rollouts with a reward."""
    groups: int
    """Number of records with a reward."""
    several: int
    """Number of records with two or more rewards."""
    bounds: Bounds | None
    errors: dict[str, int]
    """Number of rollouts without a reward, by kind."""
    values: dict[str, int] | None
    """Number of occurrences of each reward; None if more than ten rewards are distinct."""
    mean: Statistic
    """Mean reward, in which each record counts once."""
    at_floor: Statistic
    """Share of rewards at the bottom of the range."""
    at_top: Statistic
    zero_std: Statistic
    """Share of groups whose rewards are all equal."""
    all_lowest: Statistic
    """Share of groups whose rewards are all at the bottom of the range."""
    all_highest: Statistic
    all_between: Statistic
    """Share of groups whose rewards are all equal, but neither at the bottom nor at the top."""
    effective: Statistic
    """Share of rollouts in groups that teach something."""
    effective_by_weight: Statistic
    """Kish's effective sample size, with advantage sizes as weights, divided by the number of rollouts."""
    forecast: list[SizeForecast]
    group_size: int | None
    """Smallest group size at which half of the groups teach something; None if there is none."""
    batch_size: int | None
    """Smallest batch size with enough groups that teach something, at the service's assumed group size."""
    droppable: Statistic
    """Share of records whose next group is unlikely to teach anything."""
    components: list[Component]
    passed_over: int
    """Number of ignored metric values: those that are too large, and those of metrics after the first
    fifty."""
    noise: Statistic
    """Variance of repeats divided by the variance within groups."""
    noisy: Statistic
    """Share of the groups with different rewards in which rollouts differ only by the grader's noise."""
    agreement: Statistic
    """Share of yes/no labels with which the rewards agree."""
    length: Statistic
    """Correlation between reward and length within groups."""
    truncated: Statistic
    """Share of truncated completions."""
    truncated_mean: float | None
    """Mean reward of truncated completions."""
    unread: dict[str, Statistic]
    """Share of answers that the grader could not parse, by the metric that reports it."""
    seconds: float | None
    """Mean duration of a grading, in seconds."""
    verdict: Advice

    def to_json(self) -> dict[str, Any]:
        """Return the signal as JSON."""
        found: dict[str, Any] = as_json(self)
        return found


def signal_of(run: Run, bounds: Bounds | None = None) -> Signal:
    """Compute a run's statistics and advice.

    Args:
        run: A completed run.
        bounds: The grader's range, if the grader does not declare it.

    Raises:
        InputError: The run is not complete, its rewards cannot be read, or the range contradicts the
            grader's.
    """
    known, facts = run.bounds(bounds), run.facts
    return signal_from(gather(run.rows(), facts.repeats), facts, known, str(run.folder))


def signal_from(tally: Tally, facts: RunFacts, bounds: Bounds | None, folder: str = "") -> Signal:
    """Compute the statistics and advice from a tally. The other arguments describe its run."""
    several = tally.several
    rewards = RewardGroups((group.rewards for group in tally.groups.values()), bounds)
    forecast = rewards.forecast()
    judged: dict[str, Any] = {
        "bounds": bounds,
        "errors": dict(sorted(tally.errors.items())),
        "mean": rewards.mean(),
        "zero_std": rewards.zero_std(),
        "forecast": forecast,
        "noise": noise_of(tally.repeats, facts.repeats),
        "agreement": _agreement(facts),
        "length": _length(tally, several),
        "truncated": _truncated(tally),
        "unread": {
            name: share(sums.ones, sums.count, "rollouts")
            for name, sums in sorted(tally.metrics.items())
            if name == "unread" or name.endswith(".unread")
        },
    }
    low, high, between = rewards.zero_std_by_place()
    floor, top = rewards.at_the_ends()
    effective, by_weight = rewards.effective()
    unusable = sum(tally.errors.values()) - sum(group.missing for group in tally.groups.values())
    totals = facts.totals or Totals()
    grounds = Grounds(
        graded=tally.rollouts + unusable,
        all_lowest=low,
        all_highest=high,
        wires=totals.wires,
        fields=totals.fields,
        **judged,
    )
    return Signal(
        run=folder,
        rollouts=tally.rollouts,
        rewarded=rewards.rewards,
        groups=rewards.groups,
        several=rewards.several,
        values=_few_values(tally),
        at_floor=floor,
        at_top=top,
        all_lowest=low,
        all_highest=high,
        all_between=between,
        effective=effective,
        effective_by_weight=by_weight,
        group_size=_group_size(forecast),
        batch_size=_batch_size(forecast),
        droppable=rewards.droppable(),
        noisy=noisy_groups(tally.repeats, facts.repeats),
        components=_components(tally),
        passed_over=tally.passed_over,
        truncated_mean=_average(tally.truncated_rewards),
        seconds=tally.ms / tally.timed / 1000 if tally.timed else None,
        verdict=advise(grounds),
        **judged,
    )


def _average(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _few_values(tally: Tally) -> dict[str, int] | None:
    if len(tally.values) > _FEW:
        return None
    return {f"{value:g}": count for value, count in sorted(tally.values.items())}


def _group_size(forecast: Sequence[SizeForecast]) -> int | None:
    for one in forecast:
        if one.zero_std.value is not None and one.zero_std.value <= 0.5:
            return one.group_size
    return None


def _batch_size(forecast: Sequence[SizeForecast]) -> int | None:
    """Return the smallest batch size with enough groups that teach something, at the assumed group size."""
    zero = next((one.zero_std.value for one in forecast if one.group_size == GROUP_SIZE), None)
    largest = int(HYPERPARAMETERS["batch_size"].high)
    if zero is None:
        return None
    for size in range(TEACHING, largest + 1):
        too_few = math.fsum(
            math.comb(size, teach) * (1 - zero) ** teach * zero ** (size - teach) for teach in range(TEACHING)
        )
        if 1 - too_few >= SURE:
            return size
    return None


def _agreement(facts: RunFacts) -> Statistic:
    if facts.label is None or facts.totals is None:
        return refused("the run was replayed without --label", of="gradings")
    labels = facts.totals.labels
    return share(labels.true_above + labels.false_below, labels.told, "gradings")


def _length(tally: Tally, several: Sequence[GroupTally]) -> Statistic:
    rewards = sum(len(group.rewards) for group in tally.groups.values())
    if tally.measured_lengths < rewards:
        return refused("the run has no lengths: replay again", tally.measured_lengths)
    return within_groups([(group.lengths, group.rewards) for group in several])


def _truncated(tally: Tally) -> Statistic:
    if tally.finished < tally.rollouts or not tally.finished:
        what = f"{tally.finished:,} of {tally.rollouts:,} rollouts have a finish_reason"
        return refused(what, tally.finished, "rollouts")
    return share(tally.truncated, tally.finished, "rollouts")


def _components(tally: Tally) -> list[Component]:
    found = [_component(name, sums) for name, sums in tally.metrics.items()]
    return sorted(found, key=lambda one: (-abs(one.correlation or 0.0), one.name))


def _component(name: str, sums: MetricSums) -> Component:
    by_group = sums.by_group.values()
    metric = max(0.0, sums.squares - math.fsum(total * total / count for count, total, _ in by_group))
    reward = max(0.0, sums.rewards_squared - math.fsum(total * total / count for count, _, total in by_group))
    both = sums.products - math.fsum(one * other / count for count, one, other in by_group)
    freedom = sums.count - len(sums.by_group)
    spread = math.sqrt(metric / freedom) if freedom else 0.0
    telling = spread > _STILL and reward > _STILL
    correlation = max(-1.0, min(1.0, both / math.sqrt(metric * reward))) if telling else None
    explained = None if correlation is None else correlation**2
    return Component(name, sums.count, sums.total / sums.count, spread, correlation, explained)
