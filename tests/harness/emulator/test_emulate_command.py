"""`rft emulate` as a user starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.emulate import command
from harness.errors import InputError

RUN = (
    "import sys; from harness.cli.emulate import command;"
    " sys.exit(command.main(sys.argv[1:], standalone_mode=False))"
)


def start(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
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
