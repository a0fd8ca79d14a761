from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.projects.kinds import KINDS
from harness.projects.scaffold import make_project


@pytest.mark.slow
@pytest.mark.parametrize("kind", [None, *KINDS])
def test_a_new_project_s_grader_may_train(tmp_path: Path, kind: str | None) -> None:
    folder = tmp_path / "fresh"
    make_project(folder, kind=kind)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli.main", "audit", "--json"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = json.loads(done.stdout)
    assert (said["verdict"], done.returncode) == ("train", 0), [one["message"] for one in said["findings"]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_project_s_tests_audit_its_grader(tmp_path: Path, kind: str) -> None:
    make_project(tmp_path / "fresh", kind=kind)
    text = (tmp_path / "fresh" / "test_grader.py").read_text()
    assert ("assert_no_findings()" in text) == KINDS[kind].audited
    assert "@" not in text
