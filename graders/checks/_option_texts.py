"""Parses a choice given as a letter or as the text of an option."""

from __future__ import annotations

import re

from ..errors import RecordError
from ..extract import Missing, choice_letter
from ..extract._choices import SEVERAL_LABELS
from ..extract._denial_phrases import small
from ..extract._denials import is_asked, is_denied, is_doubted
from ..extract._phrases import REVISED, claim_patterns, is_foreign, plain_width
from ..extract._retractions import is_taken_back

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CLAIMS = claim_patterns()
_MOST = 64
_AROUND = " \t\r\n.,;:!?\"'`*_"
_OPEN = r"[\s*_`$\"'(\[{<:]{0,6}(?:\\(?:text(?:bf|rm)?|math(?:rm|bf))\s?\{\s?)?"
_ARTICLE = r"(?:(?:the|an?|le|la|les|el|los|las|der|die|das|il|lo|os?)\s)?"
_ENDED = (
    r"(?=[\s*_`\"')\]}$]{0,6}(?:</|[.,;:!?(\n]|\Z|\s-|(?:,\s?)?(?:because|since|as|for|which|is|was|are|due|and|or|so|with"
    r"|weil|denn|car|parce|porque|perch[ée]|потому|because)\b|因|或|和|です|だ|입니다|이다))"
)
_JOINED = re.compile(
    r"[\s*_`\"')]{0,4}(?:[,/&|;]|\b(?:or|and|maybe|perhaps|possibly|vs\.?)\b|或者?|和)"
    r"(?:\s?(?:or|and|maybe|perhaps|possibly)\b){0,2}[\s*_`\"'(]{0,4}",
    re.IGNORECASE,
)
_FILLED = 24
_LATIN = r"A-Za-z0-9_\u00c0-\u04ff"


class OptionTexts:
    """Parses a choice from a letter or the text of one of the record's options.

    Args:
        given: The record's options: a list in the order of the letters, or a mapping from letters to texts.
        field: Name of the record field, for error messages.
        letters: The allowed letters, in uppercase.

    Raises:
        RecordError: The field does not contain options or two options have the same normalized text.
    """

    def __init__(self, given: object, field: str, letters: str) -> None:
        texts = _listed(given, field, letters)
        self.letters = "".join(texts)
        self._letter: dict[str, str] = {}
        self._questions = {
            _folded(text) for text in texts.values() if plain_width(text).rstrip().endswith("?")
        }
        for letter, text in texts.items():
            other = self._letter.setdefault(_folded(text), letter)
            if other != letter:
                raise RecordError(f"the record's {field}: {other} and {letter} have the same text ({text!r})")
        spelled = "|".join(map(_spelled, sorted(self._letter, key=len, reverse=True)))
        self._text = re.compile(spelled, re.IGNORECASE)
        either = self.letters + self.letters.lower()
        named = rf"[{either}](?=[).:,]|\s-)|[{self.letters}](?=\s)"
        label = rf"\(?(?-i:(?P<letter>{named}))(?:[).:,]{{1,2}}|\s-|)\s{{0,2}}"
        self._slot = re.compile(
            rf"{_OPEN}(?:{label}{_OPEN})?{_ARTICLE}(?P<text>{spelled}){_ENDED}", re.IGNORECASE
        )

    def read(self, text: str, strict: bool) -> str | Missing:
        """Return the letter of the option that a text settles on.

        Args:
            text: A completion or a reference.
            strict: True if the whole text must be the letter or the text of an option.
        """
        letter = choice_letter(text, self.letters)
        text = plain_width(text)
        named = self._whole(text) if strict else self._named(text)
        if not named:
            return letter
        claimed = not isinstance(letter, Missing)
        if len(named) > 1 or (claimed and letter not in named):
            return Missing("it names different options", "several")
        if isinstance(letter, Missing) and letter.kind == "several" and letter.reason != SEVERAL_LABELS:
            return letter
        return named.pop()

    def _whole(self, text: str) -> set[str]:
        """Return the option that makes up the whole text, with or without its letter.

        An empty string is added if the text asks about the option, so that the answer counts as ambiguous.
        """
        found = self._slot.match(text)
        if found and not text[found.end() :].strip(_AROUND + ")]}$"):
            both = self._both(found)
            return {"", *both} if self._is_asked(text, found) else both
        return set()

    def _is_asked(self, text: str, found: re.Match[str]) -> bool:
        """Return True if a text asks about an option that is not itself a question."""
        asked = is_asked(text, found.end(), near=True)
        return asked and _folded(found["text"]) not in self._questions

    def _named(self, text: str) -> set[str]:
        """Return the claimed options or, if there is no claim, the option in the first or last line."""
        claims = [claim.span() for claim in _CLAIMS[is_foreign(text)].finditer(text)][-_MOST:]
        named: set[str] = set()
        asked: set[str] = set()
        last = 0
        for start, end in claims:
            if is_doubted(text, start):
                continue
            found = self._claimed(text, start, end)
            if found is None:
                continue
            if last and REVISED.search(small(text[last:start])):
                named = set()
            if is_denied(text, *found.span("text")):
                continue
            if self._is_asked(text, found):
                asked |= {"", *self._both(found)}
                continue
            last = found.end()
            named |= self._beside(text, found)
        if named:
            others = self._text
            return {"", *named} if is_taken_back(text, last, others.search) else named
        if claims:
            return asked
        lines = text.strip().split("\n")
        first = self._whole(lines[0])
        if first and is_taken_back(text.lstrip(), len(lines[0]), self._text.search):
            return {"", *first}
        return first | self._whole(lines[-1])

    def _claimed(self, text: str, start: int, end: int) -> re.Match[str] | None:
        """Return the option after a claim. The match of the claim may include the option's first word."""
        for at in range(max(start + 1, end - _FILLED), end):
            before, sign = text[at - 1], text[at]
            if (before.isascii() and before.isalnum()) or not (sign.isalnum() or sign in "-("):
                continue
            found = self._slot.match(text, at)
            if found and found.end() >= end:
                return found
        return self._slot.match(text, end)

    def _beside(self, text: str, found: re.Match[str]) -> set[str]:
        """Return the option in a slot and any option joined to it, as in `Rome or Paris`."""
        named = self._both(found)
        joined = _JOINED.match(text, found.end())
        other = self._text.match(text, joined.end()) if joined else None
        if other and not is_denied(text, *other.span()):
            named.add(self._letter.get(_folded(other[0]), ""))
        return named

    def _both(self, found: re.Match[str]) -> set[str]:
        """Return the options that a slot names by text and by letter."""
        letter = found["letter"]
        return {self._letter.get(_folded(found["text"]), ""), *(letter.upper() if letter else "")}


