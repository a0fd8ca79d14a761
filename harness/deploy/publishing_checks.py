"""Finds settings that let a redeployment change or delete a version that a job uses.

SAM publishes a version when the text of a function's properties changes, and it compares the text before
resolving parameters (aws/serverless-application-model#3820). Therefore, a redeployment with a different
parameter value changes `$LATEST`, while the alias and the outputs keep the version with the old value. A
parameter in VersionDescription does cause a new version to be published: CloudFormation replaces a version
whose description changes, and deletes the old version unless UpdateReplacePolicy retains it. Removing a
function deletes all its versions unless DeletionPolicy retains the function (Lambda API reference,
DeleteFunction).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.deploy.checklist import finding
from harness.deploy.default_values import mapping
from harness.findings import Finding, Place

__all__ = ["check_publishing"]

# Properties of a version that a reward can depend on. SAM already puts parameters into the code.
_DECIDING = (
    "Handler Runtime Timeout MemorySize Environment Role Layers VpcConfig Architectures EphemeralStorage"
    " FileSystemConfigs ImageConfig"
).split()
_RETAINING = ("Retain", "RetainExceptOnCreate")
_SUBSTITUTED = re.compile(r"\$\{([A-Za-z0-9]+)")


def check_publishing(
    name: str, template: Mapping[str, Any], properties: Mapping[str, Any], place: Place
) -> Iterator[Finding]:
    """Check one function that publishes versions.

    Args:
        name: The function's logical ID.
        template: The template, as returned by `read_template`.
        properties: The function's properties, with the template's Globals.
        place: The function's place, for use in findings.
    """
    resource = template["Resources"][name]
    hashed = _parameters(template, properties.get("AutoPublishCodeSha256"))
    described = _parameters(template, properties.get("VersionDescription"))
    silent = {key: _parameters(template, properties.get(key)) for key in _DECIDING}
    taken = [
        f"{key} from {' and '.join(names)}"
        for key, found in silent.items()
        if (names := [one for one in found if one not in (*hashed, *described)])
    ]
    if taken:
        text = f"{name} takes {', '.join(taken)}, but another value publishes no version"
        yield finding("D013", text, place)
    if described and resource.get("UpdateReplacePolicy") not in _RETAINING:
        text = (
            f"a change of {' or '.join(described)} makes CloudFormation delete the version of {name} in use"
        )
        yield finding("D018", text, place)
    if resource.get("DeletionPolicy") not in _RETAINING:
        text = f"removing {name} from the template deletes all its versions, even while a job runs"
        yield finding("D019", text, place)


def _parameters(template: Mapping[str, Any], value: Any) -> list[str]:
    known = mapping(template.get("Parameters"))
    return [name for name in dict.fromkeys(_references(template, value)) if name in known]


def _references(template: Mapping[str, Any], value: Any, within: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield all names that a value depends on, directly or through conditions.

    `within` holds the conditions being resolved, so that a cycle terminates.
    """
    if isinstance(value, list):
        for each in value:
            yield from _references(template, each, within)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key == "Ref" and isinstance(part, str):
                yield part
            elif key == "Fn::Sub":
                yield from _SUBSTITUTED.findall(str(part[0] if isinstance(part, list) and part else part))
            elif key in ("Fn::If", "Condition"):
                name = str(part[0] if isinstance(part, list) and part else part)
                condition = mapping(template.get("Conditions")).get(name)
                if name not in within:
                    yield from _references(template, condition, (*within, name))
            yield from _references(template, part, within)
