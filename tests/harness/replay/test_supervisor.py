"""Failures during a replay: a grader that ends its process, Ctrl-C, a full disk, and two replays at once."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.rft_command import COMMAND, gradings, refusal, replay_json, rft, rows_of, runs_in, write_grader
from support.rollout_files import rollout, write_rollouts
from support.waiting import until

EXITS = """
import os
from graders import Sample, grader

@grader
def right(sample: Sample) -> float:
    if sample.id == 70 and os.path.exists("poison"):
        print("out of memory", flush=True)
        os._exit(9)
    return 1.0
"""
WAITS = """
import os, time
from graders import Sample, grader

@grader(timeout_s=None)
def right(sample: Sample) -> float:
    while sample.id >= 200 and not os.path.exists("go"):
        time.sleep(0.01)
    return 1.0
"""
NOISY = """
import os, subprocess, sys
print("imported")
print("warned", file=sys.stderr)
from graders import Sample, grader

@grader
def right(sample: Sample) -> float:
    print("graded", sample.id)
    os.write(1, b"written below Python\\n")
    subprocess.run(["echo", "echoed"])
    return 1.0
"""
READS = """
import subprocess, sys
from graders import Sample, grader

@grader
def right(sample: Sample) -> float:
    read = sys.stdin.read() if sys.stdin else ""
    read += subprocess.run(["cat"], capture_output=True, text=True, timeout=4).stdout
    return 1.0 if not read else 0.0
"""
REPLAY = ("replay", "rollouts.jsonl", "--grader", "my_grader.py")


def prepare(folder: Path, grader: str, count: int = 200) -> None:
    write_grader(folder, grader)
    write_rollouts(folder / "rollouts.jsonl", [rollout(at, "72", "72") for at in range(count)])


CRASHES = {
    "exit": ("os._exit(9)", "with exit code 9"),
    "signal": ("os.kill(os.getpid(), 9)", "out of memory"),
    "segmentation fault": ("ctypes.string_at(0)", "by signal 11"),
    "endless code in C": ("sum(range(10**12))", "C code held it"),
}


@pytest.mark.parametrize(
    # The endless cases take three timeouts of six seconds until the sample is found.
    "case",
    [pytest.param(case, marks=[pytest.mark.slow] if "endless" in case else []) for case in CRASHES],
)
def test_a_rollout_that_kills_its_process_fails_alone_and_is_named(case: str, tmp_path: Path) -> None:
    statement, said = CRASHES[case]
    text = EXITS.replace("import os\n", "import ctypes, os\n", 1).replace("@grader", "@grader(timeout_s=0.5)")
    prepare(tmp_path, text.replace("os._exit(9)", statement))
    (tmp_path / "poison").touch()
    found = replay_json(tmp_path, "--repeats", "2", code=1)
    rows = rows_of(tmp_path, found)
    assert [(row["id"], row["repeat"]) for row in rows] == [(at, n) for at in range(200) for n in (0, 1)]
    assert [row["id"] for row in rows if row["reward"] is None] == [70, 70]
    [first] = found["first_errors"]
    assert (first["id"], first["kind"]) == (70, "crash")
    assert said in first["message"]
    assert "rollouts.jsonl:71" in first["message"]


FORKS = """
import os
from graders import Sample, grader

@grader
def right(sample: Sample) -> float:
    return 0.0 if sample.id % 50 == 7 and os.fork() == 0 else 1.0
