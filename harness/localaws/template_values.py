"""Resolves the values of a SAM template: parameters, conditions and CloudFormation's functions.

Parameters have their defaults, as in a deployment without options. Pseudo parameters have made-up values. A
value that is known only at deployment is `Unresolved`, because a guess could be wrong.

Source: the CloudFormation user guide ("Intrinsic functions", "Pseudo parameters").
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = [
    "FUNCTION_TYPE",
    "TemplateValues",
    "Unresolved",
    "is_call",
    "merge_properties",
    "scalar_text",
]

FUNCTION_TYPE = "AWS::Serverless::Function"
_NO_VALUE = "AWS::NoValue"
_REFERENCE = re.compile(r"\$\{([^!}][^}]*)\}")
_PSEUDO = {
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::StackName": "local",
    "AWS::URLSuffix": "amazonaws.com",
}
_DEEPEST = 50


class Unresolved(Exception):
    """The value is known only at deployment."""


class TemplateValues:
    """Resolves the values of one template.

    Args:
        template: The template, as `read_template` returns it.
        parameters: Values that replace the parameters' defaults, and pseudo parameters.
    """

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        self._resources = _mapping(template.get("Resources"))
        self._conditions = _mapping(template.get("Conditions"))
        self._mappings = _mapping(template.get("Mappings"))
        self._known: dict[str, str] = dict(_PSEUDO)
        self._defaults: dict[str, str] = {}
        for name, parameter in _mapping(template.get("Parameters")).items():
            default = parameter.get("Default") if isinstance(parameter, dict) else None
            if default is not None and not isinstance(default, (dict, list)):
                self._defaults[name] = scalar_text(default)
        self._known |= {**self._defaults, **parameters}
        for name in parameters:
            self._defaults.pop(name, None)
        self._depth = 0
        self.defaults_used: dict[str, str] = {}
        """The parameters whose defaults have been used."""

    def __getitem__(self, name: str) -> str:
        """Return a pseudo parameter's value."""
        return self._known[name]

    def text(self, value: Any) -> str:
        """Return a value as a string.

        Raises:
            Unresolved: The value depends on a resource or value outside the template.
        """
        found = self.chosen(value)
        if found is None or isinstance(found, list):
            raise Unresolved(_shown(found))
        if not isinstance(found, dict):
            return scalar_text(found)
        if len(found) != 1:
            raise Unresolved(_shown(found))
        [(function, argument)] = found.items()
        if self._depth >= _DEEPEST:
            raise Unresolved(f"{function} inside itself")
        self._depth += 1
        try:
            return self._call(function, argument)
        finally:
            self._depth -= 1

    def chosen(self, value: Any) -> Any:
        """Return a value with `Fn::If` resolved; None for `AWS::NoValue`.

        Raises:
            Unresolved: The condition depends on a resource or value outside the template.
        """
        for _ in range(_DEEPEST):
            if value == {"Ref": _NO_VALUE}:
                return None
            if not isinstance(value, dict) or value.keys() != {"Fn::If"}:
                return value
            match value["Fn::If"]:
                case [str(condition), yes, no]:
                    value = yes if self._holds({"Condition": condition}) else no
                case other:
                    raise Unresolved(_shown({"Fn::If": other}))
        raise Unresolved("an Fn::If inside itself")

    def _call(self, function: str, argument: Any) -> str:
        match function, argument:
            case "Ref", str(name):
                return self._reference(name)
            case "Fn::GetAtt", str(name):
                return self._reference(name)
            case "Fn::GetAtt", [*parts]:
                return self._reference(".".join(map(str, parts)))
            case "Fn::Sub", [str(text), dict(variables)]:
                return self._substitute(text, variables)
            case "Fn::Sub", str(text):
                return self._substitute(text, {})
            case "Fn::Join", [str(between), [*parts]]:
                return between.join(self.text(part) for part in parts)
            case "Fn::Join", [str(between), {"Ref": str(name)}]:  # a parameter that is a list
                return between.join(self._reference(name).split(","))
            case "Fn::FindInMap", [name, first, second, *_]:
                found = _mapping(self._mappings.get(self.text(name)))
                found = _mapping(found.get(self.text(first)))
                return self.text(found.get(self.text(second)))
        raise Unresolved(_shown({function: argument}))

    def _holds(self, condition: Any, depth: int = 0) -> bool:
        if depth > _DEEPEST:
            raise Unresolved("a condition that refers to itself")
        match condition:
            case {"Condition": str(name)} if name in self._conditions:
                return self._holds(self._conditions[name], depth + 1)
            case {"Fn::Equals": [one, other]}:
                return self.text(one) == self.text(other)
            case {"Fn::Not": [one]}:
                return not self._holds(one, depth + 1)
            case {"Fn::And": [*every]}:
                return all([self._holds(one, depth + 1) for one in every])
            case {"Fn::Or": [*every]}:
                return any([self._holds(one, depth + 1) for one in every])
        raise Unresolved(_shown(condition))

    def _reference(self, name: str) -> str:
        """Return a parameter's value, or a function's name or ARN."""
        if name in self._defaults:
            self.defaults_used[name] = self._defaults[name]
        if name in self._known:
            return self._known[name]
        logical_id, _, attribute = name.partition(".")
        resource = self._resources.get(logical_id)
        if isinstance(resource, dict) and resource.get("Type") == FUNCTION_TYPE and attribute in ("", "Arn"):
            own_name = _mapping(resource.get("Properties")).get("FunctionName", logical_id)
            function = self.text(own_name)
            if not attribute:
                return function
            region, account = self["AWS::Region"], self["AWS::AccountId"]
            return f"arn:aws:lambda:{region}:{account}:function:{function}"
        raise Unresolved(name)

    def _substitute(self, text: str, variables: Mapping[str, Any]) -> str:
        """Resolve `Fn::Sub`."""

        def value(match: re.Match[str]) -> str:
            name = match[1].strip()
            return self.text(variables[name]) if name in variables else self._reference(name)

        return _REFERENCE.sub(value, text).replace("${!", "${")


def is_call(value: Mapping[str, Any]) -> bool:
    """Return True if an object is a CloudFormation function rather than an object of the template."""
    return len(value) == 1 and str(next(iter(value))).startswith(("Fn::", "Ref", "Condition"))


def merge_properties(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Merge a function's properties with those of Globals, as the SAM specification does.

    Args:
        shared: The properties in Globals.
        own: The function's properties. Objects are merged, lists are appended, and other values replace
            the shared ones.
    """
    merged = {**shared, **own}
    for key in shared.keys() & own.keys():
        both = (shared[key], own[key])
        if key == "Architectures":  # SAM replaces this list, which has one entry
            continue
        if all(isinstance(each, list) for each in both):
            merged[key] = [*shared[key], *own[key]]
        elif all(isinstance(each, dict) and not is_call(each) for each in both):
            merged[key] = merge_properties(shared[key], own[key])
    return merged


def scalar_text(value: Any) -> str:
    """Return a scalar as CloudFormation writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _shown(value: Any) -> str:
    return json.dumps(value, default=str)[:200]
