r"""Parses exact numbers in text: integers and fractions, never floats, so that 0.1 is one tenth.

`parse_number` parses the only number in a short text. With `strict=True`, it parses a reference, and the
whole text must be one number. These functions never raise an error because of the text, and their running
time is linear in its length. `docs/answers.md` lists the accepted formats.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice

from ._blocks import TAKEN_BACK, is_retracted
from ._late import late
from ._missing import Missing
from ._runs import VULGAR, run_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Literal, TypeAlias

    from ._readings import Numeral
    from ._runs import Number

    Readers: TypeAlias = tuple[
        Callable[[str], str],
        Callable[[str], Iterator[re.Match[str]]],
        Callable[..., Numeral],
        Callable[[str], bool],
    ]

    Decimal: TypeAlias = Literal[".", ","]

MAX_LINE = 10_000
_SHORT = 24
_MOST = 64
_LONGEST_LIST = 1000
_LONGEST_TEXT = 100_000

_SPACE_BETWEEN = late(r"(?<=[0-9]) (?=[0-9]{3}(?![0-9]))")
_COMMAS = late(r"(?<![0-9.,])(?![1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9]|,[0-9]))[0-9]+(?:,[0-9]+)+")
_HALF_OPEN = late(r"\[[^()\[\]]{0,200}\)|\([^()\[\]]{0,200}\]")
_LINES_BETWEEN = late(r"(?<=[0-9])[ \t]{0,8}\n\s{0,8}(?=-?[0-9])")
_OPEN_END = late(r"[0-9]\S?[,;]?\s?(?:and so on|etc\b|\.\.\.)|,\s?\.\.\.", re.IGNORECASE)
_BULLETS = late(r"\s*(?:[-*•+] [^\n]*(?:\n\s*|\Z)){2,}")
_BULLET = late(r"^\s*[-*•+] ", re.MULTILINE)
_NO_SEPARATOR = late(r"(?!and\b)\b[^\W\d_]|[=<>≤≥≠±+*/^\\]")
DIGIT = late(rf"[\d{''.join(VULGAR)}]")
_ORDINARY = late(r"(?P<sign>-)?(?P<run>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,20}(?:\.[0-9]{1,20})?)(?: ?\\?%)?")
_COMMAND = late(r"\\[A-Za-z]")
_EQUALS = late(r"(?<![<>!:=])=(?![=>])")
_EQUATIONS = late(
    r"(?<![\w\\])([^\W\d_]\w{0,8})\s{0,2}=[^=,;\n]{1,40}(?:[,;](?:\sand\b)?|\band\b)[\s$]{0,3}([^\W\d_]\w{0,8})\s{0,2}=\Z"
)
# The left side of a reference's equation: x, x_1, f(2), P(A), |AB|, ∠ABC. |x| = 5 would have to be solved.
_NAME = late(
    r"[\s#$*]*(?:(?:m?(?:\\(?:angle|triangle|overline)\s?|[∠△])?\{?[A-Za-z]\w{0,11}\}?(?:_\{?\w{1,4}\}?)?'{0,2}"
    r"(?:\([^()=]{1,20}\))?|\|[A-Z]{2}\||[A-Z]{1,3}:[A-Z]{1,3})\s{0,2}=\s{0,2})?\Z"
)
_NOT_STRICT = frozenset("[{≈~")
_AROUND = " \t\r\n$*_`\"'.}"
_REMARK = late(
    r"(?:[\u3040-\u9fff]{1,2}[,、])?(?:\s(?!(?:and|to|of|less|minus|plus|times|by|over|but|than|vs)\b)[^\W\d_]{1,16}){0,3}"
    r"\s?[(\[][^()]*[)\]][\s.*_$]{0,4}\Z"
    r"|(?:[\u3040-\u9fff]{1,2}[,、])?[\s.,;*_$]{0,4}(?:[(\[].*[)\]][\s.*_$]{0,4}\Z|(?:because|since|after|as|for|each|when|if|which"
    r"|weil|denn|da|für|parce|car|pour|puisque|porque|para|pues|pois|perché|per|так\sкак|потому|для|если)\b"
    r"|因[为為]|由于|なぜなら|왜냐하면|لأن|क्योंकि)",
    re.DOTALL,
)
_HEDGE = late(r"\b(?:or|maybe|perhaps|possibly|not)\b|\?|或|还是|還是", re.IGNORECASE)


def parse_number(
    text: str, *, decimal: Decimal = ".", scale: bool = False, strict: bool = False
) -> Number | Missing:
    r"""Parse the only number in a short text, such as the line after a marker.

    `docs/answers.md` lists the texts that are parsed as numbers and those that are not. In short:

    - Currencies, units, ordinals, degrees, percent signs and markup do not change a number: `-$72`, `72 m^2`,
      `72nd`, `\boxed{72}`. `50%` is 50. Fractions are exact: `1/2`, `1 1/2`, `½`, `\frac12`.
    - Digits may be grouped in threes or in the Indian way, by commas, apostrophes or spaces. A comma that
      cannot group digits (`3,14`) makes the number unread unless `decimal=","` or another separator makes it
      clear (`1.234,56`).
    - Unfinished calculations, inequalities, intervals, sets, negations (`not 72`), dates, versions and scale
      words (`72k`, `2 million`) are unread.

    Args:
        text: A short text.
        decimal: The decimal separator to assume if the text does not make it clear.
        scale: Whether to accept `72k`, `3.5M` and `2 million`.
        strict: Whether the text may contain only one number, as in a reference. A unit from a fixed list may
            follow the number, but no other words.

    Returns:
        An int, or a Fraction if the number is not whole. `Missing` if the text contains no number, several
        numbers or a number that cannot be read exactly.
    """
    if len(text) < _SHORT and decimal == ".":
        value = int(text) if text.isdecimal() else ordinary_number(text)
        if value is not None:
            return value
    if len(text) > MAX_LINE:
        if DIGIT.search(text, MAX_LINE):
            return unread(f"it has digits beyond {MAX_LINE:,} characters")
        text = text[:MAX_LINE]
    plain, numerals, read_numeral, _ = readers()
    text = plain(text)
    read = [read_numeral(text, found, decimal, scale) for found in islice(numerals(text), _MOST)]
    read = [one for one in read if not one.dated] or read
    if not read:
        return Missing("there is no number")
    settled = _settled(text, read, strict)
    if strict or isinstance(settled, Missing):
        return settled
    return TAKEN_BACK if is_retracted(text[: read[-1].end], text[read[-1].end :]) else settled


def all_numbers(
    text: str, *, decimal: Decimal = ".", scale: bool = False, strict: bool = False
) -> tuple[Number, ...] | Missing:
    """Return every number in a text. A space before three digits separates two numbers.

    Args:
        text: A text.
        decimal: The decimal separator to assume if the text does not make it clear.
        scale: Whether to accept `72k`, `3.5M` and `2 million`.
        strict: Whether the text may contain only a list of numbers.
    """
    lone = ordinary_number(text) if len(text) < _SHORT and decimal == "." else None
    if lone is not None:
        return (lone,)
    if len(text) > _LONGEST_TEXT:
        return unread(f"it is longer than {_LONGEST_TEXT:,} characters")
    _, numerals, read_numeral, _ = readers()
    text = _itemized(text, decimal)
    if _HALF_OPEN.search(text) or _OPEN_END.search(text):
        return unread("it is an interval, or a list that goes on")
    found = list(islice(numerals(text), _LONGEST_LIST + 1))
    if len(found) > _LONGEST_LIST:
        return Missing(f"there are more than {_LONGEST_LIST} numbers", "several")
    read = [read_numeral(text, one, decimal, scale, listed=True) for one in found]
    values = tuple(one.value for one in read if one.value is not None)
    if len(values) < len(read):
        return unread("some of its digits do not form a number")
    if strict:
        if _NO_SEPARATOR.search(" ".join(_between(text, read))):
            return unread("there is other text between the numbers")
    if not read or strict:
        return values or Missing("there is no number")
    return TAKEN_BACK if is_retracted(text, text[read[-1].end :]) else values


def _itemized(text: str, decimal: Decimal) -> str:
    """Return a list's text with semicolons where a bullet, a line break or a space separates two numbers."""
    text = readers()[0](text)
    if _BULLETS.fullmatch(text):
        text = _BULLET.sub("", text)
    text = _LINES_BETWEEN.sub("; ", text)
    text = _SPACE_BETWEEN.sub("; ", text.replace("\\{", "{").replace("\\}", "}"))
    return _COMMAS.sub(lambda found: found[0].replace(",", ", "), text) if decimal == "." else text


