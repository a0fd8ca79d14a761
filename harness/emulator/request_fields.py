"""Provides declarations for request fields and parses requests with them.

A field is supported, ignored, or refused with a reason. Unknown fields are refused, so that none is silently
dropped. For an optional field, null counts as absent. 4.0 is a whole number, and true is not a number.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from harness.emulator.api_errors import invalid

__all__ = [
    "Field",
    "Kind",
    "Table",
    "boolean",
    "digits",
    "either",
    "group",
    "ignored",
    "items",
    "number",
    "one_of",
    "optional",
    "pairs",
    "read_fields",
    "refused",
    "required",
    "text",
    "unread",
    "whole",
    "written",
]

_BIGGEST: Final = 2**63 - 1
"""Largest integer that the published API and SQLite allow."""
_FLOAT: Final = sys.float_info.max
_SHOWN: Final = 100
_NAMED: Final = 12

Take = Callable[[Any, str], Any]
"""Parses a value. The second argument is its place in the request, such as `method.type`.

Raises ValueError if the value has the wrong type, and ApiError if a field inside the value is wrong.
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """The type and limits of a value."""

    wanted: str
    """A description that completes the sentence "NAME must be"."""
    take: Take


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a request. `kind.take` parses every value except null."""

    kind: Kind
    must: bool = False
    default: Any = None
    counts: bool = True
    """False for a field that is checked but has no effect."""
    why: str | None = None
    """The reason why the field is refused. Only values without effect are then accepted."""


Table = Mapping[str, Field]
"""A request's fields by name."""


