"""Build the folder that Lambda runs: `graders`, Powertools, the user's own files, bytecode for the runtime.

    python -m harness.deploy.artifact --into DIR --requirements requirements/lambda.txt --runtime python3.13

The folder holds exactly what was asked for. `harness`, tests and the AWS SDK (which the runtime has) never
get in. Nothing depends on this machine or on the hour: the same sources give the same bytes, so that a
deployment publishes no version for nothing.

Bytecode is compiled where an interpreter of the runtime's minor version is at hand: Lambda's folder is
read-only, and without bytecode every cold start compiles everything again. It is checked against no source
(unchecked-hash), since the times of files do not survive the zip.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.deploy.shadowing import installed_graders
from harness.deploy.vendor import POWERTOOLS, copy_installed, install_requirements, remove_leftovers
from harness.errors import HarnessError, InputError
from harness.localaws.manifest import LEFT_BEHIND, write_manifest
from harness.localaws.pythons import pythons_of, runtime_version

__all__ = ["Artifact", "Recipe", "build", "main", "zipped_bytes"]

TASK_ROOT = "/var/task"
"""Where Lambda unpacks the artifact: tracebacks name files there."""

_COMPILE_TIMEOUT_S = 120
_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
_SDK = ("boto3", "botocore")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What goes into an artifact."""

    runtime: str = "python3.13"
    """The Lambda runtime, as the template spells it."""
    requirements: Path | None = None
    """Packages for pip to install; None for none."""
    powertools_installed: bool = False
    """Whether Powertools is copied out of the running environment, without the network."""
    sources: tuple[Path, ...] = ()
    """The user's own modules and packages; each lands at the top of the artifact under its own name."""
    architecture: str = "x86_64"
    """`x86_64` or `arm64`, as the template spells it."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """What was built."""

    folder: Path
    files: int
    bytes_unzipped: int
    bytes_zipped: int
    compiled_by: Path | None
    """The interpreter that compiled the bytecode; None where none of the runtime's version was found."""
    notes: tuple[str, ...]
    """What the user should know; the artifact works all the same."""


def build(recipe: Recipe, into: Path) -> Artifact:
    """Build an artifact.

    Args:
        recipe: What goes in.
        into: The folder; created where missing, and refused unless it is empty.

    Raises:
        InputError: The folder is not empty, a source does not exist, does not compile or would overwrite
            something, or a requirement cannot be met.
        ServiceError: The package index could not be reached.
    """
    major, minor = runtime_version(recipe.runtime)
    machine = _MACHINES.get(recipe.architecture)
    if machine is None:
        raise InputError(f"no such architecture: {recipe.architecture}", fix="x86_64 or arm64.")
    if into.exists() and any(into.iterdir()):
        raise InputError("the folder is not empty", place=str(into), fix="Old files would be deployed too.")
    into.mkdir(parents=True, exist_ok=True)
    if recipe.requirements is not None:
        install_requirements(recipe.requirements, into, runtime_version=f"{major}.{minor}", machine=machine)
    if recipe.powertools_installed:
        copy_installed(POWERTOOLS, into)
    _copy(installed_graders(), into)
    for source in recipe.sources:
        _copy(source, into)
    remove_leftovers(into)
    compiler = _compile(recipe.runtime, into)
    write_manifest(into, {each.resolve().name: each for each in recipe.sources}, recipe.requirements)
    return _measured(into, compiler, _notes(recipe, into, compiler))


def _copy(source: Path, into: Path) -> None:
    """Copy one module or package; a name that stands there already is an error, not an update."""
    target = into / source.resolve().name
    if not source.exists():
        raise InputError("no such file or folder", place=str(source))
    if target.exists():
        raise InputError(
            f"the artifact has a {target.name} already", place=str(source), fix="Give it another name."
        )
    if source.is_dir():
        shutil.copytree(source, target, ignore=LEFT_BEHIND)
    else:
        shutil.copyfile(source, target)


