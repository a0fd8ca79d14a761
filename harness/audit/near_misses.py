"""Builds wrong versions of right answers: letters, yes or no, text, lists, JSON objects and tool calls."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from harness.audit.answer_kinds import same, value
from harness.findings import Severity

__all__ = ["Miss", "calls_in", "near_misses"]

_ORDERED = re.compile(
    r"\b(?:order\w*|sort\w*|sequence|rank\w*|first to last|ascending|descending)\b", re.IGNORECASE
)
_LETTERS = "ABCD"
_WORDS = {
    "yes": "yonder",
    "no": "nobody",
    "true": "tomorrow",
    "false": "forever",
    "y": "yonder",
    "n": "nobody",
}


class Miss(NamedTuple):
    """A wrong version of a right answer."""

    name: str
    """Description of the error, written to follow the words `the right answer with`."""
    answer: str
    severity: Severity = Severity.ERROR
    slight: bool = False
    """Whether a similarity-based reward may legitimately be high for this version."""
    lacks: str = ""
    """The key that is missing from the object, or an empty string."""


def near_misses(kind: str, gold: str, golds: Sequence[str], prompt: str = "") -> list[Miss]:
    """Return wrong versions of a right answer.

    Args:
        kind: The kind of answer.
        gold: The right answer.
        golds: The right answers of all records, from which other values are taken.
        prompt: The record's prompt, which is checked for a statement that order matters.

    Returns:
        Versions whose value differs from the answer's. Empty if this kind is not supported.
    """
    make = _MAKERS.get(kind)
    if make is None:
        return []
    found: dict[str, Miss] = {}
    for miss in make(gold, golds, prompt):
        if not same(kind, miss.answer, gold):
            found.setdefault(miss.answer, miss)
    return [*found.values()]


def _choices(gold: str, golds: Sequence[str], prompt: str) -> Iterator[Miss]:
    letter = str(value("choice", gold)).upper()
    if len(letter) != 1:
        return
    other = next(each for each in _LETTERS if each != letter)
    yield Miss("another one after it", f"{letter}, {other}")
    yield Miss("another one before it", f"{other}, {letter}")
    yield Miss("letters after it, as a word", f"{letter}eyond", Severity.WARNING)
    yield Miss("letters around it", f"x{letter}x")


def _labels(gold: str, golds: Sequence[str], prompt: str) -> Iterator[Miss]:
    label = gold.strip(" .")
    other = next((each for each in golds if not same("yes-no", each, gold)), None)
    if other:
        yield Miss("another one after it", f"{label} and {other}")
        yield Miss("another one before it", f"{other} and {label}")
    if word := _WORDS.get(label.casefold()):
        yield Miss("another word with the same beginning", word, Severity.WARNING)
    yield Miss("letters around it", f"x{label}x")


def _texts(gold: str, golds: Sequence[str], prompt: str) -> Iterator[Miss]:
    other = next((each for each in golds if not _alike(each, gold)), "Atlantis")
    words = gold.split()
    yield Miss("another one after it", f"{gold} or {other}")
    yield Miss("another one before it", f"{other} or {gold}")
    yield Miss("letters after it", f"{gold}ville")
    yield Miss("letters around it", f"un{gold}able")
    yield Miss("another name with the same beginning", f"{gold[:1]}zyxw")
    # A list of letters such as `A, B` contains the same letters backward.
    if sorted(re.split(r"[\s,;]+", gold)) != sorted(re.split(r"[\s,;]+", gold[::-1])):
        yield Miss("its letters in another order", gold[::-1])
    if len(gold) > 3:
        yield Miss("only its first letters", gold[: len(gold) // 2], Severity.ERROR, True)
        yield Miss("only its last letters", gold[-(len(gold) // 2) :], Severity.ERROR, True)
    yield Miss("words around it that change it", f"the opposite of {gold} in every respect")
    if len(words) > 1:
        yield Miss("only its first word", words[0], Severity.WARNING, True)
        yield Miss("another last word", " ".join([*words[:-1], other.split()[-1]]), Severity.ERROR, True)
        yield Miss("another first word", " ".join([other.split()[0], *words[1:]]), Severity.ERROR, True)
    changed = _one_changed(gold)
    if changed:
        slight = Severity.NOTE if len(gold) > 4 else Severity.ERROR
        yield Miss("one letter changed", changed, slight, True)
    if len(gold) >= 4:
        yield Miss("a quarter of its letters changed", _changed(gold, 4), Severity.ERROR, True)
        yield Miss("half of its letters changed", _changed(gold, 2), Severity.ERROR, False)


def _alike(one: str, other: str) -> bool:
    one, other = one.casefold(), other.casefold()
    return one in other or other in one or bool(set(one.split()) & set(other.split()))


def _one_changed(text: str) -> str:
    at = next((place for place in range(len(text) - 1, -1, -1) if text[place].isalnum()), None)
    return "" if at is None else text[:at] + _next(text[at]) + text[at + 1 :]


def _changed(text: str, every: int) -> str:
    return "".join(_next(mark) if at % every == every - 1 else mark for at, mark in enumerate(text))


def _next(mark: str) -> str:
    if mark.isdecimal():
        return str((int(mark) + 1) % 10)
    if not mark.isalpha():
        return mark
    return "q" if mark.casefold() != "q" else "z"


def _lists(gold: str, golds: Sequence[str], prompt: str) -> Iterator[Miss]:
    items, write = _items(gold)
    if not items:
        return
    spare = next((one for each in golds for one in _items(each)[0] if one not in items), "Atlantis")
    yield Miss("one more item", write([*items, spare]))
    yield Miss("one item changed", write([spare, *items[1:]]), Severity.ERROR, True)
    if len(items) > 1:
        yield Miss("its last item changed", write([*items[:-1], spare]), Severity.ERROR, True)
        yield Miss("one item fewer", write(items[:-1]), Severity.ERROR, True)
        yield Miss("only one item", write(items[:1]))
        yield Miss("one item in place of all", write(items[:1] * len(items)), Severity.WARNING)
        if _ORDERED.search(prompt) and items != items[::-1]:
            yield Miss("its items in another order", write(items[::-1]))
    yield Miss("every item twice", write([*items, *items]), Severity.NOTE)


def _items(text: str) -> tuple[list[Any], Callable[[list[Any]], str]]:
    """Return the items of a list, and a function that writes other items in the same style."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, list):
        return found, lambda items: json.dumps(items, ensure_ascii=False)
    joint = next((mark for mark in ("\n", ";", ",") if mark in text), ",")
    glue = f"{joint} " if f"{joint} " in text else joint
    return [part.strip() for part in text.split(joint) if part.strip()], lambda items: glue.join(
        map(str, items)
    )


