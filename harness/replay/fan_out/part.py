"""Grades one byte range of a source, and returns the rows as a part. Any kind of worker can call it.

A shard is stored as a chain of parts. Each part has the offset of the next one, and the last part has the end
of the shard. A call stops at the end of its range, when its time is almost up, or when it has enough rows. It
always grades at least one batch, so every call makes progress.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from harness.data.record_fields import FieldChoice
from harness.data.record_file import RecordFile
from harness.data.sources import DataFile, SourceFacts
from harness.data.typed_json import as_json, typed
from harness.errors import InputError, ServiceError
from harness.replay.grading import grade_batch, in_batches, profiles_of
from harness.rollouts.read import Rollout, read_rollouts
from harness.runs.rows import Row, dump
from harness.targets.protocol import Target

__all__ = ["Part", "PartFacts", "PartOrder", "PartPlace", "grade_part", "read_order"]

MOST_BYTES: Final = 64 << 20
"""Size in bytes at which a part ends. A worker has one part in memory."""

MARGIN_S: Final = 60.0
"""A worker starts no further batch if less time is left than this, or than a slow batch takes."""

LAST_S: Final = 15.0
"""A worker abandons running batches and stores the finished rows if less time is left than this."""

_SLOWEST: Final = 1.5
"""Assumed maximum duration of the next batch, as a multiple of the slowest one so far."""

_SPELLED: Final = {"start": "from", "end": "to"}
"""JSON names of an order's fields that differ from the Python names."""


