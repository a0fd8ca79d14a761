"""Finds the functions that are watched by alarms in a template."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from harness.deploy.default_values import mapping

__all__ = ["Loop", "loops", "watched"]

_ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_NAME = re.compile(r"[A-Za-z0-9]+")
_EVERY = re.compile(r"\bGROUP\s+BY\b.*\bFunctionName\b", re.IGNORECASE | re.DOTALL)


class Loop:
    """A `Fn::ForEach` entry in a template, with its name, list of values and body.

    Args:
        key: The entry's key, such as `Fn::ForEach::Graders`.
        value: The three parts of the entry.
        template: The template, as returned by `read_template`. Its mappings may contain the list that the
            loop uses.
    """

    def __init__(self, key: str, value: Any, template: Mapping[str, Any]) -> None:
        parts = [*value, None, None, None][:3] if isinstance(value, list) else [None] * 3
        self.name = key
        self.items = _items(parts[1], template)
        self.body = parts[2] if isinstance(parts[2], dict) else {}

    def makes(self, kinds: Collection[str]) -> bool:
        """Return True if the body declares a resource of one of the given types."""
        return any(isinstance(one, dict) and one.get("Type") in kinds for one in self.body.values())


def loops(template: Mapping[str, Any]) -> list[Loop]:
    """Return the loops in a template's resources.

    Args:
        template: The template, as returned by `read_template`.
    """
    found = template["Resources"].items()
    return [Loop(key, value, template) for key, value in found if key.startswith("Fn::ForEach::")]


def watched(template: Mapping[str, Any], functions: Collection[str]) -> set[str]:
    """Return the functions that are watched by alarms.

    Args:
        template: The template, as returned by `read_template`.
        functions: Logical IDs to look for.
    """
    found: set[str] = set()
    for resource in template["Resources"].values():
        if isinstance(resource, dict) and resource.get("Type") in _ALARMS:
            text = json.dumps(resource.get("Properties"), default=str)
            found |= set(functions) if _EVERY.search(text) else set(_NAME.findall(text)) & set(functions)
    for loop in loops(template):
        if loop.makes(_ALARMS):
            found |= set(functions) if loop.items is None else set(loop.items) & set(functions)
    return found


def _items(value: Any, template: Mapping[str, Any]) -> list[str] | None:
    """Return a loop's values, or None if they are not known before deployment."""
    if isinstance(value, dict) and isinstance(keys := value.get("Fn::FindInMap"), list):
        value = template.get("Mappings")
        for key in keys:
            value = value.get(key) if isinstance(value, dict) and isinstance(key, str) else None
    if isinstance(value, dict) and isinstance(name := value.get("Ref"), str):
        default = mapping(mapping(template.get("Parameters")).get(name)).get("Default")
        value = default.split(",") if isinstance(default, str) else None
    return [str(one).strip() for one in value] if isinstance(value, list) else None
