"""What a job's reward has bred: the policy before and after, read out of a job's stored draws and models.

A job comes in; a report goes out: expected rewards of every checkpoint on the training groups and on held-out
ones, which completions gained and lost probability, which groups never moved, how advantage goes with length.
Expectations are exact sums over the recorded completions, not samples. Completions that no step drew are
graded for it once, unless the caller says not to; these rewards are kept beside the job's draws and change
nothing in the job.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from harness.api.types import Job
from harness.emulator.lifecycle import Lifecycle
from harness.emulator.state import Store
from harness.simulator.examples import Example
from harness.simulator.policy import Policy, expected, initial, probabilities
from harness.simulator.pool import Candidate
from harness.simulator.training import DrawRow, grade_all

__all__ = ["correlation", "learned"]

_SHOWN: Final = 10
_EXCERPT: Final = 240
_FLAT: Final = 0.02
_BY_LENGTH: Final = 0.3


class _Shift(NamedTuple):
    """What became of one completion's probability within its group."""

    candidate: Candidate
    group: str
    before: float
    after: float


def learned(job: Job, store: Store, lifecycle: Lifecycle, *, grade: bool = True) -> dict[str, Any]:
    """Report on a job; to be called on the main thread, since it may grade.

    Args:
        job: The job; at its end or not.
        store: Where its draws and models are.
        lifecycle: What equips a job with its examples and its grader.
        grade: Whether to grade the completions that have no reward yet.

    Raises:
        JobFailure: The job's file or grader cannot be used.
    """
    workshop = lifecycle.workshop(job)
    training, held_out = _distinct(workshop.examples.training), workshop.examples.held_out
    rewards = store.rewards(job["id"])
    if grade:
        new = grade_all([*training, *held_out], rewards, workshop.calls)
        store.add_evaluated(job["id"], new)
        rewards = store.rewards(job["id"])
    now = store.policy(job["id"])
    draws = store.draws(job["id"])
    shifts = sorted(_shifts(training, now), key=lambda shift: shift.after - shift.before)
    curve = _curve(job, store, now, training, held_out, rewards)
    still = _never_moved(training, draws, rewards)
    by_length = correlation(
        [row.advantage for _, row in draws if row.reward is not None],
        [row.length for _, row in draws if row.reward is not None],
    )
    return {
        "job": job["id"],
        "status": job["status"],
        "steps": max((step for step, _ in draws), default=0),
        "draws": len(draws),
        "graded": {
            "completions": sum(reward is not None for reward in rewards.values()),
            "asked": len(rewards),
        },
        "expected_reward": curve,
        "amplified": [
            _told(shift, rewards) for shift in reversed(shifts[-_SHOWN:]) if shift.after > shift.before
        ],
        "suppressed": [_told(shift, rewards) for shift in shifts[:_SHOWN] if shift.after < shift.before],
        "by_model": _by_model(shifts, rewards, len(training)),
        "never_moved": still,
        "advantage_length_correlation": by_length,
        "notes": _notes(curve, still, by_length),
    }


def _notes(curve: dict[str, Any], still: dict[str, Any], by_length: float | None) -> list[str]:
    """What a reader should not miss, in sentences."""
    notes = []
    before, after = curve["before"]["held_out"], curve["after"]["held_out"]
    if before is not None and after is not None and abs(after - before) < _FLAT:
        notes.append(
            f"Held-out reward stayed flat ({before:.3f} to {after:.3f}): here style does not tell"
            " high rewards from low ones, so this rehearsal says nothing about what a real model would learn."
        )
    if by_length is not None and abs(by_length) >= _BY_LENGTH:
        kind = "Longer" if by_length > 0 else "Shorter"
        notes.append(f"{kind} completions gained: advantage goes with length (correlation {by_length:.2f}).")
    if still["drawn"] and still["groups"] * 2 > still["drawn"]:
        notes.append(f"{still['groups']} of {still['drawn']} groups gave no advantage: they teach nothing.")
    return notes


