"""Parses the calls that a record expects, including the accepted values of each argument."""

from __future__ import annotations

from math import isfinite

from ..errors import RecordError
from ..extract import Missing
from ..extract._json import exact_json
from ._call_forms import MOST_CALLS, call_of, named_part, written_calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DEEPEST = 64
_LISTS = ("calls", "tool_calls", "ground_truth")


class Accepted:
    """Accepted values of one argument.

    Args:
        values: Strings, numbers, booleans, None, lists, and `Arguments` for objects.
        optional: Whether the argument may be omitted.
    """

    __slots__ = ("optional", "values")

    def __init__(self, values: list[Any], optional: bool) -> None:
        self.values = values
        self.optional = optional


class Arguments(dict[str, Accepted]):
    """The arguments of a call, or the fields of an object, by name."""


class ExpectedCall:
    """One call that a record expects.

    Args:
        name: Name of the function.
        arguments: Accepted values of its arguments.
    """

    __slots__ = ("arguments", "name")

    def __init__(self, name: str, arguments: Arguments) -> None:
        self.name = name
        self.arguments = arguments


def expected_calls(reference: object, *, may_be_none: bool = False) -> list[ExpectedCall]:
    """Parse a record's reference.

    Args:
        reference: A call or a list of calls. The list may be inside an object, under `calls`, `tool_calls` or
            `ground_truth`. A string may contain any of these as JSON, or calls in one of the forms that
            models write. A call is an object with `name` and `arguments`, possibly under `function`,
            Converse's `toolUse`, or BFCL's `{function: {argument: [accepted values]}}`.
        may_be_none: Whether the list may be empty.

    Raises:
        RecordError: The reference contains no call or a call that cannot be compared.
    """
    if reference is None or reference == "" or (isinstance(reference, str) and reference.isspace()):
        raise RecordError("the record has no reference_answer: write the calls that are right there")
    given: Any = _from_text(reference) if isinstance(reference, str) else reference
    if isinstance(given, dict):
        given = next((given[key] for key in _LISTS if isinstance(given.get(key), list)), [given])
    if not isinstance(given, list):
        raise RecordError(f"the reference answer is not a list of calls: {_SHAPES}")
    if not given and not may_be_none:
        raise RecordError(
            "the reference answer lists no call: write the expected calls, or set may_expect_none for "
            "records that need none"
        )
    if len(given) > MOST_CALLS:
        raise RecordError(f"the reference answer lists more than {MOST_CALLS} calls")
    return [_expected(one) for one in given]


_SHAPES = 'write {"name": ..., "arguments": {...}}, or {function: {argument: [accepted values]}} as BFCL does'


def _from_text(text: str) -> Any:
    value = exact_json(text.strip())
    if not isinstance(value, Missing):
        return value
    calls = written_calls(text, text, "any")
    if isinstance(calls, Missing):
        raise RecordError(f"the reference answer is not a list of calls ({calls.reason}): {_SHAPES}")
    return [{"name": name, "arguments": arguments} for name, arguments in calls]


def _expected(given: object) -> ExpectedCall:
    call = call_of(given, from_api=True) if isinstance(given, dict) and _is_named(given) else None
    if isinstance(call, tuple):
        fields = Arguments((key, Accepted([plain(value)], False)) for key, value in call[1].items())
        return ExpectedCall(call[0], fields)
    if call is None and isinstance(given, dict) and len(given) == 1:
        ((name, arguments),) = given.items()
        if isinstance(name, str) and name and isinstance(arguments, dict):
            return ExpectedCall(name, _accepting(arguments, f"{name}."))
    raise RecordError(f"the reference answer contains something that is not a call: {_SHAPES}")


def _is_named(given: dict[str, Any]) -> bool:
    """Return True if the key `name` holds the function's name. In BFCL's format, it would be the name."""
    inner = named_part(given)
    return inner is not None and isinstance(inner.get("name"), str)


def _accepting(given: dict[str, Any], where: str, depth: int = 0) -> Arguments:
    """Parse arguments in BFCL's format: lists of accepted values, in which an empty string means optional."""
    found = Arguments()
    for key, values in given.items():
        if not isinstance(values, list) or not values:
            raise RecordError(
                f"the reference answer does not list what {where}{key} accepts: write a list of values"
            )
        kept = [_bfcl(one, f"{where}{key}.", depth + 1) for one in values if one != ""]
        found[key] = Accepted(kept, len(kept) < len(values))
    return found


def _bfcl(value: Any, where: str, depth: int) -> Any:
    """Parse a value in BFCL's format. Either all of an object's fields list accepted values, or none do."""
    if isinstance(value, list):
        return [_bfcl(one, where, _deeper(depth)) for one in value]
    if isinstance(value, dict):
        lists = sum(isinstance(one, list) for one in value.values())
        if lists == len(value):
            return _accepting(value, where, _deeper(depth))
        if lists:
            raise RecordError(
                f"the reference answer lists what some fields of {where[:-1]} accept, but not what all do: "
                "write a list of accepted values for each"
            )
    return plain(value, depth)


def plain(value: Any, depth: int = 0) -> Any:
    """Convert a literal value to the types of `Accepted.values`."""
    if isinstance(value, dict):
        return Arguments((key, Accepted([plain(one, _deeper(depth))], False)) for key, one in value.items())
    if isinstance(value, list):
        return [plain(one, _deeper(depth)) for one in value]
    if isinstance(value, float) and not isfinite(value):
        raise RecordError("the reference answer contains a number that JSON lacks: NaN or an infinity")
    return value


def _deeper(depth: int) -> int:
    if depth >= _DEEPEST:
        raise RecordError(f"the reference answer is nested deeper than {_DEEPEST}")
    return depth + 1
