"""What a job's reward has bred: the policy before and after, from a job's draws and policies.

Expectations are exact sums over the recorded completions, not samples: expected rewards of every checkpoint
on the training groups and on held-out ones, which completions gained and lost probability, which groups
never moved, and what became of the length. Nothing is graded here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from harness.simulator.examples import Example, Examples
from harness.simulator.policy import Option, Policy, expected, probabilities
from harness.simulator.pool import Candidate
from harness.simulator.training import DrawRow

__all__ = [
    "CheckpointRewards",
    "ExpectedRewards",
    "Gradings",
    "LearnedReport",
    "LengthChange",
    "NeverMoved",
    "PolicyRewards",
    "Shift",
    "StyleShift",
    "correlation",
    "distinct",
    "learned",
    "rewards_by_record",
]

_SHOWN: Final = 10
_EXCERPT: Final = 240


@dataclass(frozen=True, slots=True)
class Gradings:
    """How many completions were graded."""

    completions: int
    """Completions that have a reward."""
    asked: int
    """Completions that the grader was asked about."""


@dataclass(frozen=True, slots=True)
class PolicyRewards:
    """The expected reward of one policy, mean over records; None where no record has a reward."""

    training: float | None
    training_theta_alone: float | None
    """On the training records, by what was learned for all records alone."""
    held_out: float | None
    """On held-out records, by what was learned for all records alone."""


@dataclass(frozen=True, slots=True)
class CheckpointRewards:
    """The expected rewards of a checkpoint."""

    step: int
    model: str
    rewards: PolicyRewards


@dataclass(frozen=True, slots=True)
class ExpectedRewards:
    """Expected rewards of the base model, of each checkpoint, and of the policy at the end."""

    training_groups: int
    held_out_groups: int
    before: PolicyRewards
    checkpoints: list[CheckpointRewards]
    after: PolicyRewards


@dataclass(frozen=True, slots=True)
class Shift:
    """What became of one completion's probability within its group."""

    rollout: str | None
    model: str | None
    """What the rollouts file says of it."""
    group: str
    before: float
    after: float
    reward: float | None
    completion: str
    """How the completion begins."""


@dataclass(frozen=True, slots=True)
class StyleShift:
    """The probability of all completions that the rollouts name one `model` for, mean over the groups."""

    completions: int
    reward_mean: float | None
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class NeverMoved:
    """The groups that were drawn and gave no advantage, by why."""

    groups: int
    drawn: int
    undrawn: int
    """Groups that had no turn yet."""
    all_equal: list[str]
    unlucky_draw: list[str]
    """Their completions have several rewards, and those drawn had one."""
    no_reward: list[str]


@dataclass(frozen=True, slots=True)
class LengthChange:
    """The expected length of the training groups' completions in tokens, and what moved it.

    A policy that stops saying one very short thing (nothing at all, say) writes longer completions in the
    mean, though no long one has gained. So the extreme completions of each group, which the change moves away
    from (its shortest ones where the length grew, else its longest), are left out once.
    """

    before: float
    after: float
    correlation: float | None
    """Of advantage and length over the draws; None where one of them does not vary."""
    rest_before: float
    """Expected length without the extreme completions."""
    rest_after: float
    rest_correlation: float | None
    extreme: float
    """Mean length of the extreme completions."""
    extreme_before: float
    """Their probability, mean over the groups."""
    extreme_after: float


@dataclass(frozen=True, slots=True)
class LearnedReport:
    """What a job's reward has bred."""

    steps: int
    draws: int
    graded: Gradings
    expected_reward: ExpectedRewards
    amplified: list[Shift]
    """Completions that gained the most probability, the greatest gain first."""
    suppressed: list[Shift]
    by_model: dict[str, StyleShift]
    never_moved: NeverMoved
    length: LengthChange | None
    """None where there is nothing to compare."""


class _Moved(NamedTuple):
    """A completion and its probability before and after."""

    candidate: Candidate
    group: str
    before: float
    after: float


