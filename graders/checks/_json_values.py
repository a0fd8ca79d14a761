"""How correct one JSON value is: each kind of value has its own comparison.

A kind reads the reference's value once (`expect`, which returns `Missing` for a value that nothing can be
compared with), and says how right a completion's value is (`compare`, 0 to 1).
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
        """How values of one kind are compared."""

        def expect(self, value: Any, /) -> Any:
            """Return what the reference's value asks for, or `Missing`."""
            ...

        def compare(self, right: Any, answer: Any, shares: FieldShares, /) -> float:
            """Return how right a completion's value is, 0 to 1."""
            ...


_LONGEST_DATE = 100

spelled = spelling(True, True, True)


class FieldShares:
    """How right each field was, by name, and how many fields nobody asked for."""

    __slots__ = ("extra", "places", "sums")

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.places: dict[str, int] = {}
        self.extra = 0

    def add(self, name: str, share: float) -> None:
        """Count one place of a field."""
        self.sums[name] = self.sums.get(name, 0.0) + share
        self.places[name] = self.places.get(name, 0) + 1

    def mean(self, name: str) -> float | None:
        """How right a field was over all of its places; None where it was not to be found anywhere."""
        return self.sums[name] / self.places[name] if name in self.places else None


class ExactValue:
    """Any JSON value, equal to the reference's."""

    __slots__ = ("coerce",)

    def __init__(self, coerce: bool) -> None:
        self.coerce = coerce

    def expect(self, value: Any) -> Any:
        """Return the value itself."""
        return value

    def compare(self, right: Any, answer: Any, shares: FieldShares) -> float:
        """Whether the values are equal, or with `coerce` spell the same number or truth value."""
        return float(equal(answer, right) or (self.coerce and _says(answer, right)))


class TextValue:
    """A text, but for case, white space and punctuation around it."""

    __slots__ = ("coerce",)

    def __init__(self, coerce: bool) -> None:
        self.coerce = coerce

    def expect(self, value: Any) -> str | Missing:
        """Return the text as it is compared."""
        if not isinstance(value, str):
            return Missing("it is no text")
        return spelled(value) or Missing("nothing is left of it once it is normalized")

    def compare(self, right: str, answer: Any, shares: FieldShares) -> float:
        """Whether the texts are spelled alike."""
        if isinstance(answer, str):
            return float(spelled(answer) == right)
        return float(self.coerce and _says(answer, right))


class NumberValue:
    """A number, within the larger of two allowances."""

    __slots__ = ("coerce", "relative", "tolerance")

    def __init__(self, tolerance: Number, relative: Number, coerce: bool) -> None:
        self.tolerance = tolerance
        self.relative = relative
        self.coerce = coerce

    def expect(self, value: Any) -> tuple[Number, bool] | Missing:
        """Return the number, and whether a text spells it."""
        number = number_of(value)
        return number if isinstance(number, Missing) else (number, isinstance(value, str))

    def compare(self, right: tuple[Number, bool], answer: Any, shares: FieldShares) -> float:
        """Whether it is near enough, and a text only where the reference is one or `coerce` says so."""
        if isinstance(answer, str) is not right[1] and not self.coerce:
            return 0.0
        return float(within(number_of(answer), right[0], self.tolerance, self.relative))


class DateValue:
    """A text that is one date or time, as precisely as the reference says."""

    __slots__ = ("day_first",)

    def __init__(self, day_first: bool | None) -> None:
        self.day_first = day_first

    def expect(self, value: Any) -> Moment | Missing:
        """Return the date or time."""
        if not isinstance(value, str) or len(value) > _LONGEST_DATE:
            return Missing("it is no text of the length of a date")
        from ._whole_moments import whole_moment  # which costs an import that other kinds do without

        return whole_moment(plain_width(value), self.day_first)

    def compare(self, right: Moment, answer: Any, shares: FieldShares) -> float:
        """Whether it says all that the reference says, and the same."""
        from ._whole_moments import agrees

        found = self.expect(answer)
        return 0.0 if isinstance(found, Missing) else float(agrees(found, right))


class AcceptedValue:
    """One of the values that the reference lists, all of one kind."""

    __slots__ = ("of",)

    def __init__(self, of: ValueKind) -> None:
        self.of = of

    def expect(self, value: Any) -> list[Any] | Missing:
        """Return what each of the accepted values asks for."""
        asked = expect_each(self.of, value)
        return Missing("it lists nothing that is accepted") if asked == [] else asked

    def compare(self, right: list[Any], answer: Any, shares: FieldShares) -> float:
        """Return how right it is as the accepted value that it is nearest to."""
        return max(self.of.compare(one, answer, shares) for one in right)


def expect_each(kind: ValueKind, value: Any) -> list[Any] | Missing:
    """Return what each item of a reference's list asks for."""
    if not isinstance(value, list):
        return Missing("it is no list")
    asked = [kind.expect(item) for item in value]
    return next((one for one in asked if isinstance(one, Missing)), asked)


def number_of(value: Any) -> Number | Missing:
    """Return the number that a JSON value is or, as a text, spells and holds nothing besides."""
    if isinstance(value, str):
        return parse_number(value, strict=True)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return Missing("it is no number")
    return exact(value)


def plain_key(value: Any) -> str | None:
    """Return what equal texts, numbers and truth values have in common; None for any other value.

    It is a text, whose hash nobody can foresee: a completion of numbers whose hashes are all the same would
    make a table of them slow.
    """
    if isinstance(value, str):
        return f'"{value}'
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, (int, float)) else None


def is_blank(value: Any) -> bool:
    """Whether a field's value says nothing: it is not there, null, a blank text or an empty list."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == [] or isinstance(value, Missing)


def equal(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same; not by recursion, since a completion may nest them deeply."""
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
    """Return the number or truth value that a text spells; any other value as it is."""
    spells = exact_json(value.strip()) if isinstance(value, str) else value
    return spells if isinstance(spells, (int, float)) else value


def _says(answer: Any, right: Any) -> bool:
    """Whether one of two values is a text that spells the other, a number or a truth value."""
    return isinstance(answer, str) is not isinstance(right, str) and equal(coerced(answer), coerced(right))
