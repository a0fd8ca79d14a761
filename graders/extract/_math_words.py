r"""Rewrites words that LaTeX writes as text or as signs: `C \lor A`, `yes \text{ is wrong}`."""

from __future__ import annotations

import re

_SET_AS_TEXT = re.compile(
    r"( {0,3})\\(?:text(?:bf|it|rm)?|math(?:rm|bf)|mbox)\s?\{"
    r"(\s[^\\{}\n]{1,80}|[^\\{}\n]{0,80}\s[^\\{}\n]{0,80})\}"
)
_WORDS = {"lor": " or ", "vee": " or ", "land": " and ", "wedge": " and "}
_COMMANDS = re.compile(r"\\(?:(lor|vee|land|wedge|qquad|quad|enspace|thinspace)(?![A-Za-z])|[,;:! ])\s{0,2}")
_SIGNS = str.maketrans({"\u2228": " or ", "\u2227": " and "})


def math_words(text: str) -> str:
    r"""Rewrite LaTeX for `or`, `and`, spaces and phrases in `\text{...}` as plain text.

    A single word or letter in `\text{...}`, such as `\text{B}`, is not changed.

    Args:
        text: A text that `plain_width` has normalized.
    """
    if not text.isascii():
        text = text.translate(_SIGNS)
    if "\\" not in text:
        return text
    return _COMMANDS.sub(lambda found: _WORDS.get(found[1], " "), _SET_AS_TEXT.sub(_unwrapped, text))


def _unwrapped(found: re.Match[str]) -> str:
    """Return the words without the command, with at most one space before them."""
    return f" {found[2].lstrip()}" if found[1] else found[2]
