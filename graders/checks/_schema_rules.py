"""Validates JSON schemas and rejects keywords that the check would not enforce.

The keywords of drafts 4, 6 and 7 are accepted. Other keywords are rejected rather than ignored, because a
partly enforced schema would reward values that its author meant to exclude.
"""

from __future__ import annotations

import json
from math import isfinite

from ..extract._json import exact_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

_LONGEST = 50_000
_DEEPEST = 40
_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_NOTES = frozenset(("$comment", "$schema", "default", "deprecated", "description", "example", "examples"))
_NOTES |= {"readOnly", "title", "writeOnly"}
_NAMES_OF_ITSELF = ("$id", "id")
_ONE = frozenset(("additionalItems", "additionalProperties", "contains", "else", "if", "items", "not"))
_ONE |= {"propertyNames", "then"}
_LISTS = frozenset(("allOf", "anyOf", "oneOf"))
_TABLES = frozenset(("$defs", "definitions", "patternProperties", "properties"))


class SchemaError(ValueError):
    """Raised if a schema cannot be enforced. The message gives the location and the reason."""


def plain_schema(schema: object, formats: Collection[str]) -> dict[str, Any]:
    """Return a validated copy of a schema that consists of plain JSON values.

    Args:
        schema: An object, or a JSON string that contains one.
        formats: Names of the supported formats.

    Raises:
        SchemaError: The value is not a schema, or the check would not enforce part of it.
    """
    try:
        text = schema if isinstance(schema, str) else json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise SchemaError(f"it cannot be written as JSON: {error}") from None
    if len(text) > _LONGEST:
        raise SchemaError(f"it is longer than {_LONGEST:,} characters")
    plain = exact_json(text)
    if not isinstance(plain, dict) or not plain:
        raise SchemaError('it is not a JSON object that requires something, such as {"type": "integer"}')
    for name in _NAMES_OF_ITSELF:  # references are local, so the schema's own name has no effect
        plain.pop(name, None)
    rules = _Rules("draft-04" in str(plain.get("$schema", "")), formats)
    _check(plain, "#", rules, 0)
    _number_references(plain, rules)
    return plain


def _number_references(plain: dict[str, Any], rules: _Rules) -> None:
    """Rename each referenced definition to a unique number and update the references to it.

    fastjsonschema 2.22 creates only one function for definitions whose names differ only in case or
    punctuation. It also parses references as URLs, which cannot contain arbitrary names.
    """
    definitions: dict[str, Any] = {}
    numbers: dict[str, str] = {"#": "#"}
    for place, schema in rules.references.items():
        target = _unquoted(schema["$ref"])
        if target not in rules.places:
            raise SchemaError(f"{place} points to {target}, where there is no schema")
        if target not in numbers:
            numbers[target] = f"#/definitions/{len(definitions)}"
            definitions[str(len(definitions))] = rules.places[target]
        schema["$ref"] = numbers[target]
    for name in ("$defs", "definitions"):
        plain.pop(name, None)
    if definitions:
        plain["definitions"] = definitions


class _Rules:
    """Applies the keyword rules to a schema and collects the locations and references found so far."""

    __slots__ = ("fits", "formats", "places", "references")

    def __init__(self, draft_4: bool, formats: Collection[str]) -> None:
        self.places: dict[str, Any] = {}
        self.references: dict[str, dict[str, Any]] = {}
        self.formats = formats
        bound = _is_flag if draft_4 else _is_number
        self.fits: dict[str, tuple[Callable[[Any], bool], str]] = {
            "$ref": (_is_local, "a place in the schema itself, such as '#/definitions/name'"),
            "enum": (lambda value: isinstance(value, list) and bool(value), "a list of values"),
            "exclusiveMaximum": (bound, "true or false" if draft_4 else "a number"),
            "exclusiveMinimum": (bound, "true or false" if draft_4 else "a number"),
            "format": (self.is_format, f"one of {', '.join(formats)}, or leave it out"),
            "maximum": (_is_number, "a number"),
            "minimum": (_is_number, "a number"),
            "multipleOf": (lambda value: _is_number(value) and value > 0, "a number above 0"),
            "pattern": (lambda value: isinstance(value, str), "a regular expression"),
            "required": (_are_names, "a list of names, each once"),
            "type": (_is_type, f"one of {', '.join(_TYPES)}, or a list of them"),
            "uniqueItems": (_is_flag, "true or false"),
        }
        for name in ("Items", "Length", "Properties"):
            self.fits[f"min{name}"] = self.fits[f"max{name}"] = (_is_count, "a whole number, 0 or more")

    def is_format(self, value: Any) -> bool:
        return isinstance(value, str) and value in self.formats


