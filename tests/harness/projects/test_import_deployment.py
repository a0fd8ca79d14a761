from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from support.sam_command import sam_command

SPEC = {
    "type": "multi",
    "graders": {
        "team": {
            "type": "string_check",
            "operation": "eq",
            "input": "{{sample.output_json.team}}",
            "reference": "{{item.team}}",
        },
        "words": {
            "type": "text_similarity",
            "evaluation_metric": "fuzzy_match",
            "input": "{{sample.output_json.summary}}",
            "reference": "{{item.reference_answer.summary}}",
        },
        "code": {
            "type": "python",
            "source": "def grade(sample, item):\n"
            "    out = sample.get('output_json') or {}\n"
            "    return float(out.get('level') == item['level'])\n",
        },
    },
    "calculate_output": "(team + words + code) / 3",
}


def run(folder, *words):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))
    }
    environment |= {"PYTHON": sys.executable, "SAM_CLI_TELEMETRY": "0", "MAKEFLAGS": ""}
    if words[0] == "rft":
        words = (sys.executable, "-m", "harness.cli.main", *words[1:])
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="code is confined only on Linux")
def test_a_multi_grader_with_python_is_built_and_grades_alike_everywhere(tmp_path):
    (tmp_path / "tickets.json").write_text(json.dumps(SPEC))
    run(tmp_path, "rft", "import", "tickets.json")
    folder = tmp_path / "tickets"
    assert "1 passed" in run(folder, sys.executable, "-m", "pytest", "-q")
    run(folder, sam_command(), "build")
    assert (folder / ".aws-sam" / "build" / "Grader" / "tickets.json").is_file()
    here = json.loads(run(folder, "rft", "replay", "--json"))["totals"]
    there = run(folder, "rft", "replay", "--artifact", ".aws-sam/build", "--function", "Grader", "--json")
    assert json.loads(there)["totals"] == here
    assert "rewards, metrics, errors, ids and order are the same" in run(folder, "rft", "parity")
    assert "no findings" in run(folder, "rft", "doctor")
