"""Replays a run with workers in AWS: orders the missing parts, waits for them, and finishes the run.

The same command resumes a run, no matter how the last command ended. It collects the parts that exist, waits
for an execution that is still running, and orders only the missing parts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from harness.clock import Clock
from harness.errors import HarnessError, InputError, ServiceError
from harness.printable import shortened
from harness.replay.fan_out.collected_parts import CollectedShards, Collecting
from harness.replay.fan_out.execution import ExecutionState, ShardFailure, StateMachine
from harness.replay.fan_out.part import PartOrder, PartPlace
from harness.replay.fan_out.part_store import PartStore
from harness.replay.fan_out.part_worker import failure_folder
from harness.replay.fan_out.shards import located
from harness.runs.facts import DeployedFacts, middle_of
from harness.runs.fan_out_facts import FanOutFacts
from harness.runs.rows import Totals, total_of
from harness.runs.store import Run, lock_run

__all__ = ["FanOutProgress", "FannedOut", "folder_of", "orders_of"]

_URL: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.*[^/])/*")
_REASONS: Final = 100
"""Maximum number of failure reasons read."""
_LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class FanOutProgress:
    """Progress of a fan-out."""

    shards: int
    """Number of shards in the run."""
    collected: int
    """Number of shards already in the run's folder when the wait started."""
    execution: str
    """ARN of the watched execution."""
    state: ExecutionState
    """The state of the watched execution."""


def folder_of(prefix: str, run: str) -> PartPlace:
    """Return the folder of a run's parts in S3.

    Args:
        prefix: `s3://BUCKET/FOLDER`.
        run: The run's id.

    Raises:
        InputError: The prefix is not a folder in S3.
    """
    match = _URL.fullmatch(prefix)
    if match is None:
        fix = "Write it as s3://BUCKET/FOLDER."
        raise InputError("--prefix is not a folder in S3", place=prefix, fix=fix)
    return PartPlace(match[1], f"{match[2]}/{run}")


def fan_out_of(run: Run) -> FanOutFacts:
    """Return the fan-out facts of a run.

    Raises:
        InputError: The run is not a fan-out.
    """
    if run.facts.fan_out is None:
        raise InputError("this run was not started with --fan-out", place=str(run.folder))
    return run.facts.fan_out


def orders_of(run: Run) -> list[PartOrder]:
    """Return the orders for a run's workers, one per shard.

    Raises:
        InputError: The run is not a fan-out, or its rollouts have changed.
    """
    facts, fan = run.facts, fan_out_of(run)
    assert isinstance(facts.target, DeployedFacts)
    return [
        PartOrder(
            run=facts.id,
            shard=number,
            start=one.start,
            end=one.end,
            base=one.base,
            source=one.source,
            out=folder_of(fan.prefix, facts.id),
            grader=facts.target.arn,
            wire=facts.wire,
            repeats=facts.repeats,
            label=facts.label,
            fields=facts.fields,
            records=fan.records,
            calls=fan.calls,
        )
        for number, one in enumerate(located(run.rollouts, facts.shards))
    ]


