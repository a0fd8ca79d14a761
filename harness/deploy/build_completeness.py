"""Compares a build with its template: whether every function is in it, as the template has it now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.deploy.checklist import finding
from harness.errors import InputError
from harness.findings import Finding
from harness.localaws.function import FunctionSpec
from harness.localaws.template import read_functions

__all__ = ["check_completeness", "is_built"]

_SETTINGS = {
    "handler": "Handler",
    "runtime": "Runtime",
    "timeout_s": "Timeout",
    "memory_mb": "MemorySize",
    "ephemeral_mb": "EphemeralStorage",
    "architecture": "Architectures",
    "environment": "Environment",
}
"""The fields of a spec that `sam deploy` takes out of the built template, with their names there."""


def is_built(spec: FunctionSpec, build: Path) -> bool:
    """Whether a function has an artifact of its own in a build.

    `sam build NAME` makes one artifact. The built template has the other functions too, and their code there
    is what the source template says, `.`: the build's own folder.

    Args:
        spec: The function, as the built template has it.
        build: The folder of the built template.
    """
    return build.resolve() in spec.artifact.parents


def check_completeness(template: Path, build: Path, built: Mapping[str, FunctionSpec]) -> Iterator[Finding]:
    """Find functions that a build lacks, or has with other settings than the template.

    Args:
        template: The source template.
        build: The folder of the built template.
        built: The functions of the built template.
    """
    try:
        wanted = read_functions(template)
    except InputError:  # what cannot be read there is a finding of the template's own checks
        wanted = {}
    for name in sorted(wanted.keys() | built.keys()):
        mine, theirs = wanted.get(name), built.get(name)
        if theirs is not None and not is_built(theirs, build):
            text = (
                f"a partial build: {name} is not in it; `sam deploy` would ship the whole folder as its code"
            )
            yield finding("D020", text, str(build), fix="Run `sam build` without a name before `sam deploy`.")
        elif theirs is None:
            yield finding("D020", f"{name} is in the template and not in the build", str(build))
        elif mine is not None:
            changed = [
                key for field, key in _SETTINGS.items() if getattr(mine, field) != getattr(theirs, field)
            ]
            if changed:
                text = f"{' and '.join(changed)} of {name} changed in the template since it was built"
                yield finding("D030", text, str(build))
