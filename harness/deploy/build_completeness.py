"""Checks that every function in a template has been built with the template's current settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.deploy.checklist import finding
from harness.deploy.worker_artifact import is_wanted, is_worker
from harness.errors import InputError
from harness.findings import Finding
from harness.localaws.function import FunctionSpec
from harness.localaws.manifest import read_manifest
from harness.localaws.template import read_functions, read_template

__all__ = ["check_completeness"]

_SETTINGS = {
    "handler": "Handler",
    "runtime": "Runtime",
    "timeout_s": "Timeout",
    "memory_mb": "MemorySize",
    "ephemeral_mb": "EphemeralStorage",
    "architecture": "Architectures",
    "environment": "Environment",
}
"""Fields of `FunctionSpec` that `sam deploy` reads from the built template, by field, with template names."""


def check_completeness(
    template: Path, build: Path, built: Mapping[str, FunctionSpec], parameters: Mapping[str, str]
) -> Iterator[Finding]:
    """Find functions that are missing from a build or whose settings in the build differ from the template.

    Args:
        template: The source template.
        build: The folder of the built template.
        built: The functions that have an artifact in the build.
        parameters: Parameter values that replace the defaults in both templates.
    """
    try:
        wanted = read_functions(template, parameters)
    except InputError:  # the checks of the template already report this
        wanted = {}
    for name in sorted(wanted):
        mine, theirs = wanted[name], built.get(name)
        if theirs is None:
            text = f"{name} is in the template but not in the build, which is partial or older"
            fix = "Run `sam build` without a name before `sam deploy`, which would deploy the whole folder."
            yield finding("D020", text, str(build), fix=fix)
        else:
            changed = [
                key for field, key in _SETTINGS.items() if getattr(mine, field) != getattr(theirs, field)
            ]
            if changed:
                text = f"{' and '.join(changed)} of {name} changed in the template since the build"
                yield finding("D030", text, str(build))
            yield from _built_for(name, theirs)
    yield from _workers(template, build, parameters)


def _workers(template: Path, build: Path, parameters: Mapping[str, str]) -> Iterator[Finding]:
    """Find a worker that was built as a placeholder although the stack fans out."""
    content = read_template(template)
    for name, resource in content["Resources"].items():
        if not is_worker(resource):
            continue
        manifest = read_manifest(build / name)
        wanted, _ = is_wanted(content, resource, parameters, template.resolve().parent)
        if wanted and manifest is not None and not manifest.requirements:
            text = f"{name} was built for a stack that does not fan out, but this one does"
            yield finding("D030", text, str(build / name))


def _built_for(name: str, deployed: FunctionSpec) -> Iterator[Finding]:
    """Find an artifact built for a different architecture or runtime than the deployed function's."""
    manifest = read_manifest(deployed.artifact)
    if manifest is None:
        return
    for key, was, wanted in (
        ("Architectures", manifest.architecture, deployed.architecture),
        ("Runtime", manifest.runtime, deployed.runtime),
    ):
        if was != wanted:
            fix = "Build with the same values (RFT_PARAMETERS='NAME=VALUE' sam build), or correct them."
            if manifest.handler is None:  # a Makefile of an earlier release passes its own values
                fix = f"In the Makefile pass --template template.yaml --function {name} to the build."
            text = f"{name} was built for {was}, but {key} is {wanted} in the deployment"
            yield finding("D031", text, str(deployed.artifact), fix=fix)
