"""The contract of a shard: grade one byte range of a source into parts, wherever that happens.

A shard is a chain of parts. Each part says where the next one begins, and the last one where the shard ends.
A call grades until its range is done, its time is nearly over or its rows are many; it always grades at least
one batch, so a chain always grows.
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
"""A part with this many bytes of rows ends; a worker holds one part in memory."""

MARGIN_S: Final = 60.0
"""With less time left than this, or than a slow batch takes, a worker begins no further batch."""

LAST_S: Final = 15.0
"""With less time left than this, a worker gives up batches under way, and saves what it has."""

_SLOWEST: Final = 1.5
"""How much slower than the slowest batch so far the next one may be."""

_SPELLED: Final = {"start": "from", "end": "to"}
"""JSON names of an order's fields, where Python has them as keywords or reads them otherwise."""


@dataclass(frozen=True, slots=True)
class PartPlace:
    """Where a run's parts are: a folder in a bucket."""

    bucket: str
    prefix: str
    """Without a slash at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOrder:
    """What one call of a worker grades, and how; as JSON it is the worker's event."""

    run: str
    """The run's id, for people."""
    shard: int
    start: int
    """Byte of the source at which to go on; `from` in JSON."""
    end: int
    """Byte of the source at which the shard ends; `to` in JSON."""
    base: int = 0
    """Offset of the source's first byte in the whole input, where that is several files."""
    source: SourceFacts
    out: PartPlace
    grader: str
    """ARN of a published version."""
    wire: str
    repeats: int = 1
    label: str | None = None
    fields: FieldChoice = FieldChoice()
    records: SourceFacts | None = None
    calls: int = 4
    """How many calls of the grader to keep under way."""
    attempt: int = 1
    """Which execution of the run this belongs to; reasons of failure are kept by it."""

    def __post_init__(self) -> None:
        """Refuse an order that no run could give."""
        if not 0 <= self.start <= self.end or min(self.shard, self.base) < 0:
            raise ValueError("is no byte range of a shard")
        if min(self.repeats, self.calls) < 1:
            raise ValueError("counts repeats or calls below 1")

    @property
    def work(self) -> str:
        """Digest of everything that decides the rows: parts of other work have another."""
        fixed = (self.source, self.base, self.grader, self.wire, self.repeats, self.label, self.fields)
        told = json.dumps(as_json([*fixed, self.records]), sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def key(self) -> str:
        """The part's name below `out`."""
        return part_key(self.shard, self.start)

    def to_json(self) -> dict[str, Any]:
        """The order as a worker's event."""
        named: dict[str, Any] = as_json(self)
        return {_SPELLED.get(name, name): value for name, value in named.items()}


def part_key(shard: int, start: int) -> str:
    """The name of the part of a shard that begins at a byte of its source."""
    return f"{shard_folder(shard)}{start:014d}.jsonl"


def shard_folder(shard: int) -> str:
    """The folder of a shard's parts, with its slash."""
    return f"shards/{shard:06d}/"


def read_order(event: Any) -> PartOrder:
    """Read a worker's event.

    Raises:
        InputError: It is no order, or one of another version.
    """
    try:
        named = {python: event[name] for python, name in _SPELLED.items()}
        rest = {name: value for name, value in event.items() if name not in _SPELLED.values()}
        return typed(PartOrder, {**rest, **named})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        fix = "The worker and `rft` have to be of the same version: deploy the stack again."
        raise InputError(f"this is no order for a part: {error}", place="fan-out worker", fix=fix) from None


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What is known of a part beside its rows; its object in S3 carries this as metadata."""

    shard: int
    next: int
    """Byte of the source at which the next part begins."""
    end: int
    """Byte of the source at which the shard ends."""
    rows: int
    errors: int
    """Rows without a reward."""
    work: str
    """Digest of what was asked for."""

    @property
    def done(self) -> bool:
        """Whether the shard ends with this part."""
        return self.next >= self.end

    def to_json(self) -> dict[str, Any]:
        """The worker's answer."""
        counts = {"rows": self.rows, "errors": self.errors}
        return {"shard": self.shard, "from": self.next, "to": self.end, "done": self.done, **counts}

    def to_metadata(self) -> dict[str, str]:
        """What the part's object carries."""
        counts = {"next": self.next, "rows": self.rows, "errors": self.errors}
        return {**{name: str(count) for name, count in counts.items()}, "work": self.work}


def read_part_facts(order: PartOrder, metadata: Mapping[str, str], place: str) -> PartFacts:
    """Read what a part's object says of itself, and check that it continues the order.

    Args:
        order: What the part was asked for.
        metadata: Of the object.
        place: The object, for messages.

    Raises:
        InputError: The part is not of this work, or does not lead on.
    """
    fix = "Name another --prefix, or remove this object."
    try:
        counts = [int(metadata[name]) for name in ("next", "rows", "errors")]
        work = metadata["work"]
    except (KeyError, ValueError):
        raise InputError("this object is not a part of a run", place=place, fix=fix) from None
    found = PartFacts(order.shard, counts[0], order.end, counts[1], counts[2], work)
    if work != order.work:
        raise InputError("this part was graded for other work", place=place, fix=fix)
    if not order.start < found.next <= order.end or not 0 <= found.errors <= found.rows:
        raise InputError("this part does not say where its shard goes on", place=place, fix=fix)
    return found


class Part(NamedTuple):
    """One part of a shard."""

    body: bytes
    """Its rows, as lines of JSON."""
    facts: PartFacts


class _Enough(Exception):
    """The part ends before its range does."""


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
        order: What to grade, and how.
        target: Where to grade.
        source: The content that the order names.
        records: The training records that it names.
        remaining: How many seconds this call may still take.
        most_bytes: End the part when its rows have this many bytes.

    Returns:
        The rows, which begin at the order's start, and where the next part begins. Where the service fails
        after the first batch, the part ends there, and nothing that was graded is lost.

    Raises:
        InputError: The source cannot be read, or is not what it was.
        ServiceError: The target could not be reached, and nothing was graded.
    """
    at_once = min(order.calls, target.concurrency)
    # A grader in this process is called from this thread, where it can be interrupted.
    threads = ThreadPoolExecutor(at_once) if at_once > 1 else None
    grading = _Grading(order, target, threads, remaining, most_bytes)
    how = order.label, order.fields, records
    try:
        grading.grade(in_batches(read_rollouts(source, order.start, order.end, *how, base=order.base)))
        going_on = order.end
    except (_Enough, ServiceError):
        if grading.last is None:
            raise
        # A range begins with the first line that begins in it: this is the line after the last one.
        going_on = min(grading.last - order.base + 1, order.end)
    finally:
        if threads is not None:  # and no `with`, which would wait for calls that were given up
            threads.shutdown(wait=False, cancel_futures=True)
    facts = PartFacts(order.shard, going_on, order.end, grading.rows, grading.errors, order.work)
    return Part(bytes(grading.body), facts)


class _Grading:
    """Grades batches, several at once, and keeps their rows in order."""

    def __init__(
        self,
        order: PartOrder,
        target: Target,
        threads: ThreadPoolExecutor | None,
        remaining: Callable[[], float],
        most_bytes: int,
    ) -> None:
        # Not a list of lines: orjson makes each in a block of 4 kB, of which the rest would stay unused.
        self.body = bytearray()
        self.rows = 0
        self.errors = 0
        self.last: int | None = None
        """Where the last rollout begins in the whole input; None while there is none."""
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
            _Enough: The time is nearly over, or the rows are many.
            ServiceError: The target, or what holds the source, could not be reached.
        """
        stopped: Exception | None = None
        while stopped is None:
            try:
                batch = next(batches, None)
            except ServiceError as error:  # what was read before is graded all the same
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
        """Have a batch graded, in a thread where there are some."""
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
        """Whether to begin no further batch; never before there is one."""
        if self.last is None and not self._under_way:
            return False
        needed = max(MARGIN_S, _SLOWEST * self._slowest_s)
        return len(self.body) >= self._most_bytes or self._remaining() < needed

    def _graded(self, batch: list[Rollout]) -> tuple[list[Row], float]:
        """The rows of a batch, and the seconds that it took."""
        began, order = time.perf_counter(), self._order
        rows = grade_batch(self._target, batch, self._profiles, order.repeats, order.label is not None)
        return rows, time.perf_counter() - began

    def _take(self) -> None:
        """Keep the rows of the first batch under way, once it is graded."""
        # The first of all is waited for however long it takes: without it, the next call would be no wiser.
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
