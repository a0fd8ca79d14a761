"""Projects made from other people's Python graders."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from harness.projects.import_content import content_of_import
from harness.projects.python_source import read_python_source
from harness.projects.scaffold import make_project
from support.sam_command import sam_command

# Like AWS's sample graders: it prints events, and takes the reference from the item or its metadata.
HANDLER = """
import json
import re
from dataclasses import asdict, dataclass


@dataclass
class Output:
    id: str
    aggregate_reward_score: float


def read(text):
    found = re.findall(r"#### (-?[0-9.,]+)", text)
    return found[-1].replace(",", "") if found else None


def compute_score(solution_str, ground_truth, format_score=0.1):
    answer = read(solution_str)
    if answer is None:
        return 0.0
    return 1.0 if answer == read(ground_truth) else format_score


def lambda_handler(event, context):
    outputs = []
    for item in event:
        print("item:", json.dumps(item))
        metadata = item.get("metadata", {})
        reference = metadata.get("reference_answer") or item.get("reference_answer")
        text = item["messages"][-1]["content"]
        outputs.append(Output(item["id"], compute_score(text, reference)))
    return [asdict(output) for output in outputs]
"""
CALL = """
import json, sys
from handler import lambda_handler
events = [json.loads(line) for line in open("rollouts.jsonl")]
sys.stdout, out = sys.stderr, sys.stdout
print([lambda_handler([event], None)[0]["aggregate_reward_score"] for event in events], file=out)
"""


@pytest.fixture
def project(tmp_path):
    """A project made from the handler."""
    (tmp_path / "handler.py").write_text(HANDLER)
    imported = read_python_source(tmp_path / "handler.py")
    make_project(tmp_path / "sums", None, content_of_import(imported, "handler.py"))
    return tmp_path / "sums"


def run(project, *words):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"PYTHON": sys.executable, "SAM_CLI_TELEMETRY": "0", "MAKEFLAGS": ""}
    done = subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


def rewards_of(project, *options):
    run(project, sys.executable, "-m", "harness.cli.main", "replay", *options)
    [folder] = (project / "runs").iterdir()
    rows = [json.loads(line) for line in (folder / "rewards.jsonl").read_text().splitlines()]
    return [row["reward"] for row in sorted(rows, key=lambda row: row["at"])]


def test_a_replay_of_an_imported_handler_is_what_the_handler_itself_answers(project):
    called = subprocess.run(
        [sys.executable, "-c", CALL], cwd=project, capture_output=True, text=True, check=True
    )
    own = json.loads(called.stdout)
    assert own == [1.0, 0.1, 0.0] * 3
    assert rewards_of(project) == own
    assert "compute_score" not in (project / "grader.py").read_text()
    assert (project / "handler.py").read_text() == HANDLER


@pytest.mark.slow
def test_the_built_function_opens_the_source_and_grades_the_same(project):
    run(project, sam_command(), "build")
    assert rewards_of(project, "--artifact", ".aws-sam/build") == [1.0, 0.1, 0.0] * 3
