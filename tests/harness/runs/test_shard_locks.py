"""Orphaned workers are found by the locks on their shards and ended. No other process is ended."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from harness.runs.shard_locks import end_orphans
from harness.runs.store import create
from support.run_records import facts_of as facts

WORK = (
    "import sys, time; from pathlib import Path; sys.path[:0] = {path!r}; "
    "from harness.runs.shard_locks import lock_shard; "
    "held = lock_shard(Path(sys.argv[1]) / 'shards' / '0.jsonl', 0); "
    "print('held', flush=True); time.sleep(60)"
)


def work(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORK.format(path=sys.path), str(folder.resolve()), *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_worker_that_outlived_its_parent_is_ended(tmp_path: Path) -> None:
    run = create(tmp_path, "mine", facts())
    with work(run.folder, "worker") as process:
        end_orphans(run.folder, "worker")
        assert process.wait(10) == -signal.SIGKILL
    assert json.loads((run.folder / "run.json").read_text())["state"] == "new"


def test_whatever_a_lock_file_says_no_strangers_process_is_ended(tmp_path: Path) -> None:
    run = create(tmp_path, "mine", facts())
    with work(run.folder, "worker") as process:
        said = (run.folder / "shards" / "0.lock").read_text()
        for content in (said, str(process.pid), f"{process.pid} 0", "1", "-1", "garbage"):
            (run.folder / "shards" / "1.lock").write_text(content)
            end_orphans(run.folder, "another-worker")
            if content != said:
                (run.folder / "shards" / "0.lock").write_text("")
                end_orphans(run.folder, "worker")
        assert process.poll() is None
        process.kill()
