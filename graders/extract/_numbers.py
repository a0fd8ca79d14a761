r"""Exact numbers in text: integers and fractions, never floats, so that 0.1 is one tenth.

A text is first spelled in ASCII where that changes no number (`plain`), so that one grammar reads other
scripts' digits, Unicode minus signs, LaTeX's fractions and calculators' notes (`<<6*12=72>>`). `numbers` then
yields each number, with None for digits that read as no number. Nothing here raises on text, and all of it
takes time linear in the text. The docstring of `parse_number` says what reads as a number.
"""

from __future__ import annotations

import re

from ..errors import RecordError
from ._blocks import after_marker
from ._missing import Missing

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


def parse_number(text: str) -> Number | Missing:
    r"""Read the one number that a short text holds, such as what stands after a marker.

    What reads as a number:

    - `72`, `+72`, `-72`, `072`, `72.00`, `.5`, `1e3`, `1.5 x 10^3`, also with Unicode minus signs, digits of
      other scripts and invisible characters. A sign touches its number: `- 72` is a bullet and 72.
    - `1,234,567` (a comma, or a no-break or thin space, before every three digits). `1,2,3` and `7,2` are
      lists. `100,200` without a space is one number, `10 000` with an ordinary space is two.
    - `1/2`, `1 1/2`, `½` and `\frac{1}{2}`: exact quotients of integers.
    - `2 million` (thousand, million, billion, trillion) is 2,000,000.
    - Currencies, units, ordinals, words and markup around a number change nothing: `about $72 each`, `USD
      72`, `72 km`, `72nd`, `**72**`, `$72$`, `\(72\)`, `\boxed{72}`. A percent sign is a unit too: `50%` is
      50, never one half.

    Digits that read as no number: versions, dates and times (`1.2.3`, `2024-01-05`, `12:30`), powers (`7^2`),
    a zero denominator, an ambiguous suffix (`72k`, `72M`, `7a2`), exponents beyond 400, more than 600
    characters. Digits inside a word (`m2`, `CO2`, `x_1`) are part of the word, and a calculator's note
    (`<<6*12=72>>`) is no answer.

    Args:
        text: A short text.

    Returns:
        An int, or a Fraction where the number is not whole; `Missing` when the text holds no number, several,
        or mathematics still to be done.
    """
    if len(text) < 24:  # by far the commonest answers: 72, $72, 72., **72**
        digits = text if text.isdecimal() else text.lstrip("*$ ").rstrip("*$. ")
        if digits.isdecimal():
            return int(digits)
    text = plain(text)
    if "\\" in text and any(name not in _PLAIN_COMMANDS for name in _COMMAND.findall(text)):
        return Missing("it is mathematics still to be done", "not exact")
    if not text.isascii() and not _NOT_EQUAL.isdisjoint(text):
        return Missing("it is mathematics still to be done", "not exact")
    answer = None
    for value in numbers(text):
        if value is None:
            return Missing("its digits read as no number", "not exact")
        if answer is not None:
            return Missing("there are several numbers", "several")
        answer = value
    return Missing("there is no number") if answer is None else answer


def last_number(text: str) -> Number | Missing:
    """Read the last number of a text; `parse_number` says what reads as a number.

    Args:
        text: A completion. Of the last line with digits, the last 10,000 characters are read.

    Returns:
        An int, or a Fraction where the number is not whole; `Missing` without digits, or when the last digits
        read as no number.
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
            last = values[-1]
            return Missing("its last digits read as no number", "not exact") if last is None else last
        end = start - 1
    return Missing("there is no number")


def reference_number(reference: str | float, *, marker: str | None = None) -> Number:
    """Read the number of a reference answer.

    Args:
        reference: A number, or a text: with a marker, one number stands after the last of them, or is the
            only one of a text that lacks the marker; without, the last number of the text counts.
        marker: What stands before the answer.

    Raises:
        RecordError: There is no such number, so nothing could ever be right.
    """
    number: Number | Missing | None = None
    if isinstance(reference, str):
        if marker is None or marker in reference:
            number = answer(reference, marker)
        else:
            number = parse_number(reference)  # a text without the marker is the answer itself
    elif isinstance(reference, (int, float)) and not isinstance(reference, bool):
        try:
            number = exact(reference)
        except (ValueError, OverflowError):
            pass
    if number is None or isinstance(number, Missing):
        missing = (
            "no number at its end" if marker is None else f"not one number after {marker!r}, nor one in all"
        )
        raise RecordError(f"the reference answer has {missing}: correct the record, or name its marker")
    return number


def same_number(
    completion: str,
    reference: str | float,
    *,
    marker: str | None = None,
    tolerance: float = 0,
    relative: float = 0,
) -> bool:
    """Whether a completion's number is the reference's, compared exactly.

    With a marker, the line after the last marker answers, and has to hold exactly one number (words and
    units may stand beside it): `#### 72 or 73` is no answer. Without one, the last number of the completion
    answers.

    Args:
        completion: What the model answered.
        reference: The right answer, a number or a text that holds it; see `reference_number`.
        marker: What stands before the answer; None when nothing does.
        tolerance: How far the two numbers may lie apart, as an absolute difference.
        relative: The same as a share of the reference; the larger of the two allowances holds.

    Raises:
        RecordError: The reference has no number.
        ValueError: An allowance is negative or not finite.

    Example:
        >>> same_number("6 * 12 = 72, so: #### $72.00", "#### 72", marker="####")
        True
    """
    expected = reference_number(reference, marker=marker)
    found = answer(completion, marker)
    if tolerance == 0 and relative == 0:
        return found == expected
    return within(found, expected, allowance("tolerance", tolerance), allowance("relative", relative))


def answer(text: str, marker: str | None) -> Number | Missing:
    """The number that a text ends in, or the only one on the line after its last marker."""
    if marker is None:
        return last_number(text)
    line = after_marker(text, marker)
    return parse_number(line) if type(line) is str else line  # type: ignore[return-value]


def allowance(name: str, value: float) -> Number:
    """The largest difference that counts as none, as it is written: 0.3 is three tenths.

    Raises:
        ValueError: It is negative or not finite.
    """
    try:
        exactly = exact(value)
    except (ValueError, OverflowError):
        exactly = -1
    if exactly < 0:
        raise ValueError(f"{name}={value!r}: write the largest difference that counts as none, 0 or more")
    return exactly


def within(found: Number | Missing, expected: Number, tolerance: Number, relative: Number) -> bool:
    """Whether two numbers lie no further apart than the larger of two allowances; `Missing` never does."""
    if found == expected:
        return True
    if isinstance(found, Missing):
        return False
    apart: Number = found - expected
    share: Number = relative * expected if expected >= 0 else -relative * expected
    return -tolerance <= apart <= tolerance or -share <= apart <= share


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
