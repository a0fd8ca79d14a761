"""Determines the contents of an artifact from a template or from parts named on the command line.

`harness.localaws.source_tree` decides which of the user's files and packages belong to a function.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graders.configured import READY_HANDLER, READY_VARIABLE
from harness.deploy.vendor import install_here
from harness.deploy.worker_artifact import WORKER_PINS, is_wanted, is_worker
from harness.errors import InputError
from harness.localaws.source_tree import REQUIREMENTS, own_requirements, own_source
from harness.localaws.template import (
    DeclaredFunction,
    declared_functions,
    function_loops,
    read_declared,
    read_template,
)
from harness.localaws.template_values import FUNCTION_TYPE

__all__ = ["DEFAULT_RUNTIME", "Recipe", "recipe_of"]

DEFAULT_RUNTIME = "python3.13"
_READER_PINS = Path(__file__).parents[2] / "requirements" / "recipe.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The contents of an artifact."""

    runtime: str = DEFAULT_RUNTIME
    """The Lambda runtime, as spelled in the template."""
    architecture: str = "x86_64"
    """`x86_64` or `arm64`, as spelled in the template."""
    requirements: tuple[Path, ...] = ()
    """Requirements files for pip."""
    powertools_installed: bool = False
    """Whether to copy Powertools from the running environment instead of downloading it."""
    handler: str | None = None
    """The function's handler, which determines its files, or None if `sources` lists them all."""
    check: str | None = None
    """The ready check that the handler runs, or None for any other handler."""
    own: Path | None = None
    """The handler's folder or module, or the file that describes its check."""
    sources: tuple[Path, ...] = ()
    """Other modules and folders, each copied to the top of the artifact under its own name."""
    project: Path = Path()
    """The folder that paths are relative to. Links must not point outside it."""
    image: bool = False
    """Whether the function is deployed as a container image, which may be larger than a zip file."""
    worker: bool = False
    """Whether this is the fan-out worker, which contains modules of the harness but no grader."""
    placeholder: bool = False
    """Whether to build a placeholder instead of the worker because the stack does not fan out."""
    notes: tuple[str, ...] = ()
    """Messages for the user about how the template was read."""


def recipe_of(
    template: Path,
    function: str,
    *,
    pins: Path | None = None,
    powertools_installed: bool = False,
    sources: tuple[Path, ...] = (),
    parameters: Mapping[str, str] | None = None,
) -> Recipe:
    """Read a function's recipe from a template, for a build in the current folder.

    Args:
        template: The source template.
        function: The function's logical ID.
        pins: Requirements for every function.
        powertools_installed: Whether to copy Powertools from the running environment.
        sources: Files shared by all functions, in addition to their own.
        parameters: Parameter values that replace the defaults.

    Raises:
        InputError: The template cannot be read, does not contain the function or does not determine the
            build.
        ServiceError: PyYAML is not installed and the package index could not be reached.
    """
    with _yaml(template):
        content = read_template(template)
        if is_worker(content["Resources"].get(function)):
            return _worker_recipe(content, function, template, parameters or {})
        functions = read_declared(template, parameters)
        loops = function_loops(content)
    declared = functions.get(function)
    if declared is None:
        known = ", ".join(functions) or "none"
        fix = f"Its functions: {known}. Set RFT_TEMPLATE if sam builds another template than template.yaml."
        if loops:
            fix = (
                f"{loops[0]} makes functions that the build does not read: write each as a separate resource."
            )
        raise InputError(f"there is no Python function {function}", place=str(template), fix=fix)
    if declared.refused:
        fix = "Move it out of Globals into the other functions; an image's runtime goes into its Metadata."
        text = f"SAM refuses {' and '.join(declared.refused)} for PackageType: Image"
        raise InputError(text, place=f"{template}: {function}", fix=fix)
    runtime, notes = _runtime(declared, template)
    if declared.architecture is None or declared.handler is None:
        what = "Architectures" if declared.architecture is None else "Handler"
        raise _left_open(what, declared, template)
    project = Path()
    if declared.handler == READY_HANDLER and not declared.check:
        raise _left_open(READY_VARIABLE, declared, template)
    own = own_source(project, declared.handler, declared.check)
    requirements = own_requirements(project, declared.handler, declared.check)
    shared = [each / REQUIREMENTS for each in sources if (each / REQUIREMENTS).is_file()]
    return Recipe(
        runtime=runtime,
        architecture=declared.architecture,
        requirements=(*([pins] if pins is not None else []), *requirements, *shared),
        powertools_installed=powertools_installed,
        handler=declared.handler,
        check=declared.check,
        own=own,
        sources=tuple(each for each in sources if own is None or each.resolve() != own.resolve()),
        project=project,
        image=declared.image,
        notes=(*notes, *_defaults(declared)),
    )


def _worker_recipe(
    content: Mapping[str, Any], function: str, template: Path, parameters: Mapping[str, str]
) -> Recipe:
    """Return the recipe for the fan-out worker, or for its placeholder if the stack does not fan out."""
    resource = content["Resources"][function]
    # Read the worker's runtime and architecture like a grader's.
    serverless = {**content, "Resources": {function: {**resource, "Type": FUNCTION_TYPE}}}
    declared = declared_functions(serverless, template, parameters)[function]
    runtime, notes = _runtime(declared, template)
    if declared.architecture is None:
        raise _left_open("Architectures", declared, template)
    wanted, used = is_wanted(content, resource, parameters, template.resolve().parent)
    known = replace(declared, defaults={**declared.defaults, **used})
    return Recipe(
        runtime=runtime,
        architecture=declared.architecture,
        requirements=(WORKER_PINS,) if wanted else (),
        handler=declared.handler,
        worker=True,
        placeholder=not wanted,
        notes=(*notes, *_defaults(known)),
    )


def _runtime(declared: DeclaredFunction, template: Path) -> tuple[str, list[str]]:
    if declared.runtime is not None:
        return declared.runtime, []
    if not declared.image:
        raise _left_open("Runtime", declared, template)
    text = f"the Metadata of {declared.logical_id} has no Runtime, so the image is built on {DEFAULT_RUNTIME}"
    return DEFAULT_RUNTIME, [text]


def _left_open(what: str, declared: DeclaredFunction, template: Path) -> InputError:
    fix = "Write it into the template, or give its parameter a Default."
    place = f"{template}: {declared.logical_id}"
    return InputError(f"{what} is missing, or known only at deployment", place=place, fix=fix)


def _defaults(declared: DeclaredFunction) -> Iterator[str]:
    """Tell the user which defaults were used, because `sam` does not pass `--parameter-overrides` to make."""
    if declared.defaults:
        used = " ".join(f"{name}={value}" for name, value in declared.defaults.items())
        yield (
            f"built with the template's defaults {used}; to deploy with other values, build with "
            f"RFT_PARAMETERS='{used}' in the environment, changed."
        )


@contextmanager
def _yaml(template: Path) -> Iterator[None]:
    """Install PyYAML temporarily if missing, because `sam build` may run outside a virtual environment."""
    if template.suffix == ".json" or importlib.util.find_spec("yaml") is not None:
        yield
        return
    if not _READER_PINS.is_file():
        fix = "Run: pip install 'rft-graders[deploy]'"
        raise InputError("PyYAML, which reads the template, is not installed", place=sys.executable, fix=fix)
    with tempfile.TemporaryDirectory() as folder:
        install_here(_READER_PINS, Path(folder))
        sys.path.insert(0, folder)
        try:
            importlib.invalidate_caches()
            yield
        finally:
            sys.path.remove(folder)
