"""Builds wrong numbers from a right one: slightly off, or with a wrong sign, power of ten or digit."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from harness.audit.answer_kinds import same
from harness.audit.formats import Format

__all__ = ["BEYOND_FLOAT", "WrongStep", "magnitude", "wrong_numbers", "with_reference"]

BEYOND_FLOAT = (9_007_199_254_740_992, 9_007_199_254_740_993)
"""2**53 and the next integer, which are equal as floats."""

_FIRST = re.compile(r"(?<![\w.])(?:\d[\d,]*(?:\.\d+)?|\.\d+)")
_AFTER = "after ####"
_MINUS = "-\u2212"
_RELATIVE = ("0.0001", "0.001", "0.01", "0.05", "0.1", "0.5")
_ABSOLUTE = ("0.01", "0.1", "0.4", "0.9", "1", "5")
_SCALES = {"x10": "10", "x100": "100", "x1000": "1000", "/10": "0.1", "/100": "0.01"}


class WrongStep(NamedTuple):
    """A wrong number."""

    name: str
    """Description of the error, for messages."""
    answer: str
    group: str
    """One of `scale`, `relative`, `absolute`, `digits`, `after`, and `unworked` (a right value left
    uncomputed).
    """
    ratio: Decimal | None = None
    """Ratio of the number to the right value, or None if unknown or if the right value is 0."""
    off: Decimal | None = None
    """Difference between the number and the right value."""


class _Read(NamedTuple):
    """The first number in an answer and the text around it."""

    before: str
    digits: str
    after: str

    @property
    def size(self) -> Decimal:
        return Decimal(self.digits.replace(",", ""))

    @property
    def negative(self) -> bool:
        return any(mark in self.before for mark in _MINUS)

    @property
    def places(self) -> int:
        return len(self.digits.partition(".")[2])


def magnitude(answer: str) -> Decimal | None:
    """Return the absolute value of the first number in an answer, or None if it has none.

    Args:
        answer: The answer.
    """
    read = _read(answer)
    return None if read is None else read.size


def wrong_numbers(answer: str) -> list[WrongStep]:
    """Return wrong numbers written in the same notation as the right number.

    Args:
        answer: The right answer, such as `1,250`, `-$3.50`, `12%` or `3/4`.

    Returns:
        The wrong numbers. Empty if the answer has no number.
    """
    read = _read(answer)
    if read is None:
        return []
    found: dict[str, WrongStep] = {}
    for step in (*_scaled(answer, read), *_shifted(read), *_digits(read), *_followed(answer, read)):
        if not same("number", step.answer, answer):
            found.setdefault(step.answer, step)
    return [*found.values()]


def with_reference(one: Format, record: dict[str, Any], answer: str) -> dict[str, Any] | None:
    """Return a copy of a record with another answer, or None if the answer's place in it is unknown.

    Args:
        one: The format. Its reading locates the answer.
        record: The record.
        answer: The new answer.
    """
    path, part = one.reading
    changed = copy.deepcopy(record)
    place: Any = changed
    for key in path[:-1]:
        place = place.get(key) if isinstance(place, dict) else None
    if part not in ("whole", _AFTER) or not isinstance(place, dict) or path[-1] not in place:
        return None
    key, held = path[-1], place[path[-1]]
    if isinstance(held, dict) and set(held) == {"text"}:
        place, key, held = held, "text", held["text"]
    if isinstance(held, str):
        head, marker, _ = held.rpartition("####") if part == _AFTER else ("", "", "")
        place[key] = f"{head}{marker} {answer}" if marker else answer
    elif isinstance(held, int | float) and not isinstance(held, bool):
        place[key] = int(answer)
    else:
        return None
    return changed


def _read(answer: str) -> _Read | None:
    found = _FIRST.search(answer)
    if found is None or len(found[0]) > 60:
        return None
    return _Read(answer[: found.start()], found[0], answer[found.end() :])


def _written(read: _Read, value: Decimal) -> str:
    """Write a value in place of the right one, with the same sign, commas and surrounding text."""
    if value < 0:
        return _flipped(_written(read, -value), read)
    text = format(value, ",f" if "," in read.digits else "f")
    if "." in text:
        kept = text.rstrip("0")
        whole, _, part = kept.partition(".")
        part = part.ljust(read.places, "0")
        text = f"{whole}.{part}" if part else whole
    return f"{read.before}{text}{read.after}"


def _flipped(answer: str, read: _Read) -> str:
    if not read.negative:
        return f"-{answer}"
    return "".join(mark for mark in read.before if mark not in _MINUS) + answer[len(read.before) :]


def _scaled(answer: str, read: _Read) -> Iterator[WrongStep]:
    yield WrongStep("the sign flipped", _flipped(answer, read), "scale", Decimal(-1), 2 * read.size)
    for name, by in _SCALES.items():
        value = read.size * Decimal(by)
        yield WrongStep(name, _written(read, value), "scale", Decimal(by), abs(value - read.size))


def _shifted(read: _Read) -> Iterator[WrongStep]:
    size = read.size
    for text in _RELATIVE:
        off = size * Decimal(text)
        if read.places == 0 and off >= 1:
            off = off.to_integral_value(rounding="ROUND_DOWN")
        for sign, word in ((1, "more"), (-1, "less")):
            value = size + sign * off
            ratio = value / size if size else None
            yield WrongStep(
                f"{(Decimal(text) * 100).normalize():f} % {word}",
                _written(read, value),
                "relative",
                ratio,
                off,
            )
    for text in _ABSOLUTE:
        off = Decimal(text)
        for sign, word in ((1, "more"), (-1, "less")):
            value = size + sign * off
            ratio = value / size if size else None
            yield WrongStep(f"{text} {word}", _written(read, value), "absolute", ratio, off)


def _digits(read: _Read) -> Iterator[WrongStep]:
    """Yield numbers with a digit added, dropped or swapped."""
    digits = read.digits

    def step(name: str, text: str) -> WrongStep:
        size = Decimal(text.replace(",", ""))
        ratio = size / read.size if read.size else None
        return WrongStep(name, f"{read.before}{text}{read.after}", "digits", ratio, abs(size - read.size))

    yield step("a digit added at the end", f"{digits}7" if "." in digits else f"{digits}5")
    yield step("a digit added before", f"7{digits.replace(',', '')}")
    yield step("digits around it", f"7{digits.replace(',', '')}7")
    whole = digits.replace(",", "")
    if len(whole) >= 2 and "." not in whole:
        yield step("the last digit dropped", whole[:-1])
        yield step("the first digit dropped", whole[1:])
        swapped = next((at for at in range(len(whole) - 1) if whole[at] != whole[at + 1]), None)
        if swapped is not None:
            yield step(
                "two digits swapped",
                whole[:swapped] + whole[swapped + 1] + whole[swapped] + whole[swapped + 2 :],
            )


def _followed(answer: str, read: _Read) -> Iterator[WrongStep]:
    """Yield the right number followed by arithmetic that changes the value."""
    if not read.after and read.size:
        yield WrongStep("followed by `e5`", f"{answer}e5", "scale", Decimal(100_000), read.size * 99_999)
        for tail in ("/8", " * 10", "^2" if read.size != 1 else "+1"):
            yield WrongStep(f"followed by `{tail.strip()}`", f"{answer}{tail}", "after")
        if read.places == 0 and not read.before:
            yield WrongStep("a sum that is not worked out", f"{read.size - 1} + 1", "unworked")