def read_fields(table: Table, given: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    """Parse the fields of a request.

    Args:
        table: The fields.
        given: The request's values by name.
        at: Place of these fields in the request, ending in a dot; empty at the top level.

    Returns:
        A value for every supported field of the table, or the field's default if it is absent or null.

    Raises:
        ApiError: A field is missing, unknown, refused or invalid. `param` names the field.
    """
    for name in given:
        if name not in table:
            place = _short(at + name)
            known = [other for other, field in table.items() if field.why is None]
            others = f" Known are {', '.join(known)}." if 0 < len(known) <= _NAMED else ""
            raise invalid(f"Unknown parameter: '{place}'.{others}", place, code="unknown_parameter")
    found: dict[str, Any] = {}
    for name, field in table.items():
        value = given.get(name)
        if value is not None:
            value = _read(field, value, at + name)
        elif field.must:
            raise invalid(f"{at}{name} is required and must be {field.kind.wanted}.", at + name)
        else:
            value = field.default
        if field.counts:
            found[name] = value
    return found


def _read(field: Field, value: Any, at: str) -> Any:
    try:
        return field.kind.take(value, at)
    except ValueError as error:
        if field.why is not None:
            raise invalid(f"{at} is not supported: {field.why}", at, code="unsupported_parameter") from error
        raise invalid(f"{at} must be {field.kind.wanted}.", at) from error


# --- fields


def required(kind: Kind) -> Field:
    """Declare a field that every request must have."""
    return Field(kind, must=True)


def optional(kind: Kind, default: Any = None) -> Field:
    """Declare a field that may be absent."""
    return Field(kind, default=default)


def ignored(kind: Kind) -> Field:
    """Declare a field of the API that is checked but has no effect here."""
    return Field(kind, counts=False)


def refused(why: str, *harmless: Any) -> Field:
    """Declare a field that is refused, because the emulator does not support its effect.

    Args:
        why: Completes the sentence "NAME is not supported:".
        harmless: Values that are accepted because they have no effect.
    """

    def take(value: Any, at: str) -> Any:
        if any(type(value) is type(one) and value == one for one in harmless):
            return None
        raise ValueError

    return Field(Kind("left out", take), counts=False, why=why)


# --- kinds


def text(most: int | None = None, *, empty: bool = False) -> Kind:
    """A string of at most `most` characters. It may be empty only if `empty` is true."""

    def take(value: Any, at: str) -> str:
        if not isinstance(value, str) or not (value or empty) or (most is not None and len(value) > most):
            raise ValueError
        return value

    return Kind("a string" if most is None else f"a string of at most {most} characters", take)


def written(wanted: str, pattern: str, most: int) -> Kind:
    """A string of at most `most` characters that fully matches a pattern, which `wanted` describes."""
    compiled = re.compile(pattern, re.ASCII)

    def take(value: Any, at: str) -> str:
        if not isinstance(value, str) or len(value) > most or not compiled.fullmatch(value):
            raise ValueError
        return value

    return Kind(wanted, take)


def unread(of: type, wanted: str) -> Kind:
    """A value of a Python type whose contents are not checked."""

    def take(value: Any, at: str) -> Any:
        if not isinstance(value, of):
            raise ValueError
        return value

    return Kind(wanted, take)


def boolean() -> Kind:
    """`true` or `false`."""

    def take(value: Any, at: str) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    return Kind("true or false", take)


def number(low: float | None = None, high: float | None = None, *, above: float | None = None) -> Kind:
    """A finite number from `low` to `high`, or greater than `above`."""
    least, most = (-_FLOAT if low is None else low), (_FLOAT if high is None else high)

    def take(value: Any, at: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        if not least <= value <= most or (above is not None and value <= above):
            raise ValueError
        return value

    return Kind(f"a number{_within(low, high, above)}", take)


def whole(low: int | None = None, high: int | None = None, *, above: int | None = None) -> Kind:
    """A whole number from `low` to `high`, or greater than `above`, written as 4 or as 4.0."""
    kind = number(-_BIGGEST if low is None else low, _BIGGEST if high is None else high, above=above)

    def take(value: Any, at: str) -> int:
        if kind.take(value, at) != int(value):
            raise ValueError
        return int(value)

    return Kind(f"a whole number{_within(low, high, above)}", take)


def digits(low: int, high: int) -> Kind:
    """A whole number in a query string. A number above `high` counts as `high`."""

    def take(value: Any, at: str) -> int:
        if not (value.isascii() and value.isdigit()) or int(value[:19]) < low:
            raise ValueError
        return min(int(value[:19]), high)

    return Kind(f"a whole number of at least {low}", take)


def one_of(*known: str) -> Kind:
    """One of the given strings."""

    def take(value: Any, at: str) -> str:
        if not isinstance(value, str) or value not in known:
            raise ValueError
        return value

    return Kind(" or ".join(f'"{one}"' for one in known), take)


def either(*kinds: Kind) -> Kind:
    """A value of any of several kinds, parsed by the first kind that accepts it."""

    def take(value: Any, at: str) -> Any:
        for kind in kinds:
            try:
                return kind.take(value, at)
            except ValueError:
                continue
        raise ValueError

    return Kind(", or ".join(kind.wanted for kind in kinds), take)


def items(kind: Kind, most: int | None = None) -> Kind:
    """A list of one to `most` values of a kind."""

    def take(value: Any, at: str) -> list[Any]:
        if not isinstance(value, list) or not value or (most is not None and len(value) > most):
            raise ValueError
        return [_read(Field(kind), one, f"{at}[{index}]") for index, one in enumerate(value)]

    length = "" if most is None else f" of at most {most}"
    return Kind(f"a list{length} whose items are each {kind.wanted}", take)


def group(fields: Table, wanted: str = "an object", *, as_sent: bool = False) -> Kind:
    """An object with its own fields. If `as_sent` is true, the object is returned unchanged."""

    def take(value: Any, at: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError
        found = read_fields(fields, value, f"{at}.")
        return value if as_sent else found

    return Kind(wanted, take)


def pairs(most: int, name: int, value: int) -> Kind:
    """An object of at most `most` strings with length limits for names and values."""

    def take(given: Any, at: str) -> dict[str, str]:
        if not isinstance(given, dict) or len(given) > most:
            raise ValueError
        for key, one in given.items():
            if not isinstance(one, str) or len(key) > name or len(one) > value:
                raise ValueError
        return given

    return Kind(
        f"an object of at most {most} strings of {value} characters, with names of {name} characters", take
    )


def _within(low: float | None, high: float | None, above: float | None) -> str:
    if above is not None:
        return f" above {above}"
    if low is None:
        return ""
    return f" of at least {low}" if high is None else f" from {low} to {high}"


def _short(name: str) -> str:
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."
