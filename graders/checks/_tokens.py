r"""Cuts texts into tokens, in the ways of the libraries whose figures the checks of similarity repeat.

`words` is this project's own way, for every script. The others are the ones of rouge-score 0.1.2, of nltk
3.10 (`wordpunct_tokenize`, and `str.split`), and of SQuAD's evaluation script.
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
_SIGNS = "%\u2030#&@\u00b0"  # part of the word or number beside them, as currencies and `+<=>` are
_SEPARATORS = "|~"
_NUMBER = re.compile(r"[^\w.,]*[.,]?\d++(?:[.,]\d++)*+[^\w.,-]*(?=[.,]*+$)")
_PARTS = re.compile("[.,-]+")
_ALPHANUMERIC = re.compile("[a-z0-9]+")
_WORDPUNCT = re.compile(r"\w+|[^\w\s]+")
_PUNCTUATION = str.maketrans("", "", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def words(text: str) -> Tokens:
    """Lower-case words and numbers without punctuation, and each character of scripts without spaces.

    A number keeps its sign, its separators and its currency or percent, and a word such signs as those of
    `C++`, `C#` and `R&D`, so that neither `-5` is `5`, nor `3.5` is `3` and `5`, nor `C++` is `C#`.
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
    """Runs of `a-z0-9` in lower case, as rouge-score cuts; other letters separate."""
    return tuple(_ALPHANUMERIC.findall(text.lower()))


def wordpunct(text: str) -> Tokens:
    """Runs of letters, digits and underscores, and runs of other signs: nltk's `wordpunct_tokenize`."""
    return tuple(_WORDPUNCT.findall(text))


def spaces(text: str) -> Tokens:
    """What stands between white space, case and punctuation included."""
    return tuple(text.split())


def squad(text: str) -> Tokens:
    """SQuAD's: lower case, ASCII punctuation deleted (`3.5` is `35`), without `a`, `an` and `the`."""
    return tuple(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


CUTS: dict[str, Callable[[str], Tokens]] = {
    cut.__name__: cut for cut in (words, rouge, wordpunct, spaces, squad)
}
"""Every way of cutting by its name."""


def _is_in_word(sign: str) -> bool:
    """Whether a sign is a letter, a digit, a mark on one, or a symbol that changes what it means."""
    if sign.isalnum() or sign in _SIGNS:
        return True
    from unicodedata import category

    kind = category(sign)
    return sign not in _SEPARATORS and (kind[0] == "M" or kind in ("Sc", "Sm"))
