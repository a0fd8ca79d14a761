from __future__ import annotations

import gzip
import io
import json
import os
import resource
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from harness.data.packed import unpacked
from harness.data.sources import DataFile, FileSource, SpooledSource, source_of
from harness.disk import NoRoom
from harness.errors import HarnessError, InputError
from harness.replay.prepare import ReplayRequest, prepare
from harness.replay.supervisor import replay
from harness.report.look import sample_of
from harness.report.page.contents import page_of
from harness.runs.lines_at import lines_at
from harness.runs.rows import read_rows
from harness.runs.store import Run, open_run
from support.moto_aws import LocalAws, local_aws
from support.object_server import served_object
from support.rft_command import rft_inside, write_grader
from support.rollout_files import rollout, write_rollouts

COUNT = 40


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with local_aws() as found:
        where = {"LocationConstraint": found.region}
        found.client("s3").create_bucket(Bucket="data", CreateBucketConfiguration=where)
        yield found


@pytest.fixture
def s3(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    client = aws.client("s3")
    for found in client.list_objects_v2(Bucket="data").get("Contents", ()):
        client.delete_object(Bucket="data", Key=found["Key"])
    return client


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_grader(tmp_path)
    lines = [rollout(f"r{at}", "72" if at % 3 else "7", record=f"{at // 4}") for at in range(COUNT)]
    write_rollouts(tmp_path / "rollouts.jsonl", lines)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def halves(text: bytes) -> tuple[bytes, bytes]:
    """Split the text in two. The first part lacks its final newline."""
    lines = text.splitlines(keepends=True)
    return b"".join(lines[:17]).rstrip(b"\n"), b"".join(lines[17:])


def write(path: str, content: bytes) -> Path:
    """Write a file unless it already has this content."""
    if not Path(path).exists() or Path(path).read_bytes() != content:
        Path(path).write_bytes(content)
    return Path(path)


def one_file(text: bytes, s3: Any) -> DataFile:
    return Path("rollouts.jsonl")


def two_files(text: bytes, s3: Any) -> DataFile:
    for name, part in zip(("a.jsonl", "b.jsonl"), halves(text), strict=True):
        write(name, part)
    return source_of("[ab].jsonl")


def packed(text: bytes, s3: Any) -> DataFile:
    return write("rollouts.jsonl.gz", gzip.compress(text, mtime=0))


def piped(text: bytes, s3: Any) -> DataFile:
    return SpooledSource(io.BytesIO(text), "-")


def piped_and_packed(text: bytes, s3: Any) -> DataFile:
    return unpacked(SpooledSource(io.BytesIO(gzip.compress(text, mtime=0)), "-"))


def in_s3(text: bytes, s3: Any) -> DataFile:
    s3.put_object(Bucket="data", Key="r/all.jsonl", Body=text)
    return source_of("s3://data/r/all.jsonl")


def under_a_prefix(text: bytes, s3: Any) -> DataFile:
    for key, part in zip(("r/a", "r/b"), halves(text), strict=True):
        s3.put_object(Bucket="data", Key=key, Body=part)
    return source_of("s3://data/r/")


def packed_in_s3(text: bytes, s3: Any) -> DataFile:
    s3.put_object(Bucket="data", Key="r.gz", Body=gzip.compress(text, mtime=0))
    return source_of("s3://data/r.gz")


def here_and_in_s3(text: bytes, s3: Any) -> DataFile:
    first, second = halves(text)
    write("a.jsonl", first)
    s3.put_object(Bucket="data", Key="b", Body=second)
    return source_of("a.jsonl", "s3://data/b")


Kind: TypeAlias = Callable[[bytes, Any], DataFile]

LOCAL = [one_file, two_files, packed, piped, piped_and_packed]
ALL = [*LOCAL, in_s3, under_a_prefix, packed_in_s3, here_and_in_s3]
JOINED = (two_files, under_a_prefix, here_and_in_s3)
COPIED = (packed, piped, piped_and_packed, packed_in_s3)

kinds = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)


def begin(rollouts: DataFile, **asked: Any) -> Run:
    return prepare(ReplayRequest(rollouts=rollouts, grader="my_grader.py:right", **asked))


def rows_of(run: Run) -> list[dict[str, Any]]:
    """Return the rows without their times and offsets, which differ between runs."""
    return [
        {key: value for key, value in row.items() if key not in ("at", "ms")}
        for row in read_rows(run.rewards)
    ]


