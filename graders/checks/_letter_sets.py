"""Parses answers that consist of several letters, such as `A, C`."""

from __future__ import annotations

import re

from ..extract import Missing
from ..extract._denial_phrases import small
from ..extract._denials import is_doubted
from ..extract._phrases import REVISED, claim_patterns, is_foreign, plain_width
from ..extract._retractions import is_taken_back

_CLAIMS = claim_patterns(r"|\b[Aa]nswers\s{0,4}(?:are\b|[:=])")
_STYLE = re.compile(r"\\(?:text(?:bf|rm)?|math(?:rm|bf))\s?(?=\{)")
_FILLER = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z][\s:,]{0,3}|[a-z]\s?,\s?)\Z")
_LONGEST = 200
_OPEN, _CLOSE = r"[*_`$\"'(\[{]{0,4}", r"[*_`$\"')\]}]{0,4}"
_JOINED = r"\s{0,2}(?:[,;&+/、]\s{0,2}(?:and\s)?|\band\b|[和与及])\s{0,2}"
_ENDED = r"(?:</answer>)?[.*_`$\s\"')\]}]{0,6}"


class LetterSets:
    """Parses sets of letters in completions and references.

    Args:
        letters: The allowed letters, in uppercase.
    """

    def __init__(self, letters: str) -> None:
        self._letters = frozenset(letters)
        self._one = re.compile(rf"(?<!\w)[{letters}](?!\w)")
        one, either = f"[{letters}]", f"[{letters}{letters.lower()}]"
        # Letters without separators must be capitals, because `bad` is a word.
        parts = rf"{_OPEN}{either}{_CLOSE}(?:{_JOINED}{_OPEN}{either}{_CLOSE})*|(?:{_OPEN}{one}{_CLOSE}\s?)+"
        self._slot = re.compile(rf"{_OPEN}(?P<letters>{parts}){_ENDED}")

    def in_slot(self, text: str) -> frozenset[str]:
        """Return the letters in a text that consists only of letters and separators, else an empty set."""
        text = _STYLE.sub("", text.strip())
        found = self._slot.fullmatch(text) if len(text) <= _LONGEST else None
        if found is None:
            return frozenset()
        return self._letters & frozenset(found["letters"].replace("and", "").upper())

    def read(self, text: str, strict: bool) -> frozenset[str] | Missing:
        """Return the letters that a text settles on, based on its last claim or the whole text.

        `strict` has no effect because a text must always settle on a single answer.
        """
        text = plain_width(text).strip()
        claims = list(_CLAIMS[is_foreign(text)].finditer(text))
        if not claims:
            return self.in_slot(text) or Missing("it claims no letters")
        # The match of the claim may include the letter A, because it looks like an article.
        filler = _FILLER.search(claims[-1][0])
        at = claims[-1].start() + filler.start() if filler else claims[-1].end()
        line, _, behind = text[at:].strip().partition("\n")
        if is_doubted(text, claims[-1].start()):
            return Missing("what it claims is denied or doubted")
        named, last = self.in_slot(line), self.in_slot(behind.rpartition("\n")[2])
        if not named:
            return Missing("it claims more than letters")
        taken_back = is_taken_back(text, len(text) - len(behind), self._one.search)
        if taken_back or REVISED.search(small(behind)) or (last and last != named):
            return Missing("it revises the letters that it claims", "several")
        return named
