"""Parses a run of digits, with its grouping and decimal separators, into an integer or a fraction."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fractions import Fraction
    from typing import TypeAlias

    Number: TypeAlias = int | Fraction

MAX_CHARS = 600  # below any limit on digits that Python allows for int()
MAX_EXPONENT = 400

# Internal separators, each with only one meaning, in Unicode's private use area. The separators that people
# type are ambiguous.
DECIMAL, GROUP, OVER = "\ue000", "\ue001", "\ue002"

VULGAR = dict(
    zip(
        "½¼¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅐⅑⅒",
        "1/2 1/4 3/4 1/3 2/3 1/5 2/5 3/5 4/5 1/6 5/6 1/8 3/8 5/8 7/8 1/7 1/9 1/10".split(),
        strict=True,
    )
)

_THREES = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+\Z")
_INDIAN = re.compile(r"[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}\Z")


def run_value(run: str, decimal: str, exponent: int = 0) -> Number | None:
    """Return the value of a run of digits, or None if its separators are ambiguous or misplaced.

    Args:
        run: Digits with points, commas, apostrophes or spaces between them.
        decimal: The decimal separator to assume if the run does not make it clear, `.` or `,`.
        exponent: The exponent of the power of ten to multiply by.
    """
    if len(run) > MAX_CHARS or abs(exponent) > MAX_EXPONENT:
        return None
    if run.isdecimal():
        return scaled(int(run), exponent)
    sign = _decimal_sign(run, decimal)
    if sign is None:
        return None
    whole, _, part = run.rpartition(sign) if sign else (run, "", "")
    if part and not part.isdecimal():  # 72.5'1
        return None
    grouping = set(whole) - set("0123456789")
    if grouping:
        whole = whole.replace(grouping.pop(), ",")
        if grouping or not (_THREES.match(whole) or _INDIAN.match(whole)):
            return None
        whole = whole.replace(",", "")
    return scaled(int((whole + part) or "0"), exponent - len(part))


def _decimal_sign(run: str, decimal: str) -> str | None:
    """Return a run's decimal separator, an empty string if it has none, or None if it is ambiguous.

    A comma may also separate the items of a list, but a point never does: `4.5` is a decimal number. A point
    that can group digits is a grouping separator if the decimal separator is a comma.
    """
    points, commas = run.count("."), run.count(",")
    if DECIMAL in run:
        return DECIMAL
    if points and commas:
        last = "." if run.rfind(".") > run.rfind(",") else ","
        return last if run.count(last) == 1 else None
    if (
        GROUP in run or "'" in run or " " in run
    ):  # these characters group digits, so a point or a comma is the decimal separator
        return "." if points else "," if commas else ""
    if points and (points > 1 or decimal == ","):
        return "" if _THREES.match(run.replace(".", ",")) else "." if points == 1 else None
    return "." if points else "," if decimal == "," and commas == 1 else ""


def scaled(value: Number, exponent: int) -> Number:
    """Multiply a value by a power of ten."""
    if not exponent:
        return value
    if exponent > 0:
        return whole(value * int(10**exponent))
    from fractions import Fraction

    return whole(Fraction(value) / 10**-exponent)


def whole(value: Number) -> Number:
    """Convert the value to an int if it is whole."""
    return value.numerator if value.denominator == 1 else value
