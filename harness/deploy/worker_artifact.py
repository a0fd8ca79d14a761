"""Builds the fan-out worker for Lambda from `graders` and the harness modules that the worker imports.

The template declares the worker whether or not its stack fans out, and `sam build` builds it in both cases.
If the template's parameter turns fan-out off, a placeholder is built instead. The placeholder needs no
packages. Calling it raises an error that explains the fix.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import harness
from harness.deploy.import_checks import imported_files
from harness.deploy.samconfig import read_samconfig
from harness.localaws.template_values import TemplateValues, Unresolved

__all__ = ["WORKER_HANDLER", "WORKER_PINS", "copy_worker", "is_wanted", "is_worker", "write_placeholder"]

WORKER_MODULE = "harness.replay.fan_out.part_worker"
WORKER_HANDLER = f"{WORKER_MODULE}.handler"
"""The worker's handler. No grader has this handler."""

_HARNESS = Path(harness.__file__).parent
WORKER_PINS = _HARNESS / "replay" / "fan_out" / "requirements.txt"
"""The requirements file for the worker's packages, with hashes."""

_TYPE = "AWS::Lambda::Function"
_PLACEHOLDER = '''\
class InputError(Exception):
    """The worker was not built."""


def handler(event, context):
    raise InputError(
        "the worker was built for a stack that does not fan out: set the default of FanOut in template.yaml "
        'to "true", then run sam build and sam deploy'
    )
'''


def is_worker(resource: Any) -> bool:
    """Return True if a resource in a template is the fan-out worker."""
    if not isinstance(resource, dict) or resource.get("Type") != _TYPE:
        return False
    properties = resource.get("Properties")
    return isinstance(properties, dict) and properties.get("Handler") == WORKER_HANDLER


def is_wanted(
    template: Mapping[str, Any], resource: Mapping[str, Any], parameters: Mapping[str, str], project: Path
) -> tuple[bool, dict[str, str]]:
    """Decide whether a stack with these values has the worker. If a value is unknown, assume that it does.

    Args:
        template: The template, as returned by `read_template`.
        resource: The worker's resource.
        parameters: Parameter values that replace the defaults.
        project: The folder that contains `samconfig.toml`, whose values are used by `sam deploy`.

    Returns:
        Whether the stack has the worker, and the default values that this depends on, by parameter.

    Raises:
        InputError: `samconfig.toml` is not valid.
    """
    config = read_samconfig(project)
    values = TemplateValues(template, {**(config.parameters if config is not None else {}), **parameters})
    try:
        condition = [resource.get("Condition"), "yes", {"Ref": "AWS::NoValue"}]
        wanted = "Condition" not in resource or values.chosen({"Fn::If": condition}) is not None
    except Unresolved:
        wanted = True
    return wanted, values.defaults_used


def copy_worker(into: Path) -> None:
    """Copy the harness modules that the worker may import, at startup or later.

    Args:
        into: The artifact.
    """
    root = _HARNESS.parent
    for file in imported_files(root, WORKER_MODULE, {_HARNESS.name}):
        target = into / file.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)


def write_placeholder(into: Path) -> None:
    """Write a handler that reports that the worker was not built.

    Args:
        into: The artifact.
    """
    target = into.joinpath(*WORKER_MODULE.split(".")).with_suffix(".py")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_PLACEHOLDER, "utf-8")
