"""An imported judge, whose answers are recorded once and then replayed without a service."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from harness.cli.main import main
from support.judge_endpoint import Answer, JudgeEndpoint

SPEC = {
    "type": "multi",
    "graders": {
        "judge": {
            "type": "score_model",
            "model": "o4-mini-2025-04-16",
            "range": [1, 5],
            "input": [{"role": "user", "content": "{{item.reference_answer}}? {{sample.output_text}}"}],
        },
        "same": {
            "type": "string_check",
            "operation": "eq",
            "input": "{{sample.output_text}}",
            "reference": "{{item.reference_answer}}",
        },
    },
    "calculate_output": "0.5 * judge / 5 + 0.5 * same",
}


def run(folder, *words):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))
    }
    environment |= {"OPENAI_API_KEY": "none"}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


def test_answers_are_recorded_and_then_nobody_is_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letters.json").write_text(json.dumps(SPEC))
    assert main(["import", "letters.json"]) == 0
    folder = tmp_path / "letters"
    assert "1 skipped" in run(folder, "pytest", "-q")
    with JudgeEndpoint(lambda asked: Answer({"steps": [], "result": 5})) as endpoint:
        table = (
            f'["o4-mini-2025-04-16"]\nmodel = "judge"\nservice = "openai"\nbase_url = "{endpoint.url}/v1"\n'
        )
        (folder / "models.toml").write_text(table)
        run(folder, "harness.cli.main", "replay", "--ask", "all")
        asked = len(endpoint.seen)
    assert asked == 6, "the judge is not asked about empty completions"
    assert "1 passed" in run(folder, "pytest", "-q")
    replayed = json.loads(run(folder, "harness.cli.main", "replay", "--json"))
    assert (replayed["totals"]["highest"], replayed["totals"]["lowest"]) == (1.0, 0.1)
