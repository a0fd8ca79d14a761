"""The commands on pages run unchanged in a folder with the files and runs that they name."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.samples import ROLLOUTS
from support.format_rows import FORMAT_ROWS
from support.moto_aws import local_aws
from support.ports import free_port
from support.readme import README, blocks

PAGES = ("audit", "calibrate", "compare", "convert", "report", "signal", "sources")
# Lines of the README that install, need the checkout or a deployed stack, or run until stopped.
_ELSEWHERE = (
    *("pip ", "python3 ", "make ", "aws ", "export "),
    *("--artifact", "--function", "--arn", "rft doctor", "rft stack", "rft serve", "rft emulate"),
)
_NAMES = ("first", "second", "strict", "tolerant", "here", "deployed", "before", "after")
_HANDLER = """
def lambda_handler(event, context):
    return [{"id": one["id"], "aggregate_reward_score": 1.0} for one in event]
"""

# Stands in for a judge, one of whose metrics the page compares with a label.
_JUDGED = b"""
check = "checks.combined:formula"
expression = "right * (0.9 + 0.1 * polite)"

[parts.right]
check = "checks.numbers:number"
marker = "####"

[parts.polite]
check = "checks.shaping:length"
full = 400
zero = 800
"""

# A job that a page assumes. It has fewer records than Bedrock accepts, hence --force.
_WATCHED_JOB = """
rft emulate --rollouts rollouts.jsonl --bind math-answer=my_grader.py:math_answer --port 8080 &
trap "kill $!" EXIT
until (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null; do sleep 0.1; done
export OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=any
grader=arn:aws:lambda:us-west-2:123456789012:function:math-answer:1
rft submit train.jsonl --arn $grader --name my-job --force
rft watch my-job --interval 1
"""


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture(scope="module", name="reader")
def _reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a reader who has the files and runs that the pages assume."""
    folder = tmp_path_factory.mktemp("reader")
    rollouts = [json.loads(line) for line in ROLLOUTS.read_bytes().splitlines()[:96]]
    fields = ("messages", "reference_answer")
    records = [{key: row[key] for key in fields} for row in rollouts[::8]]
    rollouts[0]["id"] = json.loads(blocks("json")[0])["id"]
    for record in records:
        record["messages"] = record["messages"][:1]
    names = ("human", "second_person", "is_polite")
    labels = (dict.fromkeys(names, row["is_right"]) for row in rollouts)
    labeled = [row | label for row, label in zip(rollouts, labels, strict=True)]
    files = {
        "my_grader.py": blocks("python")[0].encode(),
        "app.py": _HANDLER.encode(),
        "grader.toml": _JUDGED,
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
    assert run(folder, _WATCHED_JOB.replace("8080", str(free_port()))) == 0
    return folder


@pytest.fixture(scope="module", name="bucket_environment")
def _bucket_environment() -> Iterator[dict[str, str]]:
    """Yield environment variables for a local S3 with the buckets that the pages name."""
    record = {"messages": [{"role": "user", "content": "1+1?"}], "reference_answer": "#### 2"}
    objects = {
        ("bucket", "records.jsonl"): jsonl([record]),
        ("bucket", "days/1.jsonl"): jsonl([record]),
        ("bucket", "more/2.jsonl.gz"): gzip.compress(jsonl([record])),
        ("logs", "AWSLogs/1/2026/11/02/05/a.json.gz"): gzip.compress(
            jsonl(list(FORMAT_ROWS["invocation-log"]))
        ),
    }
    with local_aws() as aws:
        client = aws.client("s3")
        for bucket in ("bucket", "logs"):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
        for (bucket, key), content in objects.items():
            client.put_object(Bucket=bucket, Key=key, Body=content)
        yield aws.environment


def run(folder: Path, command: str, **environment: str) -> int:
    """Return the exit code of a shell command. `true` replaces the browser."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "BROWSER": "true", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    print(command, done.stdout, done.stderr, file=sys.stderr)  # noqa: T201
    return done.returncode


def codes(
    page: Path, folder: Path, left_out: tuple[str, ...], environment: dict[str, str], before: str = ""
) -> dict[str, int]:
    """Return the exit codes of a page's commands, run in order."""
    lines = [
        line.removeprefix("$ ")
        for line in "".join(blocks("console", page)).splitlines()
        if line.startswith("$ ") and not any(word in line for word in left_out)
    ]
    return {line: run(folder, before + line, **environment) for line in lines}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_its_commands_run_in_order(
    page: str, reader: Path, tmp_path: Path, bucket_environment: dict[str, str]
) -> None:
    folder = tmp_path / "reader"
    shutil.copytree(reader, folder)
    # `rft convert` never overwrites a file.
    before = "rm -f records.jsonl rollouts.jsonl; " if page == "convert" else ""
    found = codes(README.parent / "docs" / f"{page}.md", folder, ("HASH",), bucket_environment, before)
    assert found
    assert {command: code for command, code in found.items() if code not in (0, 1)} == {}


@pytest.mark.slow
def test_the_commands_of_the_readme_run_in_order(reader: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    shutil.copytree(reader, folder)
    # The README creates this run.
    shutil.rmtree(folder / "runs/first")
    found = codes(README, folder, _ELSEWHERE, {})
    assert len(found) >= 14
    assert {command: code for command, code in found.items() if code not in (0, 1)} == {}
