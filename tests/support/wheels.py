"""Builds wheels of installed distributions, so that artifacts can be built without a package index."""

from __future__ import annotations

import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

__all__ = ["write_wheels"]


def write_wheels(name: str, folder: Path) -> None:
    """Write the wheel of an installed distribution, and the wheels of all its requirements.

    Args:
        name: The distribution's name.
        folder: The folder for the wheels, for pip's `--find-links`.
    """
    written: set[str] = set()
    waiting = [name]
    while waiting:
        one = canonicalize_name(waiting.pop())
        if one not in written:
            written.add(one)
            found = distribution(one)
            _write(found, folder)
            required = map(Requirement, found.requires or [])
            waiting += [each.name for each in required if each.marker is None or each.marker.evaluate()]


def _write(found: Distribution, folder: Path) -> None:
    tag = (found.read_text("WHEEL") or "").partition("Tag: ")[2].partition("\n")[0].strip()
    name = found.metadata["Name"].replace("-", "_").replace(".", "_")
    with zipfile.ZipFile(folder / f"{name}-{found.version}-{tag}.whl", "w") as wheel:
        for file in found.files or []:
            path = Path(str(file.locate()))
            inside = ".." not in file.parts and path.suffix != ".pyc" and path.is_file()
            if inside and file.name not in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json"):
                wheel.write(path, str(file))
        info = next(file.parts[0] for file in found.files or [] if file.parts[0].endswith(".dist-info"))
        wheel.writestr(f"{info}/RECORD", "")
