"""Tokenizers for the similarity checks.

`words` is this project's own tokenizer, which works in every script. The other functions reproduce the
tokenizers of rouge-score 0.1.2, nltk 3.10 (`wordpunct_tokenize` and `str.split`) and SQuAD's evaluation
script.
"""

from __future__ import annotations

import re

from ._visible import visible
from ._visible import words as words_by_script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, TypeAlias

    Tokens: TypeAlias = tuple[str, ...]
    Cut: TypeAlias = Literal["words", "rouge", "wordpunct", "spaces", "squad"]

_MINUS = {0x2212: "-"}
_IN_NUMBERS = ".,-"  # part of a number, or a separator
_SIGNS = "%\u2030#&@\u00b0"  # part of the adjacent word or number, like currencies and `+<=>`
_SEPARATORS = "|~"
_NUMBER = re.compile(r"[^\w.,]*[.,]?\d++(?:[.,]\d++)*+[^\w.,-]*(?=[.,]*+$)")
_PARTS = re.compile("[.,-]+")
_ALPHANUMERIC = re.compile("[a-z0-9]+")
_WORDPUNCT = re.compile(r"\w+|[^\w\s]+")
_PUNCTUATION = str.maketrans("", "", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def words(text: str) -> Tokens:
    """Return lowercase words and numbers without punctuation.

    In scripts without spaces, each character is a token. Numbers keep their sign, separators, and currency or
    percent sign, and words keep characters like those in `C++`, `C#` and `R&D`. Otherwise, `-5` would equal
    `5`, and `C++` would equal `C#`.
    """
    text = visible(text).casefold().translate(_MINUS)
    kept = {ord(sign): " " for sign in set(text) if sign not in _IN_NUMBERS and not _is_in_word(sign)}
    found: list[str] = []
    for chunk in text.translate(kept).split():
        if chunk.isalnum() and chunk.isascii():
            found.append(chunk)
        elif number := _NUMBER.match(chunk):
            found.append(number[0])
        else:
            parts = words_by_script(_PARTS.sub(" ", chunk))
            found += [part for part in parts if any(map(str.isalnum, part))]
    return tuple(found)


def rouge(text: str) -> Tokens:
    """Return runs of `a-z0-9` in lowercase, as in rouge-score. All other characters separate tokens."""
    return tuple(_ALPHANUMERIC.findall(text.lower()))


def wordpunct(text: str) -> Tokens:
    """Return the tokens of nltk's `wordpunct_tokenize`: runs of word characters and runs of punctuation."""
    return tuple(_WORDPUNCT.findall(text))


def spaces(text: str) -> Tokens:
    """Split a text at white space, keeping its case and punctuation."""
    return tuple(text.split())


def squad(text: str) -> Tokens:
    """Return SQuAD's tokens: lowercase, without ASCII punctuation (`3.5` is `35`) and `a`, `an` and `the`."""
    return tuple(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


CUTS: dict[str, Callable[[str], Tokens]] = {
    cut.__name__: cut for cut in (words, rouge, wordpunct, spaces, squad)
}
"""The tokenizers by name."""


def _is_in_word(sign: str) -> bool:
    """Return True for a letter, a digit, a combining mark or a meaningful symbol."""
    if sign.isalnum() or sign in _SIGNS:
        return True
    from unicodedata import category

    kind = category(sign)
    return sign not in _SEPARATORS and (kind[0] == "M" or kind in ("Sc", "Sm"))
