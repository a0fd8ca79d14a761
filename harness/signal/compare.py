"""Compares two graders on the same rollouts, to show how a new grader would change a training job."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.data.json_lines import place_of
from harness.data.record_fields import choose_fields
from harness.data.sources import DataFile, Source, as_source
from harness.data.typed_json import as_json
from harness.errors import InputError
from harness.replay.grading import grade_batch, in_batches, profiles_of
from harness.rollouts.read import read_rollouts
from harness.signal.reordered import Both, Reordering, ZeroStdChange, reordered, zero_std_change
from harness.targets.own_process import OwnProcessTarget
from harness.targets.protocol import Target

__all__ = ["Change", "Side", "compare", "is_arn"]


class Side(NamedTuple):
    """One of the two compared graders."""

    ref: str
    """`module:name`, a file, or an ARN."""
    sha256: str | None
    """Hash of the local source, or Lambda's CodeSha256; None if unknown."""
    mean: float | None
    failures: int
    """Number of rollouts without a reward."""


@dataclass(frozen=True, slots=True)
class Change:
    """The effect of replacing the grader, measured on the same rollouts."""

    was: Side
    now: Side
    order: Reordering
    zero_std: ZeroStdChange

    def to_json(self) -> dict[str, Any]:
        """Return the change as JSON."""
        found: dict[str, Any] = as_json(self)
        found["order"]["samples"] = [one._asdict() for one in self.order.samples]
        return {**found, "was": self.was._asdict(), "now": self.now._asdict()}


def is_arn(ref: str) -> bool:
    """Return True if a grader is given as an ARN."""
    return ref.startswith("arn:")


def compare(was: str, now: str, rollouts: DataFile, *, known_sha256: str | None = None) -> Change:
    """Grade the same rollouts with two graders.

    Args:
        was: The first grader: `module:name`, a file, or an ARN.
        now: The second grader, in the same form.
        rollouts: The rollouts, as a source or its name.
        known_sha256: The first grader's code hash, if a journal recorded it.

    Raises:
        InputError: A grader or the rollouts cannot be used.
        ServiceError: A deployed grader cannot be reached.
    """
    with closing(_open(was)) as first, closing(_open(now)) as second:
        groups = _graded(as_source(rollouts), first, second)
    both = [one for group in groups.values() for one in group]
    return Change(
        was=_side(was, first, [one.was for one in both], known_sha256),
        now=_side(now, second, [one.now for one in both], None),
        order=reordered(groups.items()),
        zero_std=zero_std_change(
            (
                name,
                [one.was for one in group if one.was is not None],
                [one.now for one in group if one.now is not None],
            )
            for name, group in groups.items()
        ),
    )


def _open(ref: str) -> Target:
    if is_arn(ref):
        from harness.targets.deployed import DeployedTarget

        return DeployedTarget(ref)
    return OwnProcessTarget(ref)


def _side(ref: str, target: Target, rewards: list[float | None], known: str | None) -> Side:
    if isinstance(target, OwnProcessTarget):
        sha256: str | None = target.sha256
    else:
        sha256 = getattr(target, "configuration", {}).get("CodeSha256") or known
    some = [reward for reward in rewards if reward is not None]
    return Side(ref, sha256, math.fsum(some) / len(some) if some else None, len(rewards) - len(some))


def _graded(source: Source, first: Target, second: Target) -> dict[str, list[Both]]:
    groups: dict[str, list[Both]] = {}
    profiles = profiles_of("open-weight")
    for batch in in_batches(read_rollouts(source, choice=choose_fields(source))):
        for rollout in batch:
            if rollout.problem is not None:
                raise InputError(rollout.problem, place=place_of(source, rollout.at))
        was = grade_batch(first, batch, profiles, 1, keep_label=False)
        now = grade_batch(second, batch, profiles, 1, keep_label=False)
        for one, other in zip(was, now, strict=True):
            groups.setdefault(str(one["group"]), []).append(Both(one["id"], one["reward"], other["reward"]))
    if not groups:
        raise InputError("the file is empty", place=str(source), fix="Pass a file of rollouts.")
    return groups
