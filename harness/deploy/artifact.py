"""Builds the folder that Lambda runs: `graders`, Powertools, the user's files and bytecode.

    python -m harness.deploy.artifact --into DIR --template template.yaml --function WordProblem \
        --requirements requirements/lambda.txt

`harness.localaws.source_tree` decides which of the user's files are copied, and the build reports the files
that it omits. The build does not copy `harness` or the AWS SDK, which the runtime provides. The build does
not depend on the machine or the time. The same sources give the same bytes, so a deployment without changes
publishes no version. A manifest next to the folder records the hash of every source.

Bytecode is compiled if this machine has an interpreter of the runtime's minor version. Lambda's folder is
read-only, so without bytecode every cold start compiles all modules again. The bytecode is of the
unchecked-hash kind, because a zip file does not preserve modification times.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.deploy.container_image import TASK, write_dockerfile
from harness.deploy.recipe import DEFAULT_RUNTIME, Recipe, recipe_of
from harness.deploy.shadowing import installed_graders
from harness.deploy.vendor import POWERTOOLS, copy_installed, included_files, install_requirements
from harness.deploy.worker_artifact import copy_worker, write_placeholder
from harness.disk import file_sha256
from harness.errors import HarnessError, InputError
from harness.localaws.compiled import compiled_files, misfits
from harness.localaws.limits import UNZIPPED_BYTES
from harness.localaws.manifest import Manifest, manifest_path, write_manifest
from harness.localaws.platforms import MACHINES, glibc_of, glibc_text, wheel_platforms
from harness.localaws.pythons import pythons_of
from harness.localaws.source_tree import SourceTree, own_requirements, read_tree, secretive

__all__ = ["Artifact", "Recipe", "build", "main", "zipped_bytes"]

TASK_ROOT = "/var/task"
"""The folder where Lambda unpacks the artifact. Its path appears in tracebacks."""

_COMPILE_TIMEOUT_S = 120
_NOT_COMPILED = re.compile(r"Error compiling '(?P<file>[^']+)'")
_SDK = ("boto3", "botocore")
_LEFT_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Artifact:
    """A finished build."""

    folder: Path
    files: int
    bytes_unzipped: int
    bytes_zipped: int
    compiled_by: Path | None
    """The interpreter that compiled the bytecode, or None if none on this machine has the runtime's version.
    """
    notes: tuple[str, ...]
    """Messages for the user about problems that do not prevent the artifact from working."""


def build(recipe: Recipe, into: Path) -> Artifact:
    """Build an artifact.

    Args:
        recipe: The artifact's contents.
        into: An empty folder, or the path of a folder to create. If the build fails, the folder is left
            empty.

    Raises:
        InputError: The folder is not empty, a source cannot be copied or compiled or conflicts with another
            file, a requirement cannot be met, or Lambda could not run the artifact.
        ServiceError: The package index could not be reached.
    """
    wheel_platforms(recipe.runtime, recipe.architecture)  # raises an error if Lambda has no such runtime
    if into.exists() and any(into.iterdir()):
        raise InputError(
            "the folder is not empty",
            place=str(into),
            fix="Old files would be deployed too. Name another folder, or empty this one.",
        )
    into.mkdir(parents=True, exist_ok=True)
    manifest_path(into).unlink(missing_ok=True)
    try:
        trees, dropped = _fill(recipe, into)
        compiler = _compile(recipe.runtime, into, trees)
        _normalize(into)
        _check(recipe, into)
    except BaseException:
        for entry in into.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        raise
    write_manifest(into, _manifest(recipe, into, trees))
    return _measured(into, compiler, tuple(_notes(recipe, into, compiler, trees, dropped)))


def _fill(recipe: Recipe, into: Path) -> tuple[list[SourceTree], list[str]]:
    """Copy packages and the library before the sources, so that conflicting source names are detected."""
    if recipe.placeholder:
        write_placeholder(into)
        return [], []
    if recipe.powertools_installed:
        copy_installed(POWERTOOLS, into)
    dropped = install_requirements(
        recipe.requirements, into, runtime=recipe.runtime, architecture=recipe.architecture
    )
    if (into / "graders").exists() or (into / "graders.py").exists():
        place = ", ".join(map(str, recipe.requirements))
        raise InputError("a package contains its own `graders`", place=place, fix="Leave the package out.")
    library = installed_graders()
    _copy(read_tree(library, library), into)
    if recipe.worker:
        copy_worker(into)
    trees = []
    if recipe.own is not None and recipe.handler is not None:
        own = own_requirements(recipe.project, recipe.handler, recipe.check)
        trees.append(read_tree(recipe.own, recipe.project, own))
    for source in recipe.sources:
        trees.append(read_tree(source, recipe.project))
    for tree in trees:
        _check_names(tree, into)
        _copy(tree, into)
    return trees, dropped


def _copy(tree: SourceTree, into: Path) -> None:
    for name, file in tree.files.items():
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)


def _check_names(tree: SourceTree, into: Path) -> None:
    """Reject sources that would replace or hide a module or that some file systems could not store."""
    module = tree.name.partition(".")[0]
    importable = module != tree.name or f"{tree.name}/__init__.py" in tree.files
    fix = "Give it another name."
    if importable and module in {*sys.stdlib_module_names, *_SDK, "awslambdaric", "harness"}:
        raise InputError(
            f"{tree.name} hides Python's or Lambda's own module {module}", place=tree.name, fix=fix
        )
    for entry in into.iterdir():
        if entry.name.partition(".")[0].casefold() == module.casefold():
            text = f"the artifact already has {entry.name}, which {tree.name} would replace or hide"
            raise InputError(text, place=tree.name, fix=fix)
    seen: dict[str, str] = {}
    for name in tree.files:
        for part in (name, *(str(parent) for parent in Path(name).parents)):
            other = seen.setdefault(part.casefold(), part)
            if other != part:
                text = f"{other} and {part} are the same file on a file system that ignores case"
                raise InputError(text, place=tree.name, fix="Rename one of them.")


def _compile(runtime: str, artifact: Path, trees: list[SourceTree]) -> Path | None:
    interpreter = next(pythons_of(runtime), None)
    if interpreter is None:
        return None
    # The bytecode carries Lambda's paths and a fixed hash seed, so the same sources give the same bytes.
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
        said = (done.stdout + done.stderr).strip()
        broken = {found["file"] for found in _NOT_COMPILED.finditer(said)}
        own = {f"{root}/{name}" for tree in trees for name in tree.files for root in (artifact, TASK_ROOT)}
        # Packages ship files for other Python versions, which are never imported.
        if not broken or broken & own:
            said = said.replace(str(artifact) + os.sep, "").replace(TASK_ROOT + os.sep, "")
            raise InputError(
                f"not valid for {runtime}: {said[-600:]}", fix="Lambda could not import it either."
            )
    return interpreter


def _normalize(artifact: Path) -> None:
    """Set permissions that do not depend on this machine's umask. Programs stay executable."""
    for path in artifact.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _check(recipe: Recipe, artifact: Path) -> None:
    """Reject an artifact that Lambda would not accept or could not load."""
    found = misfits(list(compiled_files(artifact)), recipe.runtime, recipe.architecture)
    if found:
        fix = "Install wheels for the function's platform, or change Runtime or Architectures."
        raise InputError("; ".join(found), place=str(artifact), fix=fix)
    sizes: Counter[str] = Counter()
    for file in artifact.rglob("*"):
        if file.is_file():
            sizes[file.relative_to(artifact).parts[0]] += file.stat().st_size
    if sizes.total() > UNZIPPED_BYTES and not recipe.image:
        largest = ", ".join(f"{name} {size / 1e6:,.0f} MB" for name, size in sizes.most_common(4))
        raise InputError(
            f"{sizes.total() / 1e6:,.0f} MB unzipped, and Lambda accepts 262 MB from a zip file ({largest})",
            place=str(artifact),
            fix="Leave out what the grader does not import, or deploy the function with PackageType: Image.",
        )


