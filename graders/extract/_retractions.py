"""Detects answers that a text first claims and then takes back, as in `Answer: B. Scratch that.`."""

from __future__ import annotations

import re

from ._denial_phrases import Scripts, small
from ._phrases import plain_width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SAID_FIRST = (
    r"[\s*_\"'(\[>.,!$)\]}`-]{0,6}+"
    r"(?:(?:actually|wait|hm+|oh|sorry|oops|well|hold\son|but|or|and|however|ok(?:ay)?|um|uh|in\sfact|yet|though"
    r"|so|then|clearly|unfortunately|(?:up)?on\s(?:further\s)?reflection|in\shindsight|等等|等一下|哦|啊|其实|其實|但是?|可是|抱歉|对不起|對不起|eigentlich|moment|doch|aber|en\sfait"
    r"|mais|en\srealidad|pero|perd[óo]n|na\sverdade|mas|desculpe|in\srealtà|ma|scusa|на\sсамом\sделе|но|すみません|でも"
    r"|いや|아|죄송합니다|사실|لكن|عفوا|लेकिन|माफ़\sकीजिए)\b[\s,.!-]{0,4}+(?=\w)){0,3}+(?=\w)"
)
# These words begin a correction if the rest of their sentence names another answer. The readers look for the
# English ones themselves.
_CORRECTING = (
    r"[\s*_\"'(]{0,6}(?:(?:moment(?:\smal)?|warte|halt|korrektur|eigentlich|tatsächlich|en\sfait|en\sréalité"
    r"|plutôt|pardon|en\srealidad|mejor\sdicho|perd[óo]n|corrección|na\sverdade|aliás|desculpe|in\srealtà|anzi|scusa"
    r"|на\sсамом\sделе|точнее|ой|извините|ошибся|насправді|à\svrai\sdire|sebenarnya|maaf|thực\sra|xin\slỗi|kwa\skweli)\b"
    r"|等等|等一下|其实|其實|更正|いや|すみません|訂正|사실|잠깐|عفوا|في\sالواقع|नहीं|माफ़\sकीजिए|असल\sमें)(?P<corrects>)"
)
_RETRACTION = (
    rf"(?:{_SAID_FIRST}(?:(?P<alone>(?:%alone%)(?=\s{{0,2}}(?:[.!?,;:\n)\]*_\"<\u2026-]|\Z)))|(?P<opening>%opening%)"
    rf"|(?P<pointing>%pointing%))|{_CORRECTING})"
)
# The pattern begins with a character class, so that the regular expression engine can skip other characters.
_TAKEN_BACK = Scripts(r"[.!?;:,\n()>}\u2026\"*-](?:(?<!-)|(?<=\s-))" + _RETRACTION)
_TOLD_AT_MOST = 16
_CROSSES = tuple("\u2717\u2718\u274c\u274e\u2a2f\u2716")
_AT_ONCE, _NEXT = 8, 400
_THE_CLAIM = ("that", "this", "which", "the", "my ")
_DRESS = " \t$)]}*_`"  # characters that may follow an answer as part of its markup
_AROUND = " \t\r.!?;:,\n()>]}*$`-_\"'"
# Answers that a sentence may name: a number, a capitalized word inside the sentence, or a letter.
_NUMBER = re.compile(r"\d(?:[.,]?\d)*")
_NAME = re.compile(r"(?<=[\w,:] )(?!I\b)[A-Z]\w*|\b[B-HJ-Z]\b|\bA(?=\s(?:is|was|or)\b)|\d+|(?<=[\"'(])\w+")
_SENTENCE_END = re.compile(r"[.!?;\n](?=\s|\Z)|[.!?](?![0-9A-Za-z])|\n")
_OTHERS_SAY = re.compile(
    r"\b(?:statements?|some(?:one)?|many|people|students?|others|one\s(?:may|might|could)|(?:may|might)\s(?:seem|think))\b",
    re.IGNORECASE,
)


def is_taken_back(
    text: str,
    end: int,
    names_other: Callable[[str], object],
    *,
    is_negative: bool = False,
    is_announced: bool = False,
) -> bool:
    """Return True if the text after a claim takes it back, as in `Answer: B. Scratch that.`.

    A sentence such as `That is wrong` takes back the claim unless the sentence before it is about another
    answer: `The answer is A. Some choose B. That is wrong.`.

    Args:
        text: A text that `plain_width` has normalized.
        end: The end of the claimed answer.
        names_other: A function that returns a true value if a sentence names an answer other than the claimed
            one.
        is_negative: Whether the claim is a `no`, which `That is wrong` then explains.
        is_announced: Whether words such as `Answer:` precede the claim, so that `that` refers to the claim.
    """
    behind = text[end:]
    if len(behind) < 2 or not behind.strip(_AROUND):
        return False
    if not behind.isascii() and behind[:_AT_ONCE].lstrip(_AROUND)[:1] in _CROSSES:
        return True
    behind, told = behind.lstrip(_DRESS), 0
    if behind[0] not in ",.;:!?\n":
        behind = f":{behind}"  # the pattern needs a punctuation mark before each clause
    for found in _repairs(behind, names_other):
        if found["corrects"] is not None or found["opening"] or told >= _TOLD_AT_MOST:
            return True
        told += 1
        if is_negative and not _is_about_no(behind, found, is_announced):
            continue
        begin = max(0, found.start() - 400)
        ends = [one.end() for one in _SENTENCE_END.finditer(behind, begin, found.start())]
        repaired = found[0].lstrip(_AROUND)
        if found["alone"] and repaired[: len(found["alone"])] != found["alone"]:
            return True  # `Actually, no` does not answer a question
        if not ends and not repaired.startswith("which"):
            return True
        sentence = behind[ends[-1] if ends else begin : found.start()]
        if not (names_other(sentence) or _OTHERS_SAY.search(sentence)):
            return True
    return False


def _repairs(behind: str, names_other: Callable[[str], object]) -> Iterator[re.Match[str]]:
    """Yield the phrases that may take back a claim; a correction has to name another answer."""
    told = 0
    for found in _TAKEN_BACK[behind.isascii()].finditer(small(behind)):
        told += found["corrects"] is not None
        said = behind[found.end() : found.end() + _NEXT].lstrip(_AROUND)
        if (
            found["corrects"] is None
            or told > _TOLD_AT_MOST
            or names_other(_SENTENCE_END.split(said, maxsplit=1)[0])
        ):
            yield found


def _is_about_no(behind: str, found: re.Match[str], is_announced: bool) -> bool:
    """Return True if a phrase explains the `no` before it, as in `no (wrong)`."""
    if behind[: found.start()].strip(_AROUND):
        return False
    said: str = found["pointing"] or found["alone"]
    if found[0].removesuffix(said).strip(": \t*_`")[:1] in ("(", "["):
        return True
    return is_announced and said.startswith(_THE_CLAIM)


def takes_back(found: str, behind: str) -> bool:
    """Return True if a text takes back the answer right before it, as in `72. Actually, no.`.

    Args:
        found: The answer.
        behind: The text after the answer.
    """

    def names_other(sentence: str) -> bool:
        """Return True if a sentence names answers of the same kind but not the one that was found."""
        name = _NUMBER if any(map(str.isdecimal, found)) else _NAME
        named = name.findall(sentence)
        return bool(named) and {*name.findall(f"so {plain_width(found)}")}.isdisjoint(named)

    return is_taken_back(plain_width(behind), 0, names_other)
