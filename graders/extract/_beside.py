"""Examines the text next to a numeral, which may contain a sign or a unit or change the number.

Text that is known not to change the number is skipped. Mathematics, negations and unknown text that touches
the digits make the number unread.
"""

from __future__ import annotations

import re

from ._conjunctions import OR, OR_ANYWHERE
from ._runs import OVER
from ._units import CURRENCIES, code_start, scale_at, unit_end

# Each pattern matches right after the number, its unit and its closing brackets.
_TOUCHED = re.compile(  # possible mathematics
    r"\^(?!1(?![0-9]))|\*{1,2}[0-9A-Za-z(]|_[({0-9A-Za-z]|\[(?![0-9]{1,3}\])|[(\\|@+]|-(?![A-Za-z]{2})"
    r"|/(?![A-Za-z]{2})|!(?!!!)|~[0-9]|&|:[\w(\\$]|\ue002|[⌋⌉‖∣∥⟩⟧]|'[0-9]|[^\W_]"
)
_SCALING = (  # 5万, 3点5, 70多, 3分之1, and scale words of other scripts
    *"十百千万萬亿億兆半点點折成余餘多几幾만억조천백십",
    *"分之 ล้าน พัน หมื่น แสน लाख करोड हजार हज़ार тыс млн млрд милли".split(),
)
# Units that begin like a scale word: 4千克 is 4 kilograms.
_SCALED_UNITS = tuple(
    "千克 千米 千瓦 千卡 千焦 千帕 千赫 千伏 千字节 兆瓦 兆赫 兆帕 兆字节 分钟 百分点 百分點 百分比".split()
)
_SPACELESS = ((0x0E00, 0x0E80), (0x3040, 0x3100), (0x4E00, 0xA000), (0xAC00, 0xD7B0))  # Thai to Korean
# Bounds, halves and multiples in languages other than English, in lower case.
_BOUNDED = (
    r"mindestens|höchstens|(?:mehr|weniger|kleiner|größer) als|über|unter|(?:hälfte|doppelte) von|halb"
    r"|zweimal"
    r"|(?:más|menos|mayor|menor|mitad|doble) (?:de|que)|al menos|por lo menos|como (?:máximo|mínimo)|hasta"
    r"|(?:plus|moins|moitié|double) de|au (?:moins|plus)|(?:mais|metade|dobro) de|pelo menos"
    r"|no (?:máximo|mínimo)|até"
    r"|(?:più|meno|metà|doppio) di|almeno|al massimo|fino a|более|менее|больше|меньше|свыше"
    r"|половин[ауы](?: от)?"
    r"|понад|щонайменше|ít nhất|nhiều nhất|hơn|dưới|trên|setidaknya|(?:lebih|kurang|setengah) dari"
)
_BOUNDED_ANYWHERE = (
    "[至最][少多]|超[过過]|[多少大小高低][于於]|不[到足]|少なくとも|多くとも|最[大小低高]|최[소대]|적어도"
    "|على الأقل"
    "|على الأكثر|أكثر من|أقل من|نصف|कम से कम|अधिकतम|อย่างน้อย|มากกว่า|น้อยกว่า|ไม่เกิน"
)
_BOUNDED_AFTER = (
    r"oder (?:mehr|weniger)|o (?:más|menos|più|meno)|ou (?:plus|moins|mais|menos)"
    r"|или (?:больше|более|меньше|менее)"
    r"|atau (?:lebih|kurang)|juta|ribu|miliar|nghìn|ngàn|triệu|tỷ"
)
_BOUNDED_AFTER_ANYWHERE = (
    r"[\u4e00-\u9fff]{0,2}?(?:以[上下内]|未[満满]|或更[多少]|或以[上下]|的一半|の半分)"
    r"|이[상하]|초과|미만|أو أ[كق]|या (?:अधिक|कम)"
    r"|से (?:अधिक|कम|ज़्यादा)"
)
_CHANGED_AFTER = re.compile(
    rf"\s{{0,3}}(?:(?:{_BOUNDED_AFTER})\b|{_BOUNDED_AFTER_ANYWHERE})|"
    r"\s{0,3}(?:(?:hundreds|dozens?|score|gross|mil|ml[nd]|mrd|milliard\w*|mill?ion\w+|mill?one\w*|milh\w+|tsd"
    r"|tausend|mille|(?:ten|hundred|thousand|million|billion)ths?|plus|minus"
    r"|(?:times|over) (?=[0-9(π]|[a-z]\b)|divided|mod|modulo|multiplied|squared|cubed|factorial|choose"
    r"|to the power|cannot be"
    r"|(?:is|was|are)(?: not|n't| wrong| incorrect| false| impossible)"
    r"|and (?:a|one|two|three) (?:half|thirds?|quarters?|fourths?)"
    r"|or (?:more|less|fewer|greater|above|below|higher|lower|so))\b|\\[A-Za-z]|[<>≤≥≠±∈∞√π]"
    r"|[+×÷·]\s{0,2}[\w($\\.-]|(?<=\s)\*\s?[\w(\\$]|\^|/\s?(?![A-Za-z]{2})[\w(\\]"
    r"|-\s{0,2}(?:[0-9(\\$.π√∞]|[A-Za-z](?![A-Za-z])))|\s(?![aI]\b)[B-HJ-Zb-z](?![^\W\d_]|['.])",
    re.IGNORECASE,
)
# Each pattern ends right before the number with its sign, currency and opening brackets. The text is in lower
# case.
_CHANGED_BEFORE = re.compile(
    rf"(?:\b(?:{_BOUNDED})|{_BOUNDED_ANYWHERE}|"
    r"\b(?:not|never|than|least|most|over|under|above|below|exceeds?|plus|times|minus|multiplied by"
    r"|divided by|mod|modulo|choose|(?:cannot|can't|couldn't|could not) be|rul(?:e|es|ed|ing) out|instead of"
    r"|rather than|(?:any|every)thing but|all but|except(?: for)?"
    r"|half|twice|double|triple|thrice|(?:half|third|quarter|root|cube|square|power|factorial"
    r"|multiple) of|between|sqrt|log|ln|sin|cos|tan|up to|nicht|keine?|pas|jamais|no (?:es|son)|não (?:é|são)"
    r"|non (?:è|sono)|не)|n't|不[是为為等]于?|并非|並非|ليست?"
    r"|\\[a-z]{1,20}|(?<![=-])>|<|[<>!]=|[/×÷·^√±≤≥≠∈∞@\\]"
    r"|\b(?!x)[a-z]\sx|[\w)\]}$.%]\s{0,3}(?:\+|(?<!\*)\*))"
    r"\s{0,3}\Z"
)
_APART = frozenset(",.:;")  # a phrase that ends in one of these does not change the number
_MINUS_WORD = re.compile(r"(?:\b(?:minus|negative)\s{1,2}|[负負]\s?|マイナス\s?)\Z", re.IGNORECASE)
_SAID = re.compile(r"(?:[^\W\d_]|')[^\W\d_]\s{1,2}\Z")
_UNSOLVED = re.compile(
    r"(?:[-+*/^0-9)]\s?[a-ce-fi-kn-rw-zA-Z]|\b(?:minus|negative) [a-z])(?![A-Za-z])|\b[a-zA-Z]\s?[\^*/+-]"
)
_OPERAND = re.compile(r"(?:[0-9)}$π%°]|\b[a-z])\s{0,3}\Z")
_COUNTED = re.compile(r"[0-9][^\W\d_]{1,3}\Z")
_RIVAL = re.compile(
    rf"[0-9]\S{{0,12}}(?:\s\w{{1,12}}){{0,2}},?(?:\s(?:{OR})\.?\s|\s?(?:{OR_ANYWHERE}|か)\s?)(?:[a-z]\s?=\s?)?\Z",
    re.IGNORECASE,
)
_OR = frozenset(OR.split("|"))
_RANGE = re.compile(
    r"\b(?:between|zwischen|entre|tra|fra|между)\s\D{0,3}[0-9]\S{0,12}(?:\s\w{1,12}){0,2}\s(?:and|und|et|y|e|и)\s\Z"
)
_RANGE_ENDS = (" and ", " und ", " et ", " y ", " e ", " и ")
_OPENERS = frozenset("([{\"'“”„«‹「『《〈【〔`*_#" + CURRENCIES)
_CLOSERS = frozenset(")]}\"'“”»›」』》〉】〕`*_$")
_WINDOW = 48
JOINING = 0x530  # scripts from here on are written without spaces, or attach prefixes to numbers


