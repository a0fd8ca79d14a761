"""One worker and its shards: torn ends, missing repeats, services that fail, many calls at once."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ServiceError
from harness.replay.worker import Worker
from harness.runs.rows import Totals
from harness.targets.fake import FakeTarget
from harness.targets.protocol import Answer, Graded, ServiceFault
from support.rft_command import gradings, write_grader
from support.rollout_files import rollout, write_rollouts

COUNT = 200


def prepare(folder: Path, repeats: int = 1) -> dict[str, Any]:
    """A plan of three shards, cut in the middle of lines, with a line that is no rollout in each."""
    lines = [rollout(f"r{at}", "72" if at % 3 else "7", "72") for at in range(COUNT)]
    for at in (10, 100, 190):
        lines[at] = {"id": at}
    path = write_rollouts(folder / "rollouts.jsonl", lines)
    (folder / "run" / "shards").mkdir(parents=True)
    cuts = [0, 9_001, 17_003, path.stat().st_size]
    return {
        "run": str(folder / "run"),
        "input": str(path),
        "shards": [[start, end] for start, end in zip(cuts, cuts[1:], strict=False)],
        "target": {"kind": "in-process", "grader": f"{write_grader(folder)}:right"},
        "wire": "open-weight",
        "repeats": repeats,
        "label": None,
        "middle": None,
    }


def worker_of(plan: dict[str, Any], target: Any = None) -> tuple[Worker, list[dict[str, Any]]]:
    said: list[dict[str, Any]] = []
    worker = Worker(plan, said.append)
    if target is not None:
        worker.target = target
    return worker, said


def grade(plan: dict[str, Any], target: Any = None) -> Totals:
    """Grade every shard; return what the worker says they add up to."""
    worker, said = worker_of(plan, target)
    whole = Totals()
    for number in range(len(plan["shards"])):
        worker.grade_shard(number)
        assert (said[-1]["shard"], said[-1]["done"]) == (number, True)
        whole.merge(Totals.from_json(said[-1]["totals"]))
    return whole


def shard(plan: dict[str, Any], number: int) -> Path:
    return Path(plan["run"]) / "shards" / f"{number}.jsonl"


def rows(plan: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for number in range(len(plan["shards"])):
        if shard(plan, number).exists():
            found += [json.loads(line) for line in shard(plan, number).read_text().splitlines()]
    return found


def answered(event: Any) -> Answer:
    return Answer([Graded(float(item["messages"][-1]["content"] == "72"), {}, None) for item in event], 1.0)


@pytest.mark.parametrize("repeats", [1, 3])
def test_shards_hold_every_rollout_once_by_rollout_and_repeat(repeats: int, tmp_path: Path) -> None:
    plan = prepare(tmp_path, repeats)
    totals = grade(plan)
    found = rows(plan)
    assert [row["repeat"] for row in found] == list(range(repeats)) * COUNT
    assert [row["at"] for row in found] == sorted(row["at"] for row in found)
    assert len({(row["at"], row["repeat"]) for row in found}) == COUNT * repeats == totals.gradings
    assert totals.errors == {"input": 3 * repeats}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[bytes], list[Any], Totals]:
    plan = prepare(tmp_path_factory.mktemp("graded"), repeats=3)
    totals = grade(plan)
    return plan, [shard(plan, number).read_bytes() for number in range(3)], gradings(rows(plan)), totals


@given(
    number=st.integers(0, 2),
    kept=st.floats(0, 1),
    rest=st.sampled_from([b"", b"{", b"\n", b"\0\0\0\n\0\n", b"x\n"]),
)
def test_wherever_a_shard_was_torn_it_ends_the_same(
    graded: Any, number: int, kept: float, rest: bytes
) -> None:
    plan, whole, expected, totals = graded
    torn = whole[number][: int(len(whole[number]) * kept)] + rest
    shard(plan, number).write_bytes(torn)
    again = grade(plan)
    assert gradings(rows(plan)) == expected
    assert (again.gradings, again.total, again.errors) == (totals.gradings, totals.total, totals.errors)


def test_what_is_there_is_not_graded_again(tmp_path: Path) -> None:
    plan = prepare(tmp_path)
    grade(plan)
    target = FakeTarget(answered)
    grade(plan, target)
    assert target.events == []
    lines = shard(plan, 1).read_bytes().splitlines(keepends=True)
    shard(plan, 1).write_bytes(b"".join(lines[:-2]))
    grade(plan, target)
    assert sum(map(len, target.events)) == 2


def test_nothing_is_recorded_of_a_batch_whose_service_failed_and_all_of_it_later(tmp_path: Path) -> None:
    plan = prepare(tmp_path)
    expected = None
    calls = 0

    def fails_second(event: Any) -> Answer:
        nonlocal calls
        calls += 1
        if calls == 2:
            return Answer([], 1.0, ServiceFault("ThrottlingException", "slow down", True))
        return answered(event)

    worker, _ = worker_of(plan, FakeTarget(fails_second))
    with pytest.raises(ServiceError, match="ThrottlingException"):
        worker.grade_shard(0)
    assert len(rows(plan)) == 64
    whole = grade(plan, FakeTarget(answered))
    expected = gradings(rows(plan))
    assert whole.gradings == len(expected) == COUNT
    for number in range(3):
        shard(plan, number).unlink()
    grade(plan)
    assert gradings(rows(plan)) == expected


def test_calls_at_once_are_recorded_in_order(tmp_path: Path) -> None:
    plan = prepare(tmp_path)
    path = write_rollouts(tmp_path / "rollouts.jsonl", [rollout(at, "72", "72") for at in range(600)])
    plan["shards"] = [[0, path.stat().st_size]]
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

    grade(plan, FakeTarget(slow_first, concurrency=4))
    assert [row["id"] for row in rows(plan)] == list(range(600))
    assert 1 < most <= 4


def test_a_service_that_fails_among_many_calls_loses_nothing_that_was_recorded(tmp_path: Path) -> None:
    plan = prepare(tmp_path)
    path = write_rollouts(tmp_path / "rollouts.jsonl", [rollout(at, "72", "72") for at in range(600)])
    plan["shards"] = [[0, path.stat().st_size]]

    def fails_late(event: Any) -> Answer:
        if event[0]["id"] >= 256:
            return Answer([], 1.0, ServiceFault("EndpointConnectionError", "no route", True))
        return answered(event)

    worker, _ = worker_of(plan, FakeTarget(fails_late, concurrency=4))
    with pytest.raises(ServiceError):
        worker.grade_shard(0)
    assert [row["id"] for row in rows(plan)] == list(range(256))
    grade(plan, FakeTarget(answered, concurrency=4))
    assert [row["id"] for row in rows(plan)] == list(range(600))
