"""Reads and writes the harness's own JSON files, such as run facts and journals, as dataclasses.

The files are untrusted: another version may have written them, a crash may have truncated them, and `runs/`
may come from a stranger's repository. Any problem raises an `InputError` that names the file and the field.
Unknown keys are ignored, so a newer version can add keys without a new schema.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from harness.errors import InputError

__all__ = ["MAX_BYTES", "as_json", "read_typed", "typed"]

T = TypeVar("T")

Upgrade: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]

MAX_BYTES = 16 * 1024 * 1024
"""Maximum size of a file in bytes. The harness itself writes files of a few kilobytes."""

_INT_LIMIT, _FLOAT_LIMIT = 2**63, sys.float_info.max
_WORDS = {
    NoneType: "null",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


class _Mismatch(ValueError):
    """Raised when a value has the wrong type for its field."""

    def __init__(self, at: str, problem: str) -> None:
        super().__init__(f"{at} {problem}" if at else f"it {problem}")


def read_typed(
    path: Path,
    kind: type[T],
    what: str,
    *,
    schema: int,
    older: Mapping[int, Upgrade] | None = None,
    fix: str = "Restore it, or remove it.",
) -> T | None:
    """Read a JSON file into a dataclass.

    Args:
        path: The file.
        kind: The dataclass.
        what: Description of the file for error messages, such as `job journal`.
        schema: The schema number written by this version.
        older: For each older schema that is supported, a function that converts its object to the current
            one.
        fix: The fix to show to the user if the file cannot be read.

    Returns:
        The dataclass, or None if the file does not exist.

    Raises:
        InputError: The file is not a regular file, is damaged or has a schema unknown to this version.
    """
    try:
        content = _content(path)
        if content is None:
            return None
        value = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse)
        return typed(kind, _upgraded(value, schema, older or {}))
    except RecursionError:
        problem = "it is nested too deeply"
    except UnicodeDecodeError:
        problem = "it is not UTF-8"
    except json.JSONDecodeError as error:
        problem = f"it is not JSON (line {error.lineno}: {error.msg})"
    except _Mismatch as error:
        problem = str(error)
    except OSError as error:
        problem = "it is a symbolic link" if error.errno == errno.ELOOP else str(error.strerror)
    except (ValueError, TypeError, KeyError, AttributeError):
        problem = "it is damaged"  # an integer has too many digits, or an older object is malformed
    raise InputError(f"this is not a readable {what}: {problem}", place=str(path), fix=fix) from None


def typed(kind: type[T], value: Any) -> T:
    """Convert a parsed JSON value to a dataclass (or any type allowed for its fields).

    Args:
        kind: The dataclass. Fields may be numbers, strings, booleans, `Path`, `Literal`, `StrEnum`,
            dataclasses, unions, tuples, lists, dicts with string keys, and `Any`.
        value: The value returned by `json.loads`.

    Raises:
        ValueError: A field is missing or has the wrong type. The message names the field.
    """
    found: T = _convert(kind, value, "")
    return found


def as_json(value: Any) -> Any:
    """Convert a dataclass to plain JSON values that `read_typed` can read back."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _content(path: Path) -> bytes | None:
    """Return the content of a regular file, without following symbolic links or blocking on a pipe."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the name has a NUL or a lone surrogate
        return None
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise _Mismatch("", "is not a file")
        content = b""
        while len(content) <= MAX_BYTES and (part := os.read(opened, MAX_BYTES + 1 - len(content))):
            content += part
    finally:
        os.close(opened)
    if len(content) > MAX_BYTES:
        raise _Mismatch("", f"has more than {MAX_BYTES:,} bytes")
    return content


def _upgraded(value: Any, schema: int, older: Mapping[int, Upgrade]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Mismatch("", f"contains {_word(value)}, not an object")
    found = value.get("schema")
    if type(found) is not int or not 0 < found < 1_000_000:
        raise _Mismatch("", "has no schema number")
    if found == schema:
        return value
    if found not in older:
        known = " and ".join(map(str, sorted([*older, schema])))
        raise _Mismatch("", f"has schema {found}, but this version of rft reads {known}")
    return older[found](value)


def _refuse(name: str) -> None:
    raise _Mismatch("", f"contains {name}, which is not JSON")


def _convert(kind: Any, value: Any, at: str) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return value
    if origin in (Union, UnionType):
        return _one_of(get_args(kind), value, at)
    if origin is Literal:
        if not any(value == choice and type(value) is type(choice) for choice in get_args(kind)):
            raise _Mismatch(at, f"is not one of {', '.join(map(repr, get_args(kind)))}")
        return value
    if is_dataclass(kind):
        return _record(kind, value, at)
    if origin is list or origin is tuple:
        return _sequence(origin, get_args(kind), value, at)
    if origin is dict:
        _expect(dict, value, at)
        return {key: _convert(get_args(kind)[1], item, _below(at, key)) for key, item in value.items()}
    return _scalar(kind, value, at)


def _scalar(kind: Any, value: Any, at: str) -> Any:
    if kind is float:
        if type(value) is not int:
            _expect(float, value, at)
        if not -_FLOAT_LIMIT <= value <= _FLOAT_LIMIT:  # also rejects NaN and integers too large for a float
            raise _Mismatch(at, "is not a finite number")
        return float(value)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        _expect(str, value, at)
        if value not in set(kind):
            raise _Mismatch(at, f"is not one of {', '.join(map(repr, map(str, kind)))}")
        return kind(value)
    if kind is Path:
        _expect(str, value, at)
        try:
            if b"\0" in os.fsencode(value) or not value:
                raise ValueError
        except ValueError:
            raise _Mismatch(at, "is not a path") from None
        return Path(value)
    _expect(kind, value, at)
    if kind is int and not -_INT_LIMIT <= value < _INT_LIMIT:
        raise _Mismatch(at, "does not fit in 64 bits")
    return value


def _one_of(choices: tuple[Any, ...], value: Any, at: str) -> Any:
    """Convert to a type in a union: the dataclass with the value's `kind`, or else the first that fits."""
    tagged = [one for one in choices if "kind" in getattr(one, "__dataclass_fields__", ())]
    if isinstance(value, dict) and len(tagged) > 1:
        choices = tuple(one for one in tagged if value.get("kind") in get_args(_hints(one)["kind"]))
    problem = _Mismatch(_below(at, "kind"), "is not known")
    for choice in choices:
        try:
            return _convert(choice, value, at)
        except _Mismatch as error:
            if choice is not NoneType:
                problem = error
    raise problem