def sign_before(text: str, at: int) -> tuple[int, int, str]:
    """Return a number's sign (0 if it is unread), the start of its prefixes and its outer bracket."""
    sign, signed, opened, low = 1, False, "", max(0, at - _WINDOW)
    while at > low:
        before, left = text[at - 1], text[at - 2 : at - 1] if at > 1 else ""
        if before in "~≈":
            return sign, at - 1, opened
        if before in _OPENERS:
            opened = before if before in "([{" else opened
            at = code_start(text, at - 1, dollars=True) if before in CURRENCIES else at - 1
        elif before in "+-":
            if signed or _is_operation(text, at - 1, left):
                return 0, at, opened
            sign, signed, at = (-1 if before == "-" else 1), True, at - 1
        elif before == " " and text[low:at].rstrip(" ")[-1:] in ("-", "+"):
            return _apart(text, at, sign, signed, opened)
        elif before == " " and left and left in CURRENCIES:
            at -= 1
        else:
            end = at - (before == " ")
            start = code_start(text, end, dollars=False)
            if start == end:
                break
            at = start
    return _led(text[max(0, at - _WINDOW) : at], sign, signed, at, opened)


def _is_operator(character: str) -> bool:
    """Return True if a non-ASCII character is mathematical. Arrows and East Asian brackets are not."""
    from unicodedata import category

    if character in "▲△" + OVER:  # a minus in East Asian accounting; a fraction bar
        return True
    named = category(character) in ("Sm", "Ps", "Pe")
    return named and not (0x2190 <= ord(character) < 0x2200 or ord(character) > 0x3000 or character in "∴∵≈")