@cache
def readers() -> Readers:
    """Load `plain`, `numerals`, `read_numeral` and `changed_behind` when they are first needed.

    Ordinary numbers do not need these functions. The result is cached because an import statement would cost
    each call 4 us.
    """
    from ._beside import changed_behind
    from ._numerals import plain
    from ._readings import numerals, read_numeral

    return plain, numerals, read_numeral, changed_behind


def _between(text: str, read: list[Numeral]) -> list[str]:
    """Return the parts of a text before, between and after its numerals."""
    ends, starts = [0, *(one.end for one in read)], [*(one.start for one in read), len(text)]
    return [text[end:start] for end, start in zip(ends, starts, strict=True)]


def unread(reason: str) -> Missing:
    """Return a `Missing` for an answer that was found but cannot be read exactly."""
    return Missing(reason, "not exact")


def ordinary_number(text: str) -> Number | None:
    """Return the number in a text with a common format, or None if the text needs the full analysis.

    Args:
        text: A short text.
    """
    digits = text if text.isdecimal() else text.lstrip("*$ ").rstrip("*$. \n")
    if digits.isdecimal() and len(digits) < _SHORT:
        return int(digits)
    found = _ORDINARY.fullmatch(digits)
    if found is None or ".." in text:
        return None
    value = run_value(found["run"], ".")
    return -value if value is not None and found["sign"] else value


