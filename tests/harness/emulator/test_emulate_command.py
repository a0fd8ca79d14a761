from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openai import BadRequestError, OpenAI

from harness.cli.emulate import command
from harness.errors import InputError
from support.waiting import until

RUN = (
    "import sys; from harness.cli.emulate import command;"
    " sys.exit(command.main(sys.argv[1:], standalone_mode=False))"
)


def start(*options: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *options],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.parametrize("as_json", [False, True])
def test_it_prints_its_url_serves_and_stops_at_ctrl_c(folder: Path, as_json: bool) -> None:
    options = ["--rollouts", str(folder / "rollouts.jsonl"), "--state-dir", str(folder / "state")]
    process = start(*options, "--bind", "my-grader=m:g", *(["--json"] if as_json else []))
    assert process.stdout is not None
    line = process.stdout.readline()
    url = json.loads(line)["base_url"] if as_json else line.strip()
    with urllib.request.urlopen(f"{url}/models", timeout=10) as answer:
        assert json.load(answer)["object"] == "list"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_shows_what_happens_and_a_pipe_does_not(folder: Path, data: Any) -> None:
    options = ["--rollouts", str(folder / "rollouts.jsonl"), "--state-dir", str(folder / "state")]
    grader = f"my-grader={folder / 'emulator_graders.py'}:failing_sometimes"
    ours, theirs = pty.openpty()
    process = start(*options, "--bind", grader, stderr=theirs)
    os.close(theirs)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    with OpenAI(base_url=url, api_key="any", max_retries=0) as client:
        content = data.jsonl(data.records_of(data.rollouts()))
        file = client.files.create(file=("train.jsonl", content), purpose="fine-tune").id
        model = "openai.gpt-oss-20b"
        job = client.fine_tuning.jobs.create(model=model, training_file=file, extra_body=data.method()).id
        with pytest.raises(BadRequestError):
            client.completions.create(model=model, prompt="secret", extra_body={"\x1b[2J": 1})
        until(lambda: client.fine_tuning.jobs.retrieve(job).status == "succeeded")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    process.stdout.close()
    screen = " ".join(read_all(ours).split())
    short = job[:14]
    assert f"{short} Created fine-tuning job" in screen
    assert f"{short} step 1 of 10, mean reward 0." in screen
    assert f"{short} step 10 of 10, mean reward 0." in screen
    assert screen.count("a sample got no reward: exception ValueError at emulator_graders.py:") == 1
    assert "samples without a reward: exception ValueError at emulator_graders.py:" in screen
    assert "POST /v1/completions 400: Unknown parameter: '\\x1b[2J'." in screen
    assert "secret" not in screen
    assert "happy" not in screen, "the grader's error message quotes a completion"


def read_all(terminal: int) -> str:
    """Return everything that a terminal showed until its other end was closed."""
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as stream:
        try:
            while piece := stream.read(65_536):
                shown += piece
        except OSError:  # on Linux, raised when the other end is closed
            pass
    return shown.decode()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--speed", "fast"], "--speed 'fast'"),
        (["--bind", "x"], "not NAME=TARGET"),
        (["--fault", "quake=1"], "unknown fault"),
        (["--wire", "telegram"], "unknown wire"),
    ],
)
def test_what_cannot_be_used_is_an_input_error(folder: Path, options: list[str], said: str) -> None:
    common = ["--rollouts", str(folder / "rollouts.jsonl"), "--state-dir", str(folder / "state")]
    with pytest.raises(InputError, match=said):
        CliRunner().invoke(command, [*common, *options], catch_exceptions=False)
