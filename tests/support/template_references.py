"""Finds references in a template to names that do not exist.

The template's functions must be in the long form. References are `Ref`, `Fn::GetAtt`, `Fn::Sub`, conditions
and `DependsOn`. cfn-lint also checks them, but accepts any name that begins with the name of a SAM function
(`WordProblemX` for `WordProblem`), as if SAM would make that resource.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

_PSEUDO = {
    f"AWS::{name}"
    for name in ("AccountId", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
}
_IN_TEXT = re.compile(r"\$\{([^!}][^}]*)\}")
_FUNCTION = "AWS::Serverless::Function"


def unresolved(template: dict[str, Any], region: str = "us-west-2") -> list[str]:
    """Return a sentence for each reference to a name that does not exist."""
    return list(_References(template, region).wrong())


class _References:
    def __init__(self, template: dict[str, Any], region: str) -> None:
        self._template = template
        self._region = region
        self._resources: dict[str, Any] = template["Resources"]
        self._names = _PSEUDO | set(template.get("Parameters", {})) | set(self._resources)
        self._names |= set(self._made_by_sam())

    def _made_by_sam(self) -> Iterator[str]:
        """Yield `Function.Version` and `Function.Alias` for functions that publish a version."""
        everywhere = self._template.get("Globals", {}).get("Function", {})
        for name, resource in self._resources.items():
            properties = {**everywhere, **resource.get("Properties", {})}
            if resource["Type"] == _FUNCTION and "AutoPublishAlias" in properties:
                yield from (f"{name}.Version", f"{name}.Alias")

    def wrong(self) -> Iterator[str]:
        for section in ("Conditions", "Globals", "Resources", "Outputs"):
            yield from self._in(self._template.get(section, {}), section)
        for name, resource in {**self._resources, **self._template.get("Outputs", {})}.items():
            condition = resource.get("Condition")
            if condition is not None and condition not in self._template.get("Conditions", {}):
                yield f"{name}: there is no condition {condition}"
            needed = resource.get("DependsOn", [])
            for other in [needed] if isinstance(needed, str) else needed:
                if other not in self._resources:
                    yield f"{name}: DependsOn {other}"

    def _in(self, value: Any, place: str) -> Iterator[str]:
        if isinstance(value, list):
            for index, each in enumerate(value):
                yield from self._in(each, f"{place}[{index}]")
        elif isinstance(value, dict):
            if len(value) == 1:
                yield from self._function(*next(iter(value.items())), place)
            for name, each in value.items():
                yield from self._in(each, f"{place}.{name}")

    def _function(self, name: str, argument: Any, place: str) -> Iterator[str]:
        conditions = self._template.get("Conditions", {})
        if name == "Ref" and argument not in self._names:
            yield f"{place}: Ref {argument}"
        elif name == "Fn::GetAtt":
            yield from self._attribute(argument[0], argument[1], place)
        elif name == "Fn::Sub":
            yield from self._text(argument, place)
        elif name == "Fn::If" and argument[0] not in conditions:
            yield f"{place}: there is no condition {argument[0]}"
        elif name == "Condition" and isinstance(argument, str) and argument not in conditions:
            yield f"{place}: there is no condition {argument}"

    def _text(self, argument: Any, place: str) -> Iterator[str]:
        text, own = argument if isinstance(argument, list) else (argument, {})
        for name in _IN_TEXT.findall(text):
            if name in self._names or name in own:
                continue
            if "." in name:
                resource, _, attribute = name.partition(".")
                yield from self._attribute(resource, attribute, place)
            else:
                yield f"{place}: ${{{name}}}"

    def _attribute(self, resource: str, attribute: str, place: str) -> Iterator[str]:
        if resource not in self._resources:
            yield f"{place}: {resource}.{attribute}, there is no {resource}"
            return
        of = self._resources[resource]["Type"].replace("AWS::Serverless::", "AWS::Lambda::")
        if attribute not in PROVIDER_SCHEMA_MANAGER.get_type_getatts(of, self._region):
            yield f"{place}: {of} has no attribute {attribute}"
