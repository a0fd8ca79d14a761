"""Finds the interpreters of a Lambda runtime's minor version on this machine.

Bytecode works only with the minor version that wrote it. An executable's name does not prove its version:
pyenv puts a `python3.13` on PATH that fails to start unless that version was selected.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from harness.errors import InputError

__all__ = ["pythons_of", "runtime_version"]

_START_TIMEOUT_S = 10
_ASK = "import sys; sys.stdout.write('%s%d.%d' % (sys.implementation.name, *sys.version_info[:2]))"


def runtime_version(runtime: str) -> tuple[int, int]:
    """Return the Python version of a Lambda runtime.

    Args:
        runtime: The runtime as the template spells it, such as `python3.13`.

    Raises:
        InputError: `runtime` is not a Python runtime.
    """
    found = re.fullmatch(r"python3\.([0-9]{1,2})", runtime)
    if found is None:
        raise InputError(f"'{runtime}' is not a Python runtime of Lambda", fix="Write it as python3.13.")
    return 3, int(found[1])


def pythons_of(runtime: str) -> Iterator[Path]:
    """Return the interpreters whose bytecode the runtime can read.

    The search covers the running interpreter, then PATH, then the folders of pyenv and uv.

    Args:
        runtime: The runtime as the template spells it, such as `python3.13`.

    Raises:
        InputError: `runtime` is not a Python runtime.
    """
    version = runtime_version(runtime)
    return (each for each in _candidates(version) if _is_version(each, version))


def _candidates(version: tuple[int, int]) -> Iterator[Path]:
    yield Path(sys.executable)
    minor = f"{version[0]}.{version[1]}"
    if on_path := shutil.which(f"python{minor}"):
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{minor}.*/bin/python"), reverse=True)
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or Path.home() / ".local/share/uv/python")
    yield from sorted(uv.glob(f"cpython-{minor}.*/bin/python3"), reverse=True)


def _is_version(interpreter: Path, version: tuple[int, int]) -> bool:
    try:
        answer = subprocess.run(
            [interpreter, "-I", "-S", "-c", _ASK], capture_output=True, timeout=_START_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.stdout == b"cpython%d.%d" % version
