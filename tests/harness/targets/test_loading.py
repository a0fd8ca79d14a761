"""Graders are imported from the folder that is named, whatever else has their name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.targets.in_process import InProcessTarget
from harness.targets.loading import load
from support.rft_command import RIGHT, write_grader


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two folders with a grader's file, and a package, of one name; the path is as before afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "namesake_package").mkdir(parents=True)
        write_grader(folder, f"{RIGHT}\nPLACE = {name!r}\n", "namesake.py")
        write_grader(folder / "namesake_package", f"{RIGHT}\nPLACE = {name!r}\n", "inner.py")
        made.append(folder)
    return made


@pytest.mark.parametrize("name", ["namesake.py:right", "namesake:right", "namesake_package.inner:right"])
def test_the_folder_decides_between_graders_of_one_name(name: str, folders: list[Path]) -> None:
    for folder in [*folders, *folders]:
        module, _ = load(name, folder)
        assert module.PLACE == folder.name
        assert load(name, folder)[0] is module
    for own in [own for own in sys.modules if own.partition(".")[0].startswith("namesake")]:
        del sys.modules[own]


def test_what_a_folder_lacks_is_said_with_the_folder(folders: list[Path]) -> None:
    with pytest.raises(InputError, match=r"nowhere\.py: no such file"):
        InProcessTarget("nowhere.py:right", folders[0])
    with pytest.raises(InputError, match=f"Is it in {folders[0]}"):
        InProcessTarget("nowhere:right", folders[0])