@kinds
def test_rollouts_anywhere_give_the_same_rows_and_are_read_again(kind: Kind, folder: Path, s3: Any) -> None:
    text = Path("rollouts.jsonl").read_bytes()
    plain = begin(Path("rollouts.jsonl"), name="plain")
    replay(plain)
    run = begin(kind(text, s3), name="other")
    totals = replay(run, cores=2)
    assert (totals.gradings, totals.mean) == (COUNT, plain.totals.mean)
    assert rows_of(run) == rows_of(plain)
    again = open_run(run.folder)
    assert again.facts.input.copied == (kind in COPIED)
    assert again.why_unreadable() is None
    assert bool(again.facts.input.lengths) == (kind in JOINED)
    lines = text.splitlines()
    places = [row["at"] for row in read_rows(run.rewards)]
    assert [line for _, line in lines_at(again.rollouts, places)] == lines
    found = sample_of(again, "r20")
    assert found["rollout"] == json.loads(lines[20])
    assert page_of(again).data
    for words in (["show", "runs/other"], ["signal", "runs/other"], ["compare", "runs/plain", "runs/other"]):
        said = rft_inside(folder, *words)
        assert said.returncode in (0, 1), (words, said.stderr)


@kinds
def test_the_same_input_resumes_and_another_one_does_not(kind: Kind, folder: Path, s3: Any) -> None:
    text = Path("rollouts.jsonl").read_bytes()
    run = begin(kind(text, s3))
    assert begin(kind(text, s3)).folder == run.folder
    other = text.replace(b"72", b"73", 1)
    Path("rollouts.jsonl").write_bytes(other)
    assert begin(kind(other, s3)).folder != run.folder
    with pytest.raises(InputError, match="started with different settings: input"):
        begin(kind(other + text, s3), name=run.facts.id)


@pytest.mark.parametrize(
    "kind", [two_files, piped_and_packed, under_a_prefix], ids=lambda kind: kind.__name__
)
def test_records_anywhere_are_graded_by_their_own_references(kind: Kind, folder: Path, s3: Any) -> None:
    records = [
        {"messages": [{"role": "user", "content": f"{at}?"}], "reference_answer": str(at)} for at in range(20)
    ]
    write_rollouts(Path("rollouts.jsonl"), records)
    run = begin(kind(Path("rollouts.jsonl").read_bytes(), s3))
    assert run.facts.input.derived
    assert not run.facts.input.copied
    totals = replay(run)
    assert (totals.gradings, totals.mean) == (40, 0.5)
    assert len({row["id"] for row in read_rows(run.rewards)}) == 40
    assert len({row["group"] for row in read_rows(run.rewards)}) == 20


REPLACES = """
import os
from pathlib import Path
import boto3
from graders import Sample, grader

@grader
def right(sample: Sample) -> bool:
    if sample.id == "r0" and not Path("changed").exists():
        Path("changed").touch()
        {change}
    return sample.completion == sample.reference_text
"""


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (two_files, "Path('b.jsonl').write_bytes(Path('b.jsonl').read_bytes().replace(b'72', b'73'))"),
        (in_s3, "boto3.client('s3').put_object(Bucket='data', Key='r/all.jsonl', Body=b'{}')"),
        (here_and_in_s3, "boto3.client('s3').delete_object(Bucket='data', Key='b')"),
    ],
)
def test_data_replaced_during_the_replay_gives_no_run(kind: Kind, change: str, folder: Path, s3: Any) -> None:
    write_grader(folder, REPLACES.replace("{change}", change))
    run = begin(kind(Path("rollouts.jsonl").read_bytes(), s3), name="mine")
    with pytest.raises(HarnessError, match=r"replaced|changed during the replay"):
        replay(run, cores=1)
    assert not run.rewards.exists()
    again = open_run(run.folder)
    assert again.facts.input.spoiled


def test_a_copy_interrupted_by_a_kill_is_made_again(folder: Path, s3: Any) -> None:
    text = Path("rollouts.jsonl").read_bytes()
    run = begin(packed(text, s3))
    run.save(state="new", shards=(), input=replace(run.facts.input, sha256=None))
    run.own_rollouts.write_bytes(text[:100])
    (run.folder / ".rollouts.jsonl.0.new").write_bytes(text[:50])
    again = begin(packed(text, s3))
    assert again.folder == run.folder
    assert again.own_rollouts.read_bytes() == text
    assert not list(again.folder.glob(".rollouts*"))
    assert replay(again).gradings == COUNT