def correlation(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Pearson's correlation; None where one side does not vary."""
    count = len(left)
    if count < 2:
        return None
    left_mean, right_mean = math.fsum(left) / count, math.fsum(right) / count
    pairs = [(a - left_mean, b - right_mean) for a, b in zip(left, right, strict=True)]
    spread = math.sqrt(math.fsum(a * a for a, _ in pairs)) * math.sqrt(math.fsum(b * b for _, b in pairs))
    return math.fsum(a * b for a, b in pairs) / spread if spread > 0.0 else None


def _curve(
    job: Job,
    store: Store,
    now: Policy,
    training: Sequence[Example],
    held_out: Sequence[Example],
    rewards: Mapping[str, float | None],
) -> dict[str, Any]:
    """Expected rewards of the base model, of each checkpoint, and of the policy as it stands."""

    def at(policy: Policy) -> dict[str, float | None]:
        return {
            "training": _mean_expected(policy, training, rewards, own=True),
            "training_theta_alone": _mean_expected(policy, training, rewards, own=False),
            "held_out": _mean_expected(policy, held_out, rewards, own=False),
        }

    page = store.checkpoints(job["id"], 10_000, None)
    saved = [
        (checkpoint["step_number"], checkpoint["fine_tuned_model_checkpoint"])
        for checkpoint in reversed(page.data if page else [])
    ]
    models = [(step, name, store.model(name)) for step, name in saved]
    return {
        "training_groups": len(training),
        "held_out_groups": len(held_out),
        "before": at(initial()),
        "checkpoints": [
            {"step": step, "model": name, **at(model.policy)} for step, name, model in models if model
        ],
        "after": at(now),
    }


def _mean_expected(
    policy: Policy, examples: Sequence[Example], rewards: Mapping[str, float | None], *, own: bool
) -> float | None:
    means = []
    for example in examples:
        options = example.group.options
        mean = expected(
            probabilities(policy, options, own=own), [rewards.get(option.key) for option in options]
        )
        if mean is not None:
            means.append(mean)
    return math.fsum(means) / len(means) if means else None


def _shifts(examples: Sequence[Example], policy: Policy) -> list[_Shift]:
    base = initial()
    return [
        _Shift(candidate, example.group.key, before, after)
        for example in examples
        for candidate, before, after in zip(
            example.group.candidates,
            probabilities(base, example.group.options),
            probabilities(policy, example.group.options),
            strict=True,
        )
    ]


def _told(shift: _Shift, rewards: Mapping[str, float | None]) -> dict[str, Any]:
    return {
        "rollout": shift.candidate.rollout,
        "model": shift.candidate.model,
        "group": shift.group,
        "before": shift.before,
        "after": shift.after,
        "reward": rewards.get(shift.candidate.key),
        "completion": shift.candidate.text[:_EXCERPT],
    }


def _by_model(
    shifts: Sequence[_Shift], rewards: Mapping[str, float | None], groups: int
) -> dict[str, dict[str, Any]]:
    """Probability before and after by what the rollouts name as their `model`, mean over the groups."""
    found: dict[str, list[_Shift]] = {}
    for shift in shifts:
        if shift.candidate.model is not None:
            found.setdefault(shift.candidate.model, []).append(shift)
    report = {}
    for name, of_model in sorted(found.items()):
        known = [reward for shift in of_model if (reward := rewards.get(shift.candidate.key)) is not None]
        report[name] = {
            "completions": len(of_model),
            "reward_mean": math.fsum(known) / len(known) if known else None,
            "before": math.fsum(shift.before for shift in of_model) / groups,
            "after": math.fsum(shift.after for shift in of_model) / groups,
        }
    return report


def _never_moved(
    training: Sequence[Example], draws: Sequence[tuple[int, DrawRow]], rewards: Mapping[str, float | None]
) -> dict[str, Any]:
    """The groups that were drawn and gave no advantage, split by why; `undrawn` had no turn yet."""
    drawn = {row.group for _, row in draws}
    moved = {row.group for _, row in draws if row.advantage != 0.0}
    still = [example for example in training if example.group.key in drawn - moved]
    kinds: dict[str, list[str]] = {"all_equal": [], "unlucky_draw": [], "no_reward": []}
    for example in still:
        values = {rewards.get(candidate.key) for candidate in example.group.candidates}
        known = values - {None}
        kind = "no_reward" if not known else "all_equal" if len(known) == 1 else "unlucky_draw"
        kinds[kind].append(example.group.key)
    undrawn = sum(example.group.key not in drawn for example in training)
    return {"groups": len(still), "drawn": len(drawn), "undrawn": undrawn, **kinds}


def _distinct(examples: Sequence[Example]) -> list[Example]:
    """One example a group: a record that stands in the file twice has one group."""
    return list({example.group.key: example for example in examples}.values())
