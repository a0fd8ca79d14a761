"""What an artifact was built from, and whether those files have changed since.

`sam build` leaves nothing that says so: the build writes a manifest beside each artifact, never into it. For
an artifact that was built otherwise, files of the same name are compared.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.data.typed_json import as_json, read_typed
from harness.disk import write_json

__all__ = ["LEFT_BEHIND", "Manifest", "changed_sources", "project_of", "write_manifest"]

_SCHEMA = 1
LEFT_BEHIND = shutil.ignore_patterns("__pycache__", "tests", "test_*.py", ".*")
"""What of a package does not go into an artifact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one artifact was built from."""

    schema: int = _SCHEMA
    sources: dict[str, str] = field(default_factory=dict)
    """The user's modules and packages: the name in the artifact, and the path from the project's folder."""
    requirements: str | None = None
    """The requirements file, from the project's folder."""
    requirements_sha256: str | None = None


def write_manifest(artifact: Path, sources: Mapping[str, Path], requirements: Path | None) -> None:
    """Write down what an artifact was built from, beside it.

    Args:
        artifact: Its folder.
        sources: The user's modules and packages, by their name in the artifact.
        requirements: The packages that went in.
    """
    manifest = Manifest(
        sources={name: os.path.relpath(path) for name, path in sources.items()},
        requirements=None if requirements is None else os.path.relpath(requirements),
        requirements_sha256=None if requirements is None else _sha256(requirements),
    )
    write_json(_path(artifact), as_json(manifest))


def project_of(artifact: Path) -> Path | None:
    """The folder that `sam build` built an artifact from; None where that cannot be told.

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
    """The user's files that are not as they were when the artifact was built, by their path in the project.

    Args:
        artifact: The artifact's folder.
        project: The folder that it was built from; found when None.

    Raises:
        InputError: The manifest is damaged.
    """
    project = project or project_of(artifact)
    if project is None:
        return []
    manifest = read_typed(
        _path(artifact), Manifest, "build manifest", schema=_SCHEMA, fix="Run `sam build` again."
    )
    sources = _of_the_same_name(artifact, project) if manifest is None else manifest.sources
    changed = []
    for name, origin in sorted(sources.items()):
        here, built = _files(project / origin), _files(artifact / name)
        for part in sorted(here | built):
            if _bytes(project / origin / part) != _bytes(artifact / name / part):
                changed.append(os.path.normpath(os.path.join(origin, part)))
    if manifest is not None and manifest.requirements is not None:
        if _sha256(project / manifest.requirements) != manifest.requirements_sha256:
            changed.append(manifest.requirements)
    return changed


def _of_the_same_name(artifact: Path, project: Path) -> dict[str, str]:
    names = {entry.name for entry in artifact.iterdir() if (project / entry.name).exists()}
    return {name: name for name in names if name not in ("graders", "__pycache__") and name[0] != "."}


def _files(source: Path) -> set[str]:
    """A package's files that go into an artifact, by their path in it; a module is its own only file."""
    return set(_walk(source)) if source.is_dir() else {""}


def _walk(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        left = LEFT_BEHIND(parent, [*folders, *names])
        folders[:] = [name for name in folders if name not in left]
        for name in names:
            if name not in left and not name.endswith((".pyc", ".pyo")):
                yield os.path.relpath(os.path.join(parent, name), folder)


def _path(artifact: Path) -> Path:
    return artifact.with_name(f"{artifact.name}.manifest.json")


def _sha256(file: Path) -> str | None:
    content = _bytes(file)
    return None if content is None else hashlib.sha256(content).hexdigest()


def _bytes(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None
