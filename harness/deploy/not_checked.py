"""Says what of a template `rft doctor` does not look at, so that its silence is not taken for approval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.deploy.checklist import finding
from harness.deploy.default_values import mapping
from harness.deploy.worker_artifact import is_worker
from harness.findings import Finding, Place

__all__ = ["not_checked_function", "not_checked_resource"]

_FREE_STORAGE_MB = 512
_PROPERTIES = {
    "Layers": "its layers were not looked at, nor whether they and the artifact stay below 250 MB",
    "VpcConfig": "its VPC was not looked at: whether what it calls, such as a judge, is in reach",
    "FileSystemConfigs": "its file systems were not looked at: what is read there is part of no version",
}
_RESOURCES = {
    "AWS::Lambda::Function": "a function without SAM",
    "AWS::Serverless::Application": "a nested application",
    "AWS::CloudFormation::Stack": "a nested stack",
}


def not_checked_function(name: str, properties: Mapping[str, Any], place: Place) -> Iterator[Finding]:
    """Say what of a function is not looked at, a line each.

    Args:
        name: Its logical ID.
        properties: Its own and the template's Globals, as far as they are known.
        place: Where it stands.
    """
    if properties.get("PackageType") == "Image":
        text = f"{name} is a container image: its base system and its layers were not looked at"
        yield finding("D050", text, place)
    for key, what in _PROPERTIES.items():
        if properties.get(key):
            yield finding("D050", f"{name}: {what}", place)
    size = mapping(properties.get("EphemeralStorage")).get("Size")
    if size is not None and str(size) != str(_FREE_STORAGE_MB):
        text = f"{name}: whether its files fit into {size} MB of /tmp was not looked at"
        yield finding("D050", text, place)


def not_checked_resource(name: str, resource: Mapping[str, Any], place: Place) -> Iterator[Finding]:
    """Say that a resource may hold graders that are not looked at; the worker of fan-outs holds none.

    Args:
        name: Its logical ID.
        resource: As the template has it.
        place: Where it stands.
    """
    what = _RESOURCES.get(str(resource.get("Type")))
    if what is None or is_worker(resource):
        return
    properties = mapping(resource.get("Properties"))
    inside = properties.get("Location") or properties.get("TemplateURL")
    fix = f"Look at it with --template {inside}." if isinstance(inside, str) else None
    yield finding("D050", f"{name} is {what}: it was not looked at", place, fix=fix)
