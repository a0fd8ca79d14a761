r"""Spells text in ASCII where that changes no number, so that one grammar reads them all.

In goes text as a model wrote it: other scripts' digits, Unicode minus signs and spaces, invisible
characters, LaTeX's spacing and fractions, the calculator's notes of word-problem data (`<<6*12=72>>`).
Out comes text whose numbers are spelled the plain way. It never decides what a number is worth.
"""

from __future__ import annotations

import re

_NOTE = re.compile(r"<<[^<>]*(?:>>|\Z)")
_FRACTION = re.compile(
    r"(?P<before>[0-9]?)\\[dt]?frac\s{0,2}\{\s{0,2}([0-9]+)\s{0,2}\}\s{0,2}\{\s{0,2}([0-9]+)\s{0,2}\}"
)

_VULGAR = "½¼¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_MIXED = re.compile(f"(?<=[0-9])(?=[{_VULGAR}])")


def _foreign() -> dict[int, str]:
    """The characters that are spelled differently in ASCII, for str.translate."""
    table = {}
    for zero in (0xFF10, 0x0660, 0x06F0, 0x0966, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6):
        table.update({zero + digit: str(digit) for digit in range(10)})
    table.update(dict.fromkeys((0x2212, 0x2010, 0x2011, 0x2012, 0x2013, 0xFE63, 0xFF0D, 0x2796), "-"))
    # No-break, narrow, thin and figure spaces group digits as commas do.
    table.update(dict.fromkeys((0xA0, 0x202F, 0x2009, 0x2007), "\xa0"))
    table.update(dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, 0xAD), ""))
    table.update(dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), ""))
    pairs = zip("．，／＋％＄：＝（）⁄∕∶", ".,/+%$:=()//:", strict=True)
    table.update({ord(wide): ascii_ for wide, ascii_ in pairs})
    quotients = "1/2 1/4 3/4 1/3 2/3 1/5 2/5 3/5 4/5 1/6 5/6 1/8 3/8 5/8 7/8".split()
    table.update({ord(char): value for char, value in zip(_VULGAR, quotients, strict=True)})
    return table


_FOREIGN = _foreign()
_RAISED = re.compile(r"(?<=10)[⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹]{1,7}")
_LOWERED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_GAP = re.compile(r"(?<=[0-9])\xa0(?=[0-9])")


def plain(text: str) -> str:
    """Spell the text in ASCII where that changes no number, without calculators' notes and LaTeX's spacing.

    Args:
        text: Any text.
    """
    if not text.isascii():
        text = _MIXED.sub(" ", text).translate(_FOREIGN)
        text = _GAP.sub(",", text).replace("\xa0", " ")
        text = _RAISED.sub(lambda found: "^" + found[0].translate(_LOWERED), text)
    if "<<" in text:
        text = _NOTE.sub(" ", text)
    if "\\" in text or "{," in text:
        text = text.replace("{,}", ",").replace("\\,", ",").replace("\\!", "").replace("\\ ", " ")
        text = text.replace("\\$", "$").replace("\\%", "%").replace("^{\\circ}", "°").replace("^\\circ", "°")
        text = _FRACTION.sub(_quotient, text)
    return text.replace("^{", "^")


def _quotient(found: re.Match[str]) -> str:
    r"""`\frac{1}{2}` as 1/2, and `3\frac{1}{2}` as 3 1/2."""
    before = found["before"]
    return f"{before} {found[2]}/{found[3]}" if before else f"{found[2]}/{found[3]}"
