"""Lists of units and currencies, which do not change a number, and of scale words, which multiply it.

Any other text makes a number unread if it touches the digits or is anywhere in a reference.
"""

from __future__ import annotations

import re

CURRENCIES = "$€£¥₹₩₽₿¢₫₪₱₺₦₴"
_CODES = frozenset(
    """USD EUR GBP JPY INR CNY RMB CHF AUD CAD NZD HKD SGD SEK NOK DKK PLN CZK HUF RUB BRL MXN ZAR KRW TRY
    Rs Rs. kr kr. Fr. zł RM""".split()
)
_COUNTRIES = frozenset("US CA AU NZ HK SG NT A C R S".split())  # the prefixes in US$ and R$
UNITS = _CODES | frozenset(
    """m km cm mm nm µm μm um kg g mg t lb lbs oz l L ml mL cl dl s sec secs ms min mins h hr hrs d yr yrs ft
    in yd mi mph kph Hz kHz MHz GHz N J kJ cal kcal W kW kWh V A mA Pa kPa bar atm C F mol ha rad deg Ω pt px
    meter meters metre metres kilometer kilometers kilometre kilometres centimeter centimeters centimetre
    centimetres millimeter millimeters millimetre millimetres inch inches foot feet yard yards mile miles gram
    grams kilogram kilograms pound pounds ounce ounces ton tons tonne tonnes liter liters litre litres
    milliliter milliliters gallon gallons cup cups acre acres hectare hectares second seconds minute minutes
    hour hours day days week weeks month months year years degree degrees radian radians percent pct
    percentage dollar dollars cents euro euros yen rupees yuan pesos bucks unit units ohm ohms volts watts
    joules newtons point points KB MB GB TB kB KiB MiB GiB TiB
    byte bytes bit bits kbps Mbps Gbps dB rpm bpm ppm AED SAR THB IDR PHP MYR TWD VND ILS CLP COP ARS EGP PKR
    NGN KES UAH RON people км м см мм кг г л ч мин руб Euro Euros Prozent""".split()
)
_LETTERS = {"k": 3, "K": 3, "M": 6, "mn": 6, "mio": 6, "Mio": 6, "B": 9, "bn": 9, "T": 12, "tn": 12}
_WORDS = {
    "hundred": 2,
    "thousand": 3,
    "lakh": 5,
    "lac": 5,
    "million": 6,
    "crore": 7,
    "billion": 9,
    "trillion": 12,
}

_WORD = re.compile(r"[^\W\d_]+")
_SQUARE = re.compile(r"(?:sq\.?|square|cubic|cu\.?) ")
_POWER = re.compile(r"(?:\^-?[1-9]|[23])(?![0-9]|[.,][0-9])")
_PER = re.compile(r" ?[/·*] ?| per ")
_SIGN = re.compile(rf"[{CURRENCIES}]|[%‰]|(?:st|nd|rd|th)(?![A-Za-z])|°(?: ?[CFK](?![A-Za-z]))?")


def unit_end(text: str, at: int) -> int:
    """Return the end of the unit at a position, or the position itself if no unit starts there.

    Args:
        text: The text, as returned by `plain`.
        at: The position where a unit may start.
    """
    sign = _SIGN.match(text, at)
    if sign:
        return sign.end()
    end = start = at
    while True:
        square = _SQUARE.match(text, start)
        word = _WORD.match(text, square.end() if square else start)
        if not word or word[0] not in UNITS:
            return end
        power = _POWER.match(text, word.end())
        end = power.end() if power else word.end()
        per = _PER.match(text, end)
        if not per:
            return end
        start = per.end()


def scale_at(text: str, at: int) -> tuple[int, int]:
    """Return the exponent of the scale word at a position (3 for `k`, 0 if there is none) and its end.

    Args:
        text: The text, as returned by `plain`.
        at: The position right after the number's digits.
    """
    start = at + len(text[at : at + 3]) - len(text[at : at + 3].lstrip(" -"))
    word = _WORD.match(text, start)
    if not word:
        return 0, at
    power = _LETTERS.get(word[0]) or _WORDS.get(word[0].lower().removesuffix("s")) or 0
    return power, word.end() if power else at


def code_start(text: str, at: int, *, dollars: bool) -> int:
    """Return the start of the currency code that ends at a position, such as `USD` or the `US` of `US$`.

    Args:
        text: The text, as returned by `plain`.
        at: The position where a currency code may end.
        dollars: Whether a currency sign follows.
    """
    for length in (3, 2, 1):
        start = at - length
        if start < 0 or text[max(0, start - 1) : start].isalpha():
            continue
        if text[start:at] in (_COUNTRIES if dollars else _CODES):
            return start
    return at
