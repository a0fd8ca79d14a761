"""Users' projects, deployed locally with one command.

The real `sam` builds them. The single package that they need is a local wheel, so no package index is
used.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from contextlib import contextmanager

import pytest

from support.sam_command import sam_command

pytestmark = pytest.mark.slow

RFT = (sys.executable, "-m", "harness.cli.main")
EVENT = [
    {
        "id": "one",
        "messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "It is 42."}],
        "reference_answer": "42",
    }
]
SECOND = """
from graders import Sample, grader
from tiny_reader import read

@grader
def second(sample: Sample) -> bool:
    return read(sample.completion) == sample.reference_text
"""
HANDLER = """
from pathlib import Path
from prices.table import PRICE

BONUS = float((Path(__file__).parent / "bonus.txt").read_text())

def reward(event, context):
    return [{"id": each["id"], "aggregate_reward_score": PRICE + BONUS} for each in event]
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Environment variables without an account or a package index, and with the wheel of one package."""
    wheels = tmp_path_factory.mktemp("wheels")
    with zipfile.ZipFile(wheels / "tiny_reader-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_reader.py", "import re\ndef read(text): return re.search('[0-9]+', text)[0]\n")
        wheel.writestr(
            "tiny_reader-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-reader\nVersion: 1.0\n"
        )
        tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr("tiny_reader-1.0.dist-info/WHEEL", tags)
        wheel.writestr("tiny_reader-1.0.dist-info/RECORD", "")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))}
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    return {
        **kept,
        **pip,
        "PYTHON": sys.executable,
        "SAM": sam_command(),
        "SAM_CLI_TELEMETRY": "0",
        "MAKEFLAGS": "",
    }


@contextmanager
def deployed_locally(folder, environment):
    """Run `make deploy-local`, and yield a function that calls the functions it serves."""
    process = subprocess.Popen(
        ["make", "deploy-local", "PORT=0"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"AWS_ENDPOINT_URL_LAMBDA=(\S+)", line):
                yield lambda name: answer(found[1], name)
                break
        else:
            pytest.fail("".join(said))
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)


def answer(url, name):
    import boto3

    client = boto3.client(
        "lambda", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    said = client.invoke(FunctionName=name, Payload=json.dumps(EVENT))
    payload = json.loads(said["Payload"].read())
    assert "FunctionError" not in said, payload
    return said["ExecutedVersion"], payload[0]["aggregate_reward_score"]


def made(folder, function):
    """Return the names of the user's own files in an artifact."""
    names = {path.name for path in (folder / ".aws-sam" / "build" / function).iterdir()}
    return {
        name for name in names if name.startswith(("math", "second", "tiny", "reward", "prices", "bonus"))
    }


def test_a_second_grader_with_its_own_package_is_deployed_by_one_command(tmp_path, environment):
    folder = tmp_path / "mine"
    subprocess.run([*RFT, "init", "mine"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*RFT, "init", "--add", "second"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (folder / "second" / "requirements.txt").write_text("tiny-reader==1.0\n")
    (folder / "second" / "__init__.py").write_text(SECOND)
    with deployed_locally(folder, environment) as call:
        assert call("Second:1") == ("1", 1.0)
        assert call("Second:live") == ("1", 1.0)
        assert call("MathAnswer:1") == ("1", 0.0)
    assert made(folder, "MathAnswer") == {"math_grader.py"}
    assert made(folder, "Second") == {"second", "tiny_reader.py", "tiny_reader-1.0.dist-info"}
    done = subprocess.run([*RFT, "doctor"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_handler_is_deployed_with_what_it_imports_and_opens(tmp_path, environment):
    (tmp_path / "reward.py").write_text(HANDLER)
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "__init__.py").touch()
    (tmp_path / "prices" / "table.py").write_text("PRICE = 0.5")
    (tmp_path / "bonus.txt").write_text("0.25")
    words = [*RFT, "init", "mine", "--from", "reward.py"]
    subprocess.run(words, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    with deployed_locally(tmp_path / "mine", environment) as call:
        assert call("Reward:1") == ("1", 0.75)
    assert made(tmp_path / "mine", "Reward") == {"reward.py", "prices", "bonus.txt"}
