"""Builds possible judge replies: verdicts in the requested form, and broken replies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.audit.stub_service import AskedQuestion

__all__ = ["Broken", "Verdicts", "broken_replies", "verdicts_for"]

_PAIRS: tuple[tuple[Any, Any], ...] = (
    *((1, 0), (10, 0), (5, 1), (100, 0), (10, 1), (4, 0), (3, 0), (2, 0)),
    *(("yes", "no"), ("Yes", "No"), ("YES", "NO"), ("correct", "incorrect"), ("CORRECT", "INCORRECT")),
    *((True, False), ("pass", "fail"), ("PASS", "FAIL"), ("good", "bad"), ("A", "B"), ("true", "false")),
)
_WORDS = ("Score", "score", "Rating", "Verdict", "Final score", "Grade", "Answer")
_KEY = re.compile(r"""["'](\w{2,30})["']\s*:""")
_OBJECT = re.compile(r"\{[^{}]{2,200}\}")
_TAG = re.compile(r"<(\w{2,30})>")
_LINE = re.compile(r"^\W*([A-Za-z][\w ]{1,25}):", re.M)
_SCALE = re.compile(
    r"(?:\b[01]\b[^.\n\d]{0,40}?\b(?:to|and|through)\b|\b[01]\s*(?:-|\u2013|\.\.)|\bout of|/)\s*(\d{1,4})\b"
)
_EITHER = re.compile(
    r"""["'`]?\b([A-Z]{2,}|(?<=["'`])\w+)\b["'`]?\s*(?:or|/|,)\s*["'`]?\b([A-Z]{2,}|\w+(?=["'`]))\b"""
)
_MOST = 6


class Verdicts(NamedTuple):
    """A favorable and an unfavorable reply about the same completion."""

    high: str
    low: str
    best: Any = None
    """The verdict in the favorable reply, or None if it consists of several fields."""
    worst: Any = None


class Broken(NamedTuple):
    """A reply that must not be rewarded."""

    reply: str
    what: str
    """Description of the reply, for messages."""


def verdicts_for(question: AskedQuestion) -> Iterator[Verdicts]:
    """Yield pairs of replies in the forms that a prompt may ask for, most likely first.

    Args:
        question: The grader's prompt.
    """
    for schema in _schemas(question.body):
        for turned in (False, True):
            high, low = (_instance(schema, good, turned) for good in (True, False))
            yield Verdicts(json.dumps(high), json.dumps(low))
    text = question.text
    yield from _examples(text)
    for best, worst in _labels(text):
        yield Verdicts(best, worst, best, worst)
    pairs = [*((top, 0) for top in _tops(text)), *_PAIRS]
    forms = [*_json_forms(text), *_tag_forms(text), *_line_forms(text), "{v}", "[[{v}]]", "{v}/10"]
    for form in forms:
        for best, worst in dict.fromkeys(pairs):
            if form.startswith("{{") or not isinstance(best, bool):
                yield Verdicts(_filled(form, best), _filled(form, worst), best, worst)


def _filled(form: str, verdict: Any) -> str:
    """Insert a verdict into a form, as JSON inside an object and as plain text otherwise."""
    inside = json.dumps(verdict) if form.startswith("{{") else str(verdict)
    return form.replace("{{", "{").replace("}}", "}").replace("{v}", inside)


def _tops(text: str) -> list[int]:
    """Return the highest verdicts that a prompt may allow, from text such as `0 to 10`, `1-5` or `of 100`."""
    return [*dict.fromkeys(int(one) for one in _SCALE.findall(text) if 1 < int(one) <= 1000)][:2]


def _examples(text: str) -> Iterator[Verdicts]:
    """Yield pairs of example objects in a prompt that have the same keys, in both orders."""
    shown = [each for each in dict.fromkeys(_OBJECT.findall(text)) if _keys(each)][:_MOST]
    for at, one in enumerate(shown):
        for other in shown[at + 1 :]:
            if _keys(one) == _keys(other):
                yield Verdicts(one, other)
                yield Verdicts(other, one)


def _keys(text: str) -> tuple[str, ...]:
    try:
        value = json.loads(text)
    except ValueError:
        return ()
    return tuple(sorted(value)) if isinstance(value, dict) else ()


def _labels(text: str) -> Iterator[tuple[str, str]]:
    """Yield pairs of words that a prompt offers as verdicts, in both orders."""
    for one, other in dict.fromkeys(_EITHER.findall(text)):
        yield one, other
        yield other, one


def _json_forms(text: str) -> list[str]:
    """Return objects with the keys that a prompt names, each with the verdict under a different key."""
    keys = [*dict.fromkeys(_KEY.findall(text))][:_MOST]
    found = []
    for key in [*keys, *(name for name in ("score", "verdict") if name not in keys)]:
        others = "".join(f', "{other}": "as asked"' for other in keys if other != key)
        found.append(f'{{{{"{key}": {{v}}{others}}}}}')
    return found


def _tag_forms(text: str) -> list[str]:
    tags = [*dict.fromkeys(_TAG.findall(text))][:_MOST]
    return [f"<{tag}>{{v}}</{tag}>" for tag in dict.fromkeys([*tags, "score", "verdict"])]


def _line_forms(text: str) -> list[str]:
    words = [word.strip() for word in _LINE.findall(text)][-_MOST:]
    return [f"{word}: {{v}}" for word in dict.fromkeys([*reversed(words), *_WORDS])]


def _schemas(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the outermost JSON schemas in a request that describe objects."""
    if isinstance(value, str) and '"properties"' in value:
        try:
            value = json.loads(value)
        except ValueError:
            return
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict):
            yield value
            return
        for part in value.values():
            yield from _schemas(part)
    elif isinstance(value, list):
        for part in value:
            yield from _schemas(part)


def _instance(schema: Any, good: bool, turned: bool) -> Any:
    """Return a value that matches a schema and uses the best or worst value each part allows.

    Args:
        schema: The schema.
        good: Whether the value is favorable to the completion.
        turned: Whether to assume that lists of choices begin with the worst one.
    """
    if not isinstance(schema, dict):
        return "as asked"
    if isinstance(choices := schema.get("enum"), list) and choices:
        return choices[0 if good != turned else -1]
    for key in ("anyOf", "oneOf"):
        if isinstance(options := schema.get(key), list) and options:
            return _instance(options[0], good, turned)
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        parts = schema.get("properties", {})
        return {name: _instance(part, good, turned) for name, part in parts.items()}
    if kind == "array":
        return [_instance(schema.get("items"), good, turned)]
    if kind == "boolean":
        return good
    if kind in ("number", "integer"):
        return schema.get("maximum", 1) if good else schema.get("minimum", 0)
    return schema.get("const", "as asked")


def broken_replies(found: Verdicts) -> list[Broken]:
    """Return unfavorable replies in other words, and replies without a verdict. None may be rewarded.

    Args:
        found: The replies that the grader understands.
    """
    low, best = found.low, "full marks" if found.best is None else f"{found.best}"
    replies = [
        Broken("", "an empty reply"),
        Broken(found.low, "a bad verdict"),
        Broken("I'm sorry, but I can't help with that.", "a refusal"),
        Broken("I cannot say whether this is a 1 or a 10.", "a reply that decides nothing"),
        Broken(f"In 2024 a reader would not have accepted this.\n{low}", "a bad verdict after a year"),
        Broken(f"The rubric gives {best} at most. {low}", "a bad verdict after the highest one is mentioned"),
        Broken(f"```json\n{low}\n```", "a bad verdict in a fence"),
    ]
    if found.low.startswith("{"):
        replies += _broken_objects(found)
    elif isinstance(found.best, str) and found.best.isalpha():
        for denial in (f"in{found.best}", f"not {found.best}", f"IN{found.best.upper()}"):
            said = found.high.replace(found.best, denial)
            replies.append(Broken(said, f"the verdict {denial!r}"))
    elif found.best is not None:
        for word in ("nan", "inf", "-1", "null"):
            said = found.low.replace(str(found.worst), word)
            replies.append(Broken(said, f"a verdict that is {word}"))
    return replies


def _broken_objects(found: Verdicts) -> Iterator[Broken]:
    """Yield truncated JSON replies, and JSON replies without a verdict in the verdict's field."""
    body = found.low.rstrip("}")
    yield Broken(f'{body}, "reasoning": "Deduct -0.4', "a bad verdict in a truncated reply")
    if found.best is None or isinstance(found.best, bool):
        return
    said = json.dumps(found.worst)
    for word in ("NaN", "Infinity", "null", "true", '""', "[]"):
        yield Broken(found.low.replace(f": {said}", f": {word}", 1), f"a verdict that is {word}")
