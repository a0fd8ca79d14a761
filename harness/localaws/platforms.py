"""The platforms of Lambda's Python runtimes: processor and C library.

Sources: the Lambda developer guide ("Lambda runtimes", column *Operating system*: Amazon Linux 2 up to
python3.11, Amazon Linux 2023 from python3.12) and the Amazon Linux 2023 user guide ("Improved toolchain: gcc,
binutils, and glibc": glibc 2.26 in Amazon Linux 2, 2.34 in Amazon Linux 2023). The versions are the same on
both architectures.
"""

from __future__ import annotations

import platform

from harness.errors import InputError
from harness.localaws.pythons import runtime_version

__all__ = ["MACHINES", "architecture_here", "glibc_here", "glibc_of", "glibc_text", "wheel_platforms"]

MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Architectures as templates spell them, with their names in wheels and in the operating system."""

_LAST_ON_AL2 = (3, 11)
_AL2, _AL2023 = (2, 26), (2, 34)
_OLDEST_TAG = 17
"""Minor version of the oldest tag for both architectures, manylinux_2_17, also spelled manylinux2014."""


def glibc_of(runtime: str) -> tuple[int, int]:
    """Return the glibc version of a runtime.

    For a runtime that is newer than the table, this is the newest known version.

    Args:
        runtime: The runtime as the template spells it, such as `python3.13`.

    Raises:
        InputError: `runtime` is not a Python runtime.
    """
    return _AL2 if runtime_version(runtime) <= _LAST_ON_AL2 else _AL2023


def glibc_text(version: tuple[int, int]) -> str:
    """Format a glibc version, such as `2.34`."""
    return f"{version[0]}.{version[1]}"


def wheel_platforms(runtime: str, architecture: str) -> list[str]:
    """Return the platform tags of the wheels that a function can load, newest first.

    pip matches tags literally, so older compatible tags must be listed.

    Args:
        runtime: The runtime as the template spells it.
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
    """Return this machine's processor as templates spell it. An unknown processor keeps the system's name."""
    machine = platform.machine()
    return {"AMD64": "x86_64", "aarch64": "arm64"}.get(machine, machine)


def glibc_here() -> tuple[int, int] | None:
    """Return this machine's glibc version; None if it has another C library."""
    library, version = platform.libc_ver()
    parts = version.split(".")
    if library != "glibc" or len(parts) < 2 or not all(part.isdigit() for part in parts[:2]):
        return None
    return int(parts[0]), int(parts[1])
