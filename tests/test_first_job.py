"""The pages about a real account: their commands, run in order, deploy a grader, run a job and compare
models.

SAM is real. AWS and the job are imitations.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.projects.scaffold import make_project
from harness.samples import ROLLOUTS
from support.moto_aws import LocalAws, local_aws
from support.ports import free_port
from support.readme import README, blocks
from support.sam_command import sam_command

pytestmark = pytest.mark.slow

DOCS = README.parent / "docs"
_SERVICE = re.compile(r"https://bedrock-(?:mantle|runtime)\.us-west-2\.(?:api\.aws|amazonaws\.com/openai)")
_VERSION = re.compile(r"arn:aws:lambda:\S+:function:my-grader-MathAnswer-\w+:\d+")
Runner = Callable[[str, int], str]


@pytest.fixture(scope="module", name="aws")
def _aws() -> Iterator[LocalAws]:
    with local_aws() as served:
        yield served


@pytest.fixture(scope="module", name="run")
def _run(tmp_path_factory: pytest.TempPathFactory, aws: LocalAws) -> Iterator[Runner]:
    """Return a function that runs a line in the reader's project. Some lines start the emulator first."""
    folder = tmp_path_factory.mktemp("account")
    project = folder / "my-grader"
    make_project(project)
    _own_files(project)
    programs = f"{Path(sys.executable).parent}:{Path(sam_command()).parent}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **aws.environment,
        "PIP_INDEX_URL": "http://127.0.0.1:9",
        "PIP_RETRIES": "0",
        "UV_OFFLINE": "1",
        "PYTHON": sys.executable,
        "MAKEFLAGS": "",
        "TMPDIR": str(folder),  # `sam deploy` leaves temporary folders
        "PATH": f"{programs}:{os.environ['PATH']}",
        "COLUMNS": "80",
        "OPENAI_API_KEY": "any",
    }
    here = f"http://127.0.0.1:{free_port()}"
    started: list[subprocess.Popen[str]] = []

    def run(line: str, code: int = 0) -> str:
        if line.startswith("export "):
            arn = aws.outputs("my-grader")["MathAnswerVersionArn"]
            words = ["rft", "emulate", "--port", here.rpartition(":")[2]]
            words += [
                "--rollouts",
                "rollouts.jsonl",
                "--rollouts",
                "said.jsonl",
                "--bind",
                f"{arn.split(':')[6]}={arn}",
            ]
            emulator = subprocess.Popen(
                words, cwd=project, env=environment, stdout=subprocess.PIPE, text=True
            )
            started.append(emulator)
            assert emulator.stdout is not None
            assert here in emulator.stdout.readline()
            name, _, value = line.removeprefix("export ").partition("=")
            environment[name] = _SERVICE.sub(here, value)
            return ""
        done = subprocess.run(
            ["bash", "-c", _SERVICE.sub(here, line)],
            cwd=project,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=300,
        )
        assert done.returncode == code, f"{line}\n{done.stdout}"
        return done.stdout

    yield run
    for emulator in started:
        emulator.terminate()
        emulator.communicate(timeout=60)


def _own_files(project: Path) -> None:
    """Write the files that the first page assumes, from the shipped samples."""
    rows = [json.loads(line) for line in ROLLOUTS.read_bytes().splitlines()]
    records = {
        row["record"]: {"messages": row["messages"][:1], "reference_answer": row["reference_answer"]}
        for row in rows
    }
    train, test = list(records)[:120], list(records)[120:150]
    files = {
        "train.jsonl": [records[name] for name in train],
        "records.jsonl": [records[name] for name in train],
        "test.jsonl": [records[name] for name in test],
        "rollouts.jsonl": [row for row in rows if row["record"] in train],
        # The emulated models' completions for the held-out records.
        "said.jsonl": [row for row in rows if row["record"] in test],
    }
    for name, lines in files.items():
        (project / name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    settings = (project / "rft.toml").read_text(encoding="utf-8")
    (project / "rft.toml").write_text(settings.replace('"records.jsonl"', '"train.jsonl"'), encoding="utf-8")


def lines_of(page: str) -> list[str]:
    """Return the commands of a page, in order."""
    return [
        line.removeprefix("$ ") for block in blocks("console", DOCS / page) for line in block.splitlines()
    ]


@pytest.fixture(scope="module", name="first_job")
def _first_job(run: Runner) -> dict[str, str]:
    """Return the output of each command on the first job's page."""
    said = {}
    for line in lines_of("first-job.md"):
        # Without --guided, which asks questions.
        said[line] = run(line.replace("--guided", "--no-progressbar"), 0)
    return said


def test_the_first_job_is_submitted_on_evidence_and_ends(first_job: dict[str, str], run: Runner) -> None:
    printed = "\n".join(first_job.values())
    assert "TRAIN: math_grader.py:math_answer on 120 records" in printed
    assert "agrees with is_right on 960 of 960" in printed
    assert "rewards, metrics, errors, ids and order are the same" in printed
    [submitted] = [said for line, said in first_job.items() if line.startswith("rft submit ")]
    assert "the function's code is the code that was replayed in runs/deployed" in submitted
    assert "warning" not in submitted
    assert "The job has successfully completed" in printed
    assert "against openai.gpt-oss-20b, record by record" in printed
    captured = run("rft capture --stack my-grader --function MathAnswer --hours 0.2", 0)
    assert "the wire is   open-weight (documented)" in captured


def test_the_project_s_settings_are_those_of_the_page(run: Runner) -> None:
    [settings] = blocks("toml", DOCS / "first-job.md")
    held = run("cat rft.toml", 0)
    assert [line for line in settings.splitlines() if line not in held] == []


def test_a_release_is_compared_and_an_earlier_version_trains_again(
    first_job: dict[str, str], run: Runner, aws: LocalAws
) -> None:
    assert first_job
    run("rft replay rollouts.jsonl --label is_right --name before", 0)
    version = aws.outputs("my-grader")["MathAnswerVersionArn"]
    for line in lines_of("production.md"):
        # `aws` is not installed, and `rft cancel` needs a running job.
        if not line.startswith(("aws ", "rft cancel ")):
            said = run(_VERSION.sub(version, line), 0)
            if line.startswith("rft submit "):
                assert "0 of 960 rewards differ" in said


def test_a_grader_is_deployed_checked_called_and_trains(
    first_job: dict[str, str], run: Runner, aws: LocalAws
) -> None:
    assert first_job
    version = aws.outputs("my-grader")["MathAnswerVersionArn"]
    before_removal = (DOCS / "deploy.md").read_text(encoding="utf-8").partition("## Remove the stack")[0]
    lines = [line for line in lines_of("deploy.md") if f"$ {line}\n" in before_removal]
    assert len(lines) > 8
    for line in lines:
        if not line.startswith("aws "):
            run(line.replace("--guided", "--no-progressbar").replace("$ARN", version), 0)
