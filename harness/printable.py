"""Makes text from data safe to print, so that a completion cannot control the terminal or forge a line."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence

__all__ = ["columns_of", "filled", "named", "printable", "readable", "shortened", "substitute", "wrapped"]

# C0 and C1, characters that change the text direction or are invisible, and lone surrogates, but not newlines
# and tabs. `re` compiles it on first use; many commands never need it.
_STEERING = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_PLAINER = {"…": "...", "█": "#", "–": "-", "—": "-", "“": '"', "”": '"', "‘": "'", "’": "'", "×": "x"}


def printable(text: str) -> str:
    """Return text as one line, with control characters and lone surrogates escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def readable(text: str) -> str:
    """Return text with control characters escaped, except newlines and tabs."""
    return text if text.isprintable() else re.sub(_STEERING, lambda found: ascii(found[0])[1:-1], text)


def shortened(text: str, most: int = 300) -> str:
    """Shorten text to a limit by omitting its middle, because errors end with their place."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]} ... {text[-half:]}"


def wrapped(text: str, width: int) -> str:
    """Wrap lines between words to fit a terminal.

    Continuation lines are indented by two more columns. Words wider than a line, such as paths, are not
    split.

    Args:
        text: The text, whose lines may be indented.
        width: Number of columns in the terminal.
    """
    return "\n".join(_wrapped_line(line, width) for line in text.split("\n"))


def _wrapped_line(line: str, width: int) -> str:
    if columns_of(line) <= width:
        return line
    start = re.match(r"\s*", line)
    indent = f"\n{start[0] if start else ''}  "
    broken, used, first = "", 0, True
    for space, word in re.findall(r"(\s*)(\S+)", line):
        wide = columns_of(space + word)
        if not first and used + wide > width:
            broken += indent + word
            used = columns_of(indent[1:] + word)
        else:
            broken += space + word
            used += wide
        first = False
    return broken


def columns_of(text: str) -> int:
    """Return the number of terminal columns that a text fills. A Chinese character fills two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def named(names: Sequence[str], most: int = 10) -> str:
    """Return the first few names and the number of the others, for use in a sentence."""
    shown = ", ".join(shortened(name, 60) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def substitute(error: UnicodeError) -> tuple[str | bytes, int]:
    """Encoding error handler that replaces a character with a simpler one or an escape."""
    if isinstance(error, UnicodeEncodeError) and (plainer := _PLAINER.get(error.object[error.start])):
        return plainer, error.start + 1
    return codecs.backslashreplace_errors(error)


def filled(text: str, indent: str = "") -> str:
    """Wrap a paragraph to 80 columns, without splitting paths and ARNs.

    Args:
        text: The text, in which control characters are escaped.
        indent: Prefix of the first line. The other lines are indented by two more spaces.
    """
    import textwrap

    return textwrap.fill(
        printable(text),
        80,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
