"""Finds formats in recorded completions and in the grader's source."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.audit.case import Subject
from harness.audit.formats import SLOT
from harness.audit.mining import mine
from harness.audit.readings import Reading, answer_in

__all__ = ["mined_templates", "recorded_templates", "template_of_pattern", "text_of", "whole_template"]

_MOST_RECORDED = 400
_LONGEST_LINE = 120
_LONGEST_LITERAL = 40
_MOST = 24
_PARSER: Any = importlib.import_module("re._parser")  # The module has no type stubs.


def text_of(message: dict[str, Any]) -> str:
    """Return the text of a message, or an empty string if there is none."""
    content = message.get("content")
    if isinstance(content, list):
        texts = (one.get("text") for one in content if isinstance(one, dict))
        return "\n".join(each for each in texts if isinstance(each, str))
    return content if isinstance(content, str) else ""


def recorded_templates(subject: Subject, reading: Reading) -> list[str]:
    """Return the lines that contain the answer in recorded completions, with a slot in place of the answer.

    Args:
        subject: The data.
        reading: The part of a record that contains the answer.

    Returns:
        Templates shared by at least two completions, most frequent first.
    """
    counts: Counter[str] = Counter()
    for one in subject.recorded[:_MOST_RECORDED]:
        answer = answer_in(reading, subject.records[one.record])
        spot = _last(text_of(one.message), answer) if answer else None
        if spot is not None:
            text = text_of(one.message)
            start, end = _around(text, *spot)
            if end - start - len(answer or "") <= _LONGEST_LINE:
                counts[(text[start : spot[0]] + SLOT + text[spot[1] : end]).strip()] += 1
    return [template for template, count in counts.most_common(_MOST) if count > 1]


def whole_template(text: str, answer: str) -> str | None:
    """Replace the last occurrence of the answer in a completion with the slot. Return None if there is none.

    Args:
        text: The completion.
        answer: The answer of its record.
    """
    spot = _last(text, answer)
    return None if spot is None or SLOT in text else text[: spot[0]] + SLOT + text[spot[1] :]


def _last(text: str, answer: str) -> tuple[int, int] | None:
    """Return the position of an answer's last occurrence that is not part of a longer word or number."""
    end = len(text)
    while (start := text.rfind(answer, 0, end)) >= 0:
        stop = start + len(answer)
        before, after = text[start - 1 : start], text[stop : stop + 2]
        cut = before.isalnum() and answer[:1].isalnum()
        cut = cut or (after[:1].isalnum() and answer[-1:].isalnum())
        cut = cut or (answer[-1:].isdigit() and after[:1] in (".", ",") and after[1:].isdigit())
        if not cut:
            return start, stop
        end = stop - 1
    return None


def _around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the line that contains an answer, with the neighboring lines if the answer is alone on it."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    last = len(text) if last < 0 else last
    if not text[first:start].strip() and not text[end:last].strip() and first > 0:
        first = text.rfind("\n", 0, first - 1) + 1
        after = text.find("\n", last + 1)
        last = len(text) if after < 0 else after
    return first, last


def mined_templates(sources: Sequence[Path]) -> list[str]:
    """Return templates from a grader's regular expressions, tags and short strings.

    Args:
        sources: The grader's files.
    """
    mined = mine(sources)
    found: dict[str, None] = {}
    for pattern in mined.patterns:
        template = template_of_pattern(pattern)
        if template is not None and template.strip() != SLOT:
            found[template] = None
    for name in mined.tags:
        found[f"<{name}>{SLOT}</{name}>"] = None
    for text in mined.literals:
        if len(text) <= _LONGEST_LITERAL and re.search(r"[:#=>*\[({\\]\s*$|\b(?:is|IS)\s*$", text):
            found[f"{text.strip()} {SLOT}"] = None
    for key in mined.keys:
        if re.fullmatch(r"\w{1,30}", key) and key not in _WIRE:
            found[f'{{"{key}": "{SLOT}"}}'] = None
    return list(found)[:_MOST]


_WIRE = frozenset(("id", "messages", "metadata", "reference_answer", "role", "content", "text", "type"))


def template_of_pattern(pattern: str) -> str | None:
    """Return the shortest match of a regular expression, with the slot as its first group.

    Args:
        pattern: The regular expression.

    Returns:
        The text, or None if the expression has no group or is invalid.
    """
    try:
        text = "".join(_texts(_PARSER.parse(pattern)))
    except (re.error, OverflowError, RecursionError, ValueError, TypeError):
        return None
    return text if text.count(SLOT) == 1 else None


def _texts(parsed: Any) -> Iterator[str]:
    """Yield the parts of a text that matches a parsed regular expression."""
    for name, given in parsed:
        what = str(name)
        if what == "LITERAL":
            yield chr(given)
        elif what == "SUBPATTERN":
            yield SLOT if given[0] == 1 else "".join(_texts(given[3]))
        elif what in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            inner = "".join(_texts(given[2]))
            yield inner * max(given[0], int(SLOT in inner))
        elif what == "IN":
            yield next((chr(one) for kind, one in given if str(kind) == "LITERAL"), " ")
        elif what == "BRANCH":
            yield "".join(_texts(given[1][0]))
        elif what == "ATOMIC_GROUP":
            yield "".join(_texts(given))
        elif what in ("ANY", "NOT_LITERAL"):
            yield " "
