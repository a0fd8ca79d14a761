from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import import_path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[str]:
    """A folder of modules. The import path is restored after the test."""
    for name in ("wave", "six", "answers_beside_it"):
        (tmp_path / f"{name}.py").write_text("HERE = True\n", encoding="utf-8")
    before, modules = list(sys.path), dict(sys.modules)
    for name in ("wave", "six"):
        sys.modules.pop(name, None)
    yield str(tmp_path)
    sys.path[:] = before
    import_path._OWN_FIRST.folders.discard(str(tmp_path))
    for name in ("wave", "six", "answers_beside_it"):
        sys.modules.pop(name, None)
    sys.modules.update(modules)


def is_here(name: str) -> bool:
    return hasattr(importlib.import_module(name), "HERE")


def test_what_lies_beside_a_grader_is_found(folder: str) -> None:
    import_path.add_folder(folder)
    assert sys.path[0] == folder
    assert is_here("answers_beside_it")


def test_the_standard_library_and_our_packages_stay_what_they_are(folder: str) -> None:
    import_path.add_folder(folder)
    assert not is_here("wave")
    assert not is_here("six")


def test_a_folder_is_added_once(folder: str) -> None:
    import_path.add_folder(folder)
    import_path.add_folder(folder)
    assert sys.path.count(folder) == 1
    assert sys.meta_path.count(import_path._OWN_FIRST) == 1


def test_a_path_from_another_process_keeps_its_order_and_the_protection(folder: str) -> None:
    import_path.use_path([folder, *sys.path])
    assert sys.path[0] == folder
    assert is_here("answers_beside_it")
    assert not is_here("wave")
