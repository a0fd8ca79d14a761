"""Scores the fields of a JSON object and the items of a list.

The score of an object is the weighted fraction of its right fields. The score of a list is the number of
right items divided by the length of the longer list, so a missing item costs as much as an extra one.
"""

from __future__ import annotations

from ..extract import Missing
from ._json_values import (
    NumberValue,
    TextValue,
    coerced,
    expect_each,
    is_blank,
    number_of,
    plain_key,
    spelled,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, TypeAlias

    from ._json_values import FieldShares, ValueKind

    _Known: TypeAlias = Mapping[str, "_Known | None"]

_ABSENT = Missing("it is missing")


class ObjectField:
    """One field of an object, with its comparison and weight.

    Args:
        name: Path of the field, as written.
        path: The keys that lead to the field.
        kind: How its values are compared.
        weight: Weight of the field relative to the others.
        optional: Whether a reference may omit the field.
    """

    __slots__ = ("kind", "name", "optional", "path", "weight")

    def __init__(
        self, name: str, path: Sequence[str], kind: ValueKind, weight: float = 1, optional: bool = False
    ) -> None:
        self.name = name
        self.path = path
        self.kind = kind
        self.weight = weight
        self.optional = optional

    def of(self, value: Any) -> Any:
        """Return the field's value in an object, or `Missing`."""
        for key in self.path:
            if not isinstance(value, dict) or key not in value:
                return _ABSENT
            value = value[key]
        return value

    def expect(self, value: Any) -> tuple[Any] | Missing | None:
        """Return the expected value in a tuple, or None if the reference omits an optional field."""
        given = self.of(value)
        if self.optional and is_blank(given):
            return None
        if given is _ABSENT:
            return Missing(f"it has no field {self.name!r}")
        asked = self.kind.expect(given)
        if isinstance(asked, Missing):
            return Missing(f"its field {self.name!r} cannot be compared: {asked.reason}")
        return (asked,)


class ObjectOfFields:
    """An object for which the given fields are compared.

    Args:
        fields: Fields to compare.
        keys: Other keys that an object may contain.
    """

    __slots__ = ("fields", "known", "names")

    def __init__(self, fields: Sequence[ObjectField], keys: Iterable[str] = ()) -> None:
        self.fields = fields
        self.names = [name for field in fields for name in (field.name, *getattr(field.kind, "names", ()))]
        self.known: dict[str, Any] = dict.fromkeys(keys)
        for field in fields:
            *above, last = field.path
            at = self.known
            for key in above:
                at = at.setdefault(key, {})
            at.setdefault(last, None)

    def expect(self, value: Any) -> list[Any] | Missing:
        if not isinstance(value, dict):
            return Missing("it is not an object")
        asked = [field.expect(value) for field in self.fields]
        return next((one for one in asked if isinstance(one, Missing)), asked)

    def asks(self, right: list[Any]) -> bool:
        """Return True if the reference has a field with a nonzero weight."""
        return any(one is not None and field.weight for field, one in zip(self.fields, right, strict=True))

    def compare(self, right: list[Any], answer: Any, shares: FieldShares) -> float:
        """Return the weighted fraction of right fields among those in the reference or the answer."""
        total = earned = 0.0
        for field, asked in zip(self.fields, right, strict=True):
            given = field.of(answer)
            if asked is None and is_blank(given):
                continue
            if asked is None or given is _ABSENT:
                share = 0.0
                miss(field.kind, shares)
            else:
                share = field.kind.compare(asked[0], given, shares)
            shares.add(field.name, share)
            total += field.weight
            earned += field.weight * share
        shares.extra += _extra(answer, self.known)
        return earned / total if total else float(isinstance(answer, dict))


class ListInOrder:
    """A list whose items are compared by position."""

    __slots__ = ("names", "of")

    def __init__(self, of: ValueKind) -> None:
        self.of = of
        self.names: Sequence[str] = getattr(of, "names", ())

    def expect(self, value: Any) -> Any:
        return expect_each(self.of, value)

    def compare(self, right: Any, answer: Any, shares: FieldShares) -> float:
        """Return the fraction of right items."""
        if not isinstance(answer, list):
            return self.share((), len(right), shares)
        pairs = zip(right, answer, strict=False)
        return self.share(pairs, max(len(right), len(answer)), shares) if right or answer else 1.0

    def share(self, pairs: Iterable[tuple[Any, Any]], places: int, shares: FieldShares) -> float:
        """Return the fraction of right pairs. A position without a counterpart is wrong."""
        earned, paired = 0.0, 0
        for asked, item in pairs:
            earned += self.of.compare(asked, item, shares)
            paired += 1
        for _ in range(places - paired):
            miss(self.of, shares)
        return earned / max(places, 1)


class ListByKey(ListInOrder):
    """A list of objects in any order, matched by the value of a key."""

    __slots__ = ("key",)

    def __init__(self, of: ValueKind, key: str) -> None:
        super().__init__(of)
        self.key = key

    def expect(self, value: Any) -> Any:
        """Return the expected objects, indexed by the value of their key."""
        asked = super().expect(value)
        if isinstance(asked, Missing):
            return asked
        keys = [self._key_of(item) for item in value]
        if None in keys:
            return Missing(f"an item has no {self.key!r} that is a string, a number, true or false")
        made = dict(zip(keys, asked, strict=True))
        return made if len(made) == len(keys) else Missing(f"two items have the same {self.key!r}")

    def compare(self, right: Any, answer: Any, shares: FieldShares) -> float:
        """Return the fraction of right objects. Objects in the answer that share a key all count as wrong."""
        if not isinstance(answer, list):
            return self.share((), len(right), shares)
        items: dict[str | None, Any] = {}
        for item in answer:
            key = self._key_of(item)
            items[key] = _ABSENT if key in items else item
        pairs = [(one, items[key]) for key, one in right.items() if items.get(key, _ABSENT) is not _ABSENT]
        return self.share(pairs, max(len(right), len(answer)), shares) if right or answer else 1.0

    def _key_of(self, item: Any) -> str | None:
        return plain_key(item.get(self.key)) if isinstance(item, dict) else None


class ListInAnyOrder:
    """A list of strings, numbers and booleans in any order. Duplicates count."""

    __slots__ = ("coerce", "of")

    def __init__(self, of: ValueKind, coerce: bool) -> None:
        self.of = of
        self.coerce = coerce

    def expect(self, value: Any) -> Any:
        """Count how often each value occurs in the reference."""
        asked = expect_each(self.of, value)
        if isinstance(asked, Missing):
            return asked
        counts = self._counts(value)
        return Missing("an item is an object, a list or null") if None in counts else counts

    def compare(self, right: dict[str | None, int], answer: Any, shares: FieldShares) -> float:
        """Return the fraction of values that both lists contain."""
        if not isinstance(answer, list):
            return 0.0
        given, longer = self._counts(answer), max(sum(right.values()), len(answer))
        both = sum(min(count, given.get(key, 0)) for key, count in right.items())
        return both / longer if longer else 1.0

    def _counts(self, items: Sequence[Any]) -> dict[str | None, int]:
        counts: dict[str | None, int] = {}
        for item in items:
            key = self._key_of(item)
            counts[key] = counts.get(key, 0) + 1
        return counts

    def _key_of(self, item: Any) -> str | None:
        """Return a key that is the same for equal items, or None for an item that cannot be compared."""
        if isinstance(self.of, NumberValue):
            number = number_of(item)
            kind = '"' if isinstance(item, str) and not self.coerce else ""
            return None if isinstance(number, Missing) else f"{kind}{number}"
        if isinstance(self.of, TextValue):
            return f'"{spelled(item)}' if isinstance(item, str) else None
        return plain_key(coerced(item) if self.coerce else item)


def miss(kind: ValueKind, shares: FieldShares) -> None:
    """Count every field in a missing value as wrong."""
    for name in getattr(kind, "names", ()):
        shares.add(name, 0.0)


def _extra(value: Any, known: _Known) -> int:
    """Count the unknown fields of an object, including those inside its known fields."""
    if not isinstance(value, dict):
        return 0
    inside = ((value[key], below) for key, below in known.items() if below is not None and key in value)
    return sum(key not in known for key in value) + sum(_extra(one, below) for one, below in inside)