def options_reader(field: str, letters: str) -> Callable[[object], Callable[[str, bool], str | Missing]]:
    """Return a function that creates a reader from a record's options."""
    return lambda given: OptionTexts(given, field, letters).read


def _listed(given: object, field: str, letters: str) -> dict[str, str]:
    """Return the text of each option by its letter."""
    if isinstance(given, list):
        if len(given) > len(letters):
            raise RecordError(
                f"the record's {field} lists {len(given)} options for the letters {letters}: "
                "give the check more letters"
            )
        given = dict(zip(letters, given, strict=False))
    if not isinstance(given, dict) or len(given) < 2:
        raise RecordError(
            f"the record's {field} is not a list of two or more options: "
            "list their texts in the order of the letters"
        )
    texts = {}
    for letter, text in given.items():
        name = letter.strip().upper() if isinstance(letter, str) else ""
        if len(name) != 1 or name not in letters or name in texts:
            raise RecordError(
                f"the record's {field} has an option {letter!r}: name options by one of {letters}"
            )
        if isinstance(text, bool) or not isinstance(text, (str, int, float)) or not _folded(str(text)):
            raise RecordError(f"the record's {field}: option {name} is {text!r}: write its text")
        texts[name] = str(text)
    bare = {letter: re.sub(rf"\A\s*\(?{letter}[).:]\s*(?=\S)", "", text) for letter, text in texts.items()}
    if all(bare[letter] != text for letter, text in texts.items()):  # every text starts with its own letter
        texts = bare
    return {letter: texts[letter] for letter in letters if letter in texts}


def _folded(text: str) -> str:
    """Normalize a text for comparison."""
    return " ".join(plain_width(text).casefold().split()).strip(_AROUND)


def _spelled(text: str) -> str:
    """Return a pattern that finds an option's text, except inside a word or a number."""
    body = r"\s{1,3}".join(map(re.escape, text.split(" ")))
    before = rf"(?<![{_LATIN}])" if text[0].isascii() and text[0].isalnum() else ""
    behind = (
        rf"(?![{_LATIN}%^]|[.,/:]\d|\s?[-+*/]\s?\d|['’]\w)"
        if text[-1].isascii() and text[-1].isalnum()
        else ""
    )
    return f"{before}{body}{behind}"
