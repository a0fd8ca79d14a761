"""Whether a job could learn anything from a run's rewards: its statistics, and the sentence they come to.

`signal_of(run)` returns a `Signal`, whose `verdict` says whether to train, or what to mend first.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from harness.api.cost import GROUP_SIZE
from harness.api.types import HYPERPARAMETERS
from harness.data.typed_json import as_json
from harness.runs.facts import Bounds, RunFacts, known_bounds
from harness.runs.rows import read_rows
from harness.runs.store import Run
from harness.signal.advice import Advice, Grounds, advise
from harness.signal.correlation import within_groups
from harness.signal.groups import TOLERANCE
from harness.signal.statistic import GROUPS, ROLLOUTS, Statistic, around, over_groups, refused, share
from harness.signal.tally import GroupTally, MetricSums, Tally, gather, variance_of
from harness.signal.zero_std import SizeForecast, chance_others, forecast_zero_std, partition_of

__all__ = ["Component", "Signal", "droppable_groups", "signal_of"]

MIXED: Final = 0.2
"""A zero-std record is worth dropping where its next group differs less likely than this. Our choice."""
TEACHING: Final = 4
"""Groups that should teach something in a step, whose mean over fewer is mostly noise. Our choice."""
SURE: Final = 0.95
"""How surely a step should hold that many."""
NO_RANGE: Final = "the grader's range is not known; add --range LOW HIGH"
ONCE: Final = "graded once each; replay with --repeats 3"
_FEW = 10
_STILL = 1e-9
"""A spread below this is rounding."""


@dataclass(frozen=True, slots=True)
class Component:
    """One metric beside the reward."""

    name: str
    n: int
    """Rollouts that have both."""
    mean: float
    spread: float
    """Standard deviation within groups."""
    correlation: float | None
    """With the reward, within groups; None where either is the same in every group."""
    explained: float | None
    """Share of the reward's variance within groups that a straight line on this metric explains; where
    metrics move together, these shares overlap and do not add up."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What a run says about a job, before it is paid for."""

    run: str
    rollouts: int
    """Rollouts that were graded."""
    rewarded: int
    """Of these, with a reward."""
    groups: int
    """Records with a reward."""
    several: int
    """Of these, with two rewards or more."""
    bounds: Bounds | None
    errors: dict[str, int]
    """Rollouts without a reward, by kind."""
    values: dict[str, int] | None
    """How often each reward occurs; None where there are more than ten different ones."""
    mean: Statistic
    """Mean reward, each record counting once."""
    at_floor: Statistic
    """Share of the rewards at the floor of the range."""
    at_top: Statistic
    zero_std: Statistic
    """Share of groups whose rewards are all equal."""
    all_lowest: Statistic
    """Share of groups whose rewards are all at the floor."""
    all_highest: Statistic
    all_between: Statistic
    """Share of groups whose rewards are all equal, and neither at the floor nor at the top."""
    effective: Statistic
    """Share of the rollouts that stand in a group from which something is learned."""
    effective_by_weight: Statistic
    """Kish's effective sample size, with the size of the advantage as the weight, over the rollouts."""
    forecast: list[SizeForecast]
    group_size: int | None
    """The smallest group size at which half of the groups teach something; None where none does."""
    batch_size: int | None
    """The smallest batch size with enough groups that teach at the size the service is assumed to use."""
    droppable: Statistic
    """Share of records whose next group would hardly ever teach anything."""
    components: list[Component]
    noise: Statistic
    """Variance of repeats over the variance within groups."""
    noisy: Statistic
    """Share of the groups that differ whose rollouts differ no more than the repeats of one rollout."""
    length: Statistic
    """Correlation of reward and length within groups."""
    truncated: Statistic
    """Share of completions that were cut off."""
    truncated_mean: float | None
    """Mean reward of these."""
    unread: dict[str, Statistic]
    """Share of answers that could not be read, by metric."""
    seconds: float | None
    """Mean duration of a grading."""
    verdict: Advice

    def to_json(self) -> dict[str, Any]:
        """The signal as JSON."""
        found: dict[str, Any] = as_json(self)
        return found


def signal_of(run: Run, bounds: Bounds | None = None) -> Signal:
    """Compute a run's statistics, and what they come to.

    Args:
        run: A run that is done.
        bounds: The grader's range, where the grader does not declare it.

    Raises:
        InputError: The run is not done, its rewards cannot be read, or the range contradicts the grader's.
    """
    _ = run.totals  # refuses a run that is not done
    facts = run.facts
    known = known_bounds(facts.grader.bounds, bounds or facts.range)
    return signal_from(gather(read_rows(run.rewards), facts.repeats), facts, known, str(run.folder))