def is_approximation(text: str, exact: Numeral, one: Numeral) -> bool:
    """Return True if a numeral just approximates the one before it, as in `1/3 ≈ 0.33`."""
    between = text[exact.end : one.start + 1]
    return exact.value is not None and len(between) < 8 and between.strip(" $")[:1] in ("≈", "~")


def _differ(one: Numeral, other: Numeral) -> bool:
    """Return True if two numerals have different values. False if either is unread."""
    return one.value is not None and other.value is not None and one.value != other.value


def booked(text: str, one: Numeral) -> Number | Missing:
    """Return a numeral's value. An amount of money in parentheses, such as `($72)`, is negative."""
    if one.value is None:
        return unread(one.reason)
    if not one.booked:
        return one.value
    if text[: one.start].strip(_AROUND) or text[one.end + 1 :].strip(_AROUND):
        return unread("its brackets may be a minus")
    return -one.value


def _settled(text: str, read: list[Numeral], strict: bool) -> Number | Missing:
    """Return the number that the numerals of an answer settle on."""
    equals = _EQUALS.search(text) if "=" in text else None
    if "\\" in text and _COMMAND.search(text, text.rfind("=") if equals else 0):
        return unread("it is an unfinished calculation")
    if equals:
        right = _right_side(text, read)
        if isinstance(right, Missing):
            return right
        read = right
    if strict:
        return _whole_text(text, read)
    if "not " in text:  # `5, not 6` and `not 6 but 5` are 5
        read = [one for one in read if not text[: one.start].endswith("not ")] or read
    read = [one for at, one in enumerate(read) if not (at and is_approximation(text, read[at - 1], one))]
    if len(read) > 1 and _is_remark(text, read):
        read = read[:1]
    if len(read) > 1:
        return Missing("there are several numbers", "several")
    return booked(text, read[0])


def _right_side(text: str, read: list[Numeral]) -> list[Numeral] | Missing:
    """Return the numerals after the last equals sign, or all if none follow. `Missing` if sides differ."""
    at = [found.end() for found in _EQUALS.finditer(text)][-1]
    left = [one for one in read if one.start < at]
    right = read[len(left) :]
    if several_equations(text, at):
        return Missing("there are several equations", "several")
    if left and right and _differ(left[-1], right[0]) and not text[left[-1].end : at - 1].strip(_AROUND):
        return Missing("both sides of an equals sign are numbers, and they differ", "several")
    return right or read


def several_equations(text: str, at: int) -> bool:
    """Return True if the equals sign before a position follows another equation, as in `k = 45, n =`."""
    found = _EQUATIONS.search(text[max(0, at - 100) : at])
    return found is not None and found[1] != found[2]


def _whole_text(text: str, read: list[Numeral]) -> Number | Missing:
    """Return the only numeral's value if the rest of the text is just a name, a unit and markup."""
    if len(read) > 1:
        return Missing("there are several numbers", "several")
    one = read[0]
    inside, behind = text[one.start : one.end], text[one.end :]
    bracket = ")" if one.booked else ""
    at = len(behind) - len(behind.lstrip(_AROUND + bracket))
    around = behind[_unit_end()(behind, at) :].strip(_AROUND)
    if not _NAME.match(text[: one.start]) or around or (not one.booked and "(" in inside):
        return unread("there is other text besides the number")
    if not _NOT_STRICT.isdisjoint(inside):
        return unread("it is a set, or about a number")
    return booked(text[one.start :], one)


@cache
def _unit_end() -> Callable[[str, int], int]:
    from ._units import unit_end

    return unit_end


def _is_remark(text: str, read: list[Numeral]) -> bool:
    """Return True if the text after the first of several numerals just explains it."""
    behind = text[read[0].end :]
    if read[0].value is None or not _REMARK.match(behind) or _HEDGE.search(behind):
        return False
    # 72 (73) contains two numbers; 72 [1], 72 (see 2) and 72 (48 + 24) contain only 72.
    inside = behind[max(0, behind.find("(")) :].strip(_AROUND)
    alone = len(read) == 2 and inside[:1] == "(" and not text[read[1].end :].strip(_AROUND + ")")
    return not (alone and not inside[1:].strip(" $*_")[:1].isalpha() and _differ(read[0], read[1]))
