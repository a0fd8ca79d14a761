"""The worker function: grades one part of a shard when Lambda calls it, and keeps it in S3.

A repeated call finds the part and answers as the first one did; of two calls at once, one part is kept. The
state machine calls again from where the answer says, until the shard is done. An error's class is its name in
AWS: `ServiceError` may pass, `InputError`, `Denied` and `LastingServiceError` do not. Why a call failed is
also kept beside the parts, since a failed child of a state machine is not always easy to find.
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
    """Grade one part, or find it graded.

    Args:
        event: A `PartOrder` as JSON.
        context: Lambda's; it tells how much time is left.

    Returns:
        Where the shard goes on, and whether it is done.

    Raises:
        InputError: The order cannot be carried out, however often it is tried.
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
        # Lambda reports the class by its name: a subclass would not be retried, or would.
        kind = ServiceError if isinstance(error, ServiceError) else InputError
        raise kind(str(error)) from None


def _graded(order: PartOrder, store: PartStore, remaining: Callable[[], float]) -> PartFacts:
    """The part that an order asks for, from the places that it names."""

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
    """Grade a part and keep it, unless there is one already.

    Args:
        order: What to grade.
        store: Where parts are kept.
        open_all: Opens the grader, the source and the records; called only where there is work.
        remaining: How many seconds this call may still take.

    Returns:
        What the part that is kept says of itself, whoever graded it.

    Raises:
        InputError: The source is not what it was, or the part that is there is of other work.
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
        raise ServiceError("the part is there and cannot be found", place=f"{store.place}/{order.key}")
    return kept


def failure_key(attempt: int, shard: int) -> str:
    """The name of what a worker leaves where it fails."""
    return f"{failure_folder(attempt)}{shard:06d}.json"


def failure_folder(attempt: int) -> str:
    """The folder of what workers of one execution leave where they fail, with its slash."""
    return f"failures/{attempt:04d}/"


def _existing(order: PartOrder, store: PartStore) -> PartFacts | None:
    """What the part that is there says of itself; None where there is none."""
    metadata = store.metadata(order.key)
    if metadata is None:
        return None
    return read_part_facts(order, metadata, f"{store.place}/{order.key}")


def _note(order: PartOrder, store: PartStore, error: BaseException) -> None:
    """Keep why a call failed; where that fails too, Lambda's own answer has to do."""
    said = {"shard": order.shard, "from": order.start, "error": _kind(error), "cause": str(error)[:2000]}
    try:
        store.put(failure_key(order.attempt, order.shard), json.dumps(said).encode())
    except HarnessError:
        pass


def _kind(error: BaseException) -> str:
    """The name of an error as the state machine sees it."""
    if isinstance(error, HarnessError) and not isinstance(error, Denied | LastingServiceError):
        return "ServiceError" if isinstance(error, ServiceError) else "InputError"
    return type(error).__name__


# A function's environment lives from call to call: what is open stays open.


@functools.lru_cache(maxsize=2)
def _store(place: PartPlace) -> PartStore:
    return S3Parts(place)


@functools.lru_cache(maxsize=2)
def _target(grader: str, calls: int) -> DeployedTarget:
    return DeployedTarget(grader, concurrency=calls)


@functools.lru_cache(maxsize=1)
def _records(facts: SourceFacts) -> RecordFile:
    return RecordFile(source_from([facts]))
