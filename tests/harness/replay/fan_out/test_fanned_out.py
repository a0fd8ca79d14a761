"""Fan-outs with the workers, the store of parts and the state machine in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.clock import ManualClock
from harness.data.sources import source_of
from harness.errors import HarnessError, InputError, ServiceError
from harness.replay.fan_out.execution import StateMachine
from harness.replay.fan_out.fanned_out import (
    FannedOut,
    FanOutProgress,
    execution_name,
    folder_of,
    orders_of,
)
from harness.replay.fan_out.part import PartFacts, PartOrder
from harness.replay.fan_out.part_worker import failure_key, keep_part
from harness.replay.prepare import ReplayRequest, prepare
from harness.replay.supervisor import replay
from harness.runs.facts import DeployedFacts
from harness.runs.fan_out_facts import FanOutFacts
from harness.runs.rows import read_rows
from harness.runs.store import Run, open_run, other_work
from harness.targets.in_process import InProcessTarget
from support.memory_parts import MemoryParts
from support.rollout_files import write_many
from support.states_here import MACHINE, StatesHere

GRADER = "graders.examples.word_problems:word_problem"
ARN = "arn:aws:lambda:us-west-2:123456789012:function:word-problem:7"
PREFIX = "s3://results/rft-runs"


@pytest.fixture
def rollouts(tmp_path: Path) -> Path:
    return write_many(tmp_path / "rollouts.jsonl", 700)


@pytest.fixture
def run(rollouts: Path, tmp_path: Path) -> Run:
    """A prepared run, like a local one except that workers grade it."""
    made = prepare(
        ReplayRequest(rollouts=rollouts, grader=GRADER, label="is_right", runs=tmp_path / "runs", name="far")
    )
    fan = FanOutFacts(prefix=PREFIX, machine=MACHINE, workers=3, calls=2)
    size = rollouts.stat().st_size
    shards = tuple((size * at // 5, size * (at + 1) // 5) for at in range(5))
    made.save(target=DeployedFacts(ARN, version="7"), fan_out=fan, shards=shards)
    return made


class World:
    def __init__(self, run: Run, rollouts: Path, says: str = "SUCCEEDED") -> None:
        self.run, self.rollouts = run, rollouts
        self.store, self.graded = MemoryParts(), 0
        self.work: Callable[[PartOrder], PartFacts] = self.grade
        self.states = StatesHere(
            folder_of(PREFIX, run.facts.id), self.store, lambda order: self.work(order), says
        )
        self.seen: list[FanOutProgress] = []

    def grade(self, order: PartOrder) -> PartFacts:
        self.graded += 1
        return keep_part(
            order, self.store, lambda: (InProcessTarget(GRADER), source_of(self.rollouts), None), lambda: 0.0
        )

    def fail(self, error: HarnessError) -> Callable[[PartOrder], PartFacts]:
        """Return a worker that stores the reason for its failure, as the real handler does."""

        def failing(order: PartOrder) -> PartFacts:
            kind = "InputError" if isinstance(error, InputError) else "ServiceError"
            said = {"shard": order.shard, "error": kind, "cause": str(error)}
            self.store.put(failure_key(order.attempt, order.shard), json.dumps(said).encode())
            raise error

        return failing

    def fan_out(self) -> FannedOut:
        machine = StateMachine(MACHINE, self.states)
        return FannedOut(
            open_run(self.run.folder), self.store, machine, self.seen.append, clock=ManualClock()
        )


def timeless(path: Path) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "ms"} for row in read_rows(path)]


def test_the_run_is_the_one_that_a_local_replay_makes(run: Run, rollouts: Path, tmp_path: Path) -> None:
    world = World(run, rollouts)
    totals = world.fan_out().grade()
    local = prepare(
        ReplayRequest(rollouts=rollouts, grader=GRADER, label="is_right", runs=tmp_path / "runs", name="near")
    )
    assert replay(local, cores=1) == totals
    far = open_run(run.folder)
    assert timeless(far.rewards) == timeless(local.rewards)
    assert (far.done, far.totals) == (True, totals)
    assert far.facts.fan_out is not None
    assert far.facts.fan_out.attempt == 1
    assert not (far.folder / "shards").exists()
    assert [progress.state.status for progress in world.seen] == ["SUCCEEDED"]
    graded = world.graded
    assert world.fan_out().grade() == totals  # a second call requests nothing
    assert (world.graded, len(world.states.started)) == (graded, 1)


def test_existing_parts_are_collected_and_only_the_rest_is_ordered(run: Run, rollouts: Path) -> None:
    world = World(run, rollouts)
    orders = orders_of(run)
    world.states.grade(orders[:2])
    world.fan_out().grade()
    [(_, ordered)] = world.states.started
    assert ordered == len(orders) - 2


def test_all_parts_are_there_and_no_execution_is_started(run: Run, rollouts: Path) -> None:
    world = World(run, rollouts)
    world.states.grade(orders_of(run))
    world.fan_out().grade()
    assert world.states.started == []


def test_a_running_execution_is_joined(run: Run, rollouts: Path) -> None:
    world = World(run, rollouts)
    orders = orders_of(run)
    execution = StateMachine(MACHINE, world.states).execution("first")
    run.save(
        fan_out=FanOutFacts(
            prefix=PREFIX, machine=MACHINE, workers=3, calls=2, attempt=1, execution=execution
        )
    )
    world.states.statuses[execution] = "SUCCEEDED"
    world.states.running_for = 3

    def late(progress: FanOutProgress) -> None:
        if not progress.state.running:
            world.states.grade(orders)

    FannedOut(
        open_run(run.folder), world.store, StateMachine(MACHINE, world.states), late, clock=ManualClock()
    ).grade()
    assert world.states.started == []
    assert open_run(run.folder).done


@pytest.mark.parametrize("says", ["SUCCEEDED", "FAILED"])
@pytest.mark.parametrize("kind", [InputError, ServiceError])
def test_all_children_fail_whatever_the_execution_says(
    run: Run, rollouts: Path, says: str, kind: type[HarnessError]
) -> None:
    world = World(run, rollouts, says)
    world.work = world.fail(kind("s3://data/r.jsonl was replaced"))
    count = len(orders_of(run))
    with pytest.raises(kind) as failed:
        world.fan_out().grade()
    assert type(failed.value) is kind
    said = str(failed.value)
    assert f"{count} of {count} shards are not graded (numbers 0 to {count - 1})" in said
    assert f"{kind.__name__}: s3://data/r.jsonl was replaced" in said
    assert f"execution's status is {says}" in said
    again = open_run(run.folder)
    assert not again.done
    assert not again.rewards.exists()
    world.work = world.grade  # the worker no longer fails
    world.fan_out().grade()
    assert [ordered for _, ordered in world.states.started] == [count, count]
    assert open_run(run.folder).done


def test_two_reasons_are_both_named_and_the_run_can_go_on(run: Run, rollouts: Path) -> None:
    world = World(run, rollouts)
    first, second = world.fail(InputError("replaced")), world.fail(ServiceError("throttled"))
    world.work = lambda order: [first, second][order.shard % 2](order)
    with pytest.raises(ServiceError, match=r"InputError: replaced; ServiceError: throttled"):
        world.fan_out().grade()


def test_a_shard_may_be_missing_without_a_reported_reason(run: Run, rollouts: Path) -> None:
    world = World(run, rollouts)

    def killed(order: PartOrder) -> PartFacts:
        if order.shard == 1:
            raise ServiceError("killed, and no word of it")
        return world.grade(order)

    world.work = killed
    with pytest.raises(
        ServiceError, match=r"1 of \d shards are not graded \(numbers 1\): no reason was reported"
    ):
        world.fan_out().grade()
    world.work = world.grade
    world.fan_out().grade()
    assert world.states.started[1][1] == 1


def test_a_finished_execution_with_the_same_name_is_not_reused(run: Run, rollouts: Path) -> None:
    world = World(run, rollouts)
    machine = StateMachine(MACHINE, world.states)
    world.states.statuses[machine.execution(execution_name(PREFIX, "far", 1))] = "SUCCEEDED"
    world.fan_out().grade()
    assert [name for name, _ in world.states.started] == [execution_name(PREFIX, "far", 2)]


def test_a_local_replay_is_other_work(run: Run) -> None:
    local = {**{name: getattr(run.facts, name) for name in run.facts.__slots__}, "fan_out": None}
    assert other_work(run.facts, type(run.facts)(**local)) == ["way to fan out"]
    assert other_work(run.facts, run.facts) == []


@pytest.mark.parametrize(
    "prefix", ["results/runs", "s3://results", "s3://results/", "s3://Results/x", "s3:/r/x", ""]
)
def test_a_prefix_that_is_not_a_folder_is_refused(prefix: str) -> None:
    with pytest.raises(InputError, match=r"s3://BUCKET/FOLDER"):
        folder_of(prefix, "run")


def test_a_prefix_may_end_with_a_slash() -> None:
    assert folder_of("s3://results/a/b/", "run") == folder_of("s3://results/a/b", "run")


def test_names_of_executions_are_allowed_and_apart() -> None:
    names = {
        execution_name(prefix, "ü" * 90, number)
        for prefix in ("s3://a/b", "s3://c/d")
        for number in (1, 12_345)
    }
    assert len(names) == 4
    assert all(len(name) <= 80 and name.isascii() for name in names)
