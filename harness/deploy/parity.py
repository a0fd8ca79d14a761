"""Grades the same rollouts in several places and over all wires, and reports where and why results differ.

This process grades first, and the other places are compared with it. A response with wrong ids or in the
wrong order counts as a failed call. A place that can be restarted then grades the rollouts again in reverse
order. This second pass finds graders that do not always give a sample the same result, which a comparison
between places would miss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graders.reward import Failure, Reward
from graders.wire import PROFILES, PROVEN, Profile, write_answer, write_events
from harness.deploy.places import GradingPlace
from harness.deploy.surroundings import causes
from harness.errors import InputError
from harness.replay.grading import grade_batch, in_batches
from harness.rollouts.read import Rollout
from harness.runs.rows import Row
from harness.targets.answered import UNRECORDED
from harness.targets.payload import MAX_EVENT, encode
from harness.targets.protocol import Answer, ServiceFault, Target

__all__ = ["Difference", "Parity", "Times", "compare"]

TOLERANCE = 1e-9


class Difference(NamedTuple):
    """A sample whose result differs between places."""

    id: Any
    place: str
    """The place where the result differs from that of this process."""
    wire: str
    what: str
    """`reward`, `error`, or the name of a metric."""
    here: Any
    """Result in this process over the first wire."""
    there: Any


@dataclass(slots=True)
class Times:
    """Durations of the calls to one of the compared places."""

    calls: list[float] = field(default_factory=list)
    """Duration of each call in milliseconds, except the first, which may include a cold start."""
    first_ms: float | None = None

    def add(self, ms: float) -> None:
        """Record the duration of a call."""
        if self.first_ms is None:
            self.first_ms = ms
        else:
            self.calls.append(ms)

    def at(self, share: float) -> float | None:
        """Return the time in ms within which the given share of calls returned, or None without calls."""
        ordered = sorted(self.calls) or ([self.first_ms] if self.first_ms is not None else [])
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


@dataclass(slots=True)
class Parity:
    """The result of comparing places."""

    rollouts: int
    wires: list[str]
    places: list[str]
    differences: list[Difference] = field(default_factory=list)
    times: dict[str, Times] = field(default_factory=dict)
    largest_event: dict[str, int] = field(default_factory=dict)
    """Size of the largest event in bytes, by wire."""
    largest_answer: int = 0
    """Size of the largest response in bytes."""
    unstable: dict[str, list[Difference]] = field(default_factory=dict)
    """Samples whose result differed in the second pass (after a restart and in reverse order), by place."""
    causes: dict[str, list[str]] = field(default_factory=dict)
    """Possible causes of the differences in each place, one sentence each."""

    @property
    def same(self) -> bool:
        """True if all places agree on everything."""
        return not self.differences and not self.unstable

    @property
    def samples(self) -> int:
        """Number of samples whose result differs in any place."""
        return len({repr(one.id) for one in self.differences})

    def payload_share(self) -> float:
        """Return the size of the largest event or response as a share of Lambda's 6 MB limit."""
        return max([self.largest_answer, *self.largest_event.values()]) / MAX_EVENT


def compare(
    rollouts: Iterable[Rollout],
    places: Sequence[GradingPlace],
    wires: Sequence[str] = PROVEN,
    progress: Callable[[int], None] = lambda graded: None,
) -> Parity:
    """Grade rollouts in all places and compare the results.

    Args:
        rollouts: The rollouts to grade, all of which must be usable.
        places: The places to grade in, starting with this process.
        wires: Names of profiles. All results are compared with those of this process over the first wire.
        progress: Receives the number of rollouts in each finished call.

    Raises:
        InputError: The grader sent a request that has no recorded answer, so nothing was measured.
        ServiceError: A place could not be reached.
    """
    batches = list(in_batches(rollouts))
    profiles = [PROFILES[wire] for wire in wires]
    parity = Parity(sum(map(len, batches)), list(wires), [place.name for place in places])
    backwards = list(in_batches([one for batch in reversed(batches) for one in reversed(batch)]))
    base: list[Row] = []
    for place in places:
        times = parity.times[place.name] = Times()
        first: list[Row] = []
        for profile in profiles:
            # A batch with only one sample would not show the duration of a batch.
            counted = times if profile.container != "single" or len(profiles) == 1 else Times()
            parts = _graded(place.target, batches, profile, counted, progress)
            rows = [row for part in parts for row in part]
            _refuse_unrecorded(rows, place.name)
            first = first or rows
            base = base or rows
            parity.differences += _differences(base, rows, place.name, profile.name)
        if place.restart is not None:
            place.restart()
            again = _graded(place.target, backwards, profiles[0], Times(), progress)
            rows = [row for part in again for row in part][::-1]
            if unstable := list(_differences(first, rows, place.name, profiles[0].name)):
                parity.unstable[place.name] = unstable
    parity.causes = {place.name: list(_causes(parity, places[0], place)) for place in places}
    _weigh(parity, batches, base, profiles)
    return parity


