"""The machines that Lambda's Python runtimes run on: processor and C library.

One table for what builds an artifact, what checks it, and what runs it on this machine.

Sources: the Lambda developer guide ("Lambda runtimes", column *Operating system*: Amazon Linux 2 up to
python3.11, Amazon Linux 2023 from python3.12) and the Amazon Linux 2023 user guide ("Improved toolchain: gcc,
binutils, and glibc": glibc 2.26 in Amazon Linux 2, 2.34 in Amazon Linux 2023). Both architectures have both.
"""

from __future__ import annotations

import platform

from harness.errors import InputError
from harness.localaws.pythons import runtime_version

__all__ = ["MACHINES", "architecture_here", "glibc_here", "glibc_of", "glibc_text", "wheel_platforms"]

MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""What a template calls an architecture, and what wheels and the operating system call it."""

_LAST_ON_AL2 = (3, 11)
_AL2, _AL2023 = (2, 26), (2, 34)
_OLDEST_TAG = 17
"""The oldest tag that both architectures have is manylinux_2_17, also spelled manylinux2014."""


def glibc_of(runtime: str) -> tuple[int, int]:
    """The version of glibc that a runtime has.

    A runtime that is newer than the table is taken to have at least the newest known version.

    Args:
        runtime: As the template spells it, `python3.13`.

    Raises:
        InputError: The name is not that of a Python runtime.
    """
    return _AL2 if runtime_version(runtime) <= _LAST_ON_AL2 else _AL2023


def glibc_text(version: tuple[int, int]) -> str:
    """A version of glibc as people write it: `2.34`."""
    return f"{version[0]}.{version[1]}"


def wheel_platforms(runtime: str, architecture: str) -> list[str]:
    """The platform tags of the wheels that a function can load, the newest first.

    pip takes a tag literally: that an older one fits too has to be said.

    Args:
        runtime: As the template spells it.
        architecture: `x86_64` or `arm64`.

    Raises:
        InputError: Lambda has no such runtime or architecture.
    """
    machine = MACHINES.get(architecture)
    if machine is None:
        raise InputError(f"Lambda has no architecture {architecture!r}", fix="Write x86_64 or arm64.")
    newest = glibc_of(runtime)[1]
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, _OLDEST_TAG - 1, -1)]
    return [*tags, f"manylinux2014_{machine}"]


def architecture_here() -> str:
    """This machine's processor as templates spell it; the system's own word where Lambda has none."""
    machine = platform.machine()
    return {"AMD64": "x86_64", "aarch64": "arm64"}.get(machine, machine)


def glibc_here() -> tuple[int, int] | None:
    """This machine's version of glibc; None where it has another C library."""
    library, version = platform.libc_ver()
    parts = version.split(".")
    if library != "glibc" or len(parts) < 2 or not all(part.isdigit() for part in parts[:2]):
        return None
    return int(parts[0]), int(parts[1])
