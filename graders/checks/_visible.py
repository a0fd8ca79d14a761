"""Removes invisible characters from a text and splits it into words, in any script.

Invisible characters never count toward a length, because a model that is rewarded for length would learn to
write them. Words are counted by script, because a text without spaces would otherwise be a single word.
"""

from __future__ import annotations

import re

from .._invisible import BLANK, INVISIBLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Control characters other than white space count as invisible.
_UNCOUNTED = re.compile(rf"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f{INVISIBLE}{BLANK}]+")
# Chinese, Japanese, Thai, Lao, Tibetan, Burmese and Khmer have no spaces between words.
UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_SPACED = rf"[^\s{UNSPACED}]"
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MARKUP = re.compile(
    r"[*`~]+|</?[A-Za-z][A-Za-z0-9]{0,9}(?:\s[^<>]{0,200})?>|<!--[^<>]{0,200}-->"
    r"|(?<![^\W_])_+(?=[^\s_])|(?<=[^\s_])_+(?![^\W_])"  # an underscore inside a word is not emphasis
    r"|\\(?=[!-/:-@\[-`{-~])"  # escaped characters are visible
)
_EMPHASIS = re.compile(
    r"(?<![\w*\\])(\*{1,3}|_{1,3}|`)(?=\S)([^*_`\n]{1,200})(?<=\S)\1(?![\w*])|</?[A-Za-z][A-Za-z0-9]{0,9}>"
)
LONGEST_WORD = 40
"""Maximum length of a word, in characters. In longer runs, each excess character counts as a word."""
_WORD = re.compile(rf"[{UNSPACED}]|{_SPACED}{{1,{LONGEST_WORD}}}+(?!{_SPACED})|{_SPACED}")


def visible(text: str) -> str:
    """Remove invisible characters and outer white space."""
    return _UNCOUNTED.sub("", text).strip()


def unmarked(text: str) -> str:
    """Remove Markdown and HTML markup that may be inside a word, and decode HTML entities."""
    if "&" in text:
        from html import unescape

        text = _UNCOUNTED.sub("", _ENTITY.sub(lambda entity: unescape(entity[0]), text))
    return _MARKUP.sub("", text)


def without_emphasis(text: str) -> str:
    """Remove Markdown emphasis around whole words, and HTML tags without attributes."""
    if not any(sign in text for sign in "*_`<"):
        return text
    return _EMPHASIS.sub(lambda found: found[2] or "", text)


def words(text: str) -> Iterator[str]:
    """Return the words of a text. In scripts without spaces, each character is a word."""
    return (found[0] for found in _WORD.finditer(text))


def says_something(text: str) -> bool:
    """Return True if a text contains a letter or a digit."""
    return any(map(str.isalnum, text))
