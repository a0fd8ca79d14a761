"""Finds files and folders that hide this library from Python.

`python -m`, pytest and Lambda put the project's folder before the installed packages: a folder `graders/`
there is imported in place of the library.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import harness
from harness.deploy.checklist import finding
from harness.findings import Finding

__all__ = ["check_folder", "installed_graders"]


def installed_graders() -> Path:
    """The folder of the `graders` that this harness came with."""
    beside = Path(harness.__file__).resolve().parent.parent / "graders"
    if beside.is_dir():
        return beside
    spec = importlib.util.find_spec("graders")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).resolve().parent


def check_folder(folder: Path) -> Iterator[Finding]:
    """Check a project's folder.

    Args:
        folder: Where the template and the user's own modules stand.
    """
    ours = {"graders": installed_graders(), "harness": Path(harness.__file__).resolve().parent}
    for name, library in ours.items():
        for found in (folder / name, folder / f"{name}.py"):
            if not found.exists() or found.resolve() == library:
                continue
            if found.is_dir() and not (found / "__init__.py").exists():
                text = f"the folder {name} would be taken for the library if it held an __init__.py"
            else:
                text = f"{found.name} is imported in place of the library {name}"
            yield finding("D040", text, str(found))