def _objects(gold: str, golds: Sequence[str], prompt: str) -> Iterator[Miss]:
    found = _parsed(gold)
    if not isinstance(found, dict):
        return
    for name, held in found.items():
        yield _as_json(f"the value of `{name}` changed", {**found, name: _other(held)}, slight=True)
        fewer = {key: one for key, one in found.items() if key != name}
        yield _as_json(f"`{name}` missing", fewer, slight=True)._replace(lacks=name)
        if isinstance(held, int | float) and not isinstance(held, bool):
            spelled = {**found, name: str(held)}
            yield _as_json("a string instead of a number", spelled, Severity.WARNING)
        if isinstance(held, str) and held:
            yield _as_json(
                f"more in the value of `{name}`", {**found, name: f"{held} or another"}, slight=True
            )
    yield _as_json("one key more", {**found, "another": "one"}, Severity.NOTE)


def _as_json(name: str, given: Any, severity: Severity = Severity.ERROR, slight: bool = False) -> Miss:
    return Miss(name, json.dumps(given, ensure_ascii=False), severity, slight)


def _calls(gold: str, golds: Sequence[str], prompt: str) -> Iterator[Miss]:
    found = _parsed(gold)
    calls = calls_in(found)
    if not calls:
        return
    for name, change in _CALL_CHANGES.items():
        changed = copy.deepcopy(found)
        if change(calls_in(changed)[-1]):
            yield _as_json(name, changed)
    for where in (found, found.get("calls") if isinstance(found, dict) else None):
        if isinstance(where, list):
            more = copy.deepcopy(found)
            target = more if isinstance(more, list) else more["calls"]
            extra = copy.deepcopy(target[-1])
            for one in calls_in(extra):
                one["name"] = f"another_{one['name']}"
            target.append(extra)
            yield _as_json("one more call", more)
            if len(where) > 1:
                fewer = copy.deepcopy(found)
                (fewer if isinstance(fewer, list) else fewer["calls"]).pop()
                yield _as_json("one call fewer", fewer)


def calls_in(found: Any) -> list[dict[str, Any]]:
    """Return the tool calls in a reference: objects with a name and arguments, at any depth.

    Args:
        found: The reference, parsed as JSON.
    """
    if isinstance(found, list):
        return [call for one in found for call in calls_in(one)]
    if not isinstance(found, dict):
        return []
    if isinstance(found.get("name"), str) and ("arguments" in found or "parameters" in found):
        return [found]
    return [call for one in found.values() for call in calls_in(one)]


def _arguments(call: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> bool:
    """Change a call's arguments, which may be a JSON string. Return False if that is impossible."""
    key = "arguments" if "arguments" in call else "parameters"
    given = _parsed(call[key]) if isinstance(call[key], str) else call[key]
    if not isinstance(given, dict):
        return False
    changed = change(given)
    if changed is None:
        return False
    call[key] = json.dumps(changed) if isinstance(call[key], str) else changed
    return True


def _changed_at(given: dict[str, Any], place: int) -> dict[str, Any] | None:
    if not given:
        return None
    name = [*given][place]
    return {**given, name: _other(given[name])}


def _widened(given: dict[str, Any]) -> dict[str, Any] | None:
    name = next((name for name, held in given.items() if isinstance(held, str) and held), None)
    return None if name is None else {**given, name: f"{given[name]} or another"}


def _renamed(call: dict[str, Any]) -> bool:
    call["name"] = f"another_{call['name']}"
    return True


_CALL_CHANGES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "another name": _renamed,
    "a wrong first argument": lambda call: _arguments(call, lambda given: _changed_at(given, 0)),
    "a wrong last argument": lambda call: _arguments(call, lambda given: _changed_at(given, -1)),
    "no arguments": lambda call: _arguments(call, lambda given: {} if given else None),
    "the first argument missing": lambda call: _arguments(
        call, lambda given: dict([*given.items()][1:]) if len(given) > 1 else None
    ),
    "more in an argument": lambda call: _arguments(call, _widened),
    "one more argument": lambda call: _arguments(call, lambda given: {**given, "another": "one"}),
}


def _other(held: Any) -> Any:
    """Return a different value of the same type."""
    if isinstance(held, bool):
        return not held
    if isinstance(held, int | float):
        return held + 7
    if isinstance(held, str):
        return "something else" if held.casefold() != "something else" else "another"
    if isinstance(held, list):
        return [*held, "another"]
    if isinstance(held, dict):
        return {name: _other(one) for name, one in held.items()} or {"another": "one"}
    return "another"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


_MAKERS: dict[str, Callable[[str, Sequence[str], str], Iterator[Miss]]] = {
    "choice": _choices,
    "yes-no": _labels,
    "text": _texts,
    "list": _lists,
    "json": _objects,
    "tools": _calls,
}
