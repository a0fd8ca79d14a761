"""What a reader sees of a text, and how much: without invisible characters, and in any script.

A model that is paid for form finds what looks like nothing and counts as something, so nothing invisible is
ever counted. Words are counted by script, since a text without spaces would otherwise be one word.
"""

from __future__ import annotations

import re

from .._invisible import BLANK, INVISIBLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Controls that are no white space are not counted either.
_UNCOUNTED = re.compile(rf"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f{INVISIBLE}{BLANK}]+")
# Chinese, Japanese, Thai, Lao, Tibetan, Burmese and Khmer put no space between words.
UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_SPACED = rf"[^\s{UNSPACED}]"
_MARKUP = re.compile(
    r"[*`~]+|</?[A-Za-z][A-Za-z0-9]{0,9}>"
    r"|(?<![^\W_])_+(?=[^\s_])|(?<=[^\s_])_+(?![^\W_])"  # an underscore inside of a word is no emphasis
    r"|\\(?=[!-/:-@\[-`{-~])"  # what is escaped is shown
)
LONGEST_WORD = 40
"""Characters of the longest word: in a longer run without a space, those before its end count one by one."""
_WORD = re.compile(rf"[{UNSPACED}]|{_SPACED}{{1,{LONGEST_WORD}}}+(?!{_SPACED})|{_SPACED}")


def visible(text: str) -> str:
    """The text without its invisible characters and without white space around it."""
    return _UNCOUNTED.sub("", text).strip()


def unmarked(text: str) -> str:
    """The text without the marks of Markdown and HTML that may stand inside of a word, as a page shows it."""
    return _MARKUP.sub("", text)


def words(text: str) -> Iterator[str]:
    """The words of a visible text; each character of a script that puts no space between words is one."""
    return (found[0] for found in _WORD.finditer(text))


def says_something(text: str) -> bool:
    """Whether a visible text holds a letter or a digit."""
    return any(map(str.isalnum, text))
