"""Parses the `fields` option of `json_fields`, which specifies the fields to compare and how.

A field is identified by its path, which consists of keys separated by dots. A key that contains a dot or a
bracket must be in double quotes.
"""

from __future__ import annotations

import json
import re

from ..errors import DecorationError
from ..extract._compared import allowance
from ._json_objects import ListByKey, ListInAnyOrder, ListInOrder, ObjectField, ObjectOfFields
from ._json_values import AcceptedValue, DateValue, ExactValue, NumberValue, TextValue
from ._options import flag_options, number_option, share_option, text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from ._json_values import ValueKind

_STEP = re.compile(r'(?:"((?:[^"\\]|\\.)*+)"|([^".\[\]]+))(\.|\Z)')
_OF_ALL = ("kind", "weight", "optional")
_OF_VALUES = {
    "exact": ("coerce",),
    "text": ("coerce",),
    "number": ("coerce", "tolerance", "relative"),
    "date": ("day_first",),
}
_OF_LISTS = {"one_of": ("of",), "list": ("of", "fields"), "set": ("of", "key", "fields")}
_HOW_TO_NAME = (
    "write keys with dots between them, such as customer.name, and a key that contains a dot, a bracket or a "
    "quote in double quotes; the items of a list are compared by the kinds 'list' and 'set'"
)


def compared_fields(fields: object, *, partial: bool, coerce: bool) -> ObjectOfFields:
    """Parse the object fields to compare.

    Args:
        fields: List of paths, or dict that maps each path to the comparison of its value.
        partial: Whether each right field earns part of the reward.
        coerce: Whether a string is equal to the number or boolean that it spells, for fields without their
            own setting.

    Raises:
        DecorationError: The fields are invalid.
    """
    return ObjectOfFields(_FieldReader(partial, coerce).fields("fields", fields, ""))


class _FieldReader:
    """Parses fields and kinds using the same defaults. `where` locates a part of the option for messages."""

    __slots__ = ("coerce", "partial")

    def __init__(self, partial: bool, coerce: bool) -> None:
        self.partial = partial
        self.coerce = coerce

    def fields(self, where: str, fields: object, outer: str) -> Sequence[ObjectField]:
        made = [self.field(f"{where}[{name!r}]", name, how, outer) for name, how in _entries(where, fields)]
        paths = {field.path: field.name for field in made}
        if len(paths) < len(made):
            raise DecorationError(f"{where}={fields!r}: write each name once")
        for field in made:
            for length in range(1, len(field.path)):
                if around := paths.get(field.path[:length]):
                    raise DecorationError(f"{where}: {field.name!r} is a part of {around!r}: leave one out")
        if not any(field.weight for field in made):
            raise DecorationError(f"{where}: give at least one field a weight above 0")
        return made

    def field(self, where: str, name: object, how: object, outer: str) -> ObjectField:
        path = tuple(_steps(where, text_option("fields", name)))
        if not isinstance(how, (str, dict)):
            raise DecorationError(f"{where}={how!r}: write a kind, such as 'text', or a table of settings")
        settings: Mapping[str, Any] = {"kind": how} if isinstance(how, str) else how
        if "weight" in settings and not self.partial:
            raise DecorationError(f"{where}: a weight has no effect unless partial=True")
        weight = number_option(f"{where}: weight", settings.get("weight", 1), 0)
        optional = settings.get("optional", False)
        flag_options(**{f"{where}: optional": optional})
        named = f"{outer}{name}"
        return ObjectField(named, path, self.kind(where, settings, named), weight, optional)

    def kind(self, where: str, how: Mapping[str, Any], named: str) -> ValueKind:
        name = how.get("kind", "exact")
        _refuse_unknown(where, name, how)
        if name not in _OF_LISTS:
            return self.value(where, name, how)
        if "fields" in how or "key" in how:
            return self.objects(where, name, how, named)
        item = self.value(where, how.get("of", "exact"), how)
        if name == "one_of":
            return AcceptedValue(item)
        if name == "list":
            return ListInOrder(item)
        if how.get("of") == "date" or how.get("tolerance") or how.get("relative"):
            raise DecorationError(
                f"{where}: a set's items are compared exactly, so it has neither dates nor tolerances: write "
                "kind='list', or of='text'"
            )
        return ListInAnyOrder(item, how.get("coerce", self.coerce))

    def value(self, where: str, name: str, how: Mapping[str, Any]) -> ValueKind:
        """Return the kind of a value that is not a list."""
        if name == "date":
            if "day_first" in how:
                flag_options(**{f"{where}: day_first": how["day_first"]})
            return DateValue(how.get("day_first"))
        coerce = how.get("coerce", self.coerce)
        flag_options(**{f"{where}: coerce": coerce})
        if name != "number":
            return TextValue(coerce) if name == "text" else ExactValue(coerce)
        tolerance = allowance("tolerance", number_option(f"{where}: tolerance", how.get("tolerance", 0), 0))
        relative = allowance("relative", share_option(f"{where}: relative", how.get("relative", 0)))
        return NumberValue(tolerance, relative, coerce)

    def objects(self, where: str, name: str, how: Mapping[str, Any], named: str) -> ValueKind:
        """Return the kind of a list of objects."""
        key = None if name == "list" else text_option(f"{where}: key", how.get("key"))
        item: ValueKind = ExactValue(self.coerce)
        if "fields" in how:
            inner = self.fields(f"{where}: fields", how["fields"], f"{named}.")
            item = ObjectOfFields(inner, () if key is None else (key,))
        return ListInOrder(item) if key is None else ListByKey(item, key)


