from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.readme import README, blocks
from support.sam_command import sam_command

_TICKETS = {
    "type": "multi",
    "graders": {
        "team": {
            "type": "string_check",
            "name": "team",
            "operation": "eq",
            "input": "{{sample.output_json.team}}",
            "reference": "{{item.reference_answer.team}}",
        },
    },
    "calculate_output": "team",
}
_REWARDS = '''"""Rewards for TRL."""


def same_team(completions, team, **kwargs):
    answers = [turns[-1]["content"].strip() for turns in completions]
    return [float(answer == right) for answer, right in zip(answers, team, strict=True)]
'''


@pytest.mark.slow
def test_its_commands_run_in_order(tmp_path: Path) -> None:
    (tmp_path / "tickets.json").write_text(json.dumps(_TICKETS), encoding="utf-8")
    (tmp_path / "rewards.py").write_text(_REWARDS, encoding="utf-8")
    programs = f"{Path(sys.executable).parent}:{Path(sam_command()).parent}"
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PIP_INDEX_URL": "http://127.0.0.1:9",
        "PIP_RETRIES": "0",
        "UV_OFFLINE": "1",
        "PYTHON": sys.executable,
        "MAKEFLAGS": "",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_REGION": "us-west-2",
    }
    [block] = blocks("console", README.parent / "docs" / "import.md")
    lines = [line.removeprefix("$ ") for line in block.splitlines()]
    assert len(lines) == 6
    done = subprocess.run(
        ["bash", "-e", "-x", "-c", "\n".join(lines)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "rewards" / "IMPORT.md").is_file()
    assert " passed in " in done.stdout
