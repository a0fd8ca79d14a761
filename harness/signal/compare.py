"""Two graders compared on the same rollouts: what another grader would change for a training job.

A `Change` holds both graders' rewards and how they order the completions of one record: the order within the
group is all that a policy learns from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.record_fields import choose_fields
from harness.errors import InputError
from harness.replay.grading import grade_batch, in_batches, profiles_of
from harness.rollouts.read import read_rollouts
from harness.signal.groups import TOLERANCE
from harness.targets.own_process import OwnProcessTarget
from harness.targets.protocol import Target

__all__ = ["Change", "Side", "compare", "is_arn"]

_FLIPS = 200


class Side(NamedTuple):
    """One of two graders."""

    ref: str
    """`module:name`, a file, or an ARN."""
    sha256: str | None
    """Hash of the source here, or Lambda's CodeSha256; None where it is not known."""
    mean: float | None
    failures: int
    """Rollouts without a reward."""


@dataclass(frozen=True, slots=True)
class Change:
    """What another grader changes on the same rollouts."""

    was: Side
    now: Side
    rollouts: int
    changed: int
    """Rollouts whose reward differs, or that only one of the two gave a reward."""
    pairs: int
    """Pairs of completions of one record that the first grader ordered."""
    inverted: int
    """Of these, ordered the other way by the second."""
    merged: int
    """Of these, equal under the second."""
    parted: int
    """Pairs that were equal under the first and are not under the second."""
    flips: list[dict[str, Any]]
    """Rollouts that were pushed and are now held back, or the reverse; the first 200."""
    flipped: int
    groups: int
    zero_std_was: int
    """Groups from which nothing would be learned."""
    zero_std_now: int

    def to_json(self) -> dict[str, Any]:
        """The change as JSON."""
        return {**asdict(self), "was": self.was._asdict(), "now": self.now._asdict()}


class _Both(NamedTuple):
    id: Any
    was: float | None
    now: float | None


def is_arn(ref: str) -> bool:
    """Whether a grader is named by its ARN."""
    return ref.startswith("arn:")


def compare(was: str, now: str, rollouts: Path, *, known_sha256: str | None = None) -> Change:
    """Grade the same rollouts with two graders.

    Args:
        was: The first grader: `module:name`, a file, or an ARN.
        now: The second one.
        rollouts: The rollouts file.
        known_sha256: The first grader's code hash, where a journal holds it.

    Raises:
        InputError: A grader or the rollouts cannot be used.
        ServiceError: A deployed grader cannot be reached.
    """
    with closing(_open(was)) as first, closing(_open(now)) as second:
        groups = _graded(rollouts, first, second)
    both = [one for group in groups.values() for one in group]
    counts = {"pairs": 0, "inverted": 0, "merged": 0, "parted": 0}
    for group in groups.values():
        for name, count in _ordered(group).items():
            counts[name] += count
    flips = [flip for group in groups.values() for flip in _flips(group)]
    return Change(
        was=_side(was, first, [one.was for one in both], known_sha256),
        now=_side(now, second, [one.now for one in both], None),
        rollouts=len(both),
        changed=sum(_sign(one.was, one.now) != 0 for one in both),
        **counts,
        flips=flips[:_FLIPS],
        flipped=len(flips),
        groups=len(groups),
        zero_std_was=sum(_is_flat(one.was for one in group) for group in groups.values()),
        zero_std_now=sum(_is_flat(one.now for one in group) for group in groups.values()),
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


def _graded(path: Path, first: Target, second: Target) -> dict[str, list[_Both]]:
    groups: dict[str, list[_Both]] = {}
    profiles = profiles_of("open-weight")
    for batch in in_batches(read_rollouts(path, choice=choose_fields(path))):
        for rollout in batch:
            if rollout.problem is not None:
                raise InputError(rollout.problem, place=f"{path} at byte {rollout.at}")
        was = grade_batch(first, batch, profiles, 1, keep_label=False)
        now = grade_batch(second, batch, profiles, 1, keep_label=False)
        for one, other in zip(was, now, strict=True):
            groups.setdefault(str(one["group"]), []).append(_Both(one["id"], one["reward"], other["reward"]))
    if not groups:
        raise InputError("the file is empty", place=str(path), fix="Give a file of rollouts.")
    return groups


def _sign(was: float | None, now: float | None) -> int:
    """Whether a reward went up, down or stayed; a reward that is missing on one side is a change."""
    if was is None or now is None:
        return int(was is not now)
    gap = now - was
    return 0 if abs(gap) <= TOLERANCE else 1 if gap > 0 else -1


def _ordered(group: list[_Both]) -> dict[str, int]:
    """How the pairs of one group fare."""
    counts = {"pairs": 0, "inverted": 0, "merged": 0, "parted": 0}
    known = [one for one in group if one.was is not None and one.now is not None]
    for left, right in combinations(known, 2):
        was, now = _sign(left.was, right.was), _sign(left.now, right.now)
        counts["pairs"] += was != 0
        counts["inverted"] += was * now < 0
        counts["merged"] += was != 0 and now == 0
        counts["parted"] += was == 0 and now != 0
    return counts


def _flips(group: list[_Both]) -> Iterator[dict[str, Any]]:
    """Samples whose advantage changes its sign."""
    known = [one for one in group if one.was is not None and one.now is not None]
    if not known:
        return
    middle_was = math.fsum(one.was or 0.0 for one in known) / len(known)
    middle_now = math.fsum(one.now or 0.0 for one in known) / len(known)
    for one in known:
        if _sign(middle_was, one.was) * _sign(middle_now, one.now) < 0:
            yield {"id": one.id, "was": one.was, "now": one.now}


def _is_flat(rewards: Iterable[float | None]) -> bool:
    some = [reward for reward in rewards if reward is not None]
    return not some or max(some) - min(some) <= TOLERANCE
