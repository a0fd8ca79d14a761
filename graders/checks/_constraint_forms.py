"""Verifiable instructions about the form of a completion, such as lists, sections, JSON, titles and case."""

from __future__ import annotations

import re

from ..extract import Missing
from ..extract._json import exact_json
from ._languages import language_of
from ._visible import says_something

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    Kept: TypeAlias = Callable[[str], bool | None]

ANSWERS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
"""Phrases that IFEval accepts as constrained responses."""

_PLACEHOLDER = re.compile(r"\[([^\[\]\n]*)\]")
_STARS = re.compile(r"(\*+)")
_FENCE = re.compile(r"```(?:json|Json|JSON)?")
_COMMAS = re.compile("[,\u060c\u3001\ufe10\ufe50\ufe51\uff0c\uff64]")
_POSTSCRIPTS = {"P.P.S": r"p\.\s?p\.\s?s", "P.P.S.": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}


def response_language(language: str) -> Kept:
    """Require a language. The test returns None if the language cannot be detected."""

    def kept(text: str) -> bool | None:
        found = language_of(text)
        return None if found is None else found == language

    return kept


def number_placeholders(num_placeholders: int) -> Kept:
    """Require at least N placeholders in square brackets."""
    return lambda text: (
        sum(1 for found in _PLACEHOLDER.finditer(text) if says_something(found[1])) >= num_placeholders
    )


def postscript(postscript_marker: str) -> Kept:
    """Require text after a postscript marker."""
    form = _POSTSCRIPTS.get(postscript_marker.upper()) or re.escape(postscript_marker.lower())
    marker = re.compile(rf"(?<![\w.]){form}")

    def kept(text: str) -> bool:
        text = text.lower()
        found = marker.search(text)
        return found is not None and says_something(text[found.end() :])

    return kept


def number_bullet_lists(num_bullets: int) -> Kept:
    """Require exactly N lines that start with `-` or a single `*`, followed by text."""

    def kept(text: str) -> bool:
        bullets = [line for line in map(str.lstrip, text.split("\n")) if line[:1] == "-" or _is_starred(line)]
        return len(bullets) == num_bullets and all(map(says_something, bullets))

    return kept


def _is_starred(line: str) -> bool:
    return line[:1] == "*" and line[1:2] != "*"


def constrained_response(options: Sequence[str] = ANSWERS) -> Kept:
    """Require exactly one of the phrases."""
    return lambda text: sum(1 for phrase in options if phrase in text) == 1


def number_highlighted_sections(num_highlights: int) -> Kept:
    """Require at least N highlights, such as `*this*` or `**this**`."""

    def kept(text: str) -> bool:
        return sum(map(_highlights, text.split("\n"))) >= num_highlights

    return kept


def _highlights(line: str) -> int:
    """Count highlights in a line: text between matching asterisks, with no white space at either end."""
    pieces = _STARS.split(line)
    at = found = 0
    while 2 * at + 3 < len(pieces):
        opening, inside, closing = pieces[2 * at + 1 : 2 * at + 4]
        if opening == closing and inside.strip() == inside and says_something(inside):
            found += 1
            at += 1
        at += 1
    return found


def multiple_sections(section_spliter: str, num_sections: int) -> Kept:
    """Require at least N nonempty sections with distinct numbers."""
    heading = re.compile(rf"(?<!\w){re.escape(section_spliter)}\s?(\d+)\s?")

    def kept(text: str) -> bool:
        pieces = heading.split(text)
        return len({*map(int_text, _filled(pieces))}) >= num_sections

    return kept


def _filled(pieces: Sequence[str]) -> list[str]:
    """Return the numbers of section headings that are followed by text."""
    return [number for number, part in zip(pieces[1::2], pieces[2::2], strict=True) if says_something(part)]


def int_text(number: str) -> str:
    """Remove leading zeros. The result is a string because `int` rejects numbers with thousands of digits."""
    return number.lstrip("0")


def json_format(text: str) -> bool:
    """Return True if the whole text is one nonempty JSON object or array, with or without a fence."""
    fence = _FENCE.match(text)
    value = exact_json((text[fence.end() :] if fence else text).removesuffix("```").strip())
    return not isinstance(value, Missing) and isinstance(value, (dict, list)) and says_something(text)


def title(text: str) -> bool:
    """Return True if a line contains a title in double angle brackets."""
    for line in text.split("\n"):
        start, end = line.find("<<"), line.rfind(">>")
        if 0 <= start < end and says_something(line[start:end]):
            return True
    return False


def two_responses(text: str) -> bool:
    """Return True if the text consists of two different responses, separated by six asterisks."""
    parts = text.split("******")
    parts = parts[not parts[0].strip() : len(parts) - (not parts[-1].strip())]
    said = ["".join(filter(str.isalnum, part.casefold())) for part in parts]
    return len(said) == 2 and all(said) and said[0] != said[1]


def repeat_prompt(prompt_to_repeat: str) -> Kept:
    """Require the prompt, ignoring case, followed by more text."""
    prompt = prompt_to_repeat.strip().lower()

    def kept(text: str) -> bool:
        text = text.lower()
        return text.startswith(prompt) and says_something(text[len(prompt) :])

    return kept


def end_checker(end_phrase: str) -> Kept:
    """Require the text to end with a phrase, ignoring case. The phrase by itself is not enough."""
    phrase = end_phrase.strip().lower()

    def kept(text: str) -> bool:
        text = text.strip().strip('"').lower()
        return text.endswith(phrase) and says_something(text[: len(text) - len(phrase)])

    return kept


def english_capital(text: str) -> bool:
    """Return True if all letters are capitals and the text is not known to be non-English."""
    return text.isupper() and language_of(text) in ("en", None)


def english_lowercase(text: str) -> bool:
    """Return True if all letters are lowercase and the text is not known to be non-English."""
    return text.islower() and language_of(text) in ("en", None)


def no_comma(text: str) -> bool:
    """Return True if the text contains no commas, in any script."""
    return not _COMMAS.search(text)


def quotation(text: str) -> bool:
    """Return True if the whole text is enclosed in straight double quotation marks."""
    text = text.strip()
    return len(text) > 1 and text[0] == '"' == text[-1]
