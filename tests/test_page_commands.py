"""The commands of pages run as they stand, in a folder that holds the files and runs that they name."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.samples import ROLLOUTS
from support.format_rows import FORMAT_ROWS
from support.readme import README, blocks

PAGES = ("audit", "calibrate", "compare", "convert", "report", "signal", "sources")
# What asks AWS, opens a browser, or names what only the reader has: a job, a witness of an audit of theirs.
_ELSEWHERE = ("s3://", "--open", "--job my-job", "HASH", "--metric polite", "--region")
_NAMES = ("first", "second", "strict", "tolerant", "here", "deployed", "before", "after")
_HANDLER = """
def lambda_handler(event, context):
    return [{"id": one["id"], "aggregate_reward_score": 1.0} for one in event]
"""


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture(scope="module", name="reader")
def _reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a reader who has done what the pages take for granted."""
    folder = tmp_path_factory.mktemp("reader")
    rollouts = [json.loads(line) for line in ROLLOUTS.read_bytes().splitlines()[:96]]
    fields = ("messages", "reference_answer")
    records = [{key: row[key] for key in fields} for row in rollouts[::8]]
    for record in records:
        record["messages"] = record["messages"][:1]
    labels = ({"human": row["is_right"], "second_person": row["is_right"]} for row in rollouts)
    labeled = [row | label for row, label in zip(rollouts, labels, strict=True)]
    files = {
        "my_grader.py": blocks("python")[0].encode(),
        "app.py": _HANDLER.encode(),
        "grader.toml": b'check = "checks.numbers:number"\nmarker = "####"\n',
        "rft.toml": b'grader = "my_grader.py:math_answer"\nrecords = "records.jsonl"\n',
        "rollouts.jsonl": jsonl(rollouts),
        "labeled.jsonl": jsonl(labeled),
        "labels.jsonl": jsonl([{"id": row["id"], "human": row["is_right"]} for row in rollouts]),
        "rows.jsonl": jsonl(list(FORMAT_ROWS["alpaca"])),
        "items.csv": b"question,answer\nHow many legs has a spider?,8\n",
        **dict.fromkeys(("records.jsonl", "train.jsonl", "days/1.jsonl"), jsonl(records)),
        **dict.fromkeys(("records.jsonl.gz", "tuesday.jsonl.gz"), gzip.compress(jsonl(records[6:]))),
        "monday.jsonl": jsonl(records[:6]),
        "logs/1.json.gz": gzip.compress(jsonl(list(FORMAT_ROWS["invocation-log"]))),
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    with zipfile.ZipFile(folder / "build.zip", "w") as archive:
        archive.write(folder / "app.py", "app.py")
    pq.write_table(pa.Table.from_pylist([{"question": "2+2?", "answer": "#### 4"}]), folder / "train.parquet")
    replay = "rft replay rollouts.jsonl -g my_grader.py:math_answer --label is_right"
    assert run(folder, f"{replay} --name first; rft rehearse rollouts.jsonl --out rehearsals/r1") in (0, 1)
    for name in _NAMES[1:]:
        shutil.copytree(folder / "runs/first", folder / "runs" / name)
    return folder


def run(folder: Path, command: str) -> int:
    """The exit code of a line of a shell."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    print(done.stdout, done.stderr, file=sys.stderr)  # noqa: T201
    return done.returncode


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_its_commands_run_in_order(page: str, reader: Path, tmp_path: Path) -> None:
    lines = "".join(blocks("console", README.parent / "docs" / f"{page}.md")).splitlines()
    here = [line.removeprefix("$ ") for line in lines if not any(word in line for word in _ELSEWHERE)]
    folder = tmp_path / "reader"
    shutil.copytree(reader, folder)
    # Nothing is written over, so a reader who converts has no such files yet.
    before = "rm -f records.jsonl rollouts.jsonl; " if page == "convert" else ""
    codes = {command: run(folder, before + command) for command in here}
    assert codes
    assert {command: code for command, code in codes.items() if code not in (0, 1)} == {}