def _may_offer(left: str) -> bool:
    """Return True if a word for `or` may end a text, before a variable; most texts end in another word."""
    last = left.rstrip().rpartition(" ")[2].rstrip(".").lower()
    return last in _OR or "=" in left[-4:] or not left[-8:].isascii()


def _is_unsolved(left: str) -> bool:
    """Return True if an unsolved equation precedes a number: `2x =` or `-x =`, but not `m + n =`."""
    side = re.split(r"[,;:.?!]\s", left.rstrip(" =$").rpartition("=")[2])[-1]
    side = side.strip(" $*_")
    changed = any(each.isdecimal() for each in side) or side.startswith(("-", "minus ", "negative "))
    return changed and _UNSOLVED.search(side) is not None


def _is_operation(text: str, at: int, left: str) -> bool:
    """Return True if a sign is preceded by an operand. A currency code is not an operand."""
    if left == " ":
        return text[at - 2 : at - 1] == ")" or text[at - 2 : at - 1].isdigit()
    if not left or not (left in "+-)]}%°!" or left.isalnum()):
        return False
    if ord(left) >= JOINING and left.isalpha():  # 答案是-5 has a sign, 9元-5元 has an operation
        return _COUNTED.search(text, max(0, at - 4), at) is not None
    return code_start(text, at, dollars=False) == at


