from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.sources import JoinedSource, Source, source_of
from harness.errors import InputError
from harness.replay.fan_out.shards import (
    LARGEST,
    SMALLEST,
    check_fan_out,
    check_source,
    cut_shards,
    located,
)
from harness.runs.facts import DeployedFacts, InProcessFacts
from support.sized_object import Sized


def joined(objects: Sequence[tuple[int, bytes]]) -> Source:
    parts = [Sized(f"s3://data/{at}.jsonl", size, last) for at, (size, last) in enumerate(objects)]
    return parts[0] if len(parts) == 1 else JoinedSource(parts)


_OBJECTS = st.lists(
    st.tuples(st.integers(0, 3 * LARGEST), st.sampled_from([b"\n", b"}"])), min_size=1, max_size=5
)


@given(_OBJECTS, st.integers(1, 200))
def test_every_byte_is_in_one_shard_of_one_object(objects: list[tuple[int, bytes]], workers: int) -> None:
    source = joined(objects)
    shards = cut_shards(source, workers)
    found = located(source, shards)
    assert len(found) == len(shards)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(shards))
    for at, (size, _) in enumerate(objects):
        mine = [one for one in found if one.source.name == f"s3://data/{at}.jsonl"]
        edges = [edge for one in mine for edge in (one.start, one.end)]
        assert edges == sorted(edges)
        assert ([0, size] if size else []) == ([edges[0], edges[-1]] if edges else [])
        assert all(earlier.end == later.start for earlier, later in pairwise(mine))
        assert all(0 < one.end - one.start <= LARGEST + 1 for one in mine)
    for one, (start, end) in zip(found, shards, strict=True):
        assert one.base + one.start == start
        assert end - 1 <= one.base + one.end <= end


@given(_OBJECTS, st.integers(1, 200), st.integers(0, 10 * LARGEST))
def test_a_limit_ends_the_last_shard(objects: list[tuple[int, bytes]], workers: int, end: int) -> None:
    source = joined(objects)
    shards = cut_shards(source, workers, end)
    assert all(start < stop <= end for start, stop in shards)
    if end and objects[0][0]:
        assert shards[0][0] == 0
    located(source, shards)


def test_there_are_several_shards_a_worker_but_no_tiny_ones() -> None:
    assert len(cut_shards(joined([(1 << 30, b"\n")]), 50)) == pytest.approx(200, abs=1)
    assert len(cut_shards(joined([(1_560_000, b"\n")]), 50)) == 6
    assert len(cut_shards(joined([(SMALLEST, b"\n")]), 50)) == 1
    assert len(cut_shards(joined([(30_000_000_000, b"\n")]), 50)) == 448
    assert cut_shards(joined([(0, b"\n")]), 50) == ()


def test_shards_that_cross_objects_are_not_of_a_fan_out() -> None:
    source = joined([(100, b"\n"), (100, b"\n")])
    with pytest.raises(InputError, match="not cut for a fan-out"):
        located(source, [(0, 150), (150, 200)])
    with pytest.raises(InputError, match="shorter"):
        located(source, [(0, 100), (100, 200), (200, 300)])


def test_only_what_workers_can_read_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "rollouts.jsonl"
    path.write_text("{}\n")
    with pytest.raises(InputError, match=r"aws s3 cp .*rollouts\.jsonl s3://BUCKET/KEY"):
        check_source(source_of(path))
    with pytest.raises(InputError, match="Unpack it in S3"):
        check_source(Sized("s3://data/r.jsonl.gz", 5, seekable=False))
    with pytest.raises(InputError, match="aws s3 cp"):
        check_source(JoinedSource([Sized("s3://data/r.jsonl", 5), source_of(path)]))
    check_source(joined([(5, b"\n"), (5, b"}")]))


@pytest.mark.parametrize(
    ("arn", "good"),
    [
        ("arn:aws:lambda:us-west-2:123456789012:function:grader:7", True),
        ("arn:aws:lambda:us-west-2:123456789012:function:grader:$LATEST", False),
        ("arn:aws:lambda:us-west-2:123456789012:function:grader:live", False),
        ("arn:aws:lambda:us-west-2:123456789012:function:grader", False),
        ("grader:7", False),
    ],
)
def test_only_a_published_version_grades(arn: str, good: bool) -> None:
    source = joined([(5, b"\n")])
    if good:
        check_fan_out(source, DeployedFacts(arn), derived=False)
        return
    with pytest.raises(InputError, match="a published version"):
        check_fan_out(source, DeployedFacts(arn), derived=False)


def test_records_and_graders_here_are_not_fanned_out() -> None:
    source = joined([(5, b"\n")])
    with pytest.raises(InputError, match="has records"):
        check_fan_out(source, DeployedFacts("arn"), derived=True)
    with pytest.raises(InputError, match="in AWS, not here"):
        check_fan_out(source, InProcessFacts("g.py:g"), derived=False)
