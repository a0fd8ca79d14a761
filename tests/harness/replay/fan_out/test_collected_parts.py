"""Which parts of a run are missing. Incomplete, damaged or foreign parts are never merged into a run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.sources import source_of
from harness.errors import InputError
from harness.replay.fan_out.collected_parts import Collecting
from harness.replay.fan_out.part import PartFacts, PartOrder, PartPlace, grade_part
from harness.replay.fan_out.part_worker import keep_part
from harness.runs.rows import Totals
from harness.targets.fake import FakeTarget
from harness.targets.protocol import Answer, Graded
from support.memory_parts import MemoryParts, until_done
from support.rollout_files import write_many


def halves(event: Any) -> Answer:
    return Answer([Graded(0.5, {}, None) for _ in event], 8.0)


def orders_for(path: Path, count: int, **changed: Any) -> list[PartOrder]:
    [facts] = source_of(path).facts
    cuts = [facts.bytes * at // count for at in range(count + 1)]
    settings_: dict[str, Any] = {"run": "first", "wire": "open-weight", "grader": "arn", **changed}
    place = PartPlace("results", "runs/one")
    return [
        PartOrder(shard=at, start=cuts[at], end=cuts[at + 1], source=facts, out=place, **settings_)
        for at in range(count)
    ]


def graded(orders: list[PartOrder], path: Path, left: float = 0.0) -> MemoryParts:
    """Grade the shards to the end, and return their parts. If `left` is 0, each part has one batch."""
    store = MemoryParts()

    def work(order: PartOrder) -> PartFacts:
        return keep_part(order, store, lambda: (FakeTarget(halves), source_of(path), None), lambda: left)

    for order in orders:
        until_done(order, work)
    return store


@pytest.fixture(scope="module")
def rollouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_many(tmp_path_factory.mktemp("data") / "rollouts.jsonl", 600)


def test_complete_shards_are_collected_and_counted_again(rollouts: Path, tmp_path: Path) -> None:
    orders = orders_for(rollouts, 3, repeats=2)
    found = Collecting(graded(orders, rollouts), tmp_path).collect(orders)
    assert found.missing == ()
    whole = Totals()
    for totals in found.totals.values():
        whole.merge(totals)
    assert (whole.gradings, whole.total) == (1_200, 600.0)
    body = b"".join((tmp_path / f"{shard}.jsonl").read_bytes() for shard in range(3))
    rows = [json.loads(line) for line in body.splitlines()]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    again = Collecting(MemoryParts(), tmp_path).collect(orders)  # local shards are not requested again
    assert again == found


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_missing_part_is_found_anywhere_in_the_chain(
    rollouts: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    orders = orders_for(rollouts, 3)
    store = graded(orders, rollouts)
    gone = data.draw(st.sets(st.sampled_from(sorted(store.objects)), max_size=4))
    for key in gone:
        del store.objects[key]
    folder = tmp_path_factory.mktemp("shards")
    found = Collecting(store, folder).collect(orders)
    first: dict[int, int] = {}
    for key in sorted(gone):
        first.setdefault(int(key.split("/")[1]), int(key.split("/")[2].removesuffix(".jsonl")))
    assert {one.shard: one.start for one in found.missing} == first
    assert set(found.totals) == {0, 1, 2} - first.keys()
    assert {path.name for path in folder.iterdir()} == {f"{shard}.jsonl" for shard in found.totals}


@pytest.mark.parametrize("damage", ["torn", "row twice", "row gone", "swapped", "elsewhere", "miscounted"])
def test_damage_is_never_merged(rollouts: Path, tmp_path: Path, damage: str) -> None:
    [order] = orders_for(rollouts, 1)
    store = graded([order], rollouts)
    key = sorted(store.objects)[1]
    body, metadata = store.objects[key]
    lines = body.splitlines(keepends=True)
    if damage == "torn":
        body = body[:-9]
    elif damage == "row twice":
        body += lines[-1]
    elif damage == "row gone":
        body = b"".join(lines[:-1])
    elif damage == "swapped":
        body = b"".join([lines[1], lines[0], *lines[2:]])
    elif damage == "elsewhere":
        body = b"".join([json.dumps({**json.loads(lines[0]), "at": 0}).encode() + b"\n", *lines[1:]])
    else:
        metadata = {**metadata, "errors": "1"}
    store.objects[key] = body, metadata
    with pytest.raises(InputError, match=key):
        Collecting(store, tmp_path).collect([order])
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_different_content_is_refused(rollouts: Path, tmp_path: Path) -> None:
    [order] = orders_for(rollouts, 1)
    store = graded([order], rollouts)
    other = replace(order, source=replace(order.source, etag="replaced"))
    with pytest.raises(InputError, match="other work"):
        Collecting(store, tmp_path).collect([other])


def test_a_part_that_leads_back_does_not_loop_forever(rollouts: Path, tmp_path: Path) -> None:
    [order] = orders_for(rollouts, 1)
    store = MemoryParts()
    part = grade_part(order, FakeTarget(halves), rollouts, remaining=lambda: 0.0)
    store.put_once(order.key, part.body, {**part.facts.to_metadata(), "next": "0"})
    with pytest.raises(InputError, match="continues"):
        Collecting(store, tmp_path).collect([order])


def test_a_range_without_a_line_is_a_part_without_rows(tmp_path: Path) -> None:
    path = write_many(tmp_path / "rollouts.jsonl", 2)
    orders = orders_for(path, 40)
    found = Collecting(graded(orders, path), tmp_path / "shards").collect(orders)
    assert found.missing == ()
    assert sum(totals.gradings for totals in found.totals.values()) == 2
