"""Text from data, made safe to print: a completion must not steer the terminal or forge a line."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """Text as one line, with control characters and lone surrogates escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
