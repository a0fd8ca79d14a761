"""Makes a new project with a grader or a handler, samples, a replay test, and files for deployment.

`pytest`, `rft replay` and `sam build` work in the new folder right away, without network access. The files
are made from the templates in `new_project/` and those of the project's kind. The samples are the first ones
that ship with the harness.

Existing files are not overwritten, and no folder is called `graders` or `harness`.
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
from harness.projects.kinds import content_of_kind
from harness.projects.names import FOLDERS_TAKEN, NAMES_TAKEN, logical_id_of
from harness.projects.new_files import STAGE, write_new
from harness.projects.project_content import ProjectContent
from harness.projects.project_words import common_words, requirements_of, sources_word
from harness.projects.template_files import files_of
from harness.samples import RECORDS, ROLLOUTS

__all__ = ["NewProject", "make_project"]

_RECORDS = 24
_SAMPLES = ("records.jsonl", "rollouts.jsonl")
# If a grader comes with a file of this name, that file replaces the project's more general one.
_REPLACED = ("requirements.txt",)
# A stack's name. A function's name in Lambda has at most 64 characters: the stack's name, then the grader's.
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?")
_MODULE, _FUNCTION = "math_grader", "math_answer"


@dataclass(frozen=True, slots=True)
class NewProject:
    """A new project."""

    files: tuple[Path, ...]
    """The project's files, relative to its folder."""
    handler: str
    """`module.function`, as in the template."""
    left_out: tuple[str, ...] = ()
    """Files of a handler that were not copied, because the project has its own files with the same names."""


def make_project(
    folder: Path,
    name: str | None = None,
    own: HandlerFile | ProjectContent | None = None,
    *,
    kind: str | None = None,
    workflow: bool = False,
) -> NewProject:
    """Make a project.

    Args:
        folder: The folder, which must be new or empty.
        name: The name of the project and its stack; None for the folder's.
        own: The user's own grader, such as a handler; None for a sample grader.
        kind: One of `KINDS`, to grade with a ready check.
        workflow: True to add a GitHub workflow.

    Raises:
        InputError: The name is invalid, or the folder is not empty or cannot be written.
    """
    content = _content(own, kind)
    name = _checked(folder, name)
    words = {
        **content.words,
        "@NAME@": name,
        "@VERSION@": version("rft-graders"),
        "@MADE_BY@": content.words.get("@MADE_BY@", "rft init"),
    }
    samples = {**_samples(), **{each: content.files[each] for each in _SAMPLES if each in content.files}}
    for each in _SAMPLES:
        words[f"@{each.partition('.')[0].upper()}@"] = str(samples[each].count(b"\n") or "no")
    samples = {each: lines for each, lines in samples.items() if lines}
    files = samples | files_of("new_project", words) | files_of(content.templates, words)
    if workflow:
        check_root(folder)
        files[WORKFLOW] = workflow_text(name, DEFAULT_REGION)
    left_out = []
    for path, written in content.files.items():
        if path in _SAMPLES:
            continue
        if path not in files or path in _REPLACED:
            files[path] = written
        elif content.may_be_left_out:
            left_out.append(path)
        else:
            fix = "Rename it: existing files are not overwritten."
            raise InputError("the project has its own file with that name", place=path, fix=fix)
    _check_empty(folder, files)
    write_new(folder, files)
    return NewProject(tuple(map(Path, sorted(files))), words["@HANDLER@"], tuple(left_out))


def _content(own: HandlerFile | ProjectContent | None, kind: str | None) -> ProjectContent:
    if kind is not None:
        return content_of_kind(kind)
    if own is None:
        return _sample_grader()
    return own if isinstance(own, ProjectContent) else _handler(own)


def _sample_grader() -> ProjectContent:
    words = common_words(
        handler=f"{_MODULE}.{_FUNCTION}",
        file=f"{_MODULE}.py",
        logical_id=logical_id_of(_FUNCTION),
        what="the grader: the number after the last `####` decides",
        tested="the grader against those verdicts",
    )
    return ProjectContent(words | {"@FUNCTION@": _FUNCTION}, "with_grader")


def _handler(own: HandlerFile) -> ProjectContent:
    words = common_words(
        handler=f"{own.module}.{own.function}",
        file=f"{own.module}.py",
        logical_id=logical_id_of(own.module),
        what="your handler, unchanged",
        tested="the handler: every rollout gets a reward, and the same one again",
    )
    words["@FUNCTION@"] = own.function
    words["@PACKAGES@"] = requirements_of(own.packages)
    words["@SOURCES@"] = sources_word(own.sources, own.module)
    return ProjectContent(words, "with_handler", own.files, may_be_left_out=True)


def _checked(folder: Path, name: str | None) -> str:
    """Return the project's name. Raise an error if AWS or Python does not allow it."""
    found = name if name is not None else folder.resolve().name
    if folder.resolve().name in FOLDERS_TAKEN:
        fix = "Choose another name: Python would import the folder instead of the library."
        raise InputError(
            f"a folder called {folder.resolve().name} hides the library", place=str(folder), fix=fix
        )
    fix = (
        "Use letters, digits and hyphens, a letter first, at most 40 characters: it becomes the stack's name."
    )
    if found.lower() in NAMES_TAKEN:
        fix = "The project would depend on itself."
    elif _NAME.fullmatch(found):
        return found
    if name is None:
        fix += " Use --name to set a name other than the folder's."
    raise InputError(f"{found!r} is not a valid name for a project", place=str(folder), fix=fix)


def _check_empty(folder: Path, files: Mapping[str, bytes]) -> None:
    """Reject a folder that contains anything but what an interrupted command for the same project left."""
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
        fix = "Name a new folder; nothing is overwritten. rft init --add NAME adds a grader to a project."
        raise InputError("the folder is not empty", place=str(folder), fix=fix)


def _samples() -> dict[str, bytes]:
    """Return the first of the shipped records and all of their rollouts, by file name."""
    with RECORDS.open(encoding="utf-8") as file:
        records = list(islice(file, _RECORDS))
    ids = {json.loads(line)["task_id"] for line in records}
    with ROLLOUTS.open(encoding="utf-8") as file:
        rollouts = [line for line in file if json.loads(line)["record"] in ids]
    texts = zip(_SAMPLES, (records, rollouts), strict=True)
    return {name: "".join(lines).encode("utf-8") for name, lines in texts}