def _manifest(recipe: Recipe, into: Path, trees: list[SourceTree]) -> Manifest:
    def relative(path: Path) -> str:
        return os.path.relpath(path, recipe.project)

    files = [file for each in recipe.requirements for file in included_files(each)]
    return Manifest(
        project=os.path.relpath(recipe.project, into.parent),
        runtime=recipe.runtime,
        architecture=recipe.architecture,
        glibc=glibc_text(glibc_of(recipe.runtime)),
        handler=recipe.handler,
        check=recipe.check,
        own=None if recipe.own is None else relative(recipe.own),
        sources=[relative(source) for source in recipe.sources],
        files={name: file_sha256(into / name) for tree in trees for name in sorted(tree.files)},
        requirements={relative(file): file_sha256(file) for file in files},
    )


def _notes(
    recipe: Recipe, artifact: Path, compiler: Path | None, trees: list[SourceTree], dropped: list[str]
) -> Iterator[str]:
    yield from recipe.notes
    if dropped:
        yield (
            f"left out: {', '.join(dropped)}, which has scripts but no module to import. "
            "Put a script that the grader runs into a folder."
        )
    if secrets := secretive(name for tree in trees for name in tree.files):
        yield f"{', '.join(secrets)} went in: anyone who can read the function's code can read it."
    if left := [name for tree in trees for name in tree.left_out]:
        more = f" and {len(left) - _LEFT_SHOWN} more" if len(left) > _LEFT_SHOWN else ""
        yield f"left out: {', '.join(left[:_LEFT_SHOWN])}{more}"
    if compiler is None:
        yield (
            f"no {recipe.runtime} on this machine: the artifact has no bytecode, so every cold start "
            "compiles it again. Install that version on PATH, with pyenv or with uv."
        )
    if not recipe.worker and not (artifact / "aws_lambda_powertools").is_dir():
        yield "without aws-lambda-powertools the deployed grader writes no metrics, so its alarm never fires."
    if carried := [name for name in _SDK if (artifact / name).is_dir()]:
        yield f"{' and '.join(carried)} went in although the runtime has them: tens of MB."


