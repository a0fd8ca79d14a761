"""Finds the function that `sam build` produced, and imports its artifact to get the grader's declaration.

The function is selected by its name or its grader, in a build folder (`.aws-sam/build`). The artifact is
imported in a separate process with the function's interpreter, so the result describes exactly the files that
are deployed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import weakref
import zipfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from graders.configured import READY_HANDLER, READY_VARIABLE
from harness.data.typed_json import typed
from harness.errors import InputError
from harness.localaws import limits
from harness.localaws.confinement import Confinement
from harness.localaws.function import FunctionSpec
from harness.localaws.interpreter import find_interpreter
from harness.localaws.platforms import architecture_here
from harness.localaws.template import (
    DeclaredFunction,
    function_loops,
    read_declared,
    read_functions,
    read_template,
)
from harness.localaws.variables import function_variables
from harness.runs.facts import GraderOptions
from harness.targets.grader_name import names_the_check

__all__ = [
    "BUILD",
    "AskedModel",
    "Imported",
    "bare_function",
    "built_function",
    "built_functions",
    "grader_named",
    "grader_of",
    "import_artifact",
]

BUILD = Path(".aws-sam/build")
"""The output folder of `sam build`."""

_IMPORT_SECONDS = 60
_BARE_TIMEOUT_S, _BARE_MEMORY_MB = 60, 1_769
# The handler module's output goes to stderr. The original stdout gets only the result.
_IMPORT = """
import os, sys
own = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
import importlib, json, time
module, _, name = sys.argv[1].rpartition(".")
said = {"ms": None, "options": None, "modules": [], "judges": [], "error": None}
before = set(sys.modules)
started = time.perf_counter()
try:
    found = getattr(importlib.import_module(module.replace("/", ".")), name)
    said["ms"] = (time.perf_counter() - started) * 1000
    options = getattr(found, "options", None)
    said["options"] = options.as_dict() if hasattr(options, "as_dict") else None
    if "graders.checks._judge_services" in sys.modules:
        from graders.configured import judge_models
        said["judges"] = [each.as_dict() for each in judge_models()]
except BaseException as error:
    said["error"] = f"{type(error).__name__}: {error}"
said["modules"] = sorted({each.partition(".")[0] for each in set(sys.modules) - before})
own.write(json.dumps(said))
"""


class Built(NamedTuple):
    """One function in a build."""

    template: Path
    """The built template."""
    logical_id: str
    spec: FunctionSpec


@dataclass(frozen=True, slots=True)
class AskedModel:
    """A model that a grader's judges call, from `graders.configured.judge_models`."""

    service: str
    """`bedrock` or `openai`."""
    address: str
    model: str
    key_variable: str | None = None
    """The environment variable with the service's key."""
    parts: dict[str, str] | None = None
    """Request parts that the model accepts; None until the model has answered."""
    refused: dict[str, str] = field(default_factory=dict)
    """The model's message for each part that it refused."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of importing an artifact's handler."""

    ms: float | None = None
    """Import time in milliseconds, without the interpreter's start; None if it failed."""
    options: GraderOptions | None = None
    """The grader's declaration; None for a handwritten handler."""
    modules: tuple[str, ...] = ()
    """Names of the top-level modules that the import loaded."""
    judges: tuple[AskedModel, ...] = ()
    """The models that the grader's judges call."""
    error: str | None = None
    """Error message of the failed import; None if it succeeded."""
    note: str | None = None
    """Message for the user if the Python version that imported the artifact is not its runtime's."""


def built_functions(
    artifact: Path | None = None, parameters: Mapping[str, str] | None = None
) -> tuple[Path, dict[str, FunctionSpec]]:
    """Return every function in a build, by logical ID.

    Args:
        artifact: The build folder, the project folder, the built template, or one function's artifact; None
            for `.aws-sam/build`.
        parameters: Values that replace the parameters' defaults.

    Returns:
        The built template and the functions.

    Raises:
        InputError: Nothing was built.
    """
    where = artifact or BUILD
    folders = [where, where / BUILD, where.parent] if where.is_dir() else [where.parent]
    template = next((folder / "template.yaml" for folder in folders if _is_build(folder)), None)
    if template is None:
        fix = "Run `sam build` in the folder of template.yaml, then the same command again."
        raise InputError("nothing is built here", place=str(where), fix=fix)
    built = {key for key, one in read_declared(template).items() if _is_built(one, template)}
    functions = read_functions(template, parameters, only=built)
    if where.is_dir() and template.parent == where.parent:  # the user named one function's folder
        functions = {key: spec for key, spec in functions.items() if spec.artifact == where.resolve()}
    return template, functions


def _is_built(declared: DeclaredFunction, template: Path) -> bool:
    """Return True if the build produced the function's artifact. If not, `CodeUri` is unchanged."""
    folder = template.parent.resolve()
    return declared.code is not None and declared.code != folder and declared.code.is_relative_to(folder)


