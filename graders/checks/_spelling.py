"""Normalizes case, white space, dashes, quotes and outer punctuation before strings are compared."""

from __future__ import annotations

import re

from .._invisible import BLANK, INVISIBLE, composed
from ._options import flag_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

_INVISIBLE, _BLANK = re.compile(f"[{INVISIBLE}]+"), re.compile(f"[{BLANK}]")
_PLAIN = {
    **dict.fromkeys((*range(0x2018, 0x201C), 0x2032, 0xFF07), "'"),
    **dict.fromkeys((*range(0x201C, 0x2020), 0x2033, 0xFF02), '"'),
    **dict.fromkeys((0x2010, 0x2011), "-"),
}
DASHES = dict.fromkeys(
    (
        0x58A,
        0x5BE,
        0x1400,
        0x1806,
        *range(0x2012, 0x2016),
        0x2212,
        0x2E17,
        0x2E1A,
        0x2E3A,
        0x2E3B,
        0x2E40,
        0x2E5D,
    )
    + (0xFE31, 0xFE32, 0xFE58, 0xFE63, 0xFF0D, 0x10EAD),
    "-",
)
"""Translates the hyphens and dashes of every script, except the wave dash, which means `to`."""
_MARKS: dict[int, str] = dict.fromkeys(
    (0x2122, 0xAE, 0xA9, 0x2120, 0x2117), ""
)  # trademark and copyright signs
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# Marks that may surround an answer without changing it, in addition to the brackets and quotes of every
# script. Plus and minus signs, currencies and percent signs do change an answer.
_AROUND = (
    " \t\r\n.,;:!?\"'`*_()[]{}"
    "\u00a1\u00bf\u2025\u2026\u203c\u203d\u2047\u2048\u2049\u3000\u3001\u3002\ufe50\ufe51\ufe52\ufe54\ufe55\ufe56\ufe57"
    "\uff01\uff0c\uff0e\uff1a\uff1b\uff1f\uff61\uff64"
    "\u055c\u055d\u055e\u0589\u05c3\u060c\u061b\u061e\u061f\u06d4\u0700\u0964\u0965\u0df4\u0f0d\u0f0e\u104a\u104b"
    "\u1361\u1362\u1363\u1364\u1365\u1366\u1367\u1368\u166e\u17d4\u17d5\u1803\u1809"
)
_ROUNDED = "\u2308\u2309\u230a\u230b"  # brackets that round their content, as in floor and ceiling
_POINT = re.compile(r"[.,]\d")


def spelling(
    ignore_case: bool, ignore_space: bool, ignore_around: bool, nfkc: bool = False
) -> Callable[[str], str]:
    """Return a function that normalizes a string."""
    flag_options(ignore_case=ignore_case, ignore_space=ignore_space, nfkc=nfkc)
    form: Literal["NFC", "NFKC"] = "NFKC" if nfkc else "NFC"

    def spell(text: str) -> str:
        if ignore_around and "&" in text:
            from html import unescape

            text = _ENTITY.sub(lambda entity: unescape(entity[0]), text)
        if not text.isascii():
            if ignore_around:
                text = text.translate(_MARKS).translate(DASHES)
            text = _BLANK.sub(" ", _INVISIBLE.sub("", text))
            text = composed(text.translate(_PLAIN), form)
            if ignore_case:  # lower case turns a capital dotted I into an i with an extra dot
                text = composed(text.casefold(), form).replace("i\u0307", "i")
        elif ignore_case:
            text = text.casefold()
        if ignore_space:
            text = " ".join(text.split())
        return without_around(text) if ignore_around else text.strip()

    return spell


def without_around(text: str) -> str:
    """Strip outer punctuation but keep the decimal point in `.5`."""
    start, end = 0, len(text)
    while start < end and _is_around(text[end - 1]):
        end -= 1
    while start < end and _is_around(text[start]):
        start += 1
    if start and _POINT.match(text, start - 1, end):
        start -= 1
    return text[start:end]


def _is_around(sign: str) -> bool:
    """Return True for a character that may surround an answer without changing it."""
    if sign.isascii() or sign.isalnum() or sign in _ROUNDED:
        return sign in _AROUND
    from unicodedata import category

    return sign in _AROUND or category(sign) in ("Ps", "Pe", "Pi", "Pf")