"""


def test_a_forked_copy_of_the_worker_grades_nothing(tmp_path: Path) -> None:
    prepare(tmp_path, FORKS)
    found = replay_json(tmp_path)
    assert [(row["id"], row["reward"]) for row in rows_of(tmp_path, found)] == [
        (at, 1.0) for at in range(200)
    ]


def test_a_grader_that_ends_its_process_on_every_rollout_ends_the_run(tmp_path: Path) -> None:
    prepare(tmp_path, EXITS.replace("sample.id == 70 and ", ""))
    (tmp_path / "poison").touch()
    said = refusal(tmp_path, *REPLAY, "--json", code=1)
    (folder,) = runs_in(tmp_path)
    for part in ("the grader ended its own process with exit code 9", "out of memory", "grader.log"):
        assert part in said
    assert "The same command resumes" in said
    assert "after a change to the grader, it starts a new run" in said
    (tmp_path / "poison").unlink()  # the grader is unchanged, so the run resumes
    found = replay_json(tmp_path, code=1)
    assert runs_in(tmp_path) == [folder]
    assert [row["id"] for row in rows_of(tmp_path, found)] == list(range(200))


def test_a_corrected_grader_starts_a_new_run(tmp_path: Path) -> None:
    prepare(tmp_path, EXITS)
    write_grader(tmp_path, EXITS.replace("sample.id == 70 and ", ""))
    (tmp_path / "poison").touch()
    refusal(tmp_path, *REPLAY, "--name", "first", code=1)
    write_grader(tmp_path, EXITS.replace("os._exit(9)", "pass"))
    said = refusal(tmp_path, *REPLAY, "--name", "first")
    assert "this run was started with different settings: grader" in said
    assert "another name" in said
    assert replay_json(tmp_path, "--name", "second")["totals"]["rewards"] == 200


def test_a_grader_s_output_goes_only_to_its_log(tmp_path: Path) -> None:
    prepare(tmp_path, NOISY, 3)
    found = replay_json(tmp_path)
    log = (tmp_path / found["run"] / "grader.log").read_text()
    for part in ("imported", "warned", "graded 2", "written below Python", "echoed"):
        assert part in log
    said = rft(tmp_path, *REPLAY).stdout.splitlines()
    assert [line.partition(":")[0] for line in said] == [
        "3 gradings, mean reward 1.0000",
        "what the grader printed",
        "all 3 rewards are 1",
        "as a page",
        "run",
    ]


def test_a_grader_cannot_read_the_worker_s_orders(tmp_path: Path) -> None:
    prepare(tmp_path, READS, 3)
    assert replay_json(tmp_path)["totals"]["mean"] == 1.0


def test_files_next_to_the_grader_do_not_affect_the_workers(tmp_path: Path) -> None:
    prepare(tmp_path, EXITS, 3)
    for name in ("queue.py", "orjson.py", "concurrent.py"):
        (tmp_path / name).write_text("raise SystemExit('imported by mistake')\n")
    executable = Path(sys.executable).with_name("rft")
    if not executable.exists():
        pytest.skip("the command is not installed next to this Python")
    done = subprocess.run(
        [executable, *REPLAY, "--json"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["totals"]["rewards"] == 3


def begin(folder: Path) -> subprocess.Popen[str]:
    """Start a replay in its own process group, like a shell."""
    process = subprocess.Popen(
        [*COMMAND, *REPLAY, "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until(
        lambda: (
            process.poll() is not None
            or any(path.stat().st_size for path in folder.glob("runs/*/shards/*.jsonl"))
        )
    )
    assert process.poll() is None
    return process


def test_ctrl_c_ends_the_run_immediately_and_the_same_command_resumes_it(tmp_path: Path) -> None:
    prepare(tmp_path, WAITS, 400)
    process = begin(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == ""
    assert err.strip() == "rft: interrupted; the same command resumes"
    (folder,) = runs_in(tmp_path)
    written = len((folder / "shards" / "0.jsonl").read_bytes().splitlines())
    assert 0 < written < 400
    (tmp_path / "go").touch()
    found = replay_json(tmp_path)
    assert runs_in(tmp_path) == [folder]
    assert [row["id"] for row in rows_of(tmp_path, found)] == list(range(400))


def test_the_same_work_twice_in_parallel_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    prepare(tmp_path, WAITS, 400)
    process = begin(tmp_path)
    said = refusal(tmp_path, *REPLAY)
    (tmp_path / "go").touch()
    assert f"is in use by process {process.pid}" in said
    assert "--fresh" in said
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert json.loads(out)["totals"]["rewards"] == 400


def limited(size: int) -> Any:
    """Limit the size of files, so that writes fail as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [0, 100, 400, 5_000, 40_000])
def test_a_full_disk_ends_the_run_and_the_same_command_resumes_it(size: int, tmp_path: Path) -> None:
    prepare(tmp_path, EXITS, 400)
    done = rft(tmp_path, *REPLAY, preexec_fn=limited(size))
    assert done.returncode == 3, done
    assert done.stderr.count("\n") == 1, done.stderr
    assert "File too large" in done.stderr
    assert "Free some space; the same command resumes" in done.stderr
    assert len(runs_in(tmp_path)) <= 1
    found = replay_json(tmp_path)
    assert len(runs_in(tmp_path)) == 1
    assert [row["id"] for row in rows_of(tmp_path, found)] == list(range(400))


def test_a_disk_that_fills_while_rewards_are_merged(tmp_path: Path) -> None:
    prepare(tmp_path, EXITS, 400)
    lines = (tmp_path / "rollouts.jsonl").read_text().splitlines(keepends=True)
    apart = "\n" * (1 << 20)  # puts each half into a shard of its own
    (tmp_path / "rollouts.jsonl").write_text("".join([*lines[:200], apart, apart, *lines[200:]]))
    if os.cpu_count() == 1:
        pytest.skip("one core makes one shard of this file")
    whole = replay_json(tmp_path)
    size = (tmp_path / whole["rewards"]).stat().st_size
    done = rft(tmp_path, *REPLAY, "--name", "second", preexec_fn=limited(size * 3 // 4))
    assert done.returncode == 3, done
    assert "Free some space; the same command resumes" in done.stderr
    folder = tmp_path / "runs" / "second"
    assert not list(folder.glob("*rewards.jsonl*"))
    found = replay_json(tmp_path, "--name", "second")
    assert gradings(rows_of(tmp_path, found)) == gradings(rows_of(tmp_path, whole))
