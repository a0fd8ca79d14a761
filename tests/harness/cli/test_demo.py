"""`rft demo` as a command. `tests/test_readme.py` compares its output with the README."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from support.rft_command import rft, rft_inside

ACTIVATE = Path(sys.prefix) / "bin" / "activate"


@pytest.mark.skipif(not ACTIVATE.exists(), reason="the tests do not run in a virtual environment")
def test_where_the_shell_finds_no_rft_it_says_what_to_type_first(tmp_path: Path) -> None:
    done = rft(tmp_path, "demo", env={**os.environ, "PATH": os.defpath, "COLUMNS": "400"})
    assert done.returncode == 0, done.stderr
    *_, title, first, second = done.stdout.splitlines()
    assert (title, second.split()[:3]) == ("Next", ["rft", "init", "my-project"])
    assert first.startswith("    . ")
    assert (tmp_path / first.split()[1]).resolve() == ACTIVATE.resolve()


def test_a_folder_that_is_there_already_is_refused(tmp_path: Path) -> None:
    done = rft_inside(tmp_path, "demo", "--out", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the folder for the demo already exists. Name a new folder." in done.stderr


def test_an_audit_names_what_a_reward_of_style_pays_for(tmp_path: Path) -> None:
    done = rft_inside(tmp_path, "demo")
    assert done.returncode == 0
    audit = done.stdout.partition("6. An audit")[2].partition("7. A rehearsal")[0]
    assert "FIX FIRST" in audit
    assert "critical C07: part of the reward needs no right answer" in " ".join(audit.split())
    assert "of what the right answer earns" in " ".join(audit.split())
    assert not [*tmp_path.iterdir()]