def _record(kind: Any, value: Any, at: str) -> Any:
    _expect(dict, value, at)
    hints, given = _hints(kind), {}
    for field in fields(kind):
        if field.name in value:
            given[field.name] = _convert(hints[field.name], value[field.name], _below(at, field.name))
        elif field.default is MISSING and field.default_factory is MISSING:
            raise _Mismatch(_below(at, field.name), "is missing")
    try:
        return kind(**given)
    except _Mismatch:
        raise
    except InputError as error:  # raised by the dataclass's own validation
        raise _Mismatch(at, f"cannot be used: {error.message}") from None
    except ValueError as error:
        raise _Mismatch(at, str(error)) from None


def _sequence(origin: Any, kinds: tuple[Any, ...], value: Any, at: str) -> Any:
    _expect(list, value, at)
    if origin is tuple and Ellipsis not in kinds and len(value) != len(kinds):
        raise _Mismatch(at, f"has {len(value)} items, not {len(kinds)}")
    if origin is list or Ellipsis in kinds:
        kinds = (kinds[0],) * len(value)
    return origin(
        _convert(kind, item, f"{at}[{place}]")
        for place, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _expect(kind: Any, value: Any, at: str) -> None:
    if type(value) is not kind:
        raise _Mismatch(at, f"is {_word(value)}, not {_WORDS.get(kind, kind)}")


def _word(value: Any) -> str:
    return _WORDS[type(value)]


def _below(at: str, key: str) -> str:
    shown = ascii(key)[1:-1][:60]  # the untrusted key will be printed
    return f"{at}.{shown}" if at else shown


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
