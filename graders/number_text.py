r"""Reads exact numbers out of text: what counts as a number, and what each spelling is worth.

In goes text that a model or a data set wrote; out come integers and fractions, never floats, so that 0.1 is
one tenth. It never raises on text and takes time linear in it. What it reads:

- `72`, `+72`, `-72`, `072`, `72.00`, `.5`, `1e3`, `1.5 x 10^3`, also with Unicode minus signs, digits of
  other scripts and invisible characters. A sign touches its number: `- 72` is a bullet and 72.
- `1,234,567` (a comma, or a no-break or thin space, before every three digits). `1,2,3` and `7,2` are lists.
  `100,200` without a space is one number, `10 000` with an ordinary space is two.
- `1/2`, `1 1/2`, `½` and `\frac{1}{2}`: exact quotients of integers.
- `2 million` (thousand, million, billion, trillion) is 2,000,000.
- Currencies, units, ordinals and markup around a number change nothing: `$72`, `USD 72`, `72 km`, `72nd`,
  `**72**`, `$72$`, `\(72\)`, `\boxed{72}`. A percent sign is a unit too: `50%` is 50, never one half.

Digits that read as no number: versions, dates and times (`1.2.3`, `2024-01-05`, `12:30`), powers (`7^2`),
a zero denominator, an ambiguous suffix (`72k`, `72M`, `7a2`), exponents beyond 400, more than 600 characters.
Digits inside a word (`m2`, `CO2`, `x_1`) are part of the word, and a calculator's note (`<<6*12=72>>`) is
no answer.
"""

from __future__ import annotations

import re

from .spelling import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction
    from typing import TypeAlias

    Number: TypeAlias = int | Fraction

MAX_CHARS = 600  # the least that Python may be told to allow in int() is 640
MAX_EXPONENT = 400
MAX_LINE = 10_000

_POWER_OF_TEN = r"[-+]?[0-9]{1,6}"
_NUMERAL = re.compile(
    r"(?P<clock>(?<![0-9.,])[0-9]+(?:[:/-][0-9]+){2,}|[0-9]+(?::[0-9]+)+)"  # dates and times
    # A sign, and what may stand between it and the digits. After a digit or a bracket it is an operation.
    r"|(?:(?<![\w)\]}%.+-])(?P<sign>[-+])(?:[A-Z]{0,3}[$€£¥₹] ?|[*`_({]{1,3}|[A-Z]{3} ?)?)?"
    r"(?:(?P<whole>[0-9]+) {1,2}(?=[0-9]+ ?/ ?[0-9]))?"  # of a mixed number
    r"(?P<run>(?:(?<![\w.])\.)?[0-9]+(?:[.,][0-9]+)*)"
    r"(?:[eE](?P<e>" + _POWER_OF_TEN + r")(?![0-9A-Za-z])"
    r"|\s{0,2}(?:[xX×*·]|\\times|\\cdot)\s{0,2}10\s?(?:\^|\*\*)\s?(?P<ten>" + _POWER_OF_TEN + r")(?![0-9])"
    r"|\s?/\s?(?P<over>[0-9]+)(?![.,]?[0-9])"
    r"|\s{1,2}(?P<scale>(?i:thousand|million|billion|trillion))s?\b)?"
)
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?\Z")
# What, right behind the digits, leaves them without one meaning.
_SPOILED = re.compile(r"\s?/\s?[0-9]|\^|\*\*[0-9]|(?:[kKMBT]|bn|mn)(?![A-Za-z])|[A-Za-z]{1,9}[0-9]")

_COMMAND = re.compile(r"\\([A-Za-z]{1,20})")
# LaTeX that leaves a number what it is; any other command beside it is mathematics still to be done.
_PLAIN_COMMANDS = frozenset(
    "boxed fbox text textbf textit textrm mathrm mathbf mathit displaystyle left right quad qquad"
    " times cdot dollar pounds euro approx degree circ cm km hline therefore implies".split()
)
_NOT_EQUAL = frozenset("≠≤≥±√π∞∓∛")


