"""Writes the context for building a function's container image: a Dockerfile and the artifact.

An image holds the same files as a zip file but may be up to 10 GB, instead of 250 MB unzipped. The recipe
builds the files, and the Dockerfile copies them onto AWS's base image for the runtime. `sam build` calls the
container engine for a function with `PackageType: Image` whose `Metadata` names this context.

Sources: the Lambda developer guide ("Deploy Python Lambda functions with container images"), the SAM
specification (`Metadata`: `Dockerfile`, `DockerContext`). The tests of this project have no container engine,
so no image has ever been built from such a context.
"""

from __future__ import annotations

import json
from pathlib import Path

from harness.deploy.recipe import DEFAULT_RUNTIME, Recipe
from harness.errors import InputError
from harness.localaws.function import FunctionSpec
from harness.localaws.pythons import runtime_version
from harness.localaws.template import DeclaredFunction

__all__ = ["TASK", "image_function", "write_dockerfile"]

TASK = "task"
"""The artifact's folder within the context."""

_DOCKERFILE = """\
# Written by harness.deploy.artifact: change the template or the recipe, not this file.
FROM public.ecr.aws/lambda/python:{version}
COPY {task}/ ${{LAMBDA_TASK_ROOT}}/
CMD {command}
"""


def write_dockerfile(recipe: Recipe, context: Path) -> Path:
    """Write the Dockerfile for a function's image.

    The engine pulls the base image for the architecture passed by `sam build`.

    Args:
        recipe: The image's contents.
        context: The folder with the artifact in `task`.

    Returns:
        The Dockerfile.

    Raises:
        InputError: The function has no handler.
    """
    if recipe.handler is None:
        raise InputError("an image needs a handler", fix="Write ImageConfig: {Command: [module.function]}.")
    version = ".".join(map(str, runtime_version(recipe.runtime)))
    text = _DOCKERFILE.format(version=version, task=TASK, command=json.dumps([recipe.handler]))
    file = context / "Dockerfile"
    file.write_text(text, "utf-8")
    return file


def image_function(declared: DeclaredFunction) -> FunctionSpec | None:
    """Return the function with the artifact in its image context, or None if no context was written.

    Args:
        declared: The function as declared in the template.
    """
    task = None if declared.code is None else declared.code / TASK
    if task is None or not task.is_dir() or declared.handler is None:
        return None
    return FunctionSpec(
        name=declared.logical_id,
        artifact=task,
        handler=declared.handler,
        runtime=declared.runtime or DEFAULT_RUNTIME,
        architecture=declared.architecture or "x86_64",
        # Values known only at deployment are taken from the template of `rft init`, so that they cause no
        # finding.
        timeout_s=declared.timeout_s or 60.0,
        memory_mb=declared.memory_mb or 512,
        image=True,
    )