@pytest.mark.parametrize(
    ("kind", "limit"), [(piped, 1), (packed, 7), (packed, COUNT), (packed_in_s3, COUNT + 1)]
)
def test_only_the_graded_part_is_copied(kind: Kind, limit: int, folder: Path, s3: Any) -> None:
    text = Path("rollouts.jsonl").read_bytes()
    run = begin(kind(text, s3), limit=limit)
    assert begin(kind(text, s3), limit=limit).folder == run.folder
    assert run.own_rollouts.read_bytes() == b"".join(text.splitlines(keepends=True)[:limit])
    assert replay(run).gradings == min(limit, COUNT)


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
@pytest.mark.parametrize("end", ["", "\n", "\n \n\n"])
def test_blank_lines_do_not_count_towards_the_limit_of_a_copy(
    limit: int, end: str, folder: Path, s3: Any
) -> None:
    first, second, third = Path("rollouts.jsonl").read_text().splitlines()[:3]
    text = f"\n{first}\n{' ' * 3_000_000}\n\t\r\n{' ' * 2_000_000}{second}\n\n{third}{end}"
    run = begin(packed(text.encode(), s3), limit=limit)
    copied = run.own_rollouts.read_bytes().decode()
    assert text.startswith(copied)
    assert copied.split() == text.split()[: len(copied.split())]
    assert (run.facts.input.sha256 is None) == (limit < 3)
    assert replay(run).gradings == min(limit, 3)


class CountedReader(io.FileIO):
    """A file that counts the bytes that were read."""

    taken = 0

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer) or 0
        self.taken += count
        return count


class CountedFile(FileSource):
    """A file with a count for each time that it was opened."""

    def __init__(self, path: Path) -> None:
        self.readers: list[CountedReader] = []
        super().__init__(path)

    def open(self, start: int = 0) -> io.BufferedReader:
        self.readers.append(CountedReader(self.path))
        self.readers[-1].seek(start)
        return io.BufferedReader(self.readers[-1])


def test_a_compressed_input_is_unpacked_once_for_a_limited_copy(folder: Path, s3: Any) -> None:
    lines = [rollout(f"r{at}", os.urandom(250).hex()) for at in range(12_000)]
    text = write_rollouts(folder / "rollouts.jsonl", lines).read_bytes()
    file = CountedFile(write("rollouts.jsonl.gz", gzip.compress(text, 1)))
    run = begin(unpacked(file), limit=11_900)
    assert run.own_rollouts.read_bytes() == b"".join(text.splitlines(keepends=True)[:11_900])
    assert len([one for one in file.readers if one.taken > 0.9 * file.size]) == 1


def test_a_copy_without_disk_space_fails_and_leaves_no_file(folder: Path, s3: Any) -> None:
    lines = [rollout(f"r{at}", "7" * 10_000) for at in range(50)]
    text = write_rollouts(folder / "rollouts.jsonl", lines).read_bytes()
    rollouts = packed(text, s3)
    told: list[int] = []
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, was[1]))
    try:
        with pytest.raises(NoRoom, match=r"rollouts\.jsonl: cannot be written.*Free some space"):
            begin(rollouts, name="mine")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)
    assert not Path("runs/mine").exists()
    request = ReplayRequest(rollouts=rollouts, grader="my_grader.py:right", name="mine")
    assert prepare(request, told.append).own_rollouts.read_bytes() == text
    assert told


def test_connections_that_break_lose_nothing_and_one_sample_is_one_request(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Path("rollouts.jsonl").read_bytes()
    plain = begin(Path("rollouts.jsonl"), name="plain")
    replay(plain)
    with served_object(text, monkeypatch) as served:
        served.cuts = lambda start: 3_000
        run = begin(source_of("s3://any/key"), name="other")
        replay(run)
        assert rows_of(run) == rows_of(plain)
        assert len(served.starts) > len(text) // 3_000
        served.starts.clear()
        served.cuts = lambda start: None
        found = sample_of(open_run(run.folder), "r20")
        at = found["rows"][0]["at"]
        assert served.starts == [at]
        assert found["place"] == f"s3://any/key, byte {at}"
        served.content = text.replace(b"72", b"73")
        again = open_run(run.folder)
        assert again.why_unreadable() == "s3://any/key was replaced in the meantime"
        assert rft_inside(folder, "show", "runs/other").returncode == 0
        assert page_of(again).remarks
    assert "no AWS credentials" in str(open_run(run.folder).why_unreadable())
