"""Text from data, made safe to print: a completion must not steer the terminal or forge a line."""

from __future__ import annotations

__all__ = ["printable", "shortened"]


def printable(text: str) -> str:
    """Text as one line, with control characters and lone surrogates escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def shortened(text: str, most: int = 300) -> str:
    """Text of at most so many characters, its middle left out: what an error ends with is its place."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]} ... {text[-half:]}"