def numbers(text: str) -> Iterator[Number | None]:
    """Read every number of a text, in order; None stands for digits that read as no number.

    Args:
        text: What `plain` returned.
    """
    for found in _NUMERAL.finditer(text):
        if found["clock"] is not None:
            yield None
            continue
        start, end = found.start(), found.end()
        if found["sign"] is None and start and _in_word(text, start):
            continue
        if _SPOILED.match(text, end) or text[end : end + 1].isdigit() or (start and text[start - 1] in "^√"):
            yield None
            continue
        yield from _values(found)


def only(text: str) -> Number | None:
    """Read the one number of a text, None when there is none, several, or mathematics still to be done."""
    if len(text) < 24:  # by far the commonest answers: 72, $72, 72., **72**
        digits = text.lstrip("*$ ").rstrip("*$. ")
        if digits.isdecimal():
            return int(digits)
    text = plain(text)
    if "\\" in text and any(name not in _PLAIN_COMMANDS for name in _COMMAND.findall(text)):
        return None
    if not text.isascii() and not _NOT_EQUAL.isdisjoint(text):
        return None
    answer = None
    for value in numbers(text):
        if value is None or answer is not None:
            return None
        answer = value
    return answer


def last(text: str) -> Number | None:
    """Read the last number of a text; None when its last digits read as no number.

    Only the last line with digits is read, and of that the last 10,000 characters.
    """
    end = len(text)
    while end > 0:
        start = text.rfind("\n", 0, end) + 1
        line = text[start:end]
        if len(line) > MAX_LINE:
            cut = line.find(" ", len(line) - MAX_LINE)
            line = line[cut:] if cut >= 0 else ""
        values = list(numbers(plain(line)))
        if values:
            return values[-1]
        end = start - 1
    return None


def exact(value: float) -> Number:
    """Turn a number of Python's into the number that it is written as, so that 0.1 is one tenth.

    Raises:
        ValueError: It is not finite.
    """
    if isinstance(value, int):
        return int(value)
    from fractions import Fraction

    return _whole(Fraction(repr(float(value))))


def _in_word(text: str, start: int) -> bool:
    """Whether the digits at `start` belong to a word (`CO2`, `m^2`, `x_1`)."""
    before = text[start - 1]
    if before == "_" or before == "^":
        before = text[start - 2 : start - 1]
    if not before.isalpha():
        return False
    # A currency's code may touch its number, and so may a LaTeX command.
    return text[max(0, start - 3) : start] not in _CODES or text[max(0, start - 4) : start - 3].isalpha()


_CODES = frozenset("USD EUR GBP JPY INR CNY CHF AUD CAD".split())


def _values(found: re.Match[str]) -> Iterator[Number | None]:
    """What one numeral is worth; several values when its commas separate and do not group."""
    run, whole, over = found["run"], found["whole"], found["over"]
    if len(found[0]) > MAX_CHARS:
        yield None
        return
    pieces = [run.replace(",", "")] if "," not in run or _GROUPED.match(run) else run.split(",")
    if over is not None:
        value = _divided(whole, pieces, over)
    elif len(pieces) > 1:
        for piece in pieces:
            yield _decimal(piece, 0)
        return
    else:
        exponent = int(found["e"] or found["ten"] or 0)
        value = _decimal(pieces[0], exponent)
        if value is not None and found["scale"]:
            value = _whole(value * _SCALES[found["scale"].lower()])
    yield -value if value is not None and found["sign"] == "-" else value


def _decimal(digits: str, exponent: int) -> Number | None:
    """The value of `12`, `1.5` or `.5` times ten to the exponent; None when it is no such numeral."""
    before, point, after = digits.partition(".")
    if not point and not exponent:
        return int(digits)
    if "." in after or abs(exponent) > MAX_EXPONENT:
        return None
    exponent -= len(after)
    value = int(before + after)
    if exponent >= 0:
        return value * int(10**exponent)
    from fractions import Fraction

    return _whole(Fraction(value, 10**-exponent))


def _divided(whole: str | None, pieces: list[str], over: str) -> Number | None:
    """The value of `1/2` or `1 1/2`; None when it is not integers, or divides by zero."""
    if len(pieces) > 1 or "." in pieces[0] or not int(over):
        return None
    from fractions import Fraction

    part = Fraction(int(pieces[0]), int(over))
    if whole is None:
        return _whole(part)
    return _whole(int(whole) + part) if part < 1 else None


def _whole(value: Number) -> Number:
    """An int where the value is one."""
    return value.numerator if value.denominator == 1 else value
