"""Finds the compiled files of an artifact, and the machine, glibc and Python that each was built for.

The information comes from the files' headers (System V ABI, "Object Files"; the GNU section
`.gnu.version_r`), because file names and wheel tags say nothing about libraries and programs that a user
adds.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.localaws.platforms import architecture_here, glibc_here, glibc_of, glibc_text

__all__ = ["CompiledFile", "compiled_files", "misfits", "why_not_here"]

_ELF_MACHINES = {62: "x86_64", 183: "arm64"}
_OTHER_SYSTEMS = {
    b"\xcf\xfa\xed\xfe": "macOS",
    b"\xca\xfe\xba\xbe": "macOS",
    b"MZ": "Windows",
}
_SUFFIXES = (".so", ".pyd", ".dylib")
_PYTHON = re.compile(r"\.cpython-3(\d+)[a-z]*-")
_GLIBC = re.compile(rb"GLIBC_(\d+)\.(\d+)(?:\.\d+)?")
_SINCE = {b"GLIBC_ABI_DT_RELR": (2, 36)}
"""Loader features whose names contain no version, with the glibc version that added them."""
_VERSIONS_NEEDED = 0x6FFFFFFE
_WEAK = 2
_SMALLEST = 64


@dataclass(frozen=True, slots=True)
class CompiledFile:
    """A file of machine code."""

    name: str
    """The file's path in the artifact."""
    made_for: str
    """`x86_64` or `arm64` for Linux; otherwise a description of the platform."""
    glibc: tuple[int, int] | None = None
    """The oldest glibc that can load the file; None if it needs no glibc or its version cannot be read."""
    python: str | None = None
    """The only Python that can import the file, such as `python3.13`; None if its name states no version."""


def compiled_files(artifact: Path) -> Iterator[CompiledFile]:
    """Find every file of machine code in an artifact by its content.

    Args:
        artifact: The artifact's folder.
    """
    for path in sorted(artifact.rglob("*")):
        if path.suffix in (".py", ".pyc") or not path.is_file() or path.stat().st_size < _SMALLEST:
            continue
        found = _read(path, path.relative_to(artifact).as_posix())
        if found is not None:
            yield found


def misfits(files: list[CompiledFile], runtime: str, architecture: str) -> list[str]:
    """Explain why a function cannot load its compiled files, in one sentence for each cause.

    Args:
        files: From `compiled_files`.
        runtime: The function's runtime.
        architecture: The function's architecture.

    Raises:
        InputError: `runtime` is not a Python runtime.
    """
    glibc = glibc_of(runtime)
    found: dict[str, list[str]] = {}
    for file in files:
        if file.made_for != architecture:
            why = f"built for {file.made_for}, but the function runs on Linux, {architecture}"
        elif file.glibc is not None and file.glibc > glibc:
            why = f"needs glibc {glibc_text(file.glibc)}, but {runtime} has {glibc_text(glibc)}"
        elif file.python not in (None, runtime):
            why = f"built for {file.python}, but the function runs {runtime}"
        else:
            continue
        found.setdefault(why, []).append(file.name)
    return [f"{_counted(names)}: {why}" for why, names in found.items()]


def why_not_here(files: list[CompiledFile]) -> str | None:
    """Explain why this machine cannot run an artifact; return None if it can.

    Args:
        files: From `compiled_files`.
    """
    here, glibc = architecture_here(), glibc_here()
    for file in files:
        if file.made_for != here:
            return f"{file.name} is compiled for {file.made_for}, but this machine is {here}"
        if glibc is None:
            return f"{file.name} is compiled for Linux with glibc, which this machine does not have"
        if file.glibc is not None and file.glibc > glibc:
            return (
                f"{file.name} needs glibc {glibc_text(file.glibc)}, but this machine has {glibc_text(glibc)}"
            )
    return None


def _counted(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _read(path: Path, name: str) -> CompiledFile | None:
    with path.open("rb") as file:
        start = file.read(_SMALLEST)
        if start.startswith(b"\x7fELF"):
            file.seek(0)
            content = file.read()
            machine = int.from_bytes(start[18:20], "big" if start[5] == 2 else "little")
            made_for = _ELF_MACHINES.get(machine, f"another processor (ELF machine {machine})")
            python = _PYTHON.search(path.name)
            return CompiledFile(name, made_for, _glibc_needed(content), python and f"python3.{python[1]}")
    # A package may contain programs for other systems as data. Python loads only libraries.
    system = next((each for magic, each in _OTHER_SYSTEMS.items() if start.startswith(magic)), None)
    return CompiledFile(name, system) if system is not None and path.suffix in _SUFFIXES else None


def _glibc_needed(content: bytes) -> tuple[int, int] | None:
    """Return the newest glibc version that a 64-bit little-endian ELF file requires from its loader."""
    try:
        needed = list(_versions_needed(content))
    except (struct.error, IndexError, ValueError, OverflowError):  # a damaged or stripped file
        return None
    found = [_SINCE.get(name) or _GLIBC.fullmatch(name) for name in needed]
    versions = [each if isinstance(each, tuple) else (int(each[1]), int(each[2])) for each in found if each]
    return max(versions, default=None)


def _versions_needed(content: bytes) -> Iterator[bytes]:
    """Yield the names of the symbol versions in `.gnu.version_r`, without optional (weak) ones."""
    sections = list(_sections(content))
    for kind, offset, size, link in sections:
        if kind != _VERSIONS_NEEDED:
            continue
        strings = sections[link][1]
        end, need = offset + size, offset
        while need < end:
            _, _, _, first, further = struct.unpack_from("<HHIII", content, need)
            entry = need + first
            while entry < end:
                _, flags, _, name, after = struct.unpack_from("<IHHII", content, entry)
                if not flags & _WEAK:
                    yield content[strings + name : content.index(b"\0", strings + name)]
                if not after:
                    break
                entry += after
            if not further:
                break
            need += further


def _sections(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield the type, offset, size and link of every section."""
    if content[4:6] != b"\x02\x01":
        return
    (table,) = struct.unpack_from("<Q", content, 0x28)
    width, count = struct.unpack_from("<HH", content, 0x3A)
    for number in range(count if table else 0):
        at = table + number * width
        kind, _, _, offset, size, link = struct.unpack_from("<4xIQQQQI", content, at)
        yield kind, offset, size, link
