"""Finds whole words in any script."""

from __future__ import annotations

import re

from ._visible import UNSPACED

MARKS = (
    r"\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962"
    r"\u0963\u0981-\u0983\u09bc\u09be-\u09cd\u09d7\u0a01-\u0a03\u0a3c-\u0a4d\u0a70\u0a71\u0a81-\u0a83\u0abc-\u0acd"
    r"\u0b01-\u0b03\u0b3c-\u0b57\u0b82\u0bbe-\u0bd7\u0c00-\u0c04\u0c3c-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6"
    r"\u0d00-\u0d03\u0d3b-\u0d4d\u0d57\u0d82\u0d83\u0dca-\u0ddf"
)
"""Combining marks, for a character class. The module `re` does not count them as word characters."""
_INSIDE = re.compile(rf"[^\W{UNSPACED}]|[{MARKS}]")
_NOT_BEHIND, _NOT_BEFORE = rf"(?<![^\W{UNSPACED}])(?<![{MARKS}])", rf"(?![^\W{UNSPACED}]|[{MARKS}])"


def whole_words(wanted: str, ignore_case: bool = True) -> re.Pattern[str]:
    r"""Return a pattern that finds a string where it does not split a word or a number.

    Scripts without spaces have no word boundaries. In JSON, `\n` spells a line break with a letter, and that
    letter is not the start of a word.
    """
    before = rf"(?:{_NOT_BEHIND}|(?<=\\[nrt]))" if _INSIDE.match(wanted[0]) else ""
    behind = _NOT_BEFORE if _INSIDE.match(wanted[-1]) else ""
    before += r"(?<!\d[.,])" if wanted[0].isdigit() else ""
    behind += r"(?![.,]\d)" if wanted[-1].isdigit() else ""
    return re.compile(before + re.escape(wanted) + behind, re.IGNORECASE if ignore_case else 0)
