"""Makes a new project: a grader, samples, a replay test, and what deploys it.

`pytest`, `rft replay` and `sam build` work in the new folder at once, without the network. Its files are the
templates in `new_project/`, its samples the first of those that ship with the harness. Nothing that exists is
overwritten; no folder is called `graders` or `harness`.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path

from harness.errors import InputError
from harness.samples import RECORDS, ROLLOUTS

__all__ = ["GRADER", "make_project"]

GRADER = "math_grader.py:math_answer"
"""The new project's grader, as `--grader` takes it."""

_TEMPLATES = Path(__file__).with_name("new_project")
_SUFFIX = ".template"
_RECORDS = 24
# The name of a stack; Lambda's names, of 64 characters, begin with it and hold the grader's too.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}")
_TAKEN = ("graders", "harness")


def make_project(folder: Path, name: str | None = None) -> list[Path]:
    """Make a project.

    Args:
        folder: Where; it must not exist, or be empty.
        name: The project's and its stack's name; the folder's when None.

    Returns:
        The files, relative to the folder.

    Raises:
        InputError: The name cannot be one, or there is something in the folder already.
    """
    name = _checked(folder, name)
    if folder.is_dir() and any(folder.iterdir()):
        fix = "Name a new folder: nothing is overwritten."
        raise InputError("the folder is not empty", place=str(folder), fix=fix)
    samples = _samples()
    words = {"@NAME@": name}
    words |= {f"@{kind.upper()}@": str(text.count("\n")) for kind, text in samples.items()}
    files = {f"{kind}.jsonl": text for kind, text in samples.items()}
    for template in sorted(_TEMPLATES.glob(f"*{_SUFFIX}")):
        text = template.read_text("utf-8")
        for word, meaning in words.items():
            text = text.replace(word, meaning)
        own = template.name.removesuffix(_SUFFIX)
        files[".gitignore" if own == "gitignore" else own] = text
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            with (folder / file).open("x", encoding="utf-8") as new:
                new.write(text)
    except OSError as error:
        raise InputError(f"cannot write it: {error.strerror}", place=error.filename or str(folder)) from error
    return [Path(file) for file in sorted(files)]


def _checked(folder: Path, name: str | None) -> str:
    """The project's name, refused where AWS or Python would stumble over it."""
    found = name if name is not None else folder.resolve().name
    if folder.resolve().name in _TAKEN:
        fix = "Choose another: Python would find the folder in place of the library."
        raise InputError(
            f"a folder called {folder.resolve().name} hides the library", place=str(folder), fix=fix
        )
    if not _NAME.fullmatch(found):
        fix = "Letters, digits and hyphens, a letter first, 40 at most: it becomes the stack's name."
        if name is None:
            fix += " Write --name to call it otherwise than its folder."
        raise InputError(f"{found!r} cannot name a project", place=str(folder), fix=fix)
    return found


def _samples() -> dict[str, str]:
    """The first of the shipped records, and all of their rollouts, by the file's name."""
    with RECORDS.open(encoding="utf-8") as file:
        records = list(islice(file, _RECORDS))
    ids = {json.loads(line)["task_id"] for line in records}
    with ROLLOUTS.open(encoding="utf-8") as file:
        rollouts = [line for line in file if json.loads(line)["record"] in ids]
    return {"records": "".join(records), "rollouts": "".join(rollouts)}
