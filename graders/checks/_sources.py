"""Extracts the sources in a record and the quotations and citations in a completion."""

from __future__ import annotations

import re

from ..errors import RecordError
from ..extract import Missing
from ._spelling import spelling, without_around
from ._visible import UNSPACED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import Any

    from ..sample import Sample

_TEXTS = ("text", "content", "page_content")
_RANGE = 100  # maximum number of sources in a range such as [1-3]

# Opening quotation marks and their closing marks. Single marks are left out, because most are apostrophes.
_CLOSING = {
    **{"\u201c": '\u201d"', "\u201e": "\u201c\u201d", "\u201d": "\u201d", '"': '"\u201d', "\uff02": "\uff02"},
    **{"\u00ab": "\u00bb", "\u00bb": "\u00ab", "\u300c": "\u300d", "\u300e": "\u300f"},
}
_AMBIGUOUS = '"\u201d\u00bb'  # straight marks also close a quotation, or mean inches
_OPENING = re.compile(f"[{''.join(_CLOSING)}]")
_CLOSERS = {sign: re.compile(f"[{closing}]") for sign, closing in _CLOSING.items()}
_BLOCK = re.compile(r"(?:^[ ]{0,3}>[^\n]*(?:\n|\Z))+", re.MULTILINE)
_BLOCK_MARK = re.compile(r"^[ ]{0,3}>", re.MULTILINE)
_CODE = re.compile(r"^(?:```|~~~)[^\n]*\n.*?(?:^(?:```|~~~)[ \t]*$|\Z)|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_ELLIPSIS = re.compile(r"[\[(]\s?(?:\u2026|\.\s?\.\s?\.)\s?[\])]|\u2026|\.\s?\.\s?\.")
_ALTERED = re.compile(r"\[(\w)\](?=\w)")  # a letter in brackets, as in [T]he
_DASH = re.compile("[\u2014\u2015]|--+")
_UNSPACED = re.compile(f"([{UNSPACED}])")

_BRACKETS = re.compile(
    r"(?<!\\)\[\^?(?P<ids>[^\[\]\n]{1,200})\](?=(?P<link>\()?)"
    r"|[\u3010\u3014\uff3b](?P<wide>[^\u3010\u3011\u3014\u3015\uff3b\uff3d\n]{1,200})[\u3011\u3015\uff3d]"
)
_NUMBERED = re.compile(r"(?=\S*\d)\S{1,60}|[A-Za-z]{1,20}\.? #?\d{1,6}")
_RANGED = re.compile(r"(\d{1,6})\s?[-\u2013]\s?(\d{1,6})")

_spelled = spelling(True, True, True)


def sources_of(sample: Sample[Any], field: str | None) -> list[tuple[str, str | None]]:
    """Return the ID and text of each of a record's sources. The text may be None.

    If the field is a list, strings in it are numbered from 1, and objects in it may have an `id` and have
    their text under `text`, `content` or `page_content`. If the field is an object, it maps IDs to sources.
    If it is a string, it is the only source.

    Args:
        sample: The sample.
        field: Name of the field that contains the sources. None takes them from the prompt's last user turn.

    Raises:
        RecordError: The record has no sources, their format is invalid or two of them have the same ID.
    """
    place = "the prompt" if field is None else f"the record's {field}"
    given = sample.prompt if field is None else sample.fields.get(field)
    if given is None:
        raise RecordError(f"the record has no {field} with its sources: add it, or name another field")
    if isinstance(given, str):
        given = [given] if given.strip() else None
    if isinstance(given, dict):
        pairs = [(str(name), one) for name, one in given.items()]
    elif isinstance(given, list):
        pairs = [(_id_of(one, at), one) for at, one in enumerate(given, 1)]
    else:
        pairs = []
    if not pairs:
        raise RecordError(
            f"{place} contains no sources: write a string there, a list of strings, or strings by id"
        )
    found: dict[str, str | None] = {}
    for name, one in pairs:
        key = name.strip().casefold()
        if not key or key in found:
            raise RecordError(f"{place} contains two sources {name!r}: give each its own ID")
        found[key] = _text_of(one, f"source {name!r} of {place}")
    return list(found.items())


def searchable(text: str) -> str:
    """Return a text's normalized words, separated by spaces, so that quotations in it are substrings."""
    text = _DASH.sub(" ", _ALTERED.sub(r"\1", text))
    words = _UNSPACED.sub(r" \1 ", _spelled(text)).split()
    kept = [word for word in map(without_around, words) if word and word != "-"]
    return f" {' '.join(kept)} " if kept else ""


def quoted(text: str) -> list[str] | Missing:
    """Return the quotations in a text: in double quotation marks or block quotes, but not in code.

    Returns:
        The quotations, or `Missing` if a quotation is not closed.
    """
    text = _CODE.sub(" ", text)
    found = [_BLOCK_MARK.sub("", block[0]) for block in _BLOCK.finditer(text)]
    text, at = _BLOCK.sub("\n", text), 0
    while opening := _OPENING.search(text, at):
        start = at = opening.end()
        if opening[0] in _AMBIGUOUS and not _may_open(text[start - 2 : start - 1], text[start : start + 1]):
            continue
        closing = _CLOSERS[opening[0]].search(text, start)
        if closing is None:
            return Missing("a quotation is not closed", "not exact")
        found.append(text[start : closing.start()])
        at = closing.end()
    return found


def _may_open(before: str, behind: str) -> bool:
    """Return True if a mark between two characters may open a quotation rather than stand for inches."""
    return bool(behind.strip()) and (not before.isalnum() or _UNSPACED.match(before) is not None)


def parts_of(quotation: str) -> list[str]:
    """Split a quotation at its ellipses and normalize the parts as in `searchable`."""
    quotation = quotation.rstrip()
    while quotation.endswith("]") and _BRACKETS.fullmatch(quotation, quotation.rfind("[")):
        quotation = quotation[: quotation.rfind("[")].rstrip()  # drop a citation after the quotation
    return [part for part in map(searchable, _ELLIPSIS.split(quotation)) if part]


def holds(source: str, parts: Iterable[str]) -> bool:
    """Return True if a searchable source contains all parts of a quotation in order."""
    at = 0
    for part in parts:
        found = source.find(part, at)
        if found < 0:
            return False
        at = found + len(part) - 1
    return True


def cited(text: str, known: Collection[str]) -> list[str]:
    """Return the distinct IDs cited in brackets, in lowercase: `[1]`, `[2, 3]`, `[1-3]`, `[doc-2]`.

    Text in brackets is an ID if it is a known ID or contains a digit, so `[sic]` is not an ID. Code is
    skipped.

    Args:
        text: The text to search.
        known: The IDs of the sources, in lowercase.
    """
    found: dict[str, None] = {}
    seen: set[str] = set()
    for bracket in _BRACKETS.finditer(_CODE.sub(" ", text)):
        inside = bracket["ids"] or bracket["wide"].partition("\u2020")[0]
        for one in re.split("[,;]", inside.casefold()):
            part = one.strip()
            if part in known:
                found[part] = None
            elif not bracket["link"] and part not in seen:
                seen.add(part)
                found.update(dict.fromkeys(_ids_of(part, known)))
    return list(found)


def without_citations(text: str) -> str:
    """Return a text without its citations."""
    return _BRACKETS.sub(" ", text)


def _ids_of(part: str, known: Collection[str]) -> list[str]:
    """Return the IDs in one part of a bracketed citation. A range includes the IDs between its ends."""
    ranged = _RANGED.fullmatch(part)
    if ranged and ranged[1] in known and ranged[2] in known:
        first, last = int(ranged[1]), int(ranged[2])
        if first < last < first + _RANGE:
            return [str(one) for one in range(first, last + 1)]
    return [part] if _NUMBERED.fullmatch(part) else []


def _id_of(one: object, position: int) -> str:
    name = one.get("id") if isinstance(one, dict) else None
    return str(position) if name is None or isinstance(name, (bool, list, dict)) else str(name)


def _text_of(one: object, place: str) -> str | None:
    """Return the text of a source, or None for an object without text."""
    if isinstance(one, dict):
        one = next((one[key] for key in _TEXTS if isinstance(one.get(key), str)), None)
        if one is None:
            return None
    if not isinstance(one, str) or not any(map(str.isalnum, one)):
        raise RecordError(f"{place} contains no words: write its text there")
    return one
