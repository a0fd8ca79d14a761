from __future__ import annotations

import contextlib
import glob
import gzip
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from support.moto_aws import local_aws
from support.rollout_files import write_many
from support.runtime_calls import gone
from support.waiting import until

GRADER = """
from graders import Reward, Sample, grader
from graders.extract import same_number

@grader
def with_metric(sample: Sample) -> Reward:
    if len(sample.completion) % 97 == 5:
        raise ValueError("seeded failure")
    right = same_number(sample.completion, sample.reference_text, marker="####")
    return Reward(float(right), metrics={"length": float(len(sample.completion))})
"""


Kind: TypeAlias = Callable[[bytes], Sequence[str]]
"""Stores rollouts, and returns the words that name them on the command line."""

PLAIN = ("rollouts.jsonl",)


def command(rollouts: Sequence[str]) -> list[str]:
    words = ["replay", *rollouts, "--grader", "my_grader.py:with_metric", "--json"]
    return [sys.executable, "-m", "harness.cli.main", *words]


def gradings(rewards: Path) -> list[tuple[Any, ...]]:
    """Return the rows without the durations, which differ between runs."""
    rows = [json.loads(line) for line in rewards.read_text(encoding="utf-8").splitlines()]
    return [
        (row["at"], row["repeat"], row["id"], row["group"], row["reward"], row["metrics"], row["error"])
        for row in rows
    ]


def finish(folder: Path, rollouts: Sequence[str] = PLAIN) -> list[tuple[Any, ...]]:
    done = subprocess.run(command(rollouts), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr  # the grader's deliberate failures are findings
    return gradings(folder / json.loads(done.stdout)["rewards"])


def begin(folder: Path, rollouts: Sequence[str] = PLAIN) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(rollouts),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def workers_of(parent: int) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in found.stdout.split()]


def written(folder: Path) -> int:
    size = 0
    # `Path.glob` fails if a folder is renamed during the search, which happens when a run begins.
    for name in glob.glob(f"{folder}/runs/*/shards/*.jsonl"):
        with contextlib.suppress(FileNotFoundError):
            size += Path(name).stat().st_size
    return size


def wait_until_written(folder: Path, size: int, process: subprocess.Popen[bytes]) -> None:
    until(lambda: written(folder) >= size or process.poll() is not None)


def prepare(folder: Path, count: int) -> list[tuple[Any, ...]]:
    """Write rollouts and a grader, and return the gradings of an uninterrupted run."""
    (folder / "my_grader.py").write_text(GRADER, encoding="utf-8")
    write_many(folder / "rollouts.jsonl", count)
    whole = finish(folder)
    assert len(whole) == count
    assert [one[0] for one in whole] == sorted(one[0] for one in whole)
    for path in (folder / "runs").iterdir():
        path.rename(folder / f"whole-{path.name}")
    return whole


def holds_a_shard(folder: Path, pid: int) -> bool:
    for path in folder.glob("runs/*/shards/*.lock"):
        with contextlib.suppress(FileNotFoundError):
            if path.read_text().split()[:1] == [str(pid)]:
                return True
    return False


def stop_one(folder: Path, workers: list[int]) -> list[int]:
    """Stop a worker while it holds a shard, so that it outlives its parent. Returns [its id] or []."""
    for pid in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            if holds_a_shard(folder, pid):
                return [pid]
            os.kill(pid, signal.SIGCONT)
    return []


def interrupt(
    folder: Path, size: int, stop_a_worker: bool, rollouts: Sequence[str]
) -> tuple[list[int], list[int]]:
    """Kill the run after it has written `size` bytes, and possibly leave a stopped worker behind.

    Returns:
        The ids of the run's workers, and of those that are stopped.
    """
    process = begin(folder, rollouts)
    wait_until_written(folder, size, process)
    workers = workers_of(process.pid)
    stopped = stop_one(folder, workers) if stop_a_worker else []
    process.kill()
    process.wait()
    return workers, stopped


def tear(folder: Path, chance: random.Random) -> None:
    """Truncate the last line of a shard, as a crash or a full disk would."""
    for path in folder.glob("runs/*/shards/*.jsonl"):
        size = path.stat().st_size
        if size > 200:
            with path.open("rb+") as file:
                file.truncate(size - chance.randrange(1, 150))
            return


def check(folder: Path, count: int, kills: int, kind: Kind = lambda text: PLAIN) -> None:
    whole = prepare(folder, count)
    with contextlib.chdir(folder):
        rollouts = kind(Path("rollouts.jsonl").read_bytes())
    total = sum(path.stat().st_size for path in folder.glob("whole-*/rewards.jsonl"))
    chance = random.Random(20261122)
    interrupted, workers = 0, list[int]()
    for kill in range(kills):
        size = int(total * (kill + chance.random()) / (kills + 1))
        orphans, stopped = interrupt(folder, size, stop_a_worker=kill % 3 == 1, rollouts=rollouts)
        workers += orphans
        interrupted += any(folder.glob("runs/*/shards/*.jsonl"))
        if kill % 2:
            assert all(gone(pid) for pid in set(orphans) - set(stopped)), (
                "they end with their parent, and write no more"
            )
            tear(folder, chance)
    assert interrupted >= kills // 2, "the kills came too late to show anything"
    assert finish(folder, rollouts) == whole
    assert all(gone(pid) for pid in workers), "the resumed run must end stopped workers"
    assert len(list((folder / "runs").iterdir())) == 1, "the command must resume the existing run"


def test_a_killed_replay_resumes_where_it_stopped(tmp_path: Path) -> None:
    check(tmp_path, 12_000, kills=3)


def two_files(text: bytes) -> Sequence[str]:
    half = text.index(b"\n", len(text) // 2) + 1
    Path("a.jsonl").write_bytes(text[:half])
    Path("b.jsonl").write_bytes(text[half:])
    return "a.jsonl", "b.jsonl"


def packed(text: bytes) -> Sequence[str]:
    Path("rollouts.gz").write_bytes(gzip.compress(text, 1))
    return ("rollouts.gz",)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [two_files, packed])
def test_a_killed_replay_of_several_or_compressed_files_resumes(kind: Kind, tmp_path: Path) -> None:
    check(tmp_path, 12_000, kills=3, kind=kind)


@pytest.mark.slow
def test_a_killed_replay_of_s3_objects_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with local_aws() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": aws.region})

        def uploaded(text: bytes) -> Sequence[str]:
            for name in two_files(text):
                s3.upload_file(name, "data", f"r/{name}")
            return ("s3://data/r/",)

        check(tmp_path, 12_000, kills=3, kind=uploaded)


@pytest.mark.slow
def test_many_kills_of_a_long_replay_change_nothing(tmp_path: Path) -> None:
    check(tmp_path, 160_000, kills=int(os.environ.get("KILLS", "10")))


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    (tmp_path / "my_grader.py").write_text(
        GRADER.replace("if len", "import time; time.sleep(0.05)\n    if len")
    )
    write_many(tmp_path / "rollouts.jsonl", 2_400)
    process = begin(tmp_path)
    workers = until(lambda: workers_of(process.pid))
    process.kill()
    process.wait()
    assert all(gone(pid) for pid in workers)
