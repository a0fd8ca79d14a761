"""Parts of a shard hold each row once and in order, wherever the shard is cut or its worker is stopped."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders import Sample
from harness.data.json_lines import parse
from harness.data.record_fields import FieldChoice
from harness.data.sources import SourceFacts, source_of
from harness.errors import InputError, ServiceError
from harness.replay.fan_out.part import (
    LAST_S,
    MARGIN_S,
    PartFacts,
    PartOrder,
    PartPlace,
    grade_part,
    read_order,
    read_part_facts,
)
from harness.replay.grading import BATCH, grade_all, profiles_of
from harness.rollouts.read import read_rollouts
from harness.runs.rows import Row
from harness.targets.fake import FakeTarget
from harness.targets.protocol import Answer, Graded, ServiceFault
from support.memory_parts import until_done
from support.rollout_files import rollout

ROOT = Path(__file__).parents[4]
PLACE = PartPlace("results", "runs/first")
ARN = "arn:aws:lambda:us-west-2:123456789012:function:grader:7"


def lengths(event: Any) -> Answer:
    """Reward each sample with the length of its completion, and fail at length 13."""
    items = event if isinstance(event, list) else [event]
    found = [len(Sample(item).completion) for item in items]
    error = {"kind": "exception", "message": "thirteen"}
    return Answer([Graded(None, {}, error) if n == 13 else Graded(float(n), {}, None) for n in found], 8.0)


def an_order(path: Path, start: int = 0, end: int | None = None, **changed: Any) -> PartOrder:
    [facts] = source_of(path).facts
    stop = facts.bytes if end is None else end
    given_: dict[str, Any] = {"run": "first", "shard": 0, "wire": "open-weight", "grader": ARN, **changed}
    return PartOrder(start=start, end=stop, source=facts, out=PLACE, **given_)


def timeless(rows: list[Row]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "ms"} for row in rows]


def local_rows(path: Path, **how: Any) -> list[dict[str, Any]]:
    """Return the rows of a local replay of the whole file."""
    rows: list[Row] = []
    grade_all(
        FakeTarget(lengths), read_rollouts(path, **how), profiles_of("open-weight"), 1, False, rows.extend
    )
    return timeless(rows)


def parts_of_shard(order: PartOrder, grade: Callable[[PartOrder], Any]) -> tuple[list[dict[str, Any]], int]:
    """Return the rows of a whole shard, and the number of its parts."""
    bodies: list[bytes] = []

    def work(asked: PartOrder) -> PartFacts:
        part = grade(asked)
        assert part.facts.next > asked.start
        assert part.facts.rows == part.body.count(b"\n")
        bodies.append(part.body)
        assert isinstance(part.facts, PartFacts)
        return part.facts

    answers = until_done(order, work)
    return timeless([parse(line) for body in bodies for line in body.splitlines()]), len(answers)


def texts(count: int) -> Iterator[str]:
    for at in range(count):
        yield json.dumps(rollout(f"r{at}", "x" * (at % 29), "72", record=f"rec{at // 4}"))


def many(path: Path, count: int) -> Path:
    path.write_text("".join(f"{text}\n" for text in texts(count)), encoding="utf-8")
    return path


_LINES = st.lists(
    st.sampled_from(
        [*texts(8), "", "   ", "not json", '{"id": 1}', json.dumps(rollout("ü", "é" * 40, "72"))]
    ),
    max_size=40,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    _LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.lists(st.floats(0, 1), max_size=4), st.data()
)
def test_each_row_is_stored_once_for_any_cut_and_stop(
    tmp_path: Path, lines: list[str], newline: str, ended: bool, cuts: list[float], data: st.DataObject
) -> None:
    path = tmp_path / "rollouts.jsonl"
    path.write_bytes((newline.join(lines) + newline * ended).encode())
    size = path.stat().st_size
    edges = sorted({0, size, *(int(size * cut) for cut in cuts)})
    rows: list[dict[str, Any]] = []
    base = data.draw(st.sampled_from([0, 1_000]))

    def grade(order: PartOrder) -> Any:
        left = iter(data.draw(st.lists(st.sampled_from([1e9, 0.0]), min_size=3, max_size=3)))
        most = data.draw(st.sampled_from([1, 10**9]))
        return grade_part(
            order,
            FakeTarget(lengths, concurrency=data.draw(st.sampled_from([1, 4]))),
            path,
            remaining=lambda: next(left, 0.0),
            most_bytes=most,
        )

    for shard, (start, end) in enumerate(zip(edges, edges[1:], strict=False)):
        rows += parts_of_shard(an_order(path, start, end, shard=shard, base=base), grade)[0]
    assert rows == local_rows(path, base=base)


def test_a_worker_without_time_still_grades_one_batch(tmp_path: Path) -> None:
    path = many(tmp_path / "r.jsonl", 5 * BATCH)
    rows, parts = parts_of_shard(
        an_order(path, calls=4),
        lambda order: grade_part(order, FakeTarget(lengths), path, remaining=lambda: 0.0),
    )
    assert (rows, parts) == (local_rows(path), 5)


def test_a_worker_with_time_makes_one_part(tmp_path: Path) -> None:
    path = many(tmp_path / "r.jsonl", 5 * BATCH)
    rows, parts = parts_of_shard(an_order(path), lambda order: grade_part(order, FakeTarget(lengths), path))
    assert (rows, parts) == (local_rows(path), 1)


def test_many_rows_end_a_part(tmp_path: Path) -> None:
    path = many(tmp_path / "r.jsonl", 3 * BATCH)
    how = an_order(path, calls=1)
    rows, parts = parts_of_shard(
        how, lambda order: grade_part(order, FakeTarget(lengths), path, most_bytes=1)
    )
    assert (rows, parts) == (local_rows(path), 3)


def test_a_service_failure_during_the_run_loses_nothing(tmp_path: Path) -> None:
    path = many(tmp_path / "r.jsonl", 4 * BATCH)
    calls = 0

    def throttled(event: Any) -> Answer:
        nonlocal calls
        calls += 1
        if calls in (3, 5):
            return Answer([], 1.0, ServiceFault("TooManyRequestsException", "Rate exceeded", True))
        return lengths(event)

    target = FakeTarget(throttled)
    order = an_order(path, calls=1)
    first = grade_part(order, target, path)
    assert (first.facts.rows, first.facts.done) == (2 * BATCH, False)
    second = grade_part(an_order(path, first.facts.next, calls=1), target, path)
    assert second.facts.rows == BATCH
    third = an_order(path, second.facts.next, calls=1)
    rest = grade_part(third, target, path)
    assert rest.facts.done
    whole = b"".join(part.body for part in (first, second, rest))
    assert timeless([parse(line) for line in whole.splitlines()]) == local_rows(path)


def test_a_service_that_fails_at_once_is_an_error(tmp_path: Path) -> None:
    path = many(tmp_path / "r.jsonl", BATCH)
    target = FakeTarget(lambda event: Answer([], 1.0, ServiceFault("TooManyRequestsException", "wait", True)))
    with pytest.raises(ServiceError, match="TooManyRequests"):
        grade_part(an_order(path), target, path)


def test_a_batch_that_outlives_the_worker_is_given_up(tmp_path: Path) -> None:
    path = many(tmp_path / "r.jsonl", 3 * BATCH)
    released = threading.Event()
    seconds = iter([1e9, MARGIN_S, LAST_S])

    def slow(event: Any) -> Answer:
        if event[0]["id"] != "r0":
            released.wait(30)
        return lengths(event)

    try:
        part = grade_part(
            an_order(path, calls=2),
            FakeTarget(slow, concurrency=2),
            path,
            remaining=lambda: next(seconds, 0.0),
        )
    finally:
        released.set()
    assert (part.facts.rows, part.facts.done) == (BATCH, False)


def test_errors_are_counted_and_labels_kept(tmp_path: Path) -> None:
    lines = [rollout("a", "x" * 13, label=True), rollout("b", "x", label=False)]
    path = tmp_path / "r.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    part = grade_part(an_order(path, label="label", repeats=2), FakeTarget(lengths), path)
    assert (part.facts.rows, part.facts.errors) == (4, 2)
    assert [parse(line)["label"] for line in part.body.splitlines()] == [True, True, False, False]


def test_an_order_survives_json(tmp_path: Path) -> None:
    order = an_order(many(tmp_path / "r.jsonl", 2), 3, label="ok", fields=FieldChoice(("seen",)), base=9)
    event = json.loads(json.dumps(order.to_json()))
    assert (event["from"], event["to"]) == (3, order.end)
    assert read_order(event) == order


@pytest.mark.parametrize(
    "event",
    [None, [], {}, {"from": 1}, {"from": 5, "to": 1}, {"from": True, "to": 9}, {"from": 0, "to": "9"}],
)
def test_invalid_orders_are_refused(tmp_path: Path, event: Any) -> None:
    whole = an_order(many(tmp_path / "r.jsonl", 2)).to_json()
    broken = {**whole, **event} if isinstance(event, dict) and event else event
    if isinstance(event, dict) and event and event.get("from") == 1:
        del broken["grader"]
    with pytest.raises(InputError, match="not a part's order"):
        read_order(broken)


def test_different_work_has_a_different_digest(tmp_path: Path) -> None:
    path = many(tmp_path / "r.jsonl", 2)
    order = an_order(path)
    same = [an_order(path, 1), an_order(path, shard=3, calls=9, attempt=2, run="second")]
    assert {one.work for one in same} == {order.work}
    [facts] = source_of(path).facts
    etag = SourceFacts(facts.name, facts.bytes, etag="other")
    other = [an_order(path, repeats=2), an_order(path, label="ok"), an_order(path, grader=f"{ARN}1")]
    other += [an_order(path, records=etag), an_order(path, fields=FieldChoice(("a",)), wire="rlvr")]
    assert len({one.work for one in [order, *other]}) == len(other) + 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"work": "0123"}, "other work"),
        ({"next": "0"}, "continues"),
        ({"next": "10"}, "continues"),
        ({"next": "99999"}, "continues"),
        ({"errors": "3"}, "continues"),
        ({"rows": "many"}, "not a part"),
        ({"rows": None}, "not a part"),
    ],
)
def test_a_part_that_does_not_advance_is_refused(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    order = an_order(many(tmp_path / "r.jsonl", 2), 10)
    facts = PartFacts(0, 20, order.end, 2, 0, order.work)
    metadata = {
        name: value for name, value in {**facts.to_metadata(), **changed}.items() if value is not None
    }
    with pytest.raises(InputError, match=message):
        read_part_facts(order, metadata, "s3://results/part")


def test_a_part_reads_back_its_own_facts(tmp_path: Path) -> None:
    order = an_order(many(tmp_path / "r.jsonl", 2), 10)
    facts = PartFacts(0, 20, order.end, 2, 1, order.work)
    assert read_part_facts(order, facts.to_metadata(), "here") == facts
    assert facts.to_json() == {"shard": 0, "from": 20, "to": order.end, "done": False, "rows": 2, "errors": 1}


_GRADE = """
import resource, sys
from harness.data.sources import source_of
from harness.replay.fan_out.part import PartOrder, PartPlace, grade_part
from harness.targets.fake import FakeTarget
from harness.targets.protocol import Answer, Graded

target = FakeTarget(lambda event: Answer([Graded(1.0, {}, None)] * len(event), 1.0))
target.events = type("Forgetful", (list,), {"append": lambda self, event: None})()
[facts] = source_of(sys.argv[1]).facts
how = {"wire": "open-weight", "grader": "arn", "run": "r", "shard": 0, "out": PartPlace("b", "p")}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
part = grade_part(PartOrder(start=0, end=facts.bytes, source=facts, **how), target, sys.argv[1])
print(part.facts.rows, len(part.body), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def test_a_part_takes_little_more_memory_than_its_rows(tmp_path: Path) -> None:
    path = many(tmp_path / "r.jsonl", 30_000)
    done = subprocess.run(
        [sys.executable, "-c", _GRADE, str(path)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    rows, size, grown = map(int, done.stdout.split())
    assert rows == 30_000
    assert grown < 3 * size + (24 << 20)  # a parsed list would take 4 kB per row
