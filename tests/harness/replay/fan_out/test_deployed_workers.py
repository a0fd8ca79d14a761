"""Deployed workers: their artifact in Lambda's runtime, called by the template's state machine in moto.

The tests count calls of workers and graders, because a part that exists must not be graded again.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import ceil
from typing import Any

import pytest

from harness.data.sources import SourceFacts
from harness.replay.fan_out.part import PartOrder, PartPlace
from support.fan_out_code import add_grader, grader_code, worker_code
from support.fan_out_stack import BUCKET, deploy_fan_out
from support.moto_aws import local_aws
from support.rollout_files import write_many

pytestmark = pytest.mark.slow

COUNT, SHARDS, BATCH = 700, 5, 64
KEY = "rollouts.jsonl"
ATTEMPTS = 8
"""Number of attempts that a worker makes for a throttled call."""
RIGHT = """
def handler(event, context):
    return [{"id": one["id"], "aggregate_reward_score": 1.0} for one in event]
"""
SLOWLY = "import time\n" + RIGHT.replace("return", "time.sleep(SECONDS); return")


@pytest.fixture(scope="module")
def stack():
    with local_aws() as aws:
        yield deploy_fan_out(aws, "real", worker_code(), grader_code())


@pytest.fixture(scope="module")
def source(stack, tmp_path_factory):
    body = write_many(tmp_path_factory.mktemp("data") / KEY, COUNT).read_bytes()
    return SourceFacts(f"s3://{BUCKET}/{KEY}", len(body), etag=stack.put(KEY, body))


@pytest.fixture
def counted(stack):
    """Return a function that counts the calls since the test began: of the worker, and of all graders."""
    before = dict(stack.aws.calls)

    def count():
        made = {name: calls - before.get(name, 0) for name, calls in stack.aws.calls.items()}
        worker = made.pop(stack.worker, 0)
        return worker, sum(made.values())

    return count


@pytest.fixture
def orders(stack, source, request):
    run = request.node.name.replace("[", "-").rstrip("]")
    cuts = [source.bytes * at // SHARDS for at in range(SHARDS + 1)]
    return [
        PartOrder(
            run=run,
            shard=shard,
            start=start,
            end=end,
            source=source,
            out=PartPlace(BUCKET, f"rft-runs/{run}"),
            grader=stack.grader,
            wire="open-weight",
            label="is_right",
        )
        for shard, (start, end) in enumerate(zip(cuts, cuts[1:], strict=False))
    ]


def execute(stack, orders, name=""):
    return stack.execute([one.to_json() for one in orders], f"{orders[0].run}{name}"[-70:])


def chains(stack, orders):
    """Return each shard's rows and its number of parts. Both are empty if a part is missing."""
    s3 = stack.aws.client("s3")
    found: list[tuple[list[dict[str, Any]], int]] = []
    for order in orders:
        at, parts = order.start, 0
        rows: list[dict[str, Any]] = []
        while at < order.end:
            try:
                key = f"{order.out.prefix}/{replace(order, start=at).key}"
                part = s3.get_object(Bucket=BUCKET, Key=key)
            except s3.exceptions.NoSuchKey:
                rows, parts = [], 0
                break
            rows += [json.loads(line) for line in part["Body"].read().splitlines()]
            parts, at = parts + 1, int(part["Metadata"]["next"])
        found.append((rows, parts))
    return found


def graded(stack, orders):
    """Return all rows of a run in order, or none if a shard is incomplete."""
    found = chains(stack, orders)
    return [row for rows, _ in found for row in rows] if all(parts for _, parts in found) else []


def timeless(rows):
    return [{name: value for name, value in row.items() if name != "ms"} for row in rows]


def calls_for(stack, orders):
    return sum(ceil(len(rows) / BATCH) for rows, _ in chains(stack, orders))


@pytest.fixture
def timeout(stack):
    """Set the worker's timeout in seconds. The default is restored after the test."""
    functions = stack.aws.client("lambda")

    def set_to(seconds):
        functions.update_function_configuration(FunctionName=stack.worker, Timeout=seconds)

    yield set_to
    set_to(900)


