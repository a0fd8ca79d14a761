"""Finds the visible part of a text, in any script, and its length.

A model that is paid for form would learn to write characters that are counted but not seen, so invisible
characters are never counted. How words are counted depends on the script, because a text without spaces would
otherwise be one word.
"""

from __future__ import annotations

import re

from .._invisible import BLANK, INVISIBLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Control characters other than white space are not counted either.
_UNCOUNTED = re.compile(rf"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f{INVISIBLE}{BLANK}]+")
# Chinese, Japanese, Thai, Lao, Tibetan, Burmese and Khmer have no spaces between words.
UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_SPACED = rf"[^\s{UNSPACED}]"
_MARKUP = re.compile(
    r"[*`~]+|</?[A-Za-z][A-Za-z0-9]{0,9}>"
    r"|(?<![^\W_])_+(?=[^\s_])|(?<=[^\s_])_+(?![^\W_])"  # an underscore inside a word is not emphasis
    r"|\\(?=[!-/:-@\[-`{-~])"  # escaped characters are visible
)
LONGEST_WORD = 40
"""The maximum length of a word, in characters; in a longer run, each excess character is a word."""
_WORD = re.compile(rf"[{UNSPACED}]|{_SPACED}{{1,{LONGEST_WORD}}}+(?!{_SPACED})|{_SPACED}")


def visible(text: str) -> str:
    """Return the text without invisible characters and outer white space."""
    return _UNCOUNTED.sub("", text).strip()


def unmarked(text: str) -> str:
    """Return the text that a page shows, without Markdown and HTML markup that may be inside a word."""
    return _MARKUP.sub("", text)


def words(text: str) -> Iterator[str]:
    """Return the words of a visible text; in scripts without spaces, each character is a word."""
    return (found[0] for found in _WORD.finditer(text))


def says_something(text: str) -> bool:
    """Return whether a visible text contains a letter or a digit."""
    return any(map(str.isalnum, text))
