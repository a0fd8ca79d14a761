"""The worker as a Lambda function, which grades one part of a shard per call and stores it in S3.

A repeated call finds the part and returns the same response. If two calls run in parallel, one of their parts
is kept. The state machine calls the function again from the returned position until the shard is done. It
retries a `ServiceError`, which may be temporary, but not an `InputError`, a `Denied` or a
`LastingServiceError`. The reason for a failure is also stored next to the parts, because a failed child of a
state machine can be hard to find.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from harness.aws import Denied
from harness.data.record_file import RecordFile
from harness.data.sources import SourceFacts, source_from
from harness.errors import HarnessError, InputError, ServiceError
from harness.replay.fan_out.part import (
    PartFacts,
    PartOrder,
    PartPlace,
    grade_part,
    read_order,
    read_part_facts,
)
from harness.replay.fan_out.part_store import PartStore, S3Parts
from harness.replay.grading import LastingServiceError
from harness.targets.deployed import DeployedTarget
from harness.targets.protocol import Target

__all__ = ["failure_key", "handler", "keep_part"]


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Grade one part, unless it already exists.

    Args:
        event: A `PartOrder` as JSON.
        context: Lambda's context, which has the remaining time.

    Returns:
        The byte at which to continue the shard, and whether the shard is done.

    Raises:
        InputError: The order cannot be carried out, and trying again does not help.
        ServiceError: AWS failed; trying again may help.
    """
    try:
        order = read_order(event)
        store = _store(order.out)
        try:
            return _graded(order, store, lambda: context.get_remaining_time_in_millis() / 1000).to_json()
        except BaseException as error:
            _note(order, store, error)
            raise
    except (Denied, LastingServiceError):
        raise
    except HarnessError as error:
        # Lambda reports an error by class name. A subclass would be retried wrongly, or not retried.
        kind = ServiceError if isinstance(error, ServiceError) else InputError
        raise kind(str(error)) from None


def _graded(order: PartOrder, store: PartStore, remaining: Callable[[], float]) -> PartFacts:
    def open_all() -> tuple[Target, Any, RecordFile | None]:
        records = None if order.records is None else _records(order.records)
        return _target(order.grader, order.calls), source_from([order.source]), records

    return keep_part(order, store, open_all, remaining)


def keep_part(
    order: PartOrder,
    store: PartStore,
    open_all: Callable[[], tuple[Target, Any, RecordFile | None]],
    remaining: Callable[[], float],
) -> PartFacts:
    """Grade and store a part, unless it exists already.

    Args:
        order: The part to grade.
        store: The store for parts.
        open_all: Opens the grader, the source and the records; called only if there is work to do.
        remaining: Returns the number of seconds that this call may still take.

    Returns:
        Metadata of the stored part, whichever worker graded it.

    Raises:
        InputError: The source has changed, or the existing part belongs to other work.
        ServiceError: AWS failed.
    """
    found = _existing(order, store)
    if found is not None:
        return found
    target, source, records = open_all()
    part = grade_part(order, target, source, records, remaining=remaining)
    if store.put_once(order.key, part.body, part.facts.to_metadata()):
        return part.facts
    kept = _existing(order, store)
    if kept is None:
        raise ServiceError("the part exists but cannot be read", place=f"{store.place}/{order.key}")
    return kept


def failure_key(attempt: int, shard: int) -> str:
    """Return the name of the object in which a worker stores the reason for its failure."""
    return f"{failure_folder(attempt)}{shard:06d}.json"


def failure_folder(attempt: int) -> str:
    """Return the folder of one execution's failure reasons, with a trailing slash."""
    return f"failures/{attempt:04d}/"


def _existing(order: PartOrder, store: PartStore) -> PartFacts | None:
    metadata = store.metadata(order.key)
    if metadata is None:
        return None
    return read_part_facts(order, metadata, f"{store.place}/{order.key}")


def _note(order: PartOrder, store: PartStore, error: BaseException) -> None:
    """Store the reason why a call failed. If that fails too, only Lambda's own report remains."""
    said = {"shard": order.shard, "from": order.start, "error": _kind(error), "cause": str(error)[:2000]}
    try:
        store.put(failure_key(order.attempt, order.shard), json.dumps(said).encode())
    except HarnessError:
        pass


def _kind(error: BaseException) -> str:
    """Return the name of an error's class as the state machine sees it."""
    if isinstance(error, HarnessError) and not isinstance(error, Denied | LastingServiceError):
        return "ServiceError" if isinstance(error, ServiceError) else "InputError"
    return type(error).__name__


# A function's environment is reused between calls, so clients and files stay open.


@functools.lru_cache(maxsize=2)
def _store(place: PartPlace) -> PartStore:
    return S3Parts(place)


@functools.lru_cache(maxsize=2)
def _target(grader: str, calls: int) -> DeployedTarget:
    return DeployedTarget(grader, concurrency=calls)


@functools.lru_cache(maxsize=1)
def _records(facts: SourceFacts) -> RecordFile:
    return RecordFile(source_from([facts]))
