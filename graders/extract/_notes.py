r"""Finds a number that is alone on its line before a note: `72`, then `Note: I used 2 steps.`."""

from __future__ import annotations

import re

from ._late import late
from ._missing import Missing
from ._numbers import parse_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._numbers import Decimal
    from ._runs import Number

_LONGEST = 40
_NUMBER_ALONE = late(
    r"[\s*_#$>+=~()\[\]\\\u2212£€¥-]{0,8}\d[^\s=:]*"
    r"(?:[ \t]{1,2}[^\W\d_]+[^\s=:\d]*){0,2}[\s*_$]{0,4}"
)
_FIRST_ALONE = late(r"[\s*_#$>+~\u2212£€¥-]{0,8}(?!1[.)])\d[\d.,'\u2009%]*[\s*_$]{0,4}")
# A line that only comments on the answer above it.
_NOTE = late(
    r"\n[\s*_#>-]{0,6}(?:\((?=[^()\n]*[^\W\d_]{2})[^()\n]{1,200}\)[\s.*_]{0,4}(?:\n|\Z)"
    r"|(?:(?:side\s|foot)?notes?|n\.?b|p\.?s|remarks?|comments?|caveats?|disclaimer|explanation|explained"
    r"|reason(?:s|ing)?|justification|rationale|work(?:ing)?|steps|method|check|verification|assumptions?|sources?"
    r"|hinweis|anmerkung|erklärung|remarque|explication|nota|explicación|explicação|spiegazione"
    r"|примечание|пояснение)(?:\b[^\n:.]{0,20}:|\sthat\b)"
    r"|(?:注|备注|備註|说明|說明|解释|解釋|補足)[^\n:：]{0,4}[:：])",
    re.IGNORECASE,
)
_CONCLUDES = late(
    r"\b(?:so|thus|therefore|hence|leaves?|remain(?:s|ing)?|instead|rather|in\s(?:total|fact)|should\sbe|also|or"
    r"|answer|results?|right|correct(?:ed)?|true|wrong|possibl[ey]|m(?:ay|ight)\sbe|could\sbe|alternative(?:ly)?)\b"
    r"|所\u4ee5|因此",
    re.IGNORECASE,
)


def number_alone(
    text: str, last: Number | Missing, start: int, decimal: Decimal, scale: bool
) -> tuple[Number, str, str] | Missing | None:
    """Return the number that is alone on a line above a note, with that line and the note.

    A first line that contains only a number is also an answer. If another number follows outside a note, the
    answer is unclear.

    Args:
        text: A completion without a claim.
        last: The completion's last number.
        start: The start of that number's line.
        decimal: The decimal separator to assume if the text does not make it clear.
        scale: Whether to accept scale words.

    Returns:
        The number, its line and the note. `Missing` if the answer may be one of several numbers or the number
        on its own line cannot be read. None if no number is alone on its line or that number is the last one.
    """
    note = _NOTE.search(text, 0, start + _LONGEST)
    before = text[: note.start() if note else start].strip()
    line = before.rpartition("\n")[2] if note else before.partition("\n")[0]
    if len(line) > _LONGEST or not (_NUMBER_ALONE if note else _FIRST_ALONE).fullmatch(line):
        return None
    value = parse_number(line, decimal=decimal, scale=scale)
    if value == last or (note is None and (isinstance(last, Missing) or isinstance(value, Missing))):
        return None
    if note is None:
        return Missing("one number is alone on a line, and another is in a sentence", "several")
    remark = text[note.start() :]
    if _CONCLUDES.search(remark):
        return Missing("the remark after it reaches another result", "several")
    return value if isinstance(value, Missing) else (value, line, remark)