def test_each_shard_is_graded_once_and_a_second_execution_grades_nothing(stack, orders, counted):
    execute(stack, orders)
    rows = graded(stack, orders)
    assert len(rows) == COUNT
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert counted() == (SHARDS, calls_for(stack, orders))
    execute(stack, orders, "-again")
    assert counted() == (2 * SHARDS, calls_for(stack, orders))
    assert graded(stack, orders) == rows


def test_a_shard_that_was_graded_before_costs_no_call(stack, orders, counted):
    execute(stack, orders[2:3], "-before")
    before = counted()[1]
    execute(stack, orders)
    assert counted() == (1 + SHARDS, calls_for(stack, orders))
    assert before > 0
    assert len(graded(stack, orders)) == COUNT


def test_a_worker_without_time_left_still_makes_progress(stack, orders, counted, timeout):
    execute(stack, orders, "-whole")
    whole = graded(stack, orders)
    timeout(60)  # less than a worker's reserve, so that each call grades one batch
    stopped = [replace(one, out=PartPlace(BUCKET, f"{one.out.prefix}-stopped")) for one in orders]
    before = counted()
    execute(stack, stopped)
    parts = [count for _, count in chains(stack, stopped)]
    assert min(parts) > 1
    worker, grader = (now - then for now, then in zip(counted(), before, strict=True))
    assert (worker, grader) == (sum(parts), sum(parts))
    assert timeless(graded(stack, stopped)) == timeless(whole)
    execute(stack, stopped, "-again")
    assert counted()[1] == before[1] + grader


def test_content_other_than_the_ordered_one_is_not_graded(stack, orders, counted):
    other = [replace(one, source=replace(one.source, etag='"of another content"')) for one in orders]
    execute(stack, other)
    assert [parts for _, parts in chains(stack, other)] == [0] * SHARDS
    assert counted() == (SHARDS, 0)  # no worker was called a second time


def test_two_workers_at_one_shard_keep_one_part(stack, orders, counted):
    slow = add_grader(stack, "meanwhile", SLOWLY.replace("SECONDS", "0.5"))
    functions, event = stack.aws.client("lambda"), json.dumps(replace(orders[0], grader=slow).to_json())

    def call(_):
        answer = functions.invoke(FunctionName=stack.worker, Payload=event)
        assert "FunctionError" not in answer
        return json.loads(answer["Payload"].read())

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(call, range(2))
    assert first == second
    assert first["done"]
    prefix = f"{orders[0].out.prefix}/shards/"
    listed = stack.aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    assert listed["KeyCount"] == 1
    assert counted() == (2, 2 * calls_for(stack, orders[:1]))  # both workers graded the whole shard


def test_a_killed_worker_leaves_no_part_and_the_next_execution_grades_what_is_missing(
    stack, orders, counted, timeout
):
    slow = add_grader(stack, "slow", SLOWLY.replace("SECONDS", "3"))
    mixed = [replace(one, grader=slow) if one.shard == 3 else one for one in orders]
    timeout(2)
    execute(stack, mixed, "-killed")
    assert [bool(parts) for _, parts in chains(stack, mixed)] == [True, True, True, False, True]
    timeout(900)
    before = counted()
    execute(stack, mixed)
    # The machine calls as many workers as before, but only the shard of the killed worker is graded.
    assert counted() == (2 * before[0], before[1] + ceil(len(chains(stack, mixed)[3][0]) / BATCH))
    assert len(graded(stack, mixed)) == COUNT


def test_a_grader_that_is_throttled_for_long_is_tried_again_by_the_machine(stack, orders, counted):
    name = "busy"
    few = orders[0].end // 4  # less than a batch
    busy = [replace(orders[0], grader=add_grader(stack, name, RIGHT), end=few)]
    stack.aws.throttled[name] = ATTEMPTS
    execute(stack, busy)
    assert graded(stack, busy)
    assert counted() == (2, ATTEMPTS + 1)


def test_a_crashing_grader_gives_error_rows_and_does_not_fail_the_worker(stack, orders, counted):
    crashing = add_grader(
        stack, "crash", "def handler(event, context):\n    raise ValueError('no such key')\n"
    )
    crashed = [replace(one, grader=crashing) for one in orders]
    execute(stack, crashed)
    rows = graded(stack, crashed)
    assert len(rows) == COUNT
    assert all("no such key" in json.dumps(row["error"]) for row in rows)
    assert counted()[0] == SHARDS
