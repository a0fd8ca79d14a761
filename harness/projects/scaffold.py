"""Makes a new project: a grader or a handler, samples, a replay test, and what deploys it.

`pytest`, `rft replay` and `sam build` work in the new folder at once, without the network. Its files are the
templates in `new_project/` with those of its kind, its samples the first of those that ship with the harness.
Nothing that exists is overwritten; no folder is called `graders` or `harness`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path

from harness.api.types import DEFAULT_REGION
from harness.errors import InputError
from harness.projects.ci_workflow import WORKFLOW, check_root, workflow_text
from harness.projects.handler_file import HandlerFile
from harness.projects.kinds import files_of_kind, words_of_kind
from harness.projects.names import logical_id_of
from harness.projects.new_files import STAGE, write_new
from harness.projects.template_files import files_of
from harness.projects.template_text import NO_MODEL, ROLE
from harness.samples import RECORDS, ROLLOUTS

__all__ = ["NewProject", "make_project"]

_RECORDS = 24
_SAMPLES = ("records", "rollouts")
# The name of a stack; Lambda's names, of 64 characters, begin with it and hold the grader's too.
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?")
_FOLDERS_TAKEN = ("graders", "harness")
# What the project depends on: a project of that name would depend on itself.
_NAMES_TAKEN = ("rft-graders", "pytest")
_MODULE, _FUNCTION = "math_grader", "math_answer"


@dataclass(frozen=True, slots=True)
class NewProject:
    """A project that was made."""

    files: tuple[Path, ...]
    """Its files, relative to the folder."""
    handler: str
    """`module.function`, as the template names it."""
    left_out: tuple[str, ...] = ()
    """Files beside a handler that were not copied, since the project has its own of that name."""


def make_project(
    folder: Path,
    name: str | None = None,
    own: HandlerFile | None = None,
    *,
    kind: str | None = None,
    workflow: bool = False,
) -> NewProject:
    """Make a project.

    Args:
        folder: Where; it must not exist, or be empty.
        name: The project's and its stack's name; the folder's when None.
        own: The user's handler, to make the project around; a sample grader when None.
        kind: One of `KINDS`, to grade by a ready check.
        workflow: Whether it gets a GitHub workflow.

    Raises:
        InputError: The name cannot be one, there is something in the folder already, or it cannot be written.
    """
    name = _checked(folder, name)
    files = {f"{each}.jsonl": text.encode("utf-8") for each, text in _samples().items()}
    words = {"@NAME@": name, "@VERSION@": version("rft-graders")}
    if kind is not None:
        files |= files_of_kind(kind)
        words |= words_of_kind(kind)
    else:
        words |= _words_of_grader() if own is None else _words_of(own)
    words |= {f"@{each.upper()}@": str(files[f"{each}.jsonl"].count(b"\n")) for each in _SAMPLES}
    files |= files_of("new_project", words)
    files |= files_of("with_check" if kind else "with_grader" if own is None else "with_handler", words)
    if workflow:
        check_root(folder)
        files[WORKFLOW] = workflow_text(name, DEFAULT_REGION)
    left_out = []
    for path, content in (own.files if own else {}).items():
        if path in files and path != "requirements.txt":
            left_out.append(path)
        else:
            files[path] = content
    _check_empty(folder, files)
    write_new(folder, files)
    return NewProject(tuple(map(Path, sorted(files))), words["@HANDLER@"], tuple(left_out))


def _words_of_grader() -> dict[str, str]:
    """What differs in a project with a sample grader."""
    return _words(
        _MODULE,
        _FUNCTION,
        logical_id=logical_id_of(_FUNCTION),
        what="the grader: the number after the last `####` decides",
        tested="the grader against those verdicts",
    )


def _words_of(own: HandlerFile) -> dict[str, str]:
    """What differs in a project around the user's handler."""
    words = _words(
        own.module,
        own.function,
        logical_id=logical_id_of(own.module),
        what="your handler, as it was",
        tested="the handler: every rollout gets a reward, and the same one again",
    )
    packages = "".join(
        f"{found}\n" if found else f"# {module}: imported, and not installed here; write the package's name\n"
        for module, found in own.packages.items()
    )
    shared = " ".join(name for name in own.sources if name != f"{own.module}.py")
    return words | {"@PACKAGES@": packages, "@SOURCES@": f" {shared}" if shared else ""}


def _words(module: str, function: str, *, logical_id: str, what: str, tested: str) -> dict[str, str]:
    return {
        "@HANDLER@": f"{module}.{function}",
        "@CHECK_PARAMETER@": "",
        "@CHECK_VERSION@": "",
        "@CHECK_VARIABLE@": "",
        "@ROLE@": ROLE,
        "@JUDGE_MODEL@": NO_MODEL,
        "@ABOUT_JUDGE@": "",
        "@FILE@": f"{module}.py",
        "@SAMPLES@": "generated word problems",
        "@VERDICTS@": "is_right",
        "@MODULE@": module,
        "@FUNCTION@": function,
        "@LOGICAL_ID@": logical_id,
        "@WHAT@": what,
        "@TESTED@": tested,
        "@PACKAGES@": "",
        "@SOURCES@": "",
    }


def _checked(folder: Path, name: str | None) -> str:
    """The project's name, refused where AWS or Python would stumble over it."""
    found = name if name is not None else folder.resolve().name
    if folder.resolve().name in _FOLDERS_TAKEN:
        fix = "Choose another: Python would find the folder in place of the library."
        raise InputError(
            f"a folder called {folder.resolve().name} hides the library", place=str(folder), fix=fix
        )
    fix = "Letters, digits and hyphens between them, a letter first, 40 at most: it becomes the stack's name."
    if found.lower() in _NAMES_TAKEN:
        fix = "The project would depend on itself."
    elif _NAME.fullmatch(found):
        return found
    if name is None:
        fix += " Write --name to call it otherwise than its folder."
    raise InputError(f"{found!r} cannot name a project", place=str(folder), fix=fix)


def _check_empty(folder: Path, files: Mapping[str, bytes]) -> None:
    """Refuse a folder that holds anything but the beginning of this very project, which a kill cut off."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError("is not a folder", place=str(folder), fix="Name a new folder.")
    try:
        there = {path.name for path in folder.iterdir()} - {STAGE}
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(folder)) from error
    ours = {path.partition("/")[0] for path in files}
    whole = all((folder / path).is_file() and (folder / path).read_bytes() == files[path] for path in files)
    if there - ours or whole:
        fix = "Name a new folder: nothing is overwritten. rft init --add NAME adds a grader to a project."
        raise InputError("the folder is not empty", place=str(folder), fix=fix)


def _samples() -> dict[str, str]:
    """The first of the shipped records, and all of their rollouts, by the file's name."""
    with RECORDS.open(encoding="utf-8") as file:
        records = list(islice(file, _RECORDS))
    ids = {json.loads(line)["task_id"] for line in records}
    with ROLLOUTS.open(encoding="utf-8") as file:
        rollouts = [line for line in file if json.loads(line)["record"] in ids]
    return {"records": "".join(records), "rollouts": "".join(rollouts)}
