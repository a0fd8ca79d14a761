"""Parses the JSON of OpenAI graders and reports faults with their locations."""

from __future__ import annotations

import json
import os

from ..checks._options import LARGEST
from ..errors import DecorationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, NoReturn

_LARGEST_FILE = 20_000_000
_DEEPEST = 100
_SHOWN = 60


class OpenAISpecError(DecorationError):
    """Raised when an OpenAI grader cannot be used as written.

    Args:
        pointer: Location of the fault, as a JSON pointer such as `/graders/a/operation`.
        message: The fault and the fix.
        file: Path of the grader's file; empty if the grader is not in a file.
    """

    def __init__(self, pointer: str, message: str, file: str = "") -> None:
        super().__init__(pointer, message, file)  # pickling needs the unchanged arguments
        self.pointer = pointer
        self.message = message
        self.file = file

    def __str__(self) -> str:
        place = " ".join(part for part in (self.file, self.pointer) if part)
        return str(DecorationError(f"{place or 'the grader'}: {self.message}"))


class NoCounterpart(OpenAISpecError):
    """Raised when the table of models has no entry for a judge's model."""


class FormulaError(OpenAISpecError):
    """Raised when a formula is invalid or uses an unknown name."""


def place_of(pointer: str, key: object) -> str:
    """Return the JSON pointer of a key, given the pointer of the object that contains it."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


class JsonObject:
    """An object in a grader's JSON that keeps track of the keys that have been read.

    Args:
        raw: The object.
        pointer: JSON pointer of the object.

    Raises:
        OpenAISpecError: The value is not an object or has a duplicate key.
    """

    __slots__ = ("_read", "pointer", "raw")

    def __init__(self, raw: object, pointer: str) -> None:
        if not isinstance(raw, dict):
            raise OpenAISpecError(pointer, f"is {kind_of(raw)}: write an object, such as {{...}}")
        if isinstance(raw, _Doubled):
            raise OpenAISpecError(place_of(pointer, raw.key), "is written twice: keep one of them")
        self.raw: dict[Any, Any] = raw
        self.pointer = pointer
        self._read: set[str] = set()
        for key in raw:
            if not isinstance(key, str):
                raise OpenAISpecError(pointer, f"has the key {key!r}, {kind_of(key)}: write a string")

    def place(self, key: object) -> str:
        """Return the JSON pointer of a key."""
        return place_of(self.pointer, key)

    def fault(self, key: object, message: str) -> OpenAISpecError:
        """Return an error about the value of a key."""
        return OpenAISpecError(self.place(key), message)

    def has(self, key: str) -> bool:
        """Return True if the key has a value other than null."""
        return self.raw.get(key) is not None

    def take(self, key: str, example: str) -> Any:
        """Return the value of a required key."""
        self._read.add(key)
        if self.raw.get(key) is None:
            what = "is null" if key in self.raw else "is missing"
            raise self.fault(key, f"{what}: write {example}")
        return self.raw[key]

    def text(self, key: str, example: str) -> str:
        """Return the string at a required key."""
        value = self.take(key, example)
        if not isinstance(value, str):
            raise self.fault(key, f"is {kind_of(value)}: write a string, such as {example}")
        return value

    def text_or_none(self, key: str, example: str) -> str | None:
        """Return the string at a key, or None if the key is absent."""
        self._read.add(key)
        return self.text(key, example) if self.has(key) else None

    def number_or_none(self, key: str, example: str, low: float | None = None) -> float | None:
        """Return the number at a key, or None if the key is absent."""
        self._read.add(key)
        if not self.has(key):
            return None
        value = number_of(self.raw[key])
        if value is None or (low is not None and value < low):
            raise self.fault(key, f"is {shown(self.raw[key])}: write a number, such as {example}")
        return value

    def items(self, key: str, example: str) -> list[Any]:
        """Return the list at a required key, which must not be empty."""
        value = self.take(key, example)
        if not isinstance(value, list) or not value:
            what = "is empty" if value == [] else f"is {kind_of(value)}"
            raise self.fault(key, f"{what}: write a list, such as {example}")
        return value

    def texts(self, key: str, example: str) -> tuple[str, ...]:
        """Return the list of strings at a required key. The strings must be distinct and not blank."""
        found = self.items(key, example)
        for at, each in enumerate(found):
            if not isinstance(each, str) or not each.strip():
                what = "is blank" if isinstance(each, str) else f"is {kind_of(each)}"
                raise OpenAISpecError(f"{self.place(key)}/{at}", f"{what}: write a string")
            if each in found[:at]:
                raise OpenAISpecError(f"{self.place(key)}/{at}", f"{shown(each)} is written twice: keep one")
        return tuple(found)

    def object(self, key: str, example: str) -> JsonObject:
        """Return the object at a required key."""
        value = self.take(key, example)
        if not isinstance(value, dict):
            raise self.fault(key, f"is {kind_of(value)}: write an object, such as {example}")
        return JsonObject(value, self.place(key))

    def object_or_none(self, key: str, example: str) -> JsonObject | None:
        """Return the object at a key, or None if the key is absent."""
        self._read.add(key)
        return self.object(key, example) if self.has(key) else None

    def items_or_none(self, key: str, example: str) -> list[Any] | None:
        """Return the list at a key, or None if the key is absent."""
        self._read.add(key)
        return self.items(key, example) if self.has(key) else None

    def choice(self, key: str, choices: Sequence[str], instead: Mapping[str, str]) -> str:
        """Return the string at a key, which must be one of several values.

        Args:
            key: The key.
            choices: The allowed values.
            instead: Error messages for common wrong values.
        """
        value = self.take(key, one_of(choices))
        if isinstance(value, str) and value in choices:
            return value
        said = shown(value)
        if isinstance(value, str) and (known := instead.get(value)):
            raise self.fault(key, f"{said} {known}")
        near = nearest(value, choices)
        raise self.fault(key, f"is {said}: write {near + ', or ' if near else ''}one of {', '.join(choices)}")

    def unread(self) -> list[str]:
        """Return the keys that were not read."""
        return [key for key in self.raw if key not in self._read]


class _Doubled(dict):  # type: ignore[type-arg]
    """A parsed object that contained a duplicate key."""

    key = ""


def spec_document(text: str | bytes) -> dict[str, Any]:
    """Parse the JSON of a grader, a method or a job.

    Args:
        text: The JSON.

    Raises:
        OpenAISpecError: The text is not valid JSON or not an object.
    """
    if len(text) > _LARGEST_FILE:
        raise OpenAISpecError("", f"is larger than {_LARGEST_FILE:,} characters: give only the grader")
    try:
        written = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        value = json.loads(written, object_pairs_hook=_object, parse_constant=_refused)
    except UnicodeDecodeError as error:
        raise OpenAISpecError("", f"is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise OpenAISpecError("", f"is not JSON ({place}: {error.msg}): give one JSON object") from None
    except RecursionError:
        raise OpenAISpecError("", _TOO_DEEP) from None
    except ValueError as error:
        raise OpenAISpecError("", f"is not JSON: {error}") from None
    return checked_document(value)


def spec_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Parse the JSON file of a grader.

    Args:
        path: Path of the file.

    Raises:
        OpenAISpecError: The file cannot be read or does not contain a grader's JSON.
    """
    name = os.fspath(path)
    if name.lstrip()[:1] in ("{", "["):
        raise OpenAISpecError("", "is JSON text: give the parsed object, or the path of a file")
    try:
        with open(name, "rb") as file:
            text = file.read(_LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise OpenAISpecError("", f"cannot be read: {why}", name) from None
    try:
        return spec_document(text)
    except OpenAISpecError as error:
        raise OpenAISpecError(error.pointer, error.message, name) from None


def checked_document(value: Any) -> dict[str, Any]:
    """Check that a document is an object without excessive nesting, and return a copy.

    Raises:
        OpenAISpecError: The document is not an object or is nested too deeply.
    """
    if hasattr(value, "model_dump"):  # an object from OpenAI's SDK
        value = value.model_dump(mode="json", exclude_none=True)
    plain = _plain(value, _DEEPEST)
    if not isinstance(plain, dict):
        raise OpenAISpecError("", f'is {kind_of(plain)}: give one object, such as {{"type": "multi", ...}}')
    return plain


def _plain(value: object, levels: int) -> Any:
    """Copy a value into plain dicts and lists, as in parsed JSON."""
    nested = isinstance(value, (list, tuple)) or hasattr(value, "keys")
    if nested and levels == 0:
        raise OpenAISpecError("", _TOO_DEEP)
    if isinstance(value, (list, tuple)):
        return [_plain(each, levels - 1) for each in value]
    if not nested:
        return value
    copy = _Doubled() if isinstance(value, _Doubled) else {}
    if isinstance(copy, _Doubled):
        copy.key = value.key  # type: ignore[attr-defined]
    for key in value.keys():  # type: ignore[attr-defined]
        copy[key] = _plain(value[key], levels - 1)  # type: ignore[index]
    return copy


_TOO_DEEP = f"is nested more than {_DEEPEST} levels deep: give only the grader"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a dict, or a `_Doubled` if there is a duplicate key."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled = _Doubled(found)
    seen: set[str] = set()
    doubled.key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return doubled


def _refused(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which JSON does not have: write a number")


def number_of(value: object) -> float | None:
    """Return a finite number as a float, or None for any other value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if -LARGEST <= value <= LARGEST else None


def exact(value: float) -> str:
    """Format a finite number for a message, without rounding and without `.0` at the end."""
    return repr(float(value)).removesuffix(".0")


def kind_of(value: object) -> str:
    """Name the type of a JSON value."""
    if value is None:
        return "null"
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    for kind, name in names.items():
        if isinstance(value, kind):
            return name
    return "a number" if isinstance(value, (int, float)) else f"a {type(value).__name__}"


def shown(value: object) -> str:
    """Format a value for a message. Values that are not strings or numbers are named by type."""
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= _SHOWN else f"'{value[: _SHOWN - 3]}...'"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return exact(value) if -LARGEST <= value <= LARGEST else "not a finite number"
    return kind_of(value)


def one_of(choices: Sequence[str]) -> str:
    """Join the choices with commas and `or`."""
    return f"{', '.join(choices[:-1])} or {choices[-1]}" if len(choices) > 1 else choices[0]


def nearest(value: object, choices: Sequence[str]) -> str | None:
    """Return the choice most similar to a string, or None if none is similar enough."""
    if not isinstance(value, str):
        return None
    from difflib import get_close_matches

    found = get_close_matches(value[:_SHOWN].lower(), choices, 1)
    return found[0] if found else None