def _led(left: str, sign: int, signed: bool, at: int, opened: str) -> tuple[int, int, str]:
    """Return a number's sign, given the text before it, which may stand for minus or change the number."""
    if not left:
        return sign, at, opened
    minus = _MINUS_WORD.search(left, max(0, len(left) - 12)) if left[-1] not in ":=" else None
    if minus:
        operation = signed or _OPERAND.search(left, 0, minus.start())
        return 0 if operation else -1, at - len(minus[0]), opened
    apart = left.rstrip()[-1:] in _APART
    if not apart and _CHANGED_BEFORE.search(left.lower(), max(0, len(left) - 20)):
        return 0, at, opened
    if _may_offer(left) and _RIVAL.search(left):
        return 0, at, opened
    if left.endswith(_RANGE_ENDS) and _RANGE.search(left.lower()):
        return 0, at, opened
    touching = left[-1:]
    if touching.strip() in ("=", "") and "=" in left[-3:] and _is_unsolved(left):
        return 0, at, opened
    if touching in ("—", "―"):  # a minus sign, or a dash between words
        return sign if left[-2:-1].isalpha() and not signed else 0, at, opened
    if not touching.isascii() and not touching.isalnum() and _is_operator(touching):
        return 0, at, opened
    joined = touching.isdigit() or (touching.isalpha() and ord(touching) < JOINING)
    return 0 if joined or (touching and touching in ")]}|%!&") else sign, at, opened


def _apart(text: str, at: int, sign: int, signed: bool, opened: str) -> tuple[int, int, str]:
    """Return the sign of a number after a sign and a space. Such a number is unread, except in `= - 5`."""
    if not signed and re.search(r"=\s{0,2}-\s{1,3}\Z", text[max(0, at - 8) : at]):
        return -sign, at - 2, opened
    return 0, at, opened


def changed_behind(text: str) -> bool:
    """Return True if the text right after a number changes the number.

    Args:
        text: The text after the number, as returned by `plain`.
    """
    at = 0
    while at < 12 and text[at : at + 1] in _CLOSERS and text[at : at + 1]:
        at += 1
    end = past_unit(text, at)
    return bool(scale_at(text, at)[0] or _TOUCHED.match(text, end) or _CHANGED_AFTER.match(text, end))


def changed_after(text: str, found: re.Match[str], start: int, end: int, power: int) -> bool:
    """Return True if the text after a numeral changes the number."""
    touched = _TOUCHED.match(text, end)
    if touched and not _is_spaceless(text, end):
        if touched[0] != "!":
            return True
        # `It is 72!` ends a sentence, `5!` is a factorial.
        if not _SAID.search(text, max(0, start - 24), start) or text[end + 1 : end + 2].strip(" \n\"'*_)"):
            return True
    if "." in found["run"] and text.startswith("...", found.end()):  # 0.333...
        return True
    at = end
    while at < end + 12 and text[at : at + 1] in _CLOSERS and text[at : at + 1]:
        at += 1
    at = past_unit(text, at)
    scaling = text[at : at + 10].lstrip()
    if scaling.startswith(_SCALING) and not scaling.startswith(_SCALED_UNITS):
        return True
    return bool(_CHANGED_AFTER.match(text, at) or (at > found.end() and scale_at(text, at)[0] and not power))


def _is_spaceless(text: str, at: int) -> bool:
    """Return True if a word of a script without spaces starts here, except a scale word (`3分之1`)."""
    code = ord(text[at])
    spaceless = any(low <= code < high for low, high in _SPACELESS)
    return spaceless and (not text.startswith(_SCALING, at) or text.startswith(_SCALED_UNITS, at))


def past_unit(text: str, at: int) -> int:
    """Return the end of the unit at a position or after one space, or the position if there is none."""
    start = at + (text[at : at + 1] == " ")
    end = unit_end(text, start)
    return end if end > start else at


def in_collection(text: str, start: int, end: int, opened: str) -> bool:
    """Return True if a number in brackets is one of several, as in an interval, a set or a point."""
    after = text[end : end + 3].lstrip()[:1]
    if opened and after in (",", ";"):
        return True
    return after in (")", "]", "}") and text[max(0, start - 3) : start].rstrip()[-1:] in (",", ";")
