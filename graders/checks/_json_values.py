"""Scores one JSON value by its kind, such as text, number or date.

A kind has two methods. `expect` parses each value in the reference once and returns `Missing` if it cannot be
compared. `compare` scores each value in a completion from 0 to 1.
"""

from __future__ import annotations

from ..extract import Missing, parse_number
from ..extract._compared import exact, within
from ..extract._json import exact_json
from ..extract._phrases import plain_width
from ._spelling import spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from ..extract._runs import Number
    from ._moments import Moment

    class ValueKind(Protocol):
        """A way to compare one kind of value."""

        def expect(self, value: Any, /) -> Any:
            """Return the reference's value in a comparable form, or `Missing`."""
            ...

        def compare(self, right: Any, answer: Any, shares: FieldShares, /) -> float:
            """Return the score of a completion's value, from 0 to 1."""
            ...


_LONGEST_DATE = 100

spelled = spelling(True, True, True)


class FieldShares:
    """The scores of the fields by name and the number of unrequested fields."""

    __slots__ = ("extra", "places", "sums")

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.places: dict[str, int] = {}
        self.extra = 0

    def add(self, name: str, share: float) -> None:
        """Record the score of one occurrence of a field."""
        self.sums[name] = self.sums.get(name, 0.0) + share
        self.places[name] = self.places.get(name, 0) + 1

    def mean(self, name: str) -> float | None:
        """Return a field's mean score, or None if the field never occurred."""
        return self.sums[name] / self.places[name] if name in self.places else None


class ExactValue:
    """Any JSON value, which must equal the value in the reference."""

    __slots__ = ("coerce",)

    def __init__(self, coerce: bool) -> None:
        self.coerce = coerce

    def expect(self, value: Any) -> Any:
        return value

    def compare(self, right: Any, answer: Any, shares: FieldShares) -> float:
        """Return 1.0 if the values are equal or, with `coerce`, spell the same number or boolean."""
        return float(equal(answer, right) or (self.coerce and _says(answer, right)))


class TextValue:
    """A string, compared without regard to case, white space or outer punctuation."""

    __slots__ = ("coerce",)

    def __init__(self, coerce: bool) -> None:
        self.coerce = coerce

    def expect(self, value: Any) -> str | Missing:
        if not isinstance(value, str):
            return Missing("it is not a string")
        return spelled(value) or Missing("nothing is left after normalization")

    def compare(self, right: str, answer: Any, shares: FieldShares) -> float:
        """Return 1.0 if the strings are equal after normalization."""
        if isinstance(answer, str):
            return float(spelled(answer) == right)
        return float(self.coerce and _says(answer, right))


class NumberValue:
    """A number, compared using the larger of two tolerances."""

    __slots__ = ("coerce", "relative", "tolerance")

    def __init__(self, tolerance: Number, relative: Number, coerce: bool) -> None:
        self.tolerance = tolerance
        self.relative = relative
        self.coerce = coerce

    def expect(self, value: Any) -> tuple[Number, bool] | Missing:
        """Return the number and whether it is written as a string."""
        number = number_of(value)
        return number if isinstance(number, Missing) else (number, isinstance(value, str))

    def compare(self, right: tuple[Number, bool], answer: Any, shares: FieldShares) -> float:
        """Return 1.0 if the numbers are close. Without `coerce`, a string and a number are never equal."""
        if isinstance(answer, str) is not right[1] and not self.coerce:
            return 0.0
        return float(within(number_of(answer), right[0], self.tolerance, self.relative))


class DateValue:
    """A string that is one date or time, compared at the reference's precision."""

    __slots__ = ("day_first",)

    def __init__(self, day_first: bool | None) -> None:
        self.day_first = day_first

    def expect(self, value: Any) -> Moment | Missing:
        if not isinstance(value, str) or len(value) > _LONGEST_DATE:
            return Missing("it is not a string of a date's length")
        from ._whole_moments import whole_moment  # imported only here, because the other kinds do not need it

        return whole_moment(plain_width(value), self.day_first)

    def compare(self, right: Moment, answer: Any, shares: FieldShares) -> float:
        """Return 1.0 if a date or time is as precise as the reference and matches it."""
        from ._whole_moments import agrees

        found = self.expect(answer)
        return 0.0 if isinstance(found, Missing) else float(agrees(found, right))


class AcceptedValue:
    """A value that must equal one of the values in the reference's list."""

    __slots__ = ("of",)

    def __init__(self, of: ValueKind) -> None:
        self.of = of

    def expect(self, value: Any) -> list[Any] | Missing:
        """Return each accepted value in a comparable form."""
        asked = expect_each(self.of, value)
        return Missing("it lists no accepted values") if asked == [] else asked

    def compare(self, right: list[Any], answer: Any, shares: FieldShares) -> float:
        """Return the value's best score against any accepted value."""
        return max(self.of.compare(one, answer, shares) for one in right)


def expect_each(kind: ValueKind, value: Any) -> list[Any] | Missing:
    """Return each item of a reference's list in a comparable form."""
    if not isinstance(value, list):
        return Missing("it is not a list")
    asked = [kind.expect(item) for item in value]
    return next((one for one in asked if isinstance(one, Missing)), asked)


def number_of(value: Any) -> Number | Missing:
    """Return the number in a JSON value, which may be a string that contains nothing else."""
    if isinstance(value, str):
        return parse_number(value, strict=True)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return Missing("it is not a number")
    return exact(value)


def plain_key(value: Any) -> str | None:
    """Return a key that is the same for equal strings, numbers and booleans, or None for any other value.

    The key is a string because string hashes cannot be predicted. A completion full of numbers with the same
    hash would make a hash table slow.
    """
    if isinstance(value, str):
        return f'"{value}'
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, (int, float)) else None


def is_blank(value: Any) -> bool:
    """Return True if a field's value is missing, null, a blank string or an empty list."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == [] or isinstance(value, Missing)


def equal(left: Any, right: Any) -> bool:
    """Return True if two JSON values are equal. Does not recurse, since they may be deeply nested."""
    pairs = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pairs += ((value, other[name]) for name, value in one.items())
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pairs += zip(one, other, strict=True)
        elif isinstance(one, bool) is not isinstance(other, bool) or one != other:
            return False
    return True


def coerced(value: Any) -> Any:
    """Convert a string that spells a number or a boolean. Return any other value unchanged."""
    spells = exact_json(value.strip()) if isinstance(value, str) else value
    return spells if isinstance(spells, (int, float)) else value


def _says(answer: Any, right: Any) -> bool:
    """Return True if one value is a number or boolean and the other is a string that spells it."""
    return isinstance(answer, str) is not isinstance(right, str) and equal(coerced(answer), coerced(right))