def _compile(runtime: str, artifact: Path) -> Path | None:
    interpreter = next(pythons_of(runtime), None)
    if interpreter is None:
        return None
    # The paths in the bytecode are Lambda's, and sets have one order: the same sources give the same bytes.
    command = [str(interpreter), "-S", "-s", "-m", "compileall", "-q", "-s", str(artifact), "-p", TASK_ROOT]
    command += ["--invalidation-mode", "unchecked-hash", str(artifact)]
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    done = subprocess.run(
        command,
        env={**kept, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=_COMPILE_TIMEOUT_S,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().replace(str(artifact) + os.sep, "")
        raise InputError(f"not valid for {runtime}: {said[-600:]}", fix="Lambda could not import it either.")
    return interpreter


def _notes(recipe: Recipe, artifact: Path, compiler: Path | None) -> tuple[str, ...]:
    notes = []
    if compiler is None:
        notes.append(
            f"no {recipe.runtime} on this machine: the artifact has no bytecode, so every cold start "
            "compiles it again. An interpreter of that version on PATH, in pyenv or in uv is found by itself."
        )
    if not (artifact / "aws_lambda_powertools").is_dir():
        notes.append(
            "without aws-lambda-powertools the deployed grader writes no metrics: its alarm is mute."
        )
    carried = [name for name in _SDK if (artifact / name).is_dir()]
    if carried:
        notes.append(f"{' and '.join(carried)} went in though the runtime has them: tens of MB.")
    return tuple(notes)


def _measured(artifact: Path, compiler: Path | None, notes: tuple[str, ...]) -> Artifact:
    files = sorted(file for file in artifact.rglob("*") if file.is_file())
    unzipped = sum(file.stat().st_size for file in files)
    return Artifact(artifact, len(files), unzipped, zipped_bytes(artifact, files), compiler, notes)


def zipped_bytes(artifact: Path, files: Iterable[Path]) -> int:
    """The size of an artifact as Lambda gets it, bytes.

    Args:
        artifact: Its folder.
        files: What is in there.
    """
    with tempfile.TemporaryFile() as scratch:
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for file in files:
                archive.write(file, file.relative_to(artifact))
        return scratch.tell()


def _parse(arguments: Sequence[str] | None) -> tuple[Path, Recipe]:
    parser = argparse.ArgumentParser("python -m harness.deploy.artifact", description="Build the artifact.")
    parser.add_argument("--into", type=Path, required=True, help="an empty folder")
    parser.add_argument("--requirements", required=True, help="a requirements file, or none")
    parser.add_argument(
        "--powertools", choices=["installed"], help="copy it from this environment: no network"
    )
    parser.add_argument("--runtime", default=Recipe().runtime, help="the Lambda runtime (python3.13)")
    parser.add_argument("--architecture", default="x86_64", choices=sorted(_MACHINES))
    parser.add_argument("--source", type=Path, nargs="+", action="extend", default=[], help="your own files")
    given = parser.parse_args(arguments)
    return given.into, Recipe(
        runtime=given.runtime,
        requirements=None if given.requirements == "none" else Path(given.requirements),
        powertools_installed=given.powertools == "installed",
        sources=tuple(given.source),
        architecture=given.architecture,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what the command line asks for and say what came out.

    Args:
        arguments: Without the program's name; None takes the process's.

    Returns:
        The exit code.
    """
    into, recipe = _parse(arguments)
    try:
        built = build(recipe, into)
    except HarnessError as wrong:
        sys.stderr.write(f"Error: {wrong}\n")
        return wrong.exit_code
    for note in built.notes:
        sys.stderr.write(f"Note: {note}\n")
    bytecode = f"bytecode for {recipe.runtime}" if built.compiled_by else "no bytecode"
    size = f"{built.bytes_unzipped / 1e6:.2f} MB, {built.bytes_zipped / 1e6:.2f} MB zipped"
    sys.stdout.write(f"{built.files} files, {size}, {bytecode}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