@dataclass(frozen=True, slots=True)
class PartPlace:
    """A run's folder for parts in S3."""

    bucket: str
    prefix: str
    """Prefix without a trailing slash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOrder:
    """The work for one call of a worker: a range to grade, and options. Its JSON is the worker's event."""

    run: str
    """Id of the run, only shown to users."""
    shard: int
    start: int
    """Byte of the source at which to resume; `from` in JSON."""
    end: int
    """Byte of the source at which the shard ends; `to` in JSON."""
    base: int = 0
    """Offset of the source's first byte in the whole input, if the input has several files."""
    source: SourceFacts
    out: PartPlace
    grader: str
    """ARN of a published version of the grader."""
    wire: str
    repeats: int = 1
    label: str | None = None
    fields: FieldChoice = FieldChoice()
    records: SourceFacts | None = None
    calls: int = 4
    """Number of concurrent calls of the grader."""
    attempt: int = 1
    """Number of the run's execution, under which failure reasons are stored."""

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end or min(self.shard, self.base) < 0:
            raise ValueError("is not a byte range of a shard")
        if min(self.repeats, self.calls) < 1:
            raise ValueError("has repeats or calls below 1")

    @property
    def work(self) -> str:
        """Digest of everything that affects the rows, by which parts of other work are recognized."""
        fixed = (self.source, self.base, self.grader, self.wire, self.repeats, self.label, self.fields)
        told = json.dumps(as_json([*fixed, self.records]), sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def key(self) -> str:
        """Name of the part under `out`."""
        return part_key(self.shard, self.start)

    def to_json(self) -> dict[str, Any]:
        """Return the order as a worker's event."""
        named: dict[str, Any] = as_json(self)
        return {_SPELLED.get(name, name): value for name, value in named.items()}


def part_key(shard: int, start: int) -> str:
    """Return the name of the part of a shard that starts at this byte of the source."""
    return f"{shard_folder(shard)}{start:014d}.jsonl"


def shard_folder(shard: int) -> str:
    """Return the folder of a shard's parts, with a trailing slash."""
    return f"shards/{shard:06d}/"


def read_order(event: Any) -> PartOrder:
    """Parse a worker's event.

    Raises:
        InputError: The event is not an order, or was written by another version.
    """
    try:
        named = {python: event[name] for python, name in _SPELLED.items()}
        rest = {name: value for name, value in event.items() if name not in _SPELLED.values()}
        return typed(PartOrder, {**rest, **named})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        fix = "The worker and `rft` must have the same version: deploy the stack again."
        raise InputError(f"this is not a part's order: {error}", place="fan-out worker", fix=fix) from None


@dataclass(frozen=True, slots=True)
class PartFacts:
    """Metadata of a part, stored with its S3 object."""

    shard: int
    next: int
    """Byte of the source at which the next part begins."""
    end: int
    """Byte of the source at which the shard ends."""
    rows: int
    errors: int
    """Number of rows without a reward."""
    work: str
    """Digest of the work that was ordered."""

    @property
    def done(self) -> bool:
        """True if the shard ends with this part."""
        return self.next >= self.end

    def to_json(self) -> dict[str, Any]:
        """Return the worker's response."""
        counts = {"rows": self.rows, "errors": self.errors}
        return {"shard": self.shard, "from": self.next, "to": self.end, "done": self.done, **counts}

    def to_metadata(self) -> dict[str, str]:
        """Return the metadata for the part's object."""
        counts = {"next": self.next, "rows": self.rows, "errors": self.errors}
        return {**{name: str(count) for name, count in counts.items()}, "work": self.work}


def read_part_facts(order: PartOrder, metadata: Mapping[str, str], place: str) -> PartFacts:
    """Parse the metadata of a part's object, and check that it fits the order.

    Args:
        order: The order that the part fulfills.
        metadata: The object's metadata.
        place: The object, for messages.

    Raises:
        InputError: The part belongs to other work, or its chain does not advance.
    """
    fix = "Use another --prefix, or remove this object."
    try:
        counts = [int(metadata[name]) for name in ("next", "rows", "errors")]
        work = metadata["work"]
    except (KeyError, ValueError):
        raise InputError("this object is not a part of a run", place=place, fix=fix) from None
    found = PartFacts(order.shard, counts[0], order.end, counts[1], counts[2], work)
    if work != order.work:
        raise InputError("this part was graded for other work", place=place, fix=fix)
    if not order.start < found.next <= order.end or not 0 <= found.errors <= found.rows:
        raise InputError("this part does not say where its shard continues", place=place, fix=fix)
    return found


class Part(NamedTuple):
    """One part of a shard."""

    body: bytes
    """The part's rows, as lines of JSON."""
    facts: PartFacts


class _Enough(Exception):
    """Raised to end a part before the end of its range."""


def grade_part(
    order: PartOrder,
    target: Target,
    source: DataFile,
    records: RecordFile | None = None,
    *,
    remaining: Callable[[], float] = lambda: math.inf,
    most_bytes: int = MOST_BYTES,
) -> Part:
    """Grade one part of a shard.

    Args:
        order: The range to grade, and the options.
        target: The target that grades.
        source: The source named in the order.
        records: The training records named in the order.
        remaining: Returns the number of seconds that this call may still take.
        most_bytes: Size in bytes at which the part ends.

    Returns:
        The rows, from the order's start, and the offset of the next part. If the service fails after the
            first batch, the part ends there, and no graded row is lost.

    Raises:
        InputError: The source cannot be read, or has changed.
        ServiceError: The target cannot be reached, and nothing was graded.
    """
    at_once = min(order.calls, target.concurrency)
    # An in-process grader runs in this thread, where it can be interrupted.
    threads = ThreadPoolExecutor(at_once) if at_once > 1 else None
    grading = _Grading(order, target, threads, remaining, most_bytes)
    how = order.label, order.fields, records
    try:
        grading.grade(in_batches(read_rollouts(source, order.start, order.end, *how, base=order.base)))
        going_on = order.end
    except (_Enough, ServiceError):
        if grading.last is None:
            raise
        # A range starts with the first line that begins in it, which is the line after the last graded one.
        going_on = min(grading.last - order.base + 1, order.end)
    finally:
        if threads is not None:  # a `with` statement would wait for abandoned calls
            threads.shutdown(wait=False, cancel_futures=True)
    facts = PartFacts(order.shard, going_on, order.end, grading.rows, grading.errors, order.work)
    return Part(bytes(grading.body), facts)


class _Grading:
    """Grades batches in parallel, and keeps their rows in order."""

    def __init__(
        self,
        order: PartOrder,
        target: Target,
        threads: ThreadPoolExecutor | None,
        remaining: Callable[[], float],
        most_bytes: int,
    ) -> None:
        # A list of lines would waste memory: orjson allocates 4 kB for each line and leaves most of it
        # unused.
        self.body = bytearray()
        self.rows = 0
        self.errors = 0
        self.last: int | None = None
        """Offset of the last rollout in the whole input, or None before the first rollout."""
        self._order = order
        self._target = target
        self._threads = threads
        self._remaining = remaining
        self._most_bytes = most_bytes
        self._slowest_s = 0.0
        self._profiles = profiles_of(order.wire)
        self._under_way: deque[Future[tuple[list[Row], float]]] = deque()

    def grade(self, batches: Iterator[list[Rollout]]) -> None:
        """Grade batches until there are no more.

        Raises:
            _Enough: Time is almost up, or there are enough rows.
            ServiceError: The target or the source cannot be reached.
        """
        stopped: Exception | None = None
        while stopped is None:
            try:
                batch = next(batches, None)
            except ServiceError as error:  # first grade the rollouts that were already read
                stopped = error
                continue
            if batch is None:
                break
            if self._full():
                stopped = _Enough()
                continue
            self._begin(batch)
            if self._threads is None or len(self._under_way) >= self._order.calls:
                self._take()
        while self._under_way:
            self._take()
        if stopped is not None:
            raise stopped

    def _begin(self, batch: list[Rollout]) -> None:
        """Start grading a batch, in another thread if the worker uses threads."""
        if self._threads is not None:
            self._under_way.append(self._threads.submit(self._graded, batch))
            return
        future: Future[tuple[list[Row], float]] = Future()
        try:
            future.set_result(self._graded(batch))
        except ServiceError as error:
            future.set_exception(error)
        self._under_way.append(future)

    def _full(self) -> bool:
        """Return True if size or time allows no further batch. The first batch is always allowed."""
        if self.last is None and not self._under_way:
            return False
        needed = max(MARGIN_S, _SLOWEST * self._slowest_s)
        return len(self.body) >= self._most_bytes or self._remaining() < needed

    def _graded(self, batch: list[Rollout]) -> tuple[list[Row], float]:
        """Grade a batch, and return its rows and its duration in seconds."""
        began, order = time.perf_counter(), self._order
        rows = grade_batch(self._target, batch, self._profiles, order.repeats, order.label is not None)
        return rows, time.perf_counter() - began

    def _take(self) -> None:
        """Wait for the oldest running batch, and add its rows to the part."""
        # Wait for the very first batch however long it takes: giving up would not help the next call.
        limit = None if self.last is None else max(0.0, self._remaining() - LAST_S)
        done, _ = wait(list(self._under_way)[:1], None if limit == math.inf else limit)
        if not done:
            raise _Enough
        rows, seconds = self._under_way.popleft().result()
        for row in rows:
            self.body += dump(row)
            self.errors += row["error"] is not None
        self.rows += len(rows)
        self.last = rows[-1]["at"]
        self._slowest_s = max(self._slowest_s, seconds)
