"""The worker's artifact holds what the worker needs, and little else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from harness.replay.fan_out.shipped import WORKER, shipped_modules

ROOT = Path(__file__).parents[4]
_LIST = """
import json, sys
before = set(sys.modules)
import harness.replay.fan_out.part_worker
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""
_TOP = {"harness", "graders", "orjson"}
"""What Lambda's runtime does not have; boto3, which it has, is imported with the first call."""


def test_the_worker_starts_with_what_is_shipped_alone(tmp_path: Path) -> None:
    for path in shipped_modules(ROOT).values():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    shutil.copytree(ROOT / "graders", tmp_path / "graders")
    import orjson

    shutil.copytree(Path(orjson.__file__).parent, tmp_path / "orjson")
    command = [sys.executable, "-S", "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}){_LIST}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    top = {name for name in json.loads(ended.stdout) if name not in sys.stdlib_module_names}
    assert top == _TOP


def test_nothing_of_a_command_line_is_shipped() -> None:
    shipped = shipped_modules(ROOT)
    assert WORKER in shipped
    folders = {name.split(".")[1] for name in shipped if "." in name}
    assert not folders & {"cli", "report", "pytest_plugin", "emulator", "audit", "projects", "deploy", "jobs"}
    assert "harness.localaws.limits" in shipped  # imported only where a grader fails
    assert sum((ROOT / path).stat().st_size for path in shipped.values()) < 600_000
