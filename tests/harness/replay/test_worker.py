from __future__ import annotations

import json
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.sources import source_of
from harness.errors import ServiceError
from harness.replay.orders import ShardReport, WorkOrder, from_line, to_line
from harness.replay.worker import Worker
from harness.runs.facts import InProcessFacts
from harness.runs.rows import Totals
from harness.targets.fake import FakeTarget
from harness.targets.protocol import Answer, Graded, ServiceFault
from support.rft_command import RIGHT, gradings, write_grader
from support.rollout_files import rollout, write_rollouts

COUNT = 200


ASYNC = RIGHT.replace("def ", "async def ")


def prepare(folder: Path, repeats: int = 1, grader: str = RIGHT) -> WorkOrder:
    """An order of three shards, cut inside lines. Each shard has a line that is not a rollout."""
    lines = [rollout(f"r{at}", "72" if at % 3 else "7", "72") for at in range(COUNT)]
    for at in (10, 100, 190):
        lines[at] = {"id": at}
    path = write_rollouts(folder / "rollouts.jsonl", lines)
    (folder / "run" / "shards").mkdir(parents=True)
    cuts = [0, 9_001, 17_003, path.stat().st_size]
    return WorkOrder(
        run=folder / "run",
        folder=folder,
        path=(),
        rollouts=source_of(path).facts,
        shards=tuple(pairwise(cuts)),
        target=InProcessFacts(f"{write_grader(folder, grader)}:right"),
        wire="open-weight",
        repeats=repeats,
        label=None,
        middle=None,
    )


def worker_of(order: WorkOrder, target: Any = None) -> tuple[Worker, list[ShardReport]]:
    said: list[ShardReport] = []
    worker = Worker(order, said.append)
    if target is not None:
        worker.target = target
    return worker, said


def grade(order: WorkOrder, target: Any = None) -> Totals:
    """Grade all shards, and return the totals that the worker reports."""
    worker, said = worker_of(order, target)
    whole = Totals()
    for number in range(len(order.shards)):
        whole.merge(grade_one(worker, said, number))
    return whole


def grade_one(worker: Worker, said: list[ShardReport], number: int) -> Totals:
    """Grade one shard, and return the totals that the worker reports."""
    worker.grade_shard(number)
    assert (said[-1].shard, said[-1].done) == (number, True)
    return said[-1].totals


def shard(order: WorkOrder, number: int) -> Path:
    return order.run / "shards" / f"{number}.jsonl"


def rows(order: WorkOrder) -> list[dict[str, Any]]:
    numbers = range(len(order.shards))
    return [row for number in numbers if shard(order, number).exists() for row in rows_of(order, number)]


def rows_of(order: WorkOrder, number: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in shard(order, number).read_text().splitlines()]


def test_an_order_survives_the_pipe_unchanged(tmp_path: Path) -> None:
    order = replace(prepare(tmp_path), label="ok", middle=0.5, path=("", "/lib"))
    assert from_line(WorkOrder, to_line(order)) == order


def answered(event: Any) -> Answer:
    return Answer([Graded(float(item["messages"][-1]["content"] == "72"), {}, None) for item in event], 1.0)


@pytest.mark.parametrize("repeats", [1, 3])
def test_shards_hold_every_rollout_once_by_rollout_and_repeat(repeats: int, tmp_path: Path) -> None:
    order = prepare(tmp_path, repeats)
    totals = grade(order)
    found = rows(order)
    assert [row["repeat"] for row in found] == list(range(repeats)) * COUNT
    assert [row["at"] for row in found] == sorted(row["at"] for row in found)
    assert len({(row["at"], row["repeat"]) for row in found}) == COUNT * repeats == totals.gradings
    assert totals.errors == {"input": 3 * repeats}


@pytest.fixture(scope="module", params=[RIGHT, ASYNC], ids=["sync", "async"])
def graded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[WorkOrder, list[tuple[bytes, Totals]]]:
    """An order, with the content and the reported totals of each shard."""
    order = prepare(tmp_path_factory.mktemp("graded"), 3, request.param)
    worker, said = worker_of(order)
    totals = [grade_one(worker, said, number) for number in range(3)]
    return order, [(shard(order, number).read_bytes(), totals[number]) for number in range(3)]


