from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.aws import Denied
from harness.data.sources import source_of
from harness.errors import InputError, ServiceError
from harness.replay.fan_out.part import PartFacts, PartOrder, PartPlace
from harness.replay.fan_out.part_store import S3Parts
from harness.replay.fan_out.part_worker import failure_key, handler, keep_part
from harness.targets.fake import FakeTarget
from harness.targets.protocol import Answer, Graded, ServiceFault
from support.memory_parts import MemoryParts, until_done
from support.moto_aws import LocalAws, local_aws
from support.rollout_files import write_many

ARN = "arn:aws:lambda:us-west-2:123456789012:function:grader:7"


def ones(event: Any) -> Answer:
    return Answer([Graded(1.0, {}, None) for _ in event], 8.0)


def an_order(path: Path, bucket: str = "results", **changed: Any) -> PartOrder:
    [facts] = source_of(path).facts
    settings: dict[str, Any] = {"run": "first", "wire": "open-weight", "grader": ARN, **changed}
    return PartOrder(
        shard=3, start=0, end=facts.bytes, source=facts, out=PartPlace(bucket, "runs/one"), **settings
    )


class WorkerHere:
    """A worker in this process. It counts how often it opens its source, and its target stores all events."""

    def __init__(self, path: Path, store: MemoryParts, left: float = 1e9) -> None:
        self.path, self.store, self.left = path, store, left
        self.target = FakeTarget(ones, concurrency=4)
        self.opened = 0

    def __call__(self, order: PartOrder) -> PartFacts:
        return keep_part(order, self.store, self._open, lambda: self.left)

    def _open(self) -> tuple[FakeTarget, Any, None]:
        self.opened += 1
        return self.target, source_of(self.path), None


@pytest.fixture
def rollouts(tmp_path: Path) -> Path:
    return write_many(tmp_path / "rollouts.jsonl", 300)


def test_a_repeated_call_returns_the_same_answer(rollouts: Path) -> None:
    work = WorkerHere(rollouts, MemoryParts())
    first = work(an_order(rollouts))
    assert (first.done, first.rows) == (True, 300)
    calls = len(work.target.events)
    assert work(an_order(rollouts)) == first
    assert (work.opened, len(work.target.events)) == (1, calls)


def test_short_calls_make_a_chain_that_another_walk_finds(rollouts: Path) -> None:
    store = MemoryParts()
    work = WorkerHere(rollouts, store, left=0.0)
    answers = until_done(an_order(rollouts), work)
    assert [one.rows for one in answers] == [64, 64, 64, 64, 44]
    assert list(store.objects) == [
        f"shards/000003/{at:014d}.jsonl" for at in (0, *(a.next for a in answers[:-1]))
    ]
    calls = len(work.target.events)
    assert until_done(an_order(rollouts), work) == answers
    assert len(work.target.events) == calls


def test_of_two_parallel_calls_one_part_is_kept(rollouts: Path) -> None:
    store = MemoryParts()
    both = threading.Barrier(2)

    def together(event: Any) -> Answer:
        both.wait(30)  # until then, both have found no part
        return ones(event)

    def one(left: float) -> PartFacts:
        work = WorkerHere(rollouts, store, left)
        work.target = FakeTarget(together)
        return work(an_order(rollouts, calls=1, repeats=1))

    small = write_many(rollouts, 64)
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(one, [1e9, 1e9]))
    assert found[0] == found[1]
    assert (len(store.objects), store.calls["put_once"]) == (1, 2)
    assert found[0].end == small.stat().st_size


def test_a_worker_killed_before_storing_its_part_loses_only_that_part(rollouts: Path) -> None:
    class Killed(BaseException):
        pass

    class Dying(MemoryParts):
        def put_once(self, key: str, body: bytes, metadata: Any) -> bool:
            if self.calls["put_once"] == 1 and not self.calls["died"]:
                self.calls["died"] += 1
                raise Killed
            return super().put_once(key, body, metadata)

    store = Dying()
    work = WorkerHere(rollouts, store, left=0.0)
    with pytest.raises(Killed):
        until_done(an_order(rollouts), work)
    assert len(work.target.events) == 2
    answers = until_done(an_order(rollouts), work)
    assert [one.rows for one in answers] == [64, 64, 64, 64, 44]
    assert len(work.target.events) == 6  # only the killed batch is graded again


def test_a_part_of_other_work_is_refused(rollouts: Path) -> None:
    work = WorkerHere(rollouts, MemoryParts())
    work(an_order(rollouts))
    with pytest.raises(InputError, match="other work"):
        work(an_order(rollouts, repeats=2))
    etag = replace(an_order(rollouts).source, etag="another")
    with pytest.raises(InputError, match="other work"):
        work(replace(an_order(rollouts), source=etag))


def test_a_throttled_grader_is_a_service_error(rollouts: Path) -> None:
    store, calls = MemoryParts(), 0

    def throttled(event: Any) -> Answer:
        nonlocal calls
        calls += 1
        if calls % 2:
            return Answer([], 1.0, ServiceFault("TooManyRequestsException", "Rate exceeded", True))
        return ones(event)

    work = WorkerHere(rollouts, store)
    work.target = FakeTarget(throttled)
    order, rows, failed = an_order(rollouts, calls=1), 0, 0
    while True:
        try:
            answer = work(order)
        except ServiceError:
            failed += 1
            continue
        rows += answer.rows
        if answer.done:
            break
        order = replace(order, start=answer.next)
    # Only the very first call failed before it had any row to store.
    assert (rows, failed, len(store.objects)) == (300, 1, 5)


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with local_aws() as served, pytest.MonkeyPatch.context() as patch:
        for name, value in served.environment.items():
            patch.setitem(os.environ, name, value)
        where = {"LocationConstraint": served.region}
        served.client("s3").create_bucket(Bucket="results", CreateBucketConfiguration=where)
        yield served


def test_the_handler_answers_from_an_existing_part(aws: LocalAws, rollouts: Path) -> None:
    order = an_order(rollouts)
    facts = PartFacts(3, 40, order.end, 7, 1, order.work)
    S3Parts(order.out, aws.client("s3")).put_once(order.key, b"", facts.to_metadata())
    assert handler(order.to_json(), Context()) == facts.to_json()


def test_the_handler_names_its_errors_and_stores_the_reason(aws: LocalAws, rollouts: Path) -> None:
    order = replace(an_order(rollouts), shard=9, attempt=2)
    with pytest.raises(Exception, match="grader") as failed:
        handler(order.to_json(), Context())
    assert type(failed.value) is InputError  # the function does not exist
    found = S3Parts(order.out, aws.client("s3")).get(failure_key(2, 9))
    assert found is not None
    said = json.loads(found[0])
    assert (said["shard"], said["error"]) == (9, "InputError")
    assert said["cause"] == str(failed.value)


def test_the_handler_refuses_nonsense(aws: LocalAws) -> None:
    with pytest.raises(InputError, match="not a part's order") as failed:
        handler({"shard": 1}, Context())
    assert type(failed.value) is InputError


def test_a_missing_bucket_is_wrong_input(aws: LocalAws, rollouts: Path) -> None:
    with pytest.raises(InputError) as failed:
        handler(an_order(rollouts, bucket="nobody").to_json(), Context())
    assert type(failed.value) is InputError
    assert not isinstance(failed.value, Denied)
