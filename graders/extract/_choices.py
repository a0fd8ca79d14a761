"""The lettered choice that a completion settles on."""

from __future__ import annotations

import re

from ._blocks import boxed
from ._missing import Missing

_WRAPPING = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\s?\{|[*_`$\"'()\[\]{}<>.,:;!\s\u200b]|\\[()\[\]]")
_LONGEST = 64

_CLAIM = (
    r"(?:\b(?i:answer)|\b(?i:choice|option)(?=\s{1,3}(?i:is|would)\b|\s?:)|\b(?i:i\s(?:choose|pick|select)))"
    r"[\s*_:=-]{0,6}(?:(?i:is|would\sbe|should\sbe)\b[\s*_:=-]{0,6})?(?:(?i:option|choice|letter)\b\s{0,3})?"
    r"(?P<open>(?:\\(?:text|textbf|mathrm|mathbf)\s?\{|[*_`$\"'(\[{<]|\\[(\[]){0,6})"
    r"(?P<letter>[%(either)s])(?![A-Za-z0-9'’])"
)
_RIVAL = (
    r"[)\]}>*_`\"'$\s]{0,8}(?P<join>[,/&|;+]|\b(?i:or|and)\b)?\s{0,3}(?:(?i:or|and|option)\b\s{0,3}){0,2}"
    r"[(\[{<*_`\"'$]{0,6}(?P<letter>[%(upper)s])(?![A-Za-z0-9'’])"
)
_LABEL = (
    r"\(([%(upper)s])\)|\*\*([%(upper)s])[.:]?\*\*|\b(?i:option|choice)\s([%(upper)s])(?![A-Za-z0-9'’])"
    r"|^[\s*_#>-]{0,6}([%(upper)s])(?:[.):](?=[\s*]|$)|[*_`]{0,3}[ \t]{0,3}$)"
)
_WORD_FOLLOWS = re.compile(r" {1,3}(?!(?:because|since|as|is|due|with)\b)[A-Za-z]")
_compiled: dict[str, tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]] = {}


def choice_letter(text: str, letters: str = "ABCD") -> str | Missing:
    r"""Return the letter that a text settles on.

    A text that names several choices without settling on one has answered nothing. The clearest kind of
    statement present decides, in this order:

    1. the last box: `\boxed{B}`;
    2. the whole text, markup aside: `B`, `b`, `(B)`, `B.`, `**B**`;
    3. the last claim: `Answer: B`, `the answer is (B)`, `the correct option is B`, `I choose B`. A claim of
       several (`B or C`, `B, C`, `B/C`) is none, and so is one whose letter is the article (`the answer is a
       dog`);
    4. labels, when all of them name the same letter: `(B)`, `**B**`, `option B`, and at the start of a line
       `B)`, `B.`, `B:` or nothing but `B`.

    Lower case counts in 1 to 3 where the letter stands in brackets or nothing follows it on its line.

    Args:
        text: A completion, or a reference answer.
        letters: The letters there are to choose from, in upper case.

    Returns:
        One of the letters, in upper case; `Missing` when the text settles on none.

    Raises:
        ValueError: The letters are not two or more different capitals of the Latin alphabet.
    """
    claim, rival, label = _compiled.get(letters) or _compile(letters)
    box = boxed(text)
    if box:
        return _lone(box, letters) or _labeled(box, label)
    lone = _lone(text, letters)
    if lone is not None:
        return lone
    settled: re.Match[str] | None = None
    for found in claim.finditer(text):
        if not _is_article(text, found):
            settled = found
    if settled is None:
        return _labeled(text, label)
    letter = settled["letter"].upper()
    other = rival.match(text, settled.end())
    if other and other["letter"] != letter and (other["join"] or not _is_article(text, other)):
        return Missing("it claims several letters", "several")
    return letter


def _compile(letters: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """The patterns for one alphabet, kept."""
    plain = letters.isascii() and letters.isalpha() and letters.isupper()
    if not plain or len(letters) < 2 or len(set(letters)) < len(letters):
        raise ValueError(f"letters={letters!r}: write two or more different capitals, such as 'ABCD'")
    names = {"upper": letters, "either": letters + letters.lower()}
    claim, rival, label = (re.compile(form % names, re.MULTILINE) for form in (_CLAIM, _RIVAL, _LABEL))
    _compiled[letters] = claim, rival, label
    return claim, rival, label


def _lone(text: str, letters: str) -> str | None:
    """The letter that a short text is, markup and punctuation aside."""
    if len(text) > _LONGEST:
        return None
    core = _WRAPPING.sub("", text).upper()
    return core if len(core) == 1 and core in letters else None


def _labeled(text: str, label: re.Pattern[str]) -> str | Missing:
    """The one letter that all labels of a text name."""
    named = ""
    for found in label.finditer(text):
        letter: str = found[found.lastindex or 0]
        if named and letter != named:
            return Missing("it names several letters", "several")
        named = letter
    return named or Missing("it settles on no letter")


def _is_article(text: str, found: re.Match[str]) -> bool:
    """Whether the letter that was found is a word of a sentence, such as `a` or `I`."""
    letter = found["letter"]
    if not (letter in "AI" or letter.islower()) or text[found.start("letter") - 1] in "([{<*_`$\"'":
        return False
    return _WORD_FOLLOWS.match(text, found.end()) is not None
