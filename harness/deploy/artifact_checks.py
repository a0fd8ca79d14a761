"""Checks a built artifact: contents, importability in Python, and whether it matches the sources.

The import test runs in a separate process. The artifact is never changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.deploy.artifact import zipped_bytes
from harness.deploy.checklist import finding
from harness.deploy.import_checks import check_imports
from harness.deploy.shadowing import installed_graders
from harness.findings import Finding
from harness.localaws.compiled import compiled_files, misfits, why_not_here
from harness.localaws.function import FunctionSpec
from harness.localaws.limits import UNZIPPED_BYTES, processor_share
from harness.localaws.manifest import changed_sources, counted
from harness.localaws.source_tree import read_tree, secretive
from harness.targets.built import AskedModel, Imported, import_artifact

__all__ = ["Measured", "check_artifact"]

_LARGE_BYTES = 50_000_000
_SLOW_MS = 1000.0
_SDK = ("boto3", "botocore")
_NEEDLESS = ("harness", "tests", "test", ".git", ".venv", ".aws-sam", ".pytest_cache")
_TAG = re.compile(r"\.(cpython-\d+)(?:\.opt-\d)?\.pyc$")


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements of an artifact."""

    bytes_unzipped: int
    bytes_zipped: int
    files: int
    code_sha256: str
    """Hash of the file names and contents. It differs from Lambda's CodeSha256, which is the zip file's hash.
    """
    import_ms: float | None
    """Time to import the handler in milliseconds, or None if the import failed."""
    processor_share: float
    """The share of one processor that a function of this memory size gets."""
    bytecode: list[str]
    """The Python versions of the bytecode, such as `cpython-313`."""
    judges: tuple[AskedModel, ...] = ()
    """The models that the artifact's judges call."""


def check_artifact(spec: FunctionSpec, project: Path) -> tuple[list[Finding], Measured]:
    """Check one function's artifact.

    Args:
        spec: The function and its artifact's folder.
        project: The folder of the sources.

    Returns:
        The findings and the measurements.
    """
    compiled = list(compiled_files(spec.artifact))
    foreign = why_not_here(compiled)
    imported = import_artifact(spec) if foreign is None else Imported()
    tagged = (_TAG.search(file.name) for file in spec.artifact.rglob("*.pyc"))
    tags = sorted({match[1] for match in tagged if match is not None})
    files = [file for file in sorted(spec.artifact.rglob("*")) if file.is_file()]
    measured = Measured(
        bytes_unzipped=sum(file.stat().st_size for file in files),
        bytes_zipped=zipped_bytes(spec.artifact, files),
        files=len(files),
        code_sha256=spec.code_sha256(),
        import_ms=None if imported.ms is None else round(imported.ms, 1),
        processor_share=round(processor_share(spec.memory_mb), 2),
        bytecode=tags,
        judges=imported.judges,
    )
    place = str(spec.artifact)
    found = [
        *_weight(spec, measured, place),
        *_import(spec, imported, place),
        *_not_imported(spec, foreign, place),
        *check_imports(spec, project),
        *_contents(spec.artifact, place),
        *_bytecode(spec, tags, place),
        *(finding("D031", why, place) for why in misfits(compiled, spec.runtime, spec.architecture)),
        *_library(spec.artifact, place),
        *_sources(spec.artifact, project, place),
    ]
    return found, measured


def _weight(spec: FunctionSpec, measured: Measured, place: str) -> Iterator[Finding]:
    size = measured.bytes_unzipped
    if size > UNZIPPED_BYTES and not spec.image:
        yield finding("D021", f"{spec.name} has {size / 1e6:,.0f} MB unzipped", place)
    elif size > _LARGE_BYTES:
        yield finding("D032", f"{spec.name} has {size / 1e6:,.0f} MB unzipped", place)


def _import(spec: FunctionSpec, imported: Imported, place: str) -> Iterator[Finding]:
    if imported.error is not None:
        unseen = f" ({'; '.join(spec.notes)})" if spec.notes else ""
        yield finding("D022", f"{spec.handler}: {imported.error}{unseen}", place)
    elif imported.ms is not None and imported.ms > _SLOW_MS:
        took = f"importing {spec.handler} takes {imported.ms:,.0f} ms of every cold start"
        text = f"{took}; the init phase may take 10 s"
        yield finding("D023", text, place)
    limit = (imported.options or {}).get("timeout_s")
    if isinstance(limit, int | float) and limit >= spec.timeout_s:
        text = (
            f"{spec.handler} allows a sample {limit:g} s, but Timeout ends a call after {spec.timeout_s:g} s"
        )
        yield finding("D017", text, place)
    if "boto3" in imported.modules and all(judge.service != "bedrock" for judge in imported.judges):
        yield finding(
            "D023", f"importing {spec.handler} imports boto3, which takes a quarter of a second", place
        )
    if imported.note is not None:
        yield finding("D069", imported.note, place, fix=f"Install {spec.runtime} to check it.")


def _not_imported(spec: FunctionSpec, why: str | None, place: str) -> Iterator[Finding]:
    if why is not None:
        fix = "Run `rft doctor` on a machine like the function's, or check the deployed function with --arn."
        yield finding("D050", f"{spec.handler} was not imported: {why}", place, fix=fix)


def _contents(artifact: Path, place: str) -> Iterator[Finding]:
    if carried := [name for name in _SDK if (artifact / name).is_dir()]:
        yield finding("D024", f"{' and '.join(carried)} went in: tens of MB that Lambda already has", place)
    if needless := [name for name in _NEEDLESS if (artifact / name).exists()]:
        yield finding("D025", f"{', '.join(needless)} went in", place)
    files = (file.relative_to(artifact).as_posix() for file in sorted(artifact.rglob("*")) if file.is_file())
    if secrets := secretive(files):
        fix = "Move it out of the grader's folder and build again."
        text = f"{', '.join(secrets)} went in: anyone who can read the function's code can read it"
        yield finding("D025", text, place, fix=fix)


def _bytecode(spec: FunctionSpec, tags: list[str], place: str) -> Iterator[Finding]:
    wanted = spec.runtime.replace("python", "cpython-").replace(".", "")
    if foreign := [tag for tag in tags if tag != wanted]:
        yield finding("D026", f"{', '.join(foreign)}, which {spec.runtime} does not read", place)
    if not tags:
        yield finding("D027", "every cold start compiles everything again", place)


def _library(artifact: Path, place: str) -> Iterator[Finding]:
    if not (artifact / "graders" / "__init__.py").is_file():
        yield finding("D028", "the artifact has no `graders`", place)
        return
    changed = _differing(installed_graders(), artifact / "graders")
    if changed:
        yield finding("D029", f"graders differs from the installed library in {counted(changed)}", place)


def _sources(artifact: Path, project: Path, place: str) -> Iterator[Finding]:
    if changed := changed_sources(artifact, project):
        yield finding("D030", f"{counted(changed)} changed since the build", place)


def _differing(source: Path, built: Path) -> list[str]:
    mine, theirs = _modules(source), _modules(built)
    return sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))


def _modules(folder: Path) -> dict[str, bytes]:
    """Return the Python files of a package, excluding those that a build omits."""
    return {
        name: file.read_bytes()
        for name, file in read_tree(folder, folder).files.items()
        if name.endswith(".py")
    }