class FannedOut:
    """Grades one run with workers in AWS.

    Args:
        run: A run that was started with a fan-out.
        store: The store to which workers write parts.
        machine: The state machine.
        tell: Called with the progress.
        agree: Called with the missing orders before an execution starts. It may raise an error to prevent the
            start.
        clock: The clock to wait with, or None for the system clock.
    """

    def __init__(
        self,
        run: Run,
        store: PartStore,
        machine: StateMachine,
        tell: Callable[[FanOutProgress], None] = lambda progress: None,
        agree: Callable[[Sequence[PartOrder]], None] = lambda missing: None,
        clock: Clock | None = None,
    ) -> None:
        self._run = run
        self._store = store
        self._machine = machine
        self._tell = tell
        self._agree = agree
        self._clock = clock

    def grade(self) -> Totals:
        """Grade the missing shards, and finish the run.

        Returns:
            The totals of the whole run.

        Raises:
            InputError: Shards are missing because their data or the function changed, or a part contradicts
                itself.
            ServiceError: Shards are missing for another reason; the same command grades them.
        """
        run = self._run
        if run.done:
            return run.totals
        with lock_run(run):
            if run.facts.state == "done":  # another process finished it
                return run.totals
            orders = orders_of(run)
            found = self._collect(orders, {})
            if found.missing:
                state = self._have_graded(found, len(orders))
                missing = {order.shard for order in found.missing}
                found = self._collect([order for order in orders if order.shard in missing], found.totals)
                if found.missing:
                    raise self._incomplete(found.missing, len(orders), state)
            totals = total_of(found.totals)
            run.merge()
            run.close(totals)
        return totals

    def _collect(self, orders: Sequence[PartOrder], known: dict[int, Totals]) -> CollectedShards:
        facts = self._run.facts
        collecting = Collecting(
            self._store, self._run.folder / "shards", middle_of(facts.bounds), facts.label_rule
        )
        found = collecting.collect(orders)
        return CollectedShards({**known, **found.totals}, found.missing)

    def _have_graded(self, found: CollectedShards, shards: int) -> ExecutionState:
        """Wait for an execution that grades the missing shards, starting one if none is running."""
        collected = len(found.totals)
        execution = self._running() or self._start(found.missing)
        return self._machine.wait(
            execution,
            lambda state: self._tell(FanOutProgress(shards, collected, execution, state)),
            self._clock,
        )

    def _running(self) -> str | None:
        """Return the ARN of the run's last execution if it is still running."""
        execution = fan_out_of(self._run).execution
        state = None if execution is None else self._machine.look(execution)
        return execution if state is not None and state.running else None

    def _start(self, missing: Sequence[PartOrder]) -> str:
        """Start an execution for the missing shards, after recording it in the run."""
        run, fan = self._run, fan_out_of(self._run)
        place, attempt = folder_of(fan.prefix, run.facts.id), fan.attempt + 1
        # A run with the same name may exist in another folder of runs.
        while (found := self._machine.look(self._execution(attempt))) is not None:
            if found.running:
                break
            attempt += 1
        execution = self._execution(attempt)
        if found is None:
            self._agree(missing)
        run.save(fan_out=replace(fan, attempt=attempt, execution=execution))
        if found is None:
            key = f"items/{attempt:04d}.json"
            items = [replace(order, attempt=attempt).to_json() for order in missing]
            self._store.put(key, json.dumps(items).encode())
            where = {"bucket": place.bucket, "key": f"{place.prefix}/{key}"}
            name = execution.rpartition(":")[2]
            self._machine.start(name, {"items": where, "workers": fan.workers})
        return execution

    def _execution(self, attempt: int) -> str:
        fan, run = fan_out_of(self._run), self._run.facts.id
        return self._machine.execution(execution_name(fan.prefix, run, attempt))

    def _incomplete(self, missing: Sequence[PartOrder], shards: int, state: ExecutionState) -> HarnessError:
        fan = fan_out_of(self._run)
        reasons = list(self._noted(missing, fan.attempt))
        if fan.execution is not None:
            reasons += self._machine.failures(fan.execution)
        if state.error is not None:
            reasons.append(ShardFailure(state.error, state.cause or ""))
        first: dict[str, str] = {}
        for each in reasons:
            first.setdefault(each.error, each.cause)
        numbers = _ranges([order.shard for order in missing])
        why = "; ".join(f"{error}: {shortened(cause, 400).rstrip('.')}" for error, cause in first.items())
        said = (
            f"{len(missing):,} of {shards:,} shards are not graded (numbers {numbers}): "
            f"{why or 'no reason was reported'}. The execution's status is {state.status}"
        )
        fix = "Fix the cause. The same command then grades only what is missing."
        # Problems with the data or the function are permanent. Any other problem may be temporary.
        kind = InputError if first.keys() == {"InputError"} else ServiceError
        return kind(said, place=str(self._run.folder), fix=fix)

    def _noted(self, missing: Sequence[PartOrder], attempt: int) -> Iterable[ShardFailure]:
        """Yield the failure reasons that workers of the last execution stored for missing shards."""
        numbers = {order.shard for order in missing}
        for key in list(self._store.keys(failure_folder(attempt)))[:_REASONS]:
            found = self._store.get(key)
            try:
                said = json.loads(found[0]) if found else {}
                if said["shard"] in numbers:
                    yield ShardFailure(str(said["error"]), str(said["cause"]))
            except (ValueError, KeyError, TypeError):  # a worker did not write this object
                continue


def execution_name(prefix: str, run: str, attempt: int) -> str:
    """Return an execution's name in characters that Step Functions allows, unique for each prefix."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", run)[:_LONGEST_NAME]
    return f"{plain}-{hashlib.sha256(f'{prefix}/{run}'.encode()).hexdigest()[:8]}-{attempt}"


def _ranges(numbers: Sequence[int], most: int = 10) -> str:
    """Format ascending numbers as ranges, such as `0 to 4, 7`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = [str(one[0]) if len(one) == 1 else f"{one[0]} to {one[-1]}" for one in runs[:most]]
    return ", ".join([*shown, *(["..."] if len(runs) > most else [])])
