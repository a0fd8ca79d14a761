"""Maps installed distributions to their modules."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES
from importlib.metadata import Distribution, distributions

__all__ = ["owners"]

_NAME = re.compile(r"^Name: *(.+?) *$", re.MULTILINE)
_SUFFIXES = (*SOURCE_SUFFIXES, *EXTENSION_SUFFIXES)


@cache
def owners() -> dict[str, list[str]]:
    """Return, for each top-level module, the names of the distributions that contain it.

    `importlib.metadata.packages_distributions` gives the same result but parses every description and path,
    which takes a third of a second in each process that grades.
    """
    found: dict[str, list[str]] = {}
    for each in distributions():
        for module in sorted(_modules(each)):
            found.setdefault(module, []).append(_name(each))
    return found


def _modules(distribution: Distribution) -> set[str]:
    """Return a distribution's top-level modules, from its own list or else from its files."""
    told = distribution.read_text("top_level.txt")
    if told is not None:
        return set(told.split())
    record = distribution.read_text("RECORD")
    if record is None:
        paths = [str(file) for file in distribution.files or ()]
    else:
        paths = [row[0] for row in csv.reader(record.splitlines()) if row]
    split = [path.split("/") for path in paths if path.endswith(_SUFFIXES)]
    folders = {parts[0] for parts in split if len(parts) > 1 and "." not in parts[0]}
    return folders | {parts[0].partition(".")[0] for parts in split if len(parts) == 1}


def _name(distribution: Distribution) -> str:
    """Return the name from a distribution's metadata without parsing the description."""
    headers, _, _ = (distribution.read_text("METADATA") or "").partition("\n\n")
    found = _NAME.search(headers)
    return found[1] if found else distribution.name
