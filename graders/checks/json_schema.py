"""A check that the JSON value in a completion conforms to a JSON schema."""

from __future__ import annotations

import json

from ..errors import DecorationError, RecordError
from ..extract import Missing
from ..extract._json import json_block
from ._answers import reward, take_option, text_of
from ._optional import optional
from ._options import count_option, text_option
from ._schema_formats import FORMATS
from ._schema_rules import SchemaError, plain_schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take

EXTRA = "schema"

_LONGEST = 100_000
_KEPT = 256
_NOTHING = ("{}", "[]", '""')
# Errors that validation may also raise for a nonconforming value, which may be nested too deeply or contain a
# number or string that Python's types cannot represent.
_UNFIT = (RecursionError, ArithmeticError, UnicodeError)


def json_schema(
    *,
    schema: Mapping[str, Any] | None = None,
    field: str | None = None,
    take: Take | None = None,
    max_chars: int = _LONGEST,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the completion's JSON value conforms to a JSON schema.

    `graders.extract.json_block` finds the value. The reference is ignored. The schema may use draft 4, 6 or
    7. `docs/json-schema.md` lists the supported formats. A schema is rejected if the check would not enforce
    all of it or if `{}`, `[]` or an empty string conforms to it. A `$ref` may only refer to a location in the
    schema itself. Regular expressions are matched by RE2, in linear time.

    It rewards only form: every conforming value earns 1, so a model may learn to write the same value every
    time. Use it as the first step of `combined.cascade`, before a check of the content.

    Args:
        schema: The schema for all records.
        field: The record field that contains the record's own schema, as an object or a JSON string. Use it
            instead of `schema`.
        take: Extracts the part of a completion that contains the value. None searches the whole completion.
        max_chars: The maximum length of a completion, in characters. Longer completions are unread.

    Raises:
        DecorationError: The schema cannot be enforced or an option is invalid.
        ConfigurationError: fastjsonschema or RE2 is not installed.

    Example:
        >>> check = json_schema(
        ...     schema={"type": "object", "required": ["total"], "properties": {"total": {"type": "number"}}}
        ... )
        >>> [check(make_sample(text)).value for text in ('{"total": 72}', '{"total": "72"}', "72, I think")]
        [1.0, 0.0, 0.0]
    """
    if (schema is None) is (field is None):
        raise DecorationError(
            "write either schema=, for all records, or field=, the record field with its own schema"
        )
    count_option("max_chars", max_chars)
    find = take_option(take)
    fits_of = _of_records(text_option("field", field)) if schema is None else _of_all(schema)

    def fits_schema(sample: Sample[Any]) -> Reward:
        fits = fits_of(sample)
        part = text_of(find(sample.completion)) if find else sample.completion
        if isinstance(part, Missing) or len(part) > max_chars:
            return reward(0.0, 1.0)
        value = json_block(part)
        return reward(0.0, 1.0) if isinstance(value, Missing) else reward(float(fits(value)), 0.0)

    return fits_schema


def _of_all(schema: object) -> Callable[[Sample[Any]], Callable[[Any], bool]]:
    """Return a function that returns the same schema's validator for every sample."""
    if not isinstance(schema, dict):
        raise DecorationError(f"schema={schema!r}: write a table, such as {{'type': 'object'}}")
    try:
        fits = _compiled(schema)
    except SchemaError as error:
        raise DecorationError(f"schema: {error}") from None
    return lambda sample: fits


def _of_records(field: str) -> Callable[[Sample[Any]], Callable[[Any], bool]]:
    """Return a function that returns the validator for the schema in a sample's record."""
    optional("fastjsonschema", EXTRA)
    known: dict[str, Callable[[Any], bool]] = {}

    def fits_of(sample: Sample[Any]) -> Callable[[Any], bool]:
        schema = sample.fields.get(field)
        if not isinstance(schema, (dict, str)):
            raise RecordError(
                f"the record's {field} contains no JSON schema: write it as an object or a string"
            )
        try:
            key = schema if isinstance(schema, str) else json.dumps(schema)
            if key not in known:
                if len(known) >= _KEPT:
                    known.clear()
                known[key] = _compiled(schema)
            return known[key]
        except (SchemaError, RecursionError) as error:
            raise RecordError(f"the record's {field} is not a schema that can be checked: {error}") from None

    return fits_of


def _compiled(schema: object) -> Callable[[Any], bool]:
    """Compile a schema to a function that returns True for conforming values.

    Raises:
        SchemaError: The schema cannot be enforced or a trivial value conforms to it.
        ConfigurationError: A package is not installed.
    """
    plain = plain_schema(schema, FORMATS)
    library = optional("fastjsonschema", EXTRA)
    try:
        made = library.compile(
            plain, handlers=_Refused(), formats=FORMATS, use_default=False, detailed_exceptions=False
        )
    except SchemaError:
        raise
    except Exception as error:  # the library's code generator may raise any error
        raise SchemaError(f"{type(error).__name__}: {error}") from None
    names = made.func.__globals__
    if patterns := names.get("REGEX_PATTERNS"):
        names["REGEX_PATTERNS"] = {pattern: _linear(pattern) for pattern in patterns}

    def fits(value: Any) -> bool:
        try:
            made(value)
        except (library.JsonSchemaException, *_UNFIT):
            return False
        return True

    for nothing in _NOTHING:
        if fits(json.loads(nothing)):
            raise SchemaError(
                f"it accepts {nothing}, which says nothing: name what is required, or a minimum length"
            )
    return fits


def _linear(pattern: str) -> Any:
    """Compile a pattern with RE2."""
    re2 = optional("re2", EXTRA, "google-re2")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeError) as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else error
        raise SchemaError(
            f"the pattern {pattern!r} is not valid in RE2, which has no lookaround: {said}"
        ) from None


class _Refused(dict[str, "Callable[[str], Any]"]):
    """Handlers for all URL schemes. They raise an error so that nothing is ever fetched."""

    def __contains__(self, scheme: object) -> bool:
        return True

    def __missing__(self, scheme: str) -> Callable[[str], Any]:
        return self._refuse

    @staticmethod
    def _refuse(address: str) -> NoReturn:
        raise SchemaError(f"$ref points to {address}: nothing is fetched; put that schema into definitions")
