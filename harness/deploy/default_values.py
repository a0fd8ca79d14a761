"""What a template's values are when it is deployed with its parameters' defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["DefaultValues", "mapping", "merged", "sequence"]


def mapping(value: Any) -> dict[str, Any]:
    """An object of a template, or an empty one where something else stands."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """A list of a template, or an empty one where something else stands."""
    return value if isinstance(value, list) else []


def merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A function's properties with those of Globals, joined as the SAM specification says.

    Args:
        shared: Those of Globals.
        own: The function's, which win.
    """
    found = {**shared, **own}
    for key in shared.keys() & own.keys():
        both = (shared[key], own[key])
        if all(isinstance(each, list) for each in both):
            found[key] = [*shared[key], *own[key]]
        elif all(isinstance(each, dict) and not _is_call(each) for each in both):
            found[key] = merged(shared[key], own[key])
    return found


def _is_call(value: Mapping[str, Any]) -> bool:
    """Whether an object is one of CloudFormation's functions."""
    return len(value) == 1 and str(next(iter(value))).startswith(("Fn::", "Ref", "Condition"))


class DefaultValues:
    """Resolves references to parameters and conditions; what only a deployment knows is None.

    Args:
        template: As `read_template` returns it.
    """

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._parameters = mapping(template.get("Parameters"))
        self._conditions = mapping(template.get("Conditions"))

    def plain(self, value: Any) -> Any:
        """A value with defaults put in and conditions decided, without its unknown parts.

        Args:
            value: A scalar, a list or an object.
        """
        if isinstance(value, list):
            return [found for each in value if (found := self.plain(each)) is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref":
                return mapping(self._parameters.get(str(argument))).get("Default")
            if function == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
                holds = self.holds(argument[0])
                return None if holds is None else self.plain(argument[1 if holds else 2])
            if function.startswith("Fn::"):
                return None
        found = {key: self.plain(part) for key, part in value.items()}
        return {key: part for key, part in found.items() if part is not None}

    def holds(self, condition: Any, depth: int = 0) -> bool | None:
        """Whether a condition holds; None where only a deployment knows.

        Args:
            condition: Its name, or its own object.
            depth: How many conditions led here: a circle of them has no answer.
        """
        if depth > len(self._conditions) + 8:
            return None
        if isinstance(condition, str):
            return self.holds(self._conditions.get(condition), depth + 1)
        if not isinstance(condition, dict) or len(condition) != 1:
            return None
        [(function, argument)] = condition.items()
        if function == "Condition":
            return self.holds(str(argument), depth + 1)
        if not isinstance(argument, list):
            return None
        if function == "Fn::Equals":
            left, right = (self.plain(each) for each in (*argument, None, None)[:2])
            return None if left is None or right is None else str(left) == str(right)
        parts = [self.holds(each, depth + 1) for each in argument]
        if function == "Fn::Not":
            return None if parts[:1] in ([], [None]) else not parts[0]
        if function in ("Fn::And", "Fn::Or"):
            deciding = function == "Fn::Or"
            return deciding if deciding in parts else None if None in parts else not deciding
        return None
