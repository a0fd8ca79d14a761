"""The unchanged Python examples of AWS's page, with several versions of the SDK."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import documented_examples

# One of each major version that users may have.
VERSIONS = ("1.109.1", "2.8.0", "3.57.0")


@pytest.fixture
def examples(serve: Callable[..., Any], data: Any, folder: Path) -> Callable[[str | Path], None]:
    """Run the examples with a given Python and its `openai` package."""
    functions = {"my-reward-function": f"{folder / 'emulator_graders.py'}:right"}
    # Slow enough for the last example to cancel a job that is still running.
    service = serve(functions=functions, manual=False, speed=20.0)
    (folder / "train.jsonl").write_bytes(data.jsonl(data.records_of(data.rollouts())[:32]))

    def run(python: str | Path) -> None:
        done = subprocess.run(
            [python, "-m", documented_examples.__name__, folder / "train.jsonl"],
            cwd=Path(documented_examples.__file__).parents[1],
            env={**os.environ, "OPENAI_BASE_URL": service.process.base_url, "OPENAI_API_KEY": "any"},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr

    return run


def test_they_run_with_the_installed_sdk(examples: Callable[[str | Path], None]) -> None:
    examples(sys.executable)


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_they_run_with_other_versions(
    examples: Callable[[str | Path], None], tmp_path: Path, version: str
) -> None:
    venv.create(tmp_path / "sdk", with_pip=False, symlinks=True)
    python = tmp_path / "sdk" / "bin" / "python"
    install = [sys.executable, "-m", "pip", f"--python={python}", "install", "--quiet"]
    done = subprocess.run([*install, f"openai=={version}"], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"openai {version} cannot be installed here: {done.stderr.strip()[-200:]}")
    examples(python)
