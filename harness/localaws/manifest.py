"""Records the sources of an artifact, and detects whether they have changed since the build.

`sam build` does not record sources, so the build writes a manifest next to each artifact, never into it. An
artifact without a manifest is compared with the files of the same names in the project.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.data.typed_json import as_json, read_typed
from harness.disk import file_sha256, write_json
from harness.errors import InputError
from harness.localaws.source_tree import own_requirements, read_tree

__all__ = [
    "Manifest",
    "changed_sources",
    "counted",
    "manifest_path",
    "project_of",
    "read_manifest",
    "write_manifest",
]

_SCHEMA = 2
_REBUILD = "Run `sam build` again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The sources of one artifact. Paths are relative to the project's folder."""

    schema: int = _SCHEMA
    project: str
    """The project's folder, relative to the manifest's folder."""
    runtime: str
    architecture: str
    glibc: str
    """The newest glibc version that the compiled files may require."""
    handler: str | None = None
    """The handler, which determines the function's files; None if the sources were listed instead."""
    check: str | None = None
    """The ready check that the handler runs; None for any other handler."""
    own: str | None = None
    """The handler's folder or module, or the file that describes its check."""
    sources: list[str] = field(default_factory=list)
    """Other sources that the build listed."""
    files: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each of the user's files, by its path in the artifact."""
    requirements: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each requirements file and of each file that it includes."""


def manifest_path(artifact: Path) -> Path:
    """Return the path of an artifact's manifest."""
    return artifact.with_name(f"{artifact.name}.manifest.json")


def write_manifest(artifact: Path, manifest: Manifest) -> None:
    """Write an artifact's manifest next to it.

    Args:
        artifact: The artifact's folder.
        manifest: The artifact's sources.
    """
    write_json(manifest_path(artifact), as_json(manifest))


def read_manifest(artifact: Path) -> Manifest | None:
    """Read an artifact's manifest; return None if it has no manifest.

    Args:
        artifact: The artifact's folder.

    Raises:
        InputError: The manifest is damaged.
    """
    return read_typed(manifest_path(artifact), Manifest, "build manifest", schema=_SCHEMA, fix=_REBUILD)


def project_of(artifact: Path) -> Path | None:
    """Return the folder from which `sam build` built an artifact; None if it is unknown.

    Args:
        artifact: The artifact's folder, `.aws-sam/build/NAME`.
    """
    if artifact.parent.name != "build" or artifact.parents[1].name != ".aws-sam":
        return None
    try:
        built = tomllib.loads((artifact.parents[1] / "build.toml").read_text("utf-8"))
    except (OSError, ValueError):
        built = {}
    for definition in (built.get("function_build_definitions") or {}).values():
        if (
            artifact.name in definition.get("functions", ())
            and Path(definition.get("codeuri", "")).is_absolute()
        ):
            return Path(definition["codeuri"])
    return artifact.parents[2]


def changed_sources(artifact: Path, project: Path | None = None) -> list[str]:
    """Find the user's files that have changed since the artifact was built.

    Args:
        artifact: The artifact's folder.
        project: The folder that the artifact was built from; None to find it.

    Returns:
        Paths in the project, followed by `(added)` or `(removed)` if a file was added or removed.

    Raises:
        InputError: The manifest is damaged.
    """
    manifest = read_manifest(artifact)
    project = project or project_of(artifact)
    if project is None and manifest is not None:
        project = artifact.parent / manifest.project
    if project is None:
        return []
    if manifest is None:
        return sorted(_unlike(artifact, project))
    try:
        here = _present(manifest, project)
    except InputError as error:  # sources that can no longer be built have changed
        return [str(error)]
    changed = [*_compared(here, manifest.files), *_tampered(artifact, manifest)]
    own = {Path(source).name: source for source in [manifest.own, *manifest.sources] if source is not None}
    named = {_in_project(name, own) for name in changed}
    return sorted(named | set(_requirements_changed(manifest, project)))


def counted(names: list[str]) -> str:
    """Format names as the first three names and the number of further names.

    Args:
        names: The names, at least one.
    """
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _in_project(name: str, sources: dict[str, str]) -> str:
    """Return the path in the project from which a file in the artifact was copied."""
    first, slash, rest = name.partition("/")
    bare, space, remark = first.partition(" (")
    return f"{sources.get(bare, bare)}{space}{remark}{slash}{rest}"


def _present(manifest: Manifest, project: Path) -> dict[str, Path]:
    """Return the files that a build would copy now, by path in the artifact."""
    files: dict[str, Path] = {}
    if manifest.own is not None and manifest.handler is not None and (project / manifest.own).exists():
        own = own_requirements(project, manifest.handler, manifest.check)
        files |= read_tree(project / manifest.own, project, own).files
    for source in manifest.sources:
        if (project / source).exists():
            files |= read_tree(project / source, project).files
    return files


def _compared(here: dict[str, Path], built: dict[str, str]) -> Iterator[str]:
    for name in here.keys() | built.keys():
        if name not in here:
            yield f"{name} (removed)"
        elif name not in built:
            yield f"{name} (added)"
        elif file_sha256(here[name]) != built[name]:
            yield name


def _tampered(artifact: Path, manifest: Manifest) -> Iterator[str]:
    """Yield the files in the artifact that were modified after the build."""
    for name, digest in manifest.files.items():
        copy = artifact / name
        if not copy.is_file() or file_sha256(copy) != digest:
            yield f"{name} (the artifact's copy)"


def _requirements_changed(manifest: Manifest, project: Path) -> Iterator[str]:
    for name, digest in manifest.requirements.items():
        file = project / name
        if not file.is_file():
            yield f"{name} (removed)"
        elif file_sha256(file) != digest:
            yield name
    if manifest.handler is None:
        return
    for file in own_requirements(project, manifest.handler, manifest.check):
        if (name := os.path.relpath(file, project)) not in manifest.requirements:
            yield f"{name} (added)"


def _unlike(artifact: Path, project: Path) -> Iterator[str]:
    """Compare an artifact without a manifest with the files of the same names in the project."""
    for entry in artifact.iterdir():
        source = project / entry.name
        if not source.exists() or entry.name in ("graders", "__pycache__") or entry.name.startswith("."):
            continue
        here = read_tree(source, project).files
        built = {name: file_sha256(file) for name, file in read_tree(entry, artifact).files.items()}
        yield from _compared(here, built)