def built_function(
    artifact: Path | None = None, function: str | None = None, grader: str | None = None
) -> Built:
    """Select one function in a build.

    Args:
        artifact: As for `built_functions`.
        function: The function's logical ID or name; None to find it by its grader, or to take the only
            function.
        grader: `module:name` or `file.py:name` of the function's grader.

    Raises:
        InputError: Nothing was built, or not exactly one function matches.
    """
    template, functions = built_functions(artifact)
    if function is not None:
        fitting = [key for key, spec in functions.items() if function in (key, spec.name)]
        what = f"no function has the name {function}"
    elif grader is not None:
        fitting = [key for key, spec in functions.items() if _handles(spec, grader)]
        what = f"{len(fitting) or 'no'} functions have the handler of {grader}"
    else:
        fitting = list(functions)
        what = f"this build has {len(functions)} functions"
    if len(fitting) != 1:
        known = ", ".join(functions) or "none"
        if (unbuilt := read_declared(template).get(function or "")) is not None and function not in functions:
            what = f"{function} is a container image" if unbuilt.image else f"{function} is not built"
        fix = f"Name one with --function: {known}."
        if loops := function_loops(read_template(template)):
            fix = f"{loops[0]} generates functions, which are not read: write each as a separate resource."
        raise InputError(what, place=str(template), fix=fix)
    return Built(template, fitting[0], functions[fitting[0]])


def grader_of(spec: FunctionSpec) -> str:
    """Return the local name of a function's grader: `module:name`, or a ready check's name.

    Raises:
        InputError: The function has no handler, or it runs a ready check and the variable with the check's
            name is missing.
    """
    if spec.handler != READY_HANDLER:
        return grader_named(spec.handler)
    check = spec.environment.get(READY_VARIABLE, "").strip()
    if not check:
        fix = f"Set the variable {READY_VARIABLE} in the template."
        raise InputError(f"{spec.name} names no check", place=str(spec.artifact), fix=fix)
    return check


def grader_named(handler: str) -> str:
    """Convert a handler name from Lambda's format, `folder/module.function`, to `module:name`.

    Raises:
        InputError: `handler` is not a handler's name.
    """
    module, _, name = handler.rpartition(".")
    if not module or not name.isidentifier() or handler.endswith(".py") or ":" in handler:
        fix = "Write module.function, as in the function's Lambda settings."
        raise InputError(f"{handler!r} is not the name of a handler", place="--handler", fix=fix)
    return f"{module.replace('/', '.')}:{name}"


def bare_function(code: Path, handler: str, name: str | None = None) -> FunctionSpec:
    """Return a function for a folder or zip file and a handler's name, without a template.

    Args:
        code: The folder, or the zip file as it was uploaded to Lambda.
        handler: `module.function`.
        name: The function's name; None for its handler's name.

    Raises:
        InputError: The folder or zip file does not exist, or is larger than Lambda allows.
    """
    _, _, own = grader_named(handler).partition(":")
    note = (
        f"no template was read, so the timeout is {_BARE_TIMEOUT_S} s and the memory "
        f"{_BARE_MEMORY_MB:,} MB here"
    )
    folder = code if code.is_dir() else Path(tempfile.mkdtemp(prefix="rft-code-"))
    try:
        if folder is not code:
            _unpack(code, folder)
        spec = FunctionSpec(
            name=name or own,
            artifact=folder.resolve(),
            handler=handler,
            timeout_s=_BARE_TIMEOUT_S,
            memory_mb=_BARE_MEMORY_MB,
            architecture=architecture_here(),
            declared=False,
            notes=(note,),
        )
    except BaseException:
        if folder is not code:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    if folder is not code:
        weakref.finalize(spec, shutil.rmtree, folder, ignore_errors=True)
    return spec


def _unpack(code: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(code) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > limits.UNZIPPED_BYTES:
                raise InputError(f"{size:,} bytes unzipped: Lambda allows 250 MB", place=str(code))
            archive.extractall(folder)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(code)) from error
    except zipfile.BadZipFile:
        fix = "Pass the folder or the zip file that is deployed."
        raise InputError("this is neither a folder nor a zip file", place=str(code), fix=fix) from None


def import_artifact(spec: FunctionSpec) -> Imported:
    """Import a function's handler from its artifact, in a separate process.

    Raises:
        InputError: This machine has no interpreter for the function.
    """
    interpreter = find_interpreter(spec.runtime)
    with closing(Confinement(spec, interpreter)) as confinement:
        environment = function_variables(
            spec, api="", root=confinement.root, programs=interpreter.executable.parent, log_stream="import"
        )
        command = confinement.command(_IMPORT, spec.handler)
        try:
            done = subprocess.run(command, env=environment, capture_output=True, timeout=_IMPORT_SECONDS)
            said = typed(Imported, json.loads(done.stdout))
            if changed := confinement.changed():
                said = Imported(error=limits.changed_artifact(changed).message)
        except subprocess.TimeoutExpired:
            said = Imported(error=f"importing it took more than {_IMPORT_SECONDS} s")
        except ValueError:
            said = Imported(error=f"importing it ended the process with exit code {done.returncode}")
    return replace(said, note=interpreter.note)


def _is_build(folder: Path) -> bool:
    """Return True if a folder has a built template, unlike a project folder with its `template.yaml`."""
    template = folder / "template.yaml"
    if not template.is_file():
        return False
    return folder.resolve().parts[-2:] == BUILD.parts or (folder.parent / "build.toml").is_file()


def _handles(spec: FunctionSpec, grader: str) -> bool:
    """Return True if a function runs the named grader. Its handler may use dots or slashes."""
    if spec.handler == READY_HANDLER:
        return names_the_check(grader, spec.environment.get(READY_VARIABLE))
    module, _, name = spec.handler.replace("/", ".").rpartition(".")
    where, _, asked = grader.partition(":")
    if where.endswith(".py"):
        where = ".".join(part for part in Path(where).with_suffix("").parts if part not in (".", "..", "/"))
    return asked in ("", name) and (where == module or where.endswith(f".{module}"))