def _refuse_unrecorded(rows: list[Row], place: str) -> None:
    """Raise an error if an answer is not recorded, because every place would fail in the same way."""
    for row in rows:
        if row["error"] is not None and row["error"]["kind"] == UNRECORDED:
            raise InputError(f"not measured: {row['error']['message']}", place=place)


def _causes(parity: Parity, here: GradingPlace, place: GradingPlace) -> Iterator[str]:
    own = parity.unstable.get(place.name)
    if own:
        how = "on a second pass, restarted and in reverse order"
        why = (
            "keeps state, uses random numbers, depends on the order of the samples or of a set (hash seed),"
            " or calls a service (--answers FILE gives it recorded answers instead)"
        )
        yield f"{_samples(own)} {how}: the grader {why}"
    elsewhere = [one for one in parity.differences if one.place == place.name]
    if place is here or not elsewhere:
        return
    if here.name in parity.unstable and not own:
        yield f"the grader already disagrees with itself in {here.name}"
    yield from causes(here.around, place.around, place.variables, place.source)


def _samples(differences: list[Difference]) -> str:
    count = len({repr(one.id) for one in differences})
    return f"{count:,} sample{' differs' if count == 1 else 's differ'}"


class _Timed:
    def __init__(self, target: Target, times: Times) -> None:
        self._target = target
        self._times = times
        self.name = target.name
        self.max_bytes = target.max_bytes
        self.concurrency = target.concurrency

    def grade(self, event: Any) -> Answer:
        answer = self._target.grade(event)
        if not isinstance(answer.fault, ServiceFault):
            self._times.add(answer.ms)
        return answer

    def close(self) -> None:
        """Do nothing, because the target is closed by its owner."""


def _graded(
    target: Target,
    batches: list[list[Rollout]],
    profile: Profile,
    times: Times,
    progress: Callable[[int], None],
) -> Iterator[list[Row]]:
    """Grade batches in order, or concurrently if the target supports it."""
    timed = _Timed(target, times)

    def grade(batch: list[Rollout]) -> list[Row]:
        rows = grade_batch(timed, batch, [profile], 1, keep_label=False)
        progress(len(batch))
        return rows

    if target.concurrency <= 1:  # only the main thread of this process can enforce a time limit
        yield from map(grade, batches)
        return
    with ThreadPoolExecutor(target.concurrency) as threads:
        yield from threads.map(grade, batches)


def _differences(base: list[Row], rows: list[Row], place: str, wire: str) -> Iterator[Difference]:
    """Yield at most one difference per sample, the most important one."""
    for mine, other in zip(base, rows, strict=True):
        found = _difference(mine, other)
        if found is not None:
            what, here, there = found
            yield Difference(mine["id"], place, wire, what, here, there)


def _difference(mine: Row, other: Row) -> tuple[str, Any, Any] | None:
    if mine["reward"] is None or other["reward"] is None:
        kinds = {row["error"] and row["error"]["kind"] for row in (mine, other)}
        return None if len(kinds) == 1 else ("error", _said(mine), _said(other))
    if not _close(mine["reward"], other["reward"]):
        return "reward", mine["reward"], other["reward"]
    for name in sorted(mine["metrics"].keys() | other["metrics"].keys()):
        here, there = mine["metrics"].get(name), other["metrics"].get(name)
        if here is None or there is None or not _close(here, there):
            return name, here, there
    return None


def _said(row: Row) -> Any:
    error = row["error"]
    if error is None:
        return row["reward"]
    return f"{error['kind']}: {error['message']}" if error["kind"] in ("call", "input") else error["kind"]


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _weigh(parity: Parity, batches: list[list[Rollout]], base: list[Row], profiles: list[Profile]) -> None:
    """Record the sizes of the largest event and response in the wire's JSON."""
    at = 0
    for batch in batches:
        sent: list[dict[str, Any]] = [rollout.sent for rollout in batch if rollout.sent is not None]
        for profile in profiles:
            for event in write_events(sent, profile):
                text = encode(event)
                size = MAX_EVENT + 1 if isinstance(text, ServiceFault) else len(text)
                parity.largest_event[profile.name] = max(size, parity.largest_event.get(profile.name, 0))
        outcomes = [_outcome(row) for row in base[at : at + len(batch)]]
        at += len(batch)
        answer = encode(write_answer(sent, outcomes, 0.0, profiles[0])[0])
        if not isinstance(answer, ServiceFault):
            parity.largest_answer = max(parity.largest_answer, len(answer))


def _outcome(row: Row) -> Reward | Failure:
    """Return a result whose JSON is as large as the row's. A failed call counts as a failed sample."""
    if row["reward"] is None:
        return Failure("exception", "")
    return Reward(row["reward"], metrics=row["metrics"])
