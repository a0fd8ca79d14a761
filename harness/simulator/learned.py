"""Reports the effect of a job's rewards on the policy.

Expectations are exact sums over the recorded completions, not estimates from samples. This module grades
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.simulator.examples import Example, Examples
from harness.simulator.policy import Policy, advantages, expected, probabilities
from harness.simulator.style_features import EXCERPT, FeatureShift, Moved, feature_shifts, mean
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
    "distinct",
    "learned",
    "rewards_by_record",
]

_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Gradings:
    """Number of completions that were graded."""

    completions: int
    """Number of completions with a reward."""
    asked: int
    """Number of completions sent to the grader."""
    above_lowest: int = 0
    """Number of completions that earn more than the lowest reward."""


@dataclass(frozen=True, slots=True)
class PolicyRewards:
    """Expected rewards of one policy, averaged over records; None if no record has a reward."""

    training: float | None
    training_theta_alone: float | None
    """Mean on the training records, using only the weights shared by all records (theta)."""
    held_out: float | None
    """Mean on held-out records, using only the weights shared by all records (theta)."""


@dataclass(frozen=True, slots=True)
class CheckpointRewards:
    """The expected rewards of a checkpoint."""

    step: int
    model: str
    rewards: PolicyRewards


@dataclass(frozen=True, slots=True)
class ExpectedRewards:
    """Expected rewards of the base model, each checkpoint and the final policy."""

    training_groups: int
    held_out_groups: int
    before: PolicyRewards
    checkpoints: list[CheckpointRewards]
    after: PolicyRewards


@dataclass(frozen=True, slots=True)
class Shift:
    """Change in one completion's probability within its group."""

    rollout: str | None
    model: str | None
    """The completion's `model` in the rollouts file."""
    group: str
    before: float
    after: float
    reward: float | None
    completion: str
    """Beginning of the completion."""


@dataclass(frozen=True, slots=True)
class StyleShift:
    """Total probability of the completions recorded from one `model`, averaged over the groups."""

    completions: int
    reward_mean: float | None
    before: float
    after: float
    advantage_mean: float | None = None
    """Mean advantage of the recorded completions within their groups, independent of the policy."""


@dataclass(frozen=True, slots=True)
class NeverMoved:
    """Groups in which no draw had an advantage, by reason."""

    groups: int
    drawn: int
    undrawn: int
    """Number of groups that were never drawn."""
    all_equal: list[str]
    unlucky_draw: list[str]
    """Keys of groups whose completions have different rewards but whose draws all had the same one."""
    no_reward: list[str]


@dataclass(frozen=True, slots=True)
class LengthChange:
    """Expected length in tokens of the training groups' completions."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class LearnedReport:
    """The effect of a job's rewards on the policy."""

    steps: int
    draws: int
    graded: Gradings
    expected_reward: ExpectedRewards
    amplified: list[Shift]
    """Completions that gained the most probability, largest gain first."""
    suppressed: list[Shift]
    by_model: dict[str, StyleShift]
    never_moved: NeverMoved
    length: LengthChange | None
    """Change in the expected length; None if there is nothing to compare."""
    features_amplified: list[FeatureShift] = field(default_factory=list)
    """Words, markers, lengths and number counts that became more frequent, largest ratio first."""
    features_suppressed: list[FeatureShift] = field(default_factory=list)


