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
# A file of this name that comes with a grader says more than the project's own.
_REPLACED = ("requirements.txt",)
# The name of a stack; Lambda's names, of 64 characters, begin with it and hold the grader's too.
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?")
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
    own: HandlerFile | ProjectContent | None = None,
    *,
    kind: str | None = None,
    workflow: bool = False,
) -> NewProject:
    """Make a project.

    Args:
        folder: Where; it must not exist, or be empty.
        name: The project's and its stack's name; the folder's when None.
        own: The user's handler, or anything else that grades, to make the project around; a sample grader
            when None.
        kind: One of `KINDS`, to grade by a ready check.
        workflow: Whether it gets a GitHub workflow.

    Raises:
        InputError: The name cannot be one, there is something in the folder already, or it cannot be written.
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
            fix = "Rename it: nothing is overwritten."
            raise InputError("the project has a file of its own of that name", place=path, fix=fix)
    _check_empty(folder, files)
    write_new(folder, files)
    return NewProject(tuple(map(Path, sorted(files))), words["@HANDLER@"], tuple(left_out))


def _content(own: HandlerFile | ProjectContent | None, kind: str | None) -> ProjectContent:
    """What a project is made of."""
    if kind is not None:
        return content_of_kind(kind)
    if own is None:
        return _sample_grader()
    return own if isinstance(own, ProjectContent) else _handler(own)


def _sample_grader() -> ProjectContent:
    """A sample grader."""
    words = common_words(
        handler=f"{_MODULE}.{_FUNCTION}",
        file=f"{_MODULE}.py",
        logical_id=logical_id_of(_FUNCTION),
        what="the grader: the number after the last `####` decides",
        tested="the grader against those verdicts",
    )
    return ProjectContent(words | {"@FUNCTION@": _FUNCTION}, "with_grader")


def _handler(own: HandlerFile) -> ProjectContent:
    """The user's handler."""
    words = common_words(
        handler=f"{own.module}.{own.function}",
        file=f"{own.module}.py",
        logical_id=logical_id_of(own.module),
        what="your handler, as it was",
        tested="the handler: every rollout gets a reward, and the same one again",
    )
    words["@FUNCTION@"] = own.function
    words["@PACKAGES@"] = requirements_of(own.packages)
    words["@SOURCES@"] = sources_word(own.sources, own.module)
    return ProjectContent(words, "with_handler", own.files, may_be_left_out=True)


def _checked(folder: Path, name: str | None) -> str:
    """The project's name, refused where AWS or Python would stumble over it."""
    found = name if name is not None else folder.resolve().name
    if folder.resolve().name in FOLDERS_TAKEN:
        fix = "Choose another: Python would find the folder in place of the library."
        raise InputError(
            f"a folder called {folder.resolve().name} hides the library", place=str(folder), fix=fix
        )
    fix = "Letters, digits and hyphens between them, a letter first, 40 at most: it becomes the stack's name."
    if found.lower() in NAMES_TAKEN:
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


def _samples() -> dict[str, bytes]:
    """The first of the shipped records, and all of their rollouts, by the file's name."""
    with RECORDS.open(encoding="utf-8") as file:
        records = list(islice(file, _RECORDS))
    ids = {json.loads(line)["task_id"] for line in records}
    with ROLLOUTS.open(encoding="utf-8") as file:
        rollouts = [line for line in file if json.loads(line)["record"] in ids]
    texts = zip(_SAMPLES, (records, rollouts), strict=True)
    return {name: "".join(lines).encode("utf-8") for name, lines in texts}
