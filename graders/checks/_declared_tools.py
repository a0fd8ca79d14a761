"""Parses the tools that a record declares, with their required arguments and default values."""

from __future__ import annotations

from ..errors import RecordError
from ..extract._json import exact_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ._expected_calls import ExpectedCall


class DeclaredTool:
    """The arguments that a tool declares.

    Args:
        required: Names of the arguments that a call must include.
        defaults: Default values for omitted arguments, by name.
    """

    __slots__ = ("defaults", "required")

    def __init__(self, required: frozenset[str], defaults: dict[str, Any]) -> None:
        self.required = required
        self.defaults = defaults


NO_TOOL = DeclaredTool(frozenset(), {})


def declared_tools(given: object, field: str, named: Callable[[str], str]) -> dict[str, DeclaredTool] | None:
    """Return the record's tools by name, or None if the record lists no tools.

    Raises:
        RecordError: The field does not contain a list of tools.
    """
    if given is None:
        return None
    listed: Any = exact_json(given) if isinstance(given, str) else given
    if not isinstance(listed, list):
        raise RecordError(f"the record's {field} is not a list of tools")
    found: dict[str, DeclaredTool] = {}
    for one in listed:
        tool: Any = one.get("function", one.get("toolSpec", one)) if isinstance(one, dict) else None
        if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
            raise RecordError(f"the record's {field} lists a tool without a name")
        schema = tool.get("parameters", tool.get("input_schema", tool.get("inputSchema")))
        schema = schema.get("json", schema) if isinstance(schema, dict) else {}
        schema = schema if isinstance(schema, dict) else {}
        properties, required = schema.get("properties"), schema.get("required")
        found[named(tool["name"])] = DeclaredTool(
            frozenset(name for name in required if isinstance(name, str))
            if isinstance(required, list)
            else frozenset(),
            {
                name: one["default"]
                for name, one in (properties.items() if isinstance(properties, dict) else ())
                if isinstance(one, dict) and "default" in one
            },
        )
    return found


def check_declared(
    call: ExpectedCall, tool: DeclaredTool | None, field: str, ignored: Sequence[str] | None
) -> None:
    """Raise an error if the record's tools do not allow an expected call.

    Args:
        call: The expected call.
        tool: The tool with that name, or None if there is none.
        field: Record field that lists the tools.
        ignored: Names of arguments that are not compared, or None if a call may have any arguments.

    Raises:
        RecordError: The tool is not listed or requires an argument that the call omits.
    """
    if tool is None:
        raise RecordError(
            f"the reference answer calls {call.name!r}, which is not among the record's {field}"
        )
    lacking = () if ignored is None else sorted(tool.required.difference(call.arguments, ignored))
    if lacking:
        raise RecordError(
            f"the reference answer calls {call.name!r} without {lacking[0]!r}, "
            f"which the record's {field} require"
        )
