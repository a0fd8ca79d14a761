"""Invisible characters and Unicode normalization."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

INVISIBLE = (
    "\u00ad\u034f\u061c\u070f\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Zero-width characters, written for use in a regular-expression character class.

These are Unicode's Default_Ignorable_Code_Point characters and other format characters.
"""

BLANK = "\u115f\u1160\u2800\u3164\uffa0"
"""Invisible characters that take up space: the Hangul fillers and the Braille blank."""
_MARKS_KEPT = 30
_MARKS_RUN = re.compile(rf"[^\w\s\x00-\x7f]{{{_MARKS_KEPT + 1},}}+")  # in `re`, marks do not match `\w`


def composed(text: str, form: Literal["NFC", "NFKC"] = "NFC") -> str:
    """Normalize the text to a composed Unicode form in linear time.

    Python takes quadratic time to sort the combining marks on a letter, so at most 30 marks in a row are
    kept, as in Unicode's stream-safe format (UAX #15).

    Args:
        text: The text to normalize.
        form: The normalization form. NFKC also replaces compatibility characters.
    """
    if text.isascii():
        return text
    from unicodedata import combining, normalize

    def fewer(run: re.Match[str]) -> str:
        return run[0][:_MARKS_KEPT] + "".join(sign for sign in run[0][_MARKS_KEPT:] if not combining(sign))

    return normalize(form, _MARKS_RUN.sub(fewer, text))