def _measured(artifact: Path, compiler: Path | None, notes: tuple[str, ...]) -> Artifact:
    files = sorted(file for file in artifact.rglob("*") if file.is_file())
    unzipped = sum(file.stat().st_size for file in files)
    return Artifact(artifact, len(files), unzipped, zipped_bytes(artifact, files), compiler, notes)


def zipped_bytes(artifact: Path, files: Iterable[Path]) -> int:
    """Return the size in bytes of an artifact as received by Lambda.

    Args:
        artifact: The artifact's folder.
        files: The files in the artifact.
    """
    with tempfile.TemporaryFile() as scratch:
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for file in files:
                archive.write(file, file.relative_to(artifact))
        return scratch.tell()


def _parse(arguments: Sequence[str] | None) -> tuple[Path, Recipe]:
    parser = argparse.ArgumentParser("python -m harness.deploy.artifact", description="Build the artifact.")
    parser.add_argument("--into", type=Path, required=True, help="an empty folder")
    parser.add_argument("--template", type=Path, help="the SAM template that declares the function")
    parser.add_argument("--function", help="the function's logical ID in the template")
    parser.add_argument(
        "--parameters",
        nargs="*",
        default=[],
        metavar="NAME=VALUE",
        help="values that replace the template's defaults",
    )
    parser.add_argument("--requirements", required=True, help="packages for every function: a file, or none")
    parser.add_argument(
        "--powertools",
        choices=["installed"],
        help="copy Powertools from this environment instead of downloading it",
    )
    parser.add_argument("--runtime", help=f"the Lambda runtime, without a template ({DEFAULT_RUNTIME})")
    parser.add_argument(
        "--architecture", choices=sorted(MACHINES), help="the architecture, without a template (x86_64)"
    )
    parser.add_argument(
        "--source", type=Path, nargs="+", action="extend", default=[], help="your files and folders"
    )
    given = parser.parse_args(arguments)
    pins = None if given.requirements == "none" else Path(given.requirements)
    sources, installed = tuple(given.source), given.powertools == "installed"
    if (given.template is None) != (given.function is None):
        parser.error("use --template and --function together")
    if given.template is None:
        return given.into, Recipe(
            runtime=given.runtime or DEFAULT_RUNTIME,
            architecture=given.architecture or "x86_64",
            requirements=() if pins is None else (pins,),
            powertools_installed=installed,
            sources=sources,
        )
    if given.runtime or given.architecture:
        parser.error("the template names runtime and architecture: leave out --runtime and --architecture")
    if wrong := [word for word in given.parameters if "=" not in word]:
        parser.error(f"--parameters takes NAME=VALUE, not {wrong[0]}")
    parameters = dict(word.split("=", 1) for word in given.parameters)
    return given.into, recipe_of(
        given.template,
        given.function,
        pins=pins,
        powertools_installed=installed,
        sources=sources,
        parameters=parameters,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the artifact described by the command line and print a summary.

    Args:
        arguments: The command-line arguments, or None to use those of the process.

    Returns:
        The exit code.
    """
    try:
        into, recipe = _parse(arguments)
        built = build(recipe, into / TASK if recipe.image else into)
        if recipe.image:
            write_dockerfile(recipe, into)
    except HarnessError as wrong:
        sys.stderr.write(f"Error: {wrong}\n")
        return wrong.exit_code
    # The summary goes to stdout, because `sam build` does not show stderr when a build succeeds.
    for note in built.notes:
        sys.stdout.write(f"Note: {note}\n")
    bytecode = f"bytecode for {recipe.runtime}" if built.compiled_by else "no bytecode"
    size = f"{built.bytes_unzipped / 1e6:.2f} MB, {built.bytes_zipped / 1e6:.2f} MB zipped"
    kind = f"for an image of {recipe.runtime} on {recipe.architecture}" if recipe.image else bytecode
    sys.stdout.write(f"{built.files} files, {size}, {kind}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