def _check(schema: Any, place: str, rules: _Rules, depth: int) -> None:
    """Reject a schema if the check would not enforce some part of it or its subschemas."""
    rules.places[place] = schema
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise SchemaError(f"{place} is not a schema: write an object, true or false")
    if depth > _DEEPEST:
        raise SchemaError(f"{place} is nested more than {_DEEPEST} deep")
    _prepare(schema, place)
    for key, value in schema.items():
        at = f"{place}/{key}"
        if key == "$ref" and _is_local(value):
            rules.references[at] = schema
        if key in rules.fits:
            fits, what = rules.fits[key]
            if not fits(value):
                raise SchemaError(f"{at} is {json.dumps(value)[:60]}: write {what}")
        elif key not in _NOTES and not key.startswith("x-"):
            _check_inside(key, value, at, rules, depth + 1)


def _prepare(schema: dict[str, Any], place: str) -> None:
    """Reject keywords that have no effect next to `$ref` and rewrite `const` as `enum`.

    fastjsonschema 2.22 compiles `const` only together with detailed errors, which make large schemas slow.
    """
    beside = [key for key in schema if key not in _NOTES and key not in _TABLES and key != "$ref"]
    if "$ref" in schema and beside:
        raise SchemaError(f"{place}/{beside[0]} is not applied next to $ref: put both into allOf")
    if "const" not in schema:
        return
    only = {"enum": [schema.pop("const")]}
    if "enum" in schema:
        schema["allOf"] = [{"allOf": schema["allOf"]}, only] if "allOf" in schema else [only]
    else:
        schema.update(only)


def _check_inside(key: str, value: Any, at: str, rules: _Rules, depth: int) -> None:
    """Check the subschemas in a keyword's value."""
    if key in _TABLES or key == "dependencies":
        if not isinstance(value, dict):
            raise SchemaError(f"{at} is not a table of schemas by name")
        for name, inner in value.items():
            if key != "dependencies" or not _are_names(inner):
                step = name.replace("~", "~0").replace("/", "~1")
                _check(inner, f"{at}/{step}", rules, depth)
    elif key in _LISTS or (key == "items" and isinstance(value, list)):
        if not isinstance(value, list) or not value:
            raise SchemaError(f"{at} is not a list of schemas")
        for number, inner in enumerate(value):
            _check(inner, f"{at}/{number}", rules, depth)
    elif key in _ONE:
        _check(value, at, rules, depth)
    else:
        raise SchemaError(
            f"{at} would not be checked: it is not a keyword of drafts 4, 6 and 7 that this check knows; "
            "leave it out, or write an annotation as x-..."
        )


def _unquoted(reference: str) -> str:
    """Decode the percent escapes of a reference."""
    if "%" not in reference:
        return reference
    from urllib.parse import unquote

    return unquote(reference)


def _is_local(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("#")


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _are_names(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(one, str) for one in value)
        and len(set(value)) == len(value)
    )


def _is_type(value: Any) -> bool:
    types = value if isinstance(value, list) else [value]
    return bool(types) and all(isinstance(one, str) and one in _TYPES for one in types)
