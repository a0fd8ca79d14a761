from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from support.rft_command import write_grader

ASK = """
import json, sys
from harness.targets.in_process import InProcessTarget
target = InProcessTarget(sys.argv[1])
made_of = target.fingerprint
print(json.dumps([sorted(made_of.files), made_of.packages, target.sha256]))
"""

HEAD = "from graders import Sample, grader\n"
TAIL = "\n@grader\ndef g(sample: Sample) -> float:\n    return 0.5\n"


def made_of(folder: Path, text: str, name: str = "g.py") -> tuple[list[str], dict[str, str], str]:
    """Return the files, packages and hash of a grader, as computed in another process."""
    write_grader(folder, HEAD + text + TAIL, name)
    command = [sys.executable, "-c", ASK, f"{name}:g"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    files, packages, digest = json.loads(done.stdout)
    return [str(Path(file).relative_to(folder)) for file in files], packages, digest


def test_a_lone_grader_is_its_file(tmp_path: Path) -> None:
    files, packages, digest = made_of(tmp_path, "import re, json, graders.checks.text")
    assert (files, packages) == (["g.py"], {})
    assert made_of(tmp_path, "import re, json, graders.checks.text")[2] == digest
    assert made_of(tmp_path, "import re")[2] != digest


def test_a_constant_of_a_helper_and_a_helper_of_that_count(tmp_path: Path) -> None:
    (tmp_path / "deeper.py").write_text("VALUE = 1\n")
    (tmp_path / "helper.py").write_text("from deeper import VALUE\n")
    assert made_of(tmp_path, "from helper import VALUE")[0] == ["deeper.py", "g.py", "helper.py"]


def test_data_that_is_read_counts_and_what_is_written_does_not(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text("{}")
    text = 'open("data.json").read(); open("log.txt", "w").write("x"); open("log.txt").read()'
    assert made_of(tmp_path, text)[0] == ["data.json", "g.py"]


def test_credentials_of_aws_are_of_no_grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".aws" / "sso").mkdir(parents=True)
    for name in (".aws/config", ".aws/sso/token.json", "shared"):
        (tmp_path / name).write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "shared")
    text = 'for name in (".aws/config", ".aws/sso/token.json", "shared"): open(name).read()'
    assert made_of(tmp_path, text)[0] == ["g.py"]


def test_packages_count_by_their_versions_even_where_the_harness_has_them_loaded(tmp_path: Path) -> None:
    _, packages, _ = made_of(tmp_path, "import orjson\nimport hypothesis")
    expected: dict[str, Any] = {name: version(name) for name in ("orjson", "hypothesis")}
    assert expected.items() <= packages.items()


@pytest.mark.parametrize("text", ["import boto3", "from boto3 import client", "import re"])
def test_a_grader_is_the_same_where_the_harness_reads_from_s3(text: str, tmp_path: Path) -> None:
    write_grader(tmp_path, HEAD + text + TAIL, "g.py")
    found = []
    for before in ("", "from harness.data.s3 import s3_client; s3_client()"):
        command = [sys.executable, "-c", f"{before}\n{ASK}", "g.py:g"]
        environment = {**os.environ, "AWS_REGION": "us-west-2"}
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True, env=environment
        )
        found.append(json.loads(done.stdout))
    assert found[0] == found[1]
    assert ("botocore" in found[0][1]) == (text != "import re")


def test_what_a_confined_function_imports_counts_as_well(tmp_path: Path) -> None:
    (tmp_path / "rewards.py").write_text("import text, numpy\ndef f(): pass")
    (tmp_path / "text.py").write_text("")
    text = "from graders.adapters import confined\nconfined('rewards.py', 'f', packages=['numpy'])"
    files, packages, _ = made_of(tmp_path, text)
    assert (files, packages) == (["g.py", "rewards.py", "text.py"], {"numpy": version("numpy")})


def test_the_hash_is_the_same_wherever_the_project_lies(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "helper.py").write_text("VALUE = 1\n")
        digests.add(made_of(folder, "import helper")[2])
    assert len(digests) == 1
