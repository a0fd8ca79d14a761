"""Reports the parts of a template that `rft doctor` does not check, to make users aware of the gaps."""

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
    "Layers": "its layers were not checked, nor whether they and the artifact stay below 250 MB",
    "VpcConfig": "its VPC was not checked: it may not reach services that it calls, such as a judge",
    "FileSystemConfigs": "its file systems were not checked: no version includes the files there",
}
_RESOURCES = {
    "AWS::Lambda::Function": "a function without SAM",
    "AWS::Serverless::Application": "a nested application",
    "AWS::CloudFormation::Stack": "a nested stack",
}


def not_checked_function(name: str, properties: Mapping[str, Any], place: Place) -> Iterator[Finding]:
    """Report the parts of a function that are not checked, each in a note.

    Args:
        name: The function's logical ID.
        properties: The function's properties, merged with the template's Globals and without values that are
            not known before deployment.
        place: The function's place, for use in findings.
    """
    if properties.get("PackageType") == "Image":
        text = f"{name} is a container image: its base system and its layers were not checked"
        yield finding("D050", text, place)
    for key, what in _PROPERTIES.items():
        if properties.get(key):
            yield finding("D050", f"{name}: {what}", place)
    size = mapping(properties.get("EphemeralStorage")).get("Size")
    if size is not None and str(size) != str(_FREE_STORAGE_MB):
        text = f"{name}: whether its files fit into {size} MB of /tmp was not checked"
        yield finding("D050", text, place)


def not_checked_resource(name: str, resource: Mapping[str, Any], place: Place) -> Iterator[Finding]:
    """Report a resource that may contain unchecked graders. A fan-out worker is not reported.

    Args:
        name: The resource's logical ID.
        resource: The resource in the template.
        place: The resource's place, for use in findings.
    """
    what = _RESOURCES.get(str(resource.get("Type")))
    if what is None or is_worker(resource):
        return
    properties = mapping(resource.get("Properties"))
    inside = properties.get("Location") or properties.get("TemplateURL")
    fix = f"Check it with --template {inside}." if isinstance(inside, str) else None
    yield finding("D050", f"{name} is {what}: it was not checked", place, fix=fix)