def signal_from(tally: Tally, facts: RunFacts, bounds: Bounds | None, folder: str = "") -> Signal:
    """Compute the statistics of what was gathered; arguments as the run has them."""
    several, mean_of = tally.several, {} if bounds is None else {"low": bounds[0], "high": bounds[1]}
    partitions = Counter(partition_of(group.rewards, tally.two_values) for group in several)
    zero = [group for group in several if _is_flat(group)]
    forecast = forecast_zero_std(partitions, two_valued=tally.two_values is not None)
    judged: dict[str, Any] = {
        "bounds": bounds,
        "errors": dict(sorted(tally.errors.items())),
        "mean": over_groups([_mean(group) for group in tally.groups.values() if group.rewards], **mean_of),
        "zero_std": share(len(zero), len(several)),
        "forecast": forecast,
        "noise": _noise(tally, several, facts.repeats),
        "length": _length(tally, several),
        "truncated": _truncated(tally),
        "unread": {
            name: share(sums.ones, sums.count, "rollouts")
            for name, sums in sorted(tally.metrics.items())
            if name == "unread" or name.endswith(".unread")
        },
    }
    low, high, between = _zero_by_place(zero, len(several), bounds)
    floor, top = _at_the_ends(tally, bounds)
    effective, by_weight = _effective(several)
    unusable = sum(tally.errors.values()) - sum(group.missing for group in tally.groups.values())
    grounds = Grounds(graded=tally.rollouts + unusable, all_lowest=low, all_highest=high, **judged)
    return Signal(
        run=folder,
        rollouts=tally.rollouts,
        rewarded=sum(len(group.rewards) for group in tally.groups.values()),
        groups=sum(bool(group.rewards) for group in tally.groups.values()),
        several=len(several),
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
        droppable=_droppable(tally, bounds),
        noisy=_noisy(tally, facts.repeats),
        components=_components(tally),
        truncated_mean=_average(tally.truncated_rewards),
        seconds=tally.ms / tally.timed / 1000 if tally.timed else None,
        verdict=advise(grounds),
        **judged,
    )


