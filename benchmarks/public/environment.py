"""Creates the environment in which public reward functions are installed and audited."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.public.cases import ALONE, PINS

ROOT = Path(__file__).resolve().parents[2]
_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


def environment(folder: Path) -> Path:
    """Return the interpreter of an environment that has this project and the pinned packages."""
    python = folder / "bin" / "python"
    mark = folder / ".installed"
    wanted = "\n".join((str(ROOT), *PINS, *ALONE))
    if python.is_file() and mark.is_file() and mark.read_text() == wanted:
        return python
    sys.stderr.write(f"installing {', '.join(PINS + ALONE)} in {folder}\n")
    venv.create(folder, with_pip=True)
    subprocess.run([python, *_PIP, "--editable", f"{ROOT}[replay]", *PINS], check=True)
    subprocess.run([python, *_PIP, "--no-deps", *ALONE], check=True)
    mark.write_text(wanted)
    return python


def version_of(python: Path, package: str) -> str:
    """Return the installed version of a package."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def commit_of(folder: Path) -> str:
    """Return the commit of a clone, or `unknown`."""
    asked = subprocess.run(
        ["git", "-C", folder, "log", "-1", "--format=%h", "--", "."], capture_output=True, text=True
    )
    return asked.stdout.strip() or "unknown"
