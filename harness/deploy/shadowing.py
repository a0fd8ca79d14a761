"""Finds files and folders in a project that hide the installed library from Python.

`python -m`, pytest and Lambda search the project's folder before the installed packages, so Python imports a
folder `graders/` in the project instead of the library.
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
    """Return the folder of the `graders` package used by this harness."""
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
        folder: The folder of the template and the user's modules.
    """
    ours = {"graders": installed_graders(), "harness": Path(harness.__file__).resolve().parent}
    for name, library in ours.items():
        for found in (folder / name, folder / f"{name}.py"):
            if not found.exists() or found.resolve() == library:
                continue
            if found.is_dir() and not (found / "__init__.py").exists():
                text = (
                    f"Python would import the folder {name} instead of the library if it had an __init__.py"
                )
            else:
                text = f"Python imports {found.name} instead of the library {name}"
            yield finding("D040", text, str(found))