@settings(max_examples=50)  # each example grades a shard
@given(
    number=st.integers(0, 2),
    kept=st.floats(0, 1),
    rest=st.sampled_from([b"", b"{", b"\n", b"\0\0\0\n\0\n", b"x\n", b"null\n", b"first", b"last"]),
)
def test_a_shard_torn_anywhere_ends_the_same(graded: Any, number: int, kept: float, rest: bytes) -> None:
    order, shards = graded
    whole, totals = shards[number]
    torn = whole[: int(len(whole) * kept)]
    if rest in (b"first", b"last"):  # a second process wrote to the shard
        lines = torn.splitlines(keepends=True)
        rest = b"".join(lines[:1] if rest == b"first" else lines[-1:])
    torn += rest
    shard(order, number).write_bytes(torn)
    again = grade_one(*worker_of(order), number)
    assert gradings(rows_of(order, number)) == gradings([json.loads(line) for line in whole.splitlines()])
    assert (again.gradings, again.total, again.errors) == (totals.gradings, totals.total, totals.errors)


def test_existing_parts_are_not_graded_again(tmp_path: Path) -> None:
    order = prepare(tmp_path)
    grade(order)
    target = FakeTarget(answered)
    grade(order, target)
    assert target.events == []
    lines = shard(order, 1).read_bytes().splitlines(keepends=True)
    shard(order, 1).write_bytes(b"".join(lines[:-2]))
    grade(order, target)
    assert sum(map(len, target.events)) == 2


def test_a_batch_is_recorded_only_after_its_service_recovers(tmp_path: Path) -> None:
    order = prepare(tmp_path)
    expected = None
    calls = 0

    def fails_second(event: Any) -> Answer:
        nonlocal calls
        calls += 1
        if calls == 2:
            return Answer([], 1.0, ServiceFault("ThrottlingException", "slow down", True))
        return answered(event)

    worker, _ = worker_of(order, FakeTarget(fails_second))
    with pytest.raises(ServiceError, match="ThrottlingException"):
        worker.grade_shard(0)
    assert len(rows(order)) == 64
    whole = grade(order, FakeTarget(answered))
    expected = gradings(rows(order))
    assert whole.gradings == len(expected) == COUNT
    for number in range(3):
        shard(order, number).unlink()
    grade(order)
    assert gradings(rows(order)) == expected


def test_calls_at_once_are_recorded_in_order(tmp_path: Path) -> None:
    order = prepare(tmp_path)
    path = write_rollouts(tmp_path / "rollouts.jsonl", [rollout(at, "72", "72") for at in range(600)])
    order = replace(order, rollouts=source_of(path).facts, shards=((0, path.stat().st_size),))
    under_way, most, answers, guard = 0, 0, 0, threading.Lock()
    overtaken = threading.Event()

    def slow_first(event: Any) -> Answer:
        nonlocal under_way, most, answers
        with guard:
            under_way += 1
            most = max(most, under_way)
        if event[0]["id"] == 0:
            assert overtaken.wait(60)
        with guard:
            under_way -= 1
            answers += 1
            if answers == 3:
                overtaken.set()
        return answered(event)

    grade(order, FakeTarget(slow_first, concurrency=4))
    assert [row["id"] for row in rows(order)] == list(range(600))
    assert 1 < most <= 4


def test_a_service_that_fails_among_many_calls_loses_nothing_that_was_recorded(tmp_path: Path) -> None:
    order = prepare(tmp_path)
    path = write_rollouts(tmp_path / "rollouts.jsonl", [rollout(at, "72", "72") for at in range(600)])
    order = replace(order, rollouts=source_of(path).facts, shards=((0, path.stat().st_size),))

    def fails_late(event: Any) -> Answer:
        if event[0]["id"] >= 256:
            return Answer([], 1.0, ServiceFault("EndpointConnectionError", "no route", True))
        return answered(event)

    worker, _ = worker_of(order, FakeTarget(fails_late, concurrency=4))
    with pytest.raises(ServiceError):
        worker.grade_shard(0)
    assert [row["id"] for row in rows(order)] == list(range(256))
    grade(order, FakeTarget(answered, concurrency=4))
    assert [row["id"] for row in rows(order)] == list(range(600))
