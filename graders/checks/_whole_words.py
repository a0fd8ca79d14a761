"""Finds whole words and whole numbers in any script.

A string that starts or ends with a digit is not found inside a longer number. A sign, a decimal part, a
fraction, a power, a time and a range make it another number: `5` is not in `-5`, `1.5`, `5/6`, `5^2`, `5:30`
or `5-6`. Units do not: `5` is in `$5`, `5%`, `5-star` and `+5`.
"""

from __future__ import annotations

import re

from ..extract._units import CURRENCIES
from ._visible import UNSPACED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARKS = (
    r"\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962"
    r"\u0963\u0981-\u0983\u09bc\u09be-\u09cd\u09d7\u0a01-\u0a03\u0a3c-\u0a4d\u0a70\u0a71\u0a81-\u0a83\u0abc-\u0acd"
    r"\u0b01-\u0b03\u0b3c-\u0b57\u0b82\u0bbe-\u0bd7\u0c00-\u0c04\u0c3c-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6"
    r"\u0d00-\u0d03\u0d3b-\u0d4d\u0d57\u0d82\u0d83\u0dca-\u0ddf"
)
"""Combining marks, written for use in a character class. `re` does not count them as word characters."""
_EDGELESS = rf"{UNSPACED}\uac00-\ud7a3"  # Korean has spaces between words, but attaches particles to them
_LETTER = rf"[^\W_{_EDGELESS}]"
_INSIDE = re.compile(rf"[^\W{_EDGELESS}]|[{MARKS}]")
# An underscore joins words, as in `refund_policy`, unless it is emphasis, as in `_refund_`.
_NOT_BEHIND = rf"(?<!{_LETTER})(?<!{_LETTER}_)(?<!{_LETTER}__)(?<![{MARKS}])"
_NOT_BEFORE = rf"(?!_{{0,2}}{_LETTER}|[{MARKS}])"

_HYPHENS = frozenset("-\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d")
_BETWEEN = _HYPHENS | frozenset(".,'/:^~\u301c\uff5e")
_CHANGING = frozenset("\u00b1\u2213\u221a")
_TIMES_TEN = re.compile(r"\s?[x\u00d7*\u00b7]\s?10(?:\^|\*\*|[\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207b])")
# A date contains its year, and a telephone number after its country code is still that number.
_PART_BEFORE = re.compile(r"(?<!\d)(?:\d{1,2}([-/.])\d{1,2}\1|(?P<country>\+?\d{1,3}-))\Z")
_YEAR, _TELEPHONE = re.compile(r"\d{4}(?!\d)"), re.compile(r"\d{3}-\d{3}-\d{4}(?!\d)")
_DAY_BEHIND = re.compile(r"([-/.])\d{1,2}\1\d{1,2}(?!\d)")
_HYPHEN_BEFORE, _HYPHEN_BEHIND = re.compile(r"[^\W_]-\Z"), re.compile(r"-[^\W_]")
_LONE_YEAR = re.compile(r"(?<!\d)\d{4}\Z")


def whole_words(wanted: str, ignore_case: bool = True) -> re.Pattern[str]:
    r"""Return a pattern that finds a string wherever it does not split a word or a number.

    Scripts without spaces have no word boundaries. In JSON, `\n` writes a line break with a letter, which is
    not the start of a word.
    """
    before = r"(?<!\d[.,])" if wanted[0].isdigit() else ""
    behind = r"(?![.,]\d)" if wanted[-1].isdigit() else ""
    return _pattern(wanted, ignore_case, before, behind)


def _pattern(wanted: str, ignore_case: bool, before: str = "", behind: str = "") -> re.Pattern[str]:
    """Return a pattern that finds a string between the edges of words."""
    before += rf"(?:{_NOT_BEHIND}|(?<=\\[nrt]))" if _INSIDE.match(wanted[0]) else ""
    behind += _NOT_BEFORE if _INSIDE.match(wanted[-1]) else ""
    return re.compile(before + re.escape(wanted) + behind, re.IGNORECASE if ignore_case else 0)


def certain_words(wanted: str, ignore_case: bool = True) -> Callable[[str], Iterator[re.Match[str]]]:
    """Return a function that finds a string as whole words, unless it is part of another number or name."""
    pattern = _pattern(wanted, ignore_case)
    return lambda text: (one for one in pattern.finditer(text) if not _is_part(text, *one.span()))


def _is_part(text: str, start: int, end: int) -> bool:
    """Return True if an occurrence is part of another number or name: `C` in `C++` and `Objective-C`."""
    if end - start == 1 and text[start].isalpha():
        if _HYPHEN_BEFORE.search(text, max(0, start - 2), start) or _HYPHEN_BEHIND.match(text, end):
            return True
    return any(splits_number(text, at) or splits_name(text, at) for at in (start, end))


def splits_number(text: str, at: int) -> bool:
    """Return True if a position is inside a number: `1.5`, `1,000`, `-5`, `5/6`, `2^5`, `5:30`, `5-6`."""
    before, after = text[max(0, at - 1) : at], text[at : at + 1]
    first, behind = text[max(0, at - 2) : max(0, at - 1)], text[at + 1 : at + 2]
    if before.isdigit():
        if after == "^" and (behind.isalnum() or behind in tuple("{(-")):
            return True
        if after in _BETWEEN and behind.isdigit():
            return not (_DAY_BEHIND.match(text, at) and _LONE_YEAR.search(text, max(0, at - 5), at))
        return _TIMES_TEN.match(text, at) is not None
    if not (after.isdigit() or (after in CURRENCIES and behind.isdigit())) or not before:
        return False
    if before in CURRENCIES:
        return splits_number(text, at - 1)
    if before in _CHANGING:
        return True
    if before in _BETWEEN and first.isdigit():
        part = _PART_BEFORE.search(text, max(0, at - 6), at)
        return not (part and (_TELEPHONE if part["country"] else _YEAR).match(text, at))
    if before in _HYPHENS:
        return not first.isalpha()  # COVID-19 has a hyphen, x = -19 a sign
    if before == ".":
        return not first.isalpha() and first != "."
    return before in "^+" and (first.isalnum() or first in tuple(")}"))


def splits_name(text: str, at: int) -> bool:
    """Return True if a sign joins a position to the word beside it: `C#`, `A+`, `.NET`, `R&D`, `a_b`."""
    before, after = text[max(0, at - 1) : at], text[at : at + 1]
    first, behind = text[max(0, at - 2) : max(0, at - 1)], text[at + 1 : at + 2]
    if before.isalpha() and (
        after in tuple("#\u266f\uff03") or (after in tuple("+\uff0b") and not behind.isalpha())
    ):
        return True
    if before == "." and after.isalpha() and not first.strip():
        return True
    return (after in tuple("&_") and before.isalnum() and behind.isalnum()) or (
        before in tuple("&_") and after.isalnum() and first.isalnum()
    )
