r"""Finds the numerals in a text and reads each one exactly or leaves it unread.

Digits alone do not determine a number: `5` has a different meaning in each of `2\sqrt{5}`, `x < 5`, `5!`,
`-5`, `5 million` and `H5`. A numeral is therefore read together with the text on both sides of it. Text that
is known not to change the number (units, currencies, brackets, words) is skipped. Mathematics, negations and
unknown text that touches the digits make the number unread.
"""

from __future__ import annotations

import re

from ._beside import JOINING, changed_after, in_collection, past_unit, sign_before
from ._runs import DECIMAL, GROUP, OVER, run_value, whole
from ._units import CURRENCIES, UNITS, code_start, scale_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._runs import Number

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DATE = (
    r"(?<![0-9.,])[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?![0-9])|(?<![0-9.,/])[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}(?![0-9])"
    rf"|\b{_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?, [0-9]{{4}}\b"
    rf"|(?<![0-9.,])[0-9]{{1,2}}(?:st|nd|rd|th)? {_MONTH},? [0-9]{{4}}\b"
)
_POWER = r"[-+]?[0-9]{1,6}"
_RUN = rf"[0-9]+(?:[.,'{DECIMAL}{GROUP}][0-9]+)*"
_SPACED = r"[1-9][0-9]{0,2}(?: [0-9]{3}(?![0-9]))+(?:[.,][0-9]+)?"
# Other dates, times, ratios, and chains of operations.
_CLOCK = r"(?<![0-9.,])[0-9]+(?:[:/-][0-9]+){2,}(?:[.,][0-9]+)*|[0-9]+(?:\.[0-9]+)?(?::[0-9]+(?:\.[0-9]+)?)+"
_NUMERAL = re.compile(
    rf"(?=[0-9.{DECIMAL}A-Z])(?:"  # these characters are rare; the check saves three quarters of the time
    rf"(?P<date>{_DATE})"
    rf"|(?P<clock>{_CLOCK})"
    rf"|(?:(?P<whole>[0-9]+) {{1,2}}(?=[0-9]+ ?[/{OVER}] ?[0-9]))?"  # the whole part of a mixed number
    rf"(?P<run>{_SPACED}|(?:(?<![\w.])[.{DECIMAL}])?{_RUN})"
    rf"(?:[eE](?P<e>{_POWER})(?![0-9A-Za-z])"
    rf"|\s{{0,2}}[xX×*·]\s{{0,2}}10\s?(?:\^|\*\*)\s?(?P<ten>{_POWER})(?![0-9])"
    rf"| ?(?P<bar>[/{OVER}]) ?(?P<below>{_RUN}))?)"
)

_LAST_WORD = re.compile(r"[^\W\d_]+\Z")
_MONEY = tuple(CURRENCIES)


class Numeral:
    """A number in a text.

    Args:
        value: The value, or None if it cannot be read exactly.
        start: The start of the number, with its sign, currency and brackets.
        end: The end of the number, with its unit.
        dated: Whether the number is a date, which cannot be the answer if the text has another number.
        booked: Whether the number is in parentheses with a currency, which means minus in bookkeeping.
        reason: The reason why the numeral has no value.
    """

    __slots__ = ("booked", "dated", "end", "reason", "start", "value")

    def __init__(
        self,
        value: Number | None,
        start: int,
        end: int,
        *,
        dated: bool = False,
        booked: bool = False,
        reason: str = "its digits do not form a number",
    ) -> None:
        self.value, self.start, self.end, self.dated, self.booked = value, start, end, dated, booked
        self.reason = reason


def numerals(text: str) -> Iterator[re.Match[str]]:
    """Find every numeral in a text, in order. Digits in words (`CO2`, `x_1`, `m^2`) do not count.

    Args:
        text: The text, as returned by `plain`.
    """
    for found in _NUMERAL.finditer(text):
        start = found.start()
        if not (start and _in_word(text, start)):
            yield found