def _average(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _mean(group: GroupTally) -> float:
    return math.fsum(group.rewards) / len(group.rewards)


def _is_flat(group: GroupTally) -> bool:
    return max(group.rewards) - min(group.rewards) <= TOLERANCE


def _few_values(tally: Tally) -> dict[str, int] | None:
    if len(tally.values) > _FEW:
        return None
    return {f"{value:g}": count for value, count in sorted(tally.values.items())}


def _zero_by_place(
    zero: Sequence[GroupTally], several: int, bounds: Bounds | None
) -> tuple[Statistic, Statistic, Statistic]:
    """Zero-std groups at the floor, at the top, and elsewhere."""
    if bounds is None:
        unknown = refused(NO_RANGE, several)
        return unknown, unknown, unknown
    low = sum(group.rewards[0] <= bounds[0] + TOLERANCE for group in zero)
    high = sum(group.rewards[0] >= bounds[1] - TOLERANCE for group in zero)
    return share(low, several), share(high, several), share(len(zero) - low - high, several)


def _at_the_ends(tally: Tally, bounds: Bounds | None) -> tuple[Statistic, Statistic]:
    """Shares of the rewards at both ends of the range; each record counts once."""
    groups = [group.rewards for group in tally.groups.values() if group.rewards]
    if bounds is None:
        unknown = refused(NO_RANGE, len(groups))
        return unknown, unknown
    low, high = bounds[0] + TOLERANCE, bounds[1] - TOLERANCE
    floor = [sum(reward <= low for reward in rewards) / len(rewards) for rewards in groups]
    top = [sum(reward >= high for reward in rewards) / len(rewards) for rewards in groups]
    rollouts = sum(map(len, groups))
    return _mean_share(floor, rollouts), _mean_share(top, rollouts)


def _mean_share(shares: Sequence[float], rollouts: int) -> Statistic:
    """The mean of a share in each group."""
    count = len(shares)
    if count < GROUPS:
        return refused(f"{count} groups, and it takes {GROUPS}", count)
    return around(math.fsum(shares) / count, variance_of(shares) / count, count, rollouts)


def _effective(several: Sequence[GroupTally]) -> tuple[Statistic, Statistic]:
    """How many of the rollouts teach: those in groups that are not zero-std, and the same by weight.

    By weight it is Kish's effective sample size, (sum w)^2 / sum w^2, with the size of the advantage,
    |reward - mean| / std, as w. Both are ratios of sums over the groups; their variance is that of the ratio
    linearized (Taylor).
    """
    rollouts = sum(len(group.rewards) for group in several)
    count = len(several)
    if count < GROUPS or rollouts < ROLLOUTS:
        unknown = refused(f"{count} groups of two rewards or more, and it takes {GROUPS}", count)
        return unknown, unknown
    weights = [_weight(group) for group in several]
    used = [
        0 if weight == 0.0 else len(group.rewards) for weight, group in zip(weights, several, strict=True)
    ]
    weight, useful = math.fsum(weights), sum(used)
    share = useful / rollouts
    by_weight = weight * weight / useful / rollouts if useful else 0.0
    plain = kish = 0.0
    for one, teach, group in zip(weights, used, several, strict=True):
        part = len(group.rewards) / rollouts
        plain += (teach / rollouts - share * part) ** 2
        if useful:
            kish += (by_weight * (2 * one / weight - teach / useful - part)) ** 2
    scale = count / (count - 1)
    return around(share, plain * scale, count, rollouts), around(by_weight, kish * scale, count, rollouts)


def _weight(group: GroupTally) -> float:
    """The sum of the sizes of a group's advantages; 0 for a zero-std group."""
    if _is_flat(group):
        return 0.0
    mean = _mean(group)
    away = [abs(reward - mean) for reward in group.rewards]
    return math.fsum(away) / math.sqrt(math.fsum(one * one for one in away) / len(away))


def _group_size(forecast: Sequence[SizeForecast]) -> int | None:
    for one in forecast:
        if one.zero_std.value is not None and one.zero_std.value <= 0.5:
            return one.group_size
    return None


def _batch_size(forecast: Sequence[SizeForecast]) -> int | None:
    """The smallest batch with enough groups that teach, at the group size that we assume of the service."""
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


def _droppable(tally: Tally, bounds: Bounds | None) -> Statistic:
    several = len(tally.several)
    if bounds is None:
        return refused(NO_RANGE, several)
    if several < GROUPS:
        return refused(f"{several} groups of two rewards or more, and it takes {GROUPS}", several)
    return share(len(droppable_groups(tally, bounds)), several)


def droppable_groups(tally: Tally, bounds: Bounds) -> frozenset[str]:
    """The groups whose rewards are all at one end of the range, and are expected to stay there.

    Args:
        tally: A run's rewards, of ten groups of two rewards or more.
        bounds: The grader's range.
    """
    found: set[str] = set()
    for end in bounds:
        pairs = {name: _pair_at(end, group) for name, group in tally.groups.items() if len(group.rewards) > 1}
        chances = chance_others(Counter(pairs.values()), GROUP_SIZE)
        found.update(name for name, (hits, others) in pairs.items() if not others and chances[hits] < MIXED)
    return frozenset(found)


def _pair_at(end: float, group: GroupTally) -> tuple[int, int]:
    """How many of a group's rewards are at one end of the range, and how many are not."""
    hits = sum(abs(reward - end) <= TOLERANCE for reward in group.rewards)
    return hits, len(group.rewards) - hits


def _within(several: Sequence[GroupTally]) -> tuple[float, int]:
    """Squares of the rewards around their groups' means, and the degrees of freedom."""
    squares = math.fsum((reward - _mean(group)) ** 2 for group in several for reward in group.rewards)
    return squares, sum(len(group.rewards) - 1 for group in several)


def _noise(tally: Tally, several: Sequence[GroupTally], repeats: int) -> Statistic:
    again = tally.repeats
    if repeats < 2:
        return refused(ONCE, of="rollouts")
    if again.rollouts < ROLLOUTS or len(several) < GROUPS:
        what = f"{again.rollouts} rollouts were graded again, and it takes {ROLLOUTS} in {GROUPS} groups"
        return refused(what, again.rollouts, "rollouts")
    squares, freedom = _within(several)
    noise, spread = again.squares / again.rollouts, squares / freedom
    if spread <= 0.0:
        if noise <= 0.0:
            return refused("the rewards never differ within a group", again.rollouts, "rollouts")
        return Statistic(1.0, None, None, again.rollouts, "rollouts")
    return Statistic(min(1.0, noise / spread), None, None, again.rollouts, "rollouts")


def _noisy(tally: Tally, repeats: int) -> Statistic:
    """Groups whose rollouts differ by chance alone, as far as the repeats can tell.

    One-way analysis of variance in each group: the rollouts do not differ where the mean square between them
    is not larger than that between repeats, so that the estimate of their own variance is not above 0
    (Searle, Casella and McCulloch (1992), "Variance Components").
    """
    if repeats < 2:
        return refused(ONCE, of="groups")
    spread = noisy = 0
    for rollouts in tally.repeats.by_group.values():
        between = [math.fsum(rewards) / len(rewards) for rewards in rollouts]
        if len(between) < 2 or max(between) - min(between) <= TOLERANCE:
            continue
        spread += 1
        among = math.fsum(map(variance_of, rollouts)) / len(rollouts)
        noisy += repeats * variance_of(between) <= among
    if spread < GROUPS:
        return refused(f"{spread} groups whose mean rewards differ, and it takes {GROUPS}", spread)
    return share(noisy, spread)


def _length(tally: Tally, several: Sequence[GroupTally]) -> Statistic:
    rewards = sum(len(group.rewards) for group in tally.groups.values())
    if tally.measured_lengths < rewards:
        return refused("the run holds no lengths: replay again", tally.measured_lengths)
    return within_groups([(group.lengths, group.rewards) for group in several])


def _truncated(tally: Tally) -> Statistic:
    if tally.finished < tally.rollouts or not tally.finished:
        what = f"{tally.finished:,} of {tally.rollouts:,} rollouts have a finish_reason"
        return refused(what, tally.finished, "rollouts")
    return share(tally.truncated, tally.finished, "rollouts")


def _components(tally: Tally) -> list[Component]:
    """The metrics that differ within groups, those that go most with the reward first."""
    rewards = sum(len(group.rewards) for group in tally.groups.values())
    found = [_component(name, sums) for name, sums in tally.metrics.items()]
    whole = [one for one in found if one.n == rewards]
    return sorted(whole, key=lambda one: (-abs(one.correlation or 0.0), one.name))


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
