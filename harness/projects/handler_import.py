"""Imports a project's handler in a separate process to check that this machine can import it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

from harness.processes import end_group

__all__ = ["import_problem"]

_SECONDS = 30.0
_IMPORT = """
import importlib, sys
sys.path.insert(0, "")
module, _, function = sys.argv[1].rpartition(".")
found = getattr(importlib.import_module(module), function)
if not callable(found):
    raise TypeError(f"{function} is a {type(found).__name__}")
"""


def import_problem(project: Path, handler: str, seconds: float = _SECONDS) -> str | None:
    """Import a handler the way a test would, with this machine's packages and environment variables.

    Args:
        project: The folder of the handler's module.
        handler: `module.function`.
        seconds: The time limit.

    Returns:
        The last line of Python's error message, or None if the import works.
    """
    command = [sys.executable, "-B", "-c", _IMPORT, handler]
    with TemporaryFile() as said:
        process = subprocess.Popen(
            command,
            cwd=project,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return f"the import took more than {seconds:g} s"
        finally:
            end_group(process.pid)
            process.wait()
        if code == 0:
            return None
        said.seek(0)
        lines = said.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"the import ended the process with exit code {code}"