def learned(
    examples: Examples,
    draws: Sequence[tuple[int, DrawRow]],
    rewards: Mapping[str, float | None],
    policy: Policy,
    checkpoints: Iterable[tuple[int, str, Policy]] = (),
) -> LearnedReport:
    """Report on a job, at its end or not.

    Args:
        examples: What it trains and is validated on.
        draws: What it drew, each with its step.
        rewards: The known rewards by completion; a mean where a completion was graded more than once.
        policy: The policy as it stands.
        checkpoints: Step, name and policy of each checkpoint.
    """
    training, held_out = distinct(examples.training), distinct(examples.held_out)
    now = [probabilities(policy, example.group.options) for example in training]
    moved = sorted(_moved(training, now), key=lambda one: one.after - one.before)

    def at(policy: Policy | None) -> PolicyRewards:
        return PolicyRewards(
            _mean(rewards_by_record(policy, training, rewards, own=True).values()),
            _mean(rewards_by_record(policy, training, rewards).values()),
            _mean(rewards_by_record(policy, held_out, rewards).values()),
        )

    return LearnedReport(
        steps=max((step for step, _ in draws), default=0),
        draws=len(draws),
        graded=Gradings(sum(reward is not None for reward in rewards.values()), len(rewards)),
        expected_reward=ExpectedRewards(
            len(training),
            len(held_out),
            at(None),
            [CheckpointRewards(step, name, at(saved)) for step, name, saved in checkpoints],
            at(policy),
        ),
        amplified=[_shift(one, rewards) for one in reversed(moved[-_SHOWN:]) if one.after > one.before],
        suppressed=[_shift(one, rewards) for one in moved[:_SHOWN] if one.after < one.before],
        by_model=_by_model(moved, rewards, len(training)),
        never_moved=_never_moved(training, draws, rewards),
        length=_length(training, now, draws),
    )


def distinct(examples: Sequence[Example]) -> list[Example]:
    """One example a group: a record that stands in the file twice has one group."""
    return list({example.group.key: example for example in examples}.values())


def rewards_by_record(
    policy: Policy | None,
    examples: Sequence[Example],
    rewards: Mapping[str, float | None],
    *,
    own: bool = False,
) -> dict[str, float]:
    """The exact expected reward of each record, by its group's key; records without any reward are left out.

    Args:
        policy: The policy; None for the base model.
        examples: The records.
        rewards: The known rewards by completion.
        own: Whether what was learned for single completions counts; False for records not trained on.
    """
    found = {}
    for example in examples:
        candidates = example.group.candidates
        weights = _base(example) if policy is None else probabilities(policy, example.group.options, own=own)
        mean = expected(weights, [rewards.get(candidate.key) for candidate in candidates])
        if mean is not None:
            found[example.group.key] = mean
    return found