def read_numeral(text: str, found: re.Match[str], decimal: str, scale: bool, listed: bool = False) -> Numeral:
    """Read a numeral together with the text around it.

    Args:
        text: The text, as returned by `plain`.
        found: A match of `numerals` in the text.
        decimal: The decimal separator to assume if the numeral does not make it clear.
        scale: Whether to accept `2 million` and `72k`. Otherwise, they are unread.
        listed: Whether the numeral is an item in a list, in which case brackets around several items are
            ignored.
    """
    begin, end = found.span()
    if found["run"] is None:
        what = "it is a date, a time or a ratio"
        return Numeral(None, begin, end, dated=found["date"] is not None, reason=what)
    sign, start, opened = sign_before(text, begin)
    power, behind = scale_at(text, end)
    end = past_unit(text, behind)
    lead, unit = text[start:begin], text[behind:end]
    if not sign:
        return Numeral(None, start, end, reason="the text before it changes its meaning")
    if power and not scale:
        return Numeral(None, start, end, reason="a word or letter scales it; scale=True reads such numbers")
    if unit == "m" and any(each in CURRENCIES for each in lead):  # $5m
        return Numeral(None, start, end, reason="its unit may be a scale")
    if changed_after(text, found, start, end, power):
        return Numeral(None, start, end, reason="the text after it changes its meaning")
    if not listed and in_collection(text, start, end, opened):
        return Numeral(None, start, end, reason="it is part of an interval, a set or a point")
    value = _value(found, decimal, power)
    if value is None:
        return Numeral(None, start, end, reason=_why_unread(found["run"]))
    inside = lead.rpartition("(")[2] if opened == "(" else lead
    booked = opened == "(" and sign > 0 and text[end : end + 1] == ")"
    booked = booked and (inside[:1] in _MONEY) != (unit[-1:] in _MONEY)  # ($72$) is LaTeX in brackets
    return Numeral(sign * value, start, end, booked=booked)


def _why_unread(run: str) -> str:
    """Return the reason why a run of digits is not a number."""
    if "," in run and "." not in run:
        return "its comma does not group digits; decimal=',' reads it as a decimal separator"
    return "its digits do not form a number"


def _in_word(text: str, start: int) -> bool:
    """Return True if the digits at `start` belong to a word or a name (`CO2`, `m^2`, `x_1`, `COVID-19`)."""
    before = text[start - 1]
    at = start - 1
    if before == "{" and text[at - 1 : at] in ("_", "^"):
        at -= 1
    if text[at] == "_":
        return text[at - 1 : at].isalpha()
    if text[at] == "^":
        name = _LAST_WORD.search(text, max(0, at - 16), at)
        return name is not None and (len(name[0]) > 1 or name[0] in UNITS)
    if before == "-" and start > 2:
        word = text[start - 3 : start - 1].isalpha() and ord(text[start - 2]) < JOINING
        return word and code_start(text, start - 1, dollars=False) == start - 1
    # In unspaced scripts, words touch the numbers next to them; currency codes may do so in any script.
    return before.isalpha() and ord(before) < JOINING and code_start(text, start, dollars=False) == start


def _value(found: re.Match[str], decimal: str, power: int) -> Number | None:
    """Return the value of a numeral without its sign, or None if its digits do not form a number."""
    run, below, exponent = found["run"], found["below"], int(found["e"] or found["ten"] or 0)
    if power and (exponent or below is not None):
        return None
    value = run_value(run, decimal, exponent + power)
    if below is None or value is None:
        return value
    if found["bar"] == "/" and not (run.isdecimal() and below.isdecimal()):
        return None  # 3.5/2 is a calculation; \frac{3.5}{2} is a number
    divisor = run_value(below, decimal)
    if not divisor:
        return None
    from fractions import Fraction

    part = Fraction(value) / divisor
    if found["whole"] is None:
        return whole(part)
    return whole(int(found["whole"]) + part) if part < 1 and len(found["whole"]) <= 600 else None
