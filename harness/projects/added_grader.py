"""One more grader for a project: its folder, with its own packages for Lambda, its test, and its resource."""

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
    """`module:name`, as `--grader` takes it."""
    logical_id: str
    handler: str
    files: tuple[Path, ...]
    """The new files, relative to the project."""
    template: Path
    """The template, which has its resource now."""


def add_grader(project: Path, name: str) -> AddedGrader:
    """Add a grader to a project that `rft init` made, or to a checkout of this one.

    The grader gets a folder of its own, so that a `requirements.txt` in it is its own too. In a checkout that
    folder is in `my_graders/`. The template changes last, in one step: until then nothing refers to what is
    new, and the same command completes what a kill cut off.

    Args:
        project: The folder with the template.
        name: What the user calls it: `receipt-total`.

    Raises:
        InputError: There is no template, the name is taken or impossible, or the files cannot be written.
    """
    template = next((project / each for each in _TEMPLATES if (project / each).is_file()), None)
    if template is None:
        fix = "Run it in a project's folder, or name that: rft init --add NAME DIR. rft init DIR makes one."
        raise InputError("no such file", place=str(project / _TEMPLATES[0]), fix=fix)
    names = grader_name(name, project)
    module = names.module
    place, tests = _places(project)
    if (project / place / f"{module}.py").exists():
        fix = "Choose another name."
        raise InputError("exists already", place=str(project / place / f"{module}.py"), fix=fix)
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
    """Where graders and their tests stand, relative to the project."""
    if Path(harness.__file__).resolve().parents[1] == project.resolve():  # a checkout
        return Path("my_graders"), Path("tests", "my_graders")
    return Path(), Path()