def _entries(where: str, fields: object) -> Sequence[tuple[object, object]]:
    """Return each field's name along with its kind or settings."""
    if isinstance(fields, dict) and fields:
        return list(fields.items())
    if isinstance(fields, (list, tuple)) and fields:
        return [(name, {}) for name in fields]
    raise DecorationError(
        f"{where}={fields!r}: write a list of names, such as ['total'], or a table of kinds by name, such as "
        "{'total': 'number'}"
    )


def _steps(where: str, name: str) -> Iterator[str]:
    at, end = 0, "."
    while end:
        step = _STEP.match(name, at)
        if step is None:
            raise DecorationError(f"{where}: {_HOW_TO_NAME}")
        quoted, plain, end = step.groups()
        try:
            yield plain if quoted is None else json.loads(f'"{quoted}"', strict=False)
        except ValueError:
            raise DecorationError(f"{where}: write the quoted key as JSON writes a string") from None
        at = step.end()


def _refuse_unknown(where: str, name: object, how: Mapping[str, Any]) -> None:
    """Reject an unknown kind or a setting that the kind does not have."""
    known: Sequence[str] = _OF_VALUES.get(name, ()) if isinstance(name, str) else ()
    if isinstance(name, str) and name in _OF_LISTS:
        of = how.get("of", "exact")
        if not isinstance(of, str) or of not in _OF_VALUES:
            raise DecorationError(f"{where}: of={of!r}: write one of {', '.join(_OF_VALUES)}")
        known = _OF_LISTS[name]
        known = known[1:] if "fields" in how or "key" in how else (*known, *_OF_VALUES[of])
    elif not known:
        kinds = ", ".join((*_OF_VALUES, *_OF_LISTS))
        raise DecorationError(f"{where}: kind={name!r}: write one of {kinds}")
    if unknown := [one for one in how if one not in (*_OF_ALL, *known)]:
        inside = "" if "kind" in how else ". Name a field inside it by its path, such as 'customer.name'"
        raise DecorationError(
            f"{where} has no setting {unknown[0]}; the kind {name!r} takes "
            f"{', '.join((*_OF_ALL, *known))}{inside}"
        )