def correlation(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Pearson's correlation; None where one side does not vary."""
    count = len(left)
    if count < 2:
        return None
    left_mean, right_mean = math.fsum(left) / count, math.fsum(right) / count
    pairs = [(a - left_mean, b - right_mean) for a, b in zip(left, right, strict=True)]
    spread = math.sqrt(math.fsum(a * a for a, _ in pairs)) * math.sqrt(math.fsum(b * b for _, b in pairs))
    return math.fsum(a * b for a, b in pairs) / spread if spread > 0.0 else None


def _base(example: Example) -> list[float]:
    """The base model's probabilities: every recorded completion is equally likely."""
    count = len(example.group.candidates)
    return [1.0 / count] * count


def _moved(examples: Sequence[Example], now: Sequence[Sequence[float]]) -> list[_Moved]:
    return [
        _Moved(candidate, example.group.key, before, after)
        for example, weights in zip(examples, now, strict=True)
        for candidate, before, after in zip(example.group.candidates, _base(example), weights, strict=True)
    ]


def _shift(one: _Moved, rewards: Mapping[str, float | None]) -> Shift:
    candidate = one.candidate
    return Shift(
        candidate.rollout,
        candidate.model,
        one.group,
        one.before,
        one.after,
        rewards.get(candidate.key),
        candidate.text[:_EXCERPT],
    )


def _by_model(
    moved: Sequence[_Moved], rewards: Mapping[str, float | None], groups: int
) -> dict[str, StyleShift]:
    found: dict[str, list[_Moved]] = {}
    for one in moved:
        if one.candidate.model is not None:
            found.setdefault(one.candidate.model, []).append(one)
    return {
        name: StyleShift(
            len(of_model),
            _mean(reward for one in of_model if (reward := rewards.get(one.candidate.key)) is not None),
            math.fsum(one.before for one in of_model) / groups,
            math.fsum(one.after for one in of_model) / groups,
        )
        for name, of_model in sorted(found.items())
    }


def _never_moved(
    training: Sequence[Example], draws: Sequence[tuple[int, DrawRow]], rewards: Mapping[str, float | None]
) -> NeverMoved:
    drawn = {row.group for _, row in draws}
    moved = {row.group for _, row in draws if row.advantage != 0.0}
    still = [example for example in training if example.group.key in drawn - moved]
    all_equal: list[str] = []
    unlucky: list[str] = []
    unrewarded: list[str] = []
    for example in still:
        known = {rewards.get(candidate.key) for candidate in example.group.candidates} - {None}
        kind = unrewarded if not known else all_equal if len(known) == 1 else unlucky
        kind.append(example.group.key)
    undrawn = sum(example.group.key not in drawn for example in training)
    return NeverMoved(len(still), len(drawn), undrawn, all_equal, unlucky, unrewarded)


def _length(
    training: Sequence[Example], now: Sequence[Sequence[float]], draws: Sequence[tuple[int, DrawRow]]
) -> LengthChange | None:
    groups = [
        (example.group.options, _base(example), weights)
        for example, weights in zip(training, now, strict=True)
    ]
    if not groups:
        return None
    before = math.fsum(_length_of(options, weights) for options, weights, _ in groups) / len(groups)
    after = math.fsum(_length_of(options, weights) for options, _, weights in groups) / len(groups)
    pick = min if after >= before else max
    left_out: set[str] = set()
    lengths: list[float] = []
    held: list[tuple[float, float]] = []
    rest: list[tuple[float, float]] = []
    for options, first, last in groups:
        bound = pick(option.length for option in options)
        extreme = [option.length == bound for option in options]
        left_out.update(option.key for option, is_one in zip(options, extreme, strict=True) if is_one)
        lengths.append(bound)
        held.append((_share(first, extreme), _share(last, extreme)))
        others = [not is_one for is_one in extreme]
        if any(others):
            rest.append((_length_of(options, first, others), _length_of(options, last, others)))
    rows = [row for _, row in draws if row.reward is not None]
    kept = [row for row in rows if row.completion not in left_out]
    return LengthChange(
        before=before,
        after=after,
        correlation=_by_length(rows),
        rest_before=_mean(one for one, _ in rest) or 0.0,
        rest_after=_mean(one for _, one in rest) or 0.0,
        rest_correlation=_by_length(kept),
        extreme=math.fsum(lengths) / len(lengths),
        extreme_before=math.fsum(one for one, _ in held) / len(held),
        extreme_after=math.fsum(one for _, one in held) / len(held),
    )


def _by_length(rows: Sequence[DrawRow]) -> float | None:
    return correlation([row.advantage for row in rows], [row.length for row in rows])


def _length_of(
    options: Sequence[Option], weights: Sequence[float], among: Sequence[bool] | None = None
) -> float:
    """The expected length under a policy, among some of the options where they are given."""
    kept = among or [True] * len(options)
    total = _share(weights, kept)
    lengths = (
        option.length * weight for option, weight, is_in in zip(options, weights, kept, strict=True) if is_in
    )
    return math.fsum(lengths) / total if total > 0.0 else 0.0


def _share(weights: Sequence[float], among: Sequence[bool]) -> float:
    return math.fsum(weight for weight, is_in in zip(weights, among, strict=True) if is_in)


def _mean(values: Iterable[float]) -> float | None:
    some = list(values)
    return math.fsum(some) / len(some) if some else None
