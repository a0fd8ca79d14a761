"""Adds a GitHub workflow that tests a project, publishes a report and deploys the main branch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from harness.config import find_configuration
from harness.errors import InputError
from harness.projects.new_files import write_new
from harness.projects.template_files import filled

__all__ = ["WORKFLOW", "add_workflow", "check_root", "workflow_text"]

WORKFLOW = ".github/workflows/rft.yml"

_SAM_VERSION = "1.170.0"
_PLAIN = re.compile(r"[A-Za-z0-9-]+")


def add_workflow(project: Path) -> Path:
    """Add the workflow to a project. The workflow's commands get their options from the project's settings.

    Args:
        project: The folder of the project, which is the root of its repository.

    Returns:
        Path of the new file, relative to the project.

    Raises:
        InputError: A setting is missing, the workflow already exists, or it cannot be written.
    """
    check_root(project)
    if (project / WORKFLOW).exists():
        fix = "Existing files are not overwritten: move it away first."
        raise InputError("already exists", place=str(project / WORKFLOW), fix=fix)
    found = find_configuration(project)
    settings = {} if found is None else {key: one.value for key, one in found.settings.items()}
    lacking = [key for key in ("rollouts", "records", "stack", "region") if key not in settings]
    if not {"grader", "handler"} & settings.keys():
        lacking.insert(0, "grader")
    if lacking:
        place = str(project / "rft.toml") if found is None else str(found.file)
        fix = "Add them; `rft init DIR --ci` makes a project that has them."
        raise InputError(f"the workflow needs {', '.join(lacking)} in rft.toml", place=place, fix=fix)
    write_new(project, {WORKFLOW: workflow_text(str(settings["stack"]), str(settings["region"]))})
    return Path(WORKFLOW)


def check_root(project: Path) -> None:
    """Reject a folder below the root of a repository, because GitHub would ignore its workflows.

    Raises:
        InputError: The folder is below the root of a repository.
    """
    here = project.resolve()
    root = next((each for each in (here, *here.parents) if (each / ".git").exists()), here)
    if root != here:
        fix = f"Run it in {root}, with an rft.toml there."
        raise InputError(
            "GitHub reads workflows only at the root of a repository", place=str(project), fix=fix
        )


def workflow_text(stack: str, region: str) -> bytes:
    """Return the content of the workflow file.

    Args:
        stack: The stack to deploy.
        region: The stack's Region.

    Raises:
        InputError: The stack or the Region is not a plain name, so a shell would interpret it.
    """
    for what, value in (("stack", stack), ("region", region)):
        if not _PLAIN.fullmatch(value):
            fix = f"Set {what} in rft.toml to a name of letters, digits and hyphens."
            raise InputError(f"{value!r} is not a valid name for a {what}", fix=fix)
    words: Mapping[str, str] = {
        "@STACK@": stack,
        "@REGION@": region,
        "@VERSION@": version("rft-graders"),
        "@SAM_VERSION@": _SAM_VERSION,
    }
    return filled("workflow/rft.yml.template", words)