def learned(
    examples: Examples,
    draws: Sequence[tuple[int, DrawRow]],
    rewards: Mapping[str, float | None],
    policy: Policy,
    checkpoints: Iterable[tuple[int, str, Policy]] = (),
) -> LearnedReport:
    """Report on a job, whether finished or still running.

    Args:
        examples: The job's training and validation examples.
        draws: The job's draws, each with its step.
        rewards: The known rewards by completion. A completion that was graded more than once has its mean
            reward.
        policy: The current policy.
        checkpoints: Step, name and policy of each checkpoint.
    """
    training, held_out = distinct(examples.training), distinct(examples.held_out)
    now = [probabilities(policy, example.group.options) for example in training]
    moved = sorted(_moved(training, now, rewards), key=lambda one: one.after - one.before)

    def at(policy: Policy | None) -> PolicyRewards:
        return PolicyRewards(
            mean(rewards_by_record(policy, training, rewards, own=True).values()),
            mean(rewards_by_record(policy, training, rewards).values()),
            mean(rewards_by_record(policy, held_out, rewards).values()),
        )

    up, down = feature_shifts(moved, len(training))
    return LearnedReport(
        steps=max((step for step, _ in draws), default=0),
        draws=len(draws),
        graded=_gradings(rewards),
        expected_reward=ExpectedRewards(
            len(training),
            len(held_out),
            at(None),
            [CheckpointRewards(step, name, at(saved)) for step, name, saved in checkpoints],
            at(policy),
        ),
        amplified=[_shift(one) for one in reversed(moved[-_SHOWN:]) if one.after > one.before],
        suppressed=[_shift(one) for one in moved[:_SHOWN] if one.after < one.before],
        by_model=_by_model(moved, len(training)),
        never_moved=_never_moved(training, draws, rewards),
        length=_length(training, now),
        features_amplified=up,
        features_suppressed=down,
    )


def distinct(examples: Sequence[Example]) -> list[Example]:
    """Return one example per group, because a record that occurs twice in the file has only one group."""
    return list({example.group.key: example for example in examples}.values())


def rewards_by_record(
    policy: Policy | None,
    examples: Sequence[Example],
    rewards: Mapping[str, float | None],
    *,
    own: bool = False,
) -> dict[str, float]:
    """Return the exact expected reward of each record that has a reward, by group key.

    Args:
        policy: The policy; None for the base model.
        examples: The records.
        rewards: The known rewards by completion.
        own: True to use the terms learned for single completions; False for records not used in training.
    """
    found = {}
    for example in examples:
        candidates = example.group.candidates
        weights = _base(example) if policy is None else probabilities(policy, example.group.options, own=own)
        mean = expected(weights, [rewards.get(candidate.key) for candidate in candidates])
        if mean is not None:
            found[example.group.key] = mean
    return found


def _gradings(rewards: Mapping[str, float | None]) -> Gradings:
    known = [reward for reward in rewards.values() if reward is not None]
    lowest = min(known, default=0.0)
    above = sum(reward > lowest for reward in known)
    return Gradings(len(known), len(rewards), above)


def _base(example: Example) -> list[float]:
    """Return the base model's probabilities, which are the same for all recorded completions."""
    count = len(example.group.candidates)
    return [1.0 / count] * count


def _moved(
    examples: Sequence[Example], now: Sequence[Sequence[float]], rewards: Mapping[str, float | None]
) -> list[Moved]:
    found = []
    for example, weights in zip(examples, now, strict=True):
        candidates = example.group.candidates
        earned = [rewards.get(candidate.key) for candidate in candidates]
        rows = zip(candidates, _base(example), weights, earned, advantages(earned), strict=True)
        found += [
            Moved(candidate, example.group.key, before, after, reward, gain)
            for candidate, before, after, reward, gain in rows
        ]
    return found


def _shift(one: Moved) -> Shift:
    candidate = one.candidate
    return Shift(
        candidate.rollout,
        candidate.model,
        one.group,
        one.before,
        one.after,
        one.reward,
        candidate.text[:EXCERPT],
    )


def _by_model(moved: Sequence[Moved], groups: int) -> dict[str, StyleShift]:
    found: dict[str, list[Moved]] = {}
    for one in moved:
        if one.candidate.model is not None:
            found.setdefault(one.candidate.model, []).append(one)
    return {
        name: StyleShift(
            len(of_model),
            mean(one.reward for one in of_model if one.reward is not None),
            math.fsum(one.before for one in of_model) / groups,
            math.fsum(one.after for one in of_model) / groups,
            mean(one.advantage for one in of_model),
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


def _length(training: Sequence[Example], now: Sequence[Sequence[float]]) -> LengthChange | None:
    if not training:
        return None
    before = [_length_of(example, _base(example)) for example in training]
    after = [_length_of(example, weights) for example, weights in zip(training, now, strict=True)]
    return LengthChange(math.fsum(before) / len(before), math.fsum(after) / len(after))


def _length_of(example: Example, weights: Sequence[float]) -> float:
    lengths = (option.length for option in example.group.options)
    return math.fsum(length * weight for length, weight in zip(lengths, weights, strict=True))
