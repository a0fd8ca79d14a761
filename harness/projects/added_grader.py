"""Adds a grader to a project: a folder with its own requirements, a test, and a template resource."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import harness
from harness.disk import lock, replaced
from harness.errors import InputError
from harness.projects.names import grader_name
from harness.projects.new_files import STAGE, write_new
from harness.projects.template_files import filled
from harness.projects.template_text import with_grader

__all__ = ["AddedGrader", "add_grader"]

_TEMPLATES = ("template.yaml", "template.yml", "template.json")
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class AddedGrader:
    """A grader that was added to a project."""

    grader: str
    """The grader as `module:name`, for `--grader`."""
    logical_id: str
    handler: str
    files: tuple[Path, ...]
    """The new files, relative to the project."""
    template: Path
    """The template, with the grader's resource added."""


def add_grader(project: Path, name: str) -> AddedGrader:
    """Add a grader to a project that `rft init` made, or to a checkout of this project.

    The grader gets a folder with its own `requirements.txt`. In a checkout the folder is in `my_graders/`.
    The template is updated last and atomically, so nothing refers to the new files before they are complete.
    If the command is killed, running it again completes the work.

    Args:
        project: The folder with the template.
        name: The user's name for the grader, such as `receipt-total`.

    Raises:
        InputError: There is no template, the name is taken or invalid, or the files cannot be written.
    """
    template = next((project / each for each in _TEMPLATES if (project / each).is_file()), None)
    if template is None:
        fix = "Run this in a project's folder, or name one: rft init --add NAME DIR. rft init DIR makes one."
        raise InputError("no such file", place=str(project / _TEMPLATES[0]), fix=fix)
    names = grader_name(name, project)
    module = names.module
    place, tests = _places(project)
    if (project / place / f"{module}.py").exists():
        fix = "Choose another name."
        raise InputError("already exists", place=str(project / place / f"{module}.py"), fix=fix)
    dotted = ".".join([*place.parts, module])
    handler = f"{dotted}.{module}"
    words = {"@MODULE@": dotted, "@FUNCTION@": module}
    files = {
        str(place / module / "__init__.py"): filled("one_more/grader.py.template", words),
        str(place / module / "requirements.txt"): filled("one_more/requirements.txt.template", words),
        str(tests / f"test_{module}.py"): filled("one_more/test_grader.py.template", words),
    }
    with lock(project / f"{STAGE}.lock", "the project", patience=_PATIENCE_S):
        text = with_grader(template, names.logical_id, handler)
        write_new(project, files)
        with replaced(template) as file:
            file.write(text)
    return AddedGrader(
        f"{dotted}:{module}",
        names.logical_id,
        handler,
        tuple(map(Path, files)),
        template.relative_to(project),
    )


def _places(project: Path) -> tuple[Path, Path]:
    """Return the folders for graders and for their tests, relative to the project."""
    if Path(harness.__file__).resolve().parents[1] == project.resolve():  # a checkout of the library
        return Path("my_graders"), Path("tests", "my_graders")
    return Path(), Path()
