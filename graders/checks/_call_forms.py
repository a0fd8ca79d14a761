"""Parses a completion's tool calls from the service's structured calls or the model's text.

Calls in text are parsed the way the model's own parser would parse them. If one call cannot be parsed exactly
or the text mixes several forms, all calls are unread.

- `hermes`: `<tool_call>{"name": ..., "arguments": {...}}</tool_call>`, a tag for each call. Hermes and Qwen
  (their chat templates; vLLM's parser `hermes`).
- `mistral`: `[TOOL_CALLS] [{"name": ..., "arguments": {...}}]`, or `[TOOL_CALLS]name[ARGS]{...}` for each
  call from tokenizer 11 on (mistral-common; vLLM's parser `mistral`).
- `harmony`: `<|channel|>commentary to=functions.name <|constrain|>json<|message|>{...}<|call|>`. gpt-oss
  (openai/harmony, docs/format.md).
- `json`: `{"name": ..., "parameters": {...}}`, or `arguments`; one, a list, or several with `;` between.
  Llama 3.1 to 3.3 (Meta's prompt guides; vLLM's parser `llama3_json`).
- `pythonic`: `[name(key="value"), name()]`. Llama 3.2 and 4 (the same guides; vLLM's parser `pythonic`).
"""

from __future__ import annotations

import re

from .._reasoning import past_blanks
from ..extract import Missing
from ..extract._json import exact_json, leading_json
from ._python_calls import python_calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    from ..sample import Sample

    Call: TypeAlias = tuple[str, dict[str, Any]]
    """A function's name and its arguments."""

MOST_CALLS = 128
"""Maximum number of calls in a completion or reference."""

_TOO_MANY = Missing(f"it contains more than {MOST_CALLS} calls", "not exact")
_NO_CALL = Missing("it makes no tool call")
_BROKEN = Missing("a tool call cannot be read exactly", "not exact")
_SEVERAL = Missing("it writes calls in several forms", "several")

_MISTRAL_NAME = re.compile(r"\s*+([\w.-]++)(?:\[CALL_ID\]\w*+)?(?:\[ARGS\])?(?=\s*+\{)")
_RECIPIENT = re.compile(r"to=functions\.([\w.-]++)")
_HARMONY = re.compile(
    r"(?:<\|start\|>assistant|<\|channel\|>)([^<]*+(?:<\|(?:channel|constrain)\|>[^<]*+){0,3})<\|message\|>"
)
# Calls from which a server has removed the special tokens. `Sample.completion` handles them too.
_BARE_HARMONY = re.compile(r"(?:\A\s*+|assistant)commentary to=functions\.([\w.-]++)(?:\s++json)?\s*+(?=\{)")
_SIGN = re.compile(
    r"<tool_call|\[TOOL_CALLS\]|to=functions\.|<function=|<\|python_tag\|>|\[\s*+[A-Za-z_][\w.]*+\("
)
_NAMES, _ARGUMENTS = re.compile(r'"name"\s*+:'), re.compile(r'"(?:arguments|parameters|input)"\s*+:')
_CHANNELS = ("<|", "to=functions.", "analysis", "commentary to=functions.")
_HARMONY_END = re.compile(r"<\|(?:call|end|return|start|channel|message)\|>|\Z")


def native_calls(sample: Sample[Any]) -> list[Call] | Missing | None:
    """Return the calls that the service has parsed, or None if there are none."""
    content = sample.messages[-1].get("content")
    blocks: list[Any] = content if isinstance(content, list) else []
    given = sample.tool_calls or [
        one for one in blocks if isinstance(one, dict) and ("toolUse" in one or one.get("type") == "tool_use")
    ]
    if not given:
        return None
    if len(given) > MOST_CALLS:
        return _TOO_MANY
    return _all_of([call_of(one, from_api=True) for one in given])


def call_of(given: object, *, from_api: bool = False) -> Call | Missing:
    """Parse one call: an object with a `name` and `arguments` or `parameters`, or an API's equivalent.

    Args:
        given: The call.
        from_api: Whether the call is in an API's format, in which the arguments may be a JSON string, named
            `input`, null or empty.
    """
    inner = named_part(given)
    if inner is None:
        return _BROKEN
    named_so = ("arguments", "parameters", "input") if from_api else ("arguments", "parameters")
    name, keys = inner.get("name"), [key for key in named_so if key in inner]
    if not isinstance(name, str) or not name or len(keys) != 1:
        return _BROKEN
    arguments: Any = inner[keys[0]]
    if from_api:
        if arguments is None or arguments == "":
            return name, {}
        if isinstance(arguments, str):
            arguments = exact_json(arguments)
    return (name, arguments) if isinstance(arguments, dict) else _BROKEN


def named_part(given: object) -> dict[str, Any] | None:
    """Return the object with the function's name: `function`, `toolUse` (Converse) or the call itself."""
    if not isinstance(given, dict):
        return None
    inner: Any = given.get("function", given.get("toolUse", given))
    return inner if isinstance(inner, dict) else None


def seems_to_call(completion: str, raw: str, names: Iterable[str]) -> bool:
    """Return True if a completion contains a tool call, even one that cannot be parsed.

    Args:
        completion: The completion without reasoning.
        raw: The completion with reasoning.
        names: Names of the record's tools. A name followed by an opening parenthesis is a call.
    """
    if not isinstance(written_calls(completion, raw, "any"), Missing) or _SIGN.search(raw):
        return True
    if _NAMES.search(raw) and _ARGUMENTS.search(raw):
        return True
    return any(re.search(rf"(?<![\w.]){re.escape(name)}\s*+\(", completion) for name in names)


def written_calls(completion: str, raw: str, form: str) -> list[Call] | Missing:
    """Parse the calls that a model wrote as text.

    Args:
        completion: The completion without reasoning.
        raw: The completion with reasoning, because gpt-oss writes calls in channels outside the answer.
        form: The only form to parse, or `any`.
    """
    if form != "any":
        return FORMS[form](raw if form == "harmony" else completion)
    marked = [name for name, mark in _MARKS.items() if mark in completion]
    channels = _harmony(raw) if "to=functions." in raw else _NO_CALL
    if len(marked) > 1 or (marked and channels is not _NO_CALL):
        return _SEVERAL
    if marked or channels is not _NO_CALL:
        return FORMS[marked[0]](completion) if marked else channels
    return FORMS["json" if _OBJECTS.match(_without_token(completion)) else "pythonic"](completion)


_OBJECTS = re.compile(r"(?:\[\s*+)?\{")


def _all_of(calls: list[Call | Missing]) -> list[Call] | Missing:
    """Return the calls, or `Missing` if there are none or one could not be parsed."""
    read: list[Call] = []
    for call in calls:
        if isinstance(call, Missing):
            return call
        read.append(call)
    return read or _NO_CALL


def _hermes(text: str) -> list[Call] | Missing:
    calls: list[Call | Missing] = []
    at = text.find(_MARKS["hermes"])
    while at >= 0:
        value, end = leading_json(text, past_blanks(text, at + len("<tool_call>")))
        end = past_blanks(text, end)
        if len(calls) == MOST_CALLS:
            return _TOO_MANY
        if isinstance(value, Missing) or not text.startswith("</tool_call>", end):
            return _BROKEN
        calls.append(call_of(value))
        at = text.find("<tool_call>", end)
    return _all_of(calls)


def _mistral(text: str) -> list[Call] | Missing:
    calls: list[Call | Missing] = []
    at = text.find(_MARKS["mistral"])
    while at >= 0:
        start = at + len("[TOOL_CALLS]")
        named = _MISTRAL_NAME.match(text, start)
        value, end = leading_json(text, past_blanks(text, named.end() if named else start))
        if named:
            calls.append((named[1], value) if isinstance(value, dict) else _BROKEN)
        elif isinstance(value, list):
            calls += map(call_of, value)
        else:
            return _BROKEN
        if len(calls) > MOST_CALLS:
            return _TOO_MANY
        at = past_blanks(text, end)
        if at < len(text) and not text.startswith("[TOOL_CALLS]", at):
            return _BROKEN
        at = at if at < len(text) else -1
    return _all_of(calls)


def _harmony(text: str) -> list[Call] | Missing:
    calls: list[Call | Missing] = []
    if not text.lstrip().startswith(_CHANNELS):
        return _NO_CALL
    if "<|message|>" not in text:
        return _bare_harmony(text)
    if not text.lstrip().startswith("<|"):  # the template may put `<|start|>assistant` into the prompt
        text = "<|start|>assistant" + text
    for header in _HARMONY.finditer(text):
        recipient = _RECIPIENT.search(header[1])
        if recipient is None:
            continue
        if len(calls) == MOST_CALLS:
            return _TOO_MANY
        end = _HARMONY_END.search(text, header.end())
        arguments = exact_json(text[header.end() : end.start() if end else None].strip())
        calls.append((recipient[1], arguments) if isinstance(arguments, dict) else _BROKEN)
    return _all_of(calls)


def _bare_harmony(text: str) -> list[Call] | Missing:
    calls: list[Call | Missing] = []
    for header in _BARE_HARMONY.finditer(text):
        if len(calls) == MOST_CALLS:
            return _TOO_MANY
        arguments, end = leading_json(text, header.end())
        ended = not text[end:].strip() or text.startswith(("assistant", "commentary"), past_blanks(text, end))
        calls.append((header[1], arguments) if isinstance(arguments, dict) and ended else _BROKEN)
    return _all_of(calls)


def _json(text: str) -> list[Call] | Missing:
    text, at = _without_token(text), 0
    calls: list[Call | Missing] = []
    if not _OBJECTS.match(text):
        return _NO_CALL
    while at < len(text):
        value, end = leading_json(text, at)
        if isinstance(value, Missing):
            return _BROKEN
        calls += map(call_of, value if isinstance(value, list) else [value])
        if len(calls) > MOST_CALLS:
            return _TOO_MANY
        at = past_blanks(text, end)
        at = past_blanks(text, at + 1) if text[at : at + 1] == ";" else at
    return _all_of(calls)


def _pythonic(text: str) -> list[Call] | Missing:
    return python_calls(_without_token(text), MOST_CALLS)


def _without_token(text: str) -> str:
    """Remove Llama's special tokens around calls."""
    text = text.strip().removeprefix("<|python_tag|>").removeprefix("<|python_start|>")
    return text.removesuffix("<|python_end|>").strip()


_MARKS = {"hermes": "<tool_call>", "mistral": "[TOOL_CALLS]"}
"""Markers that precede a call in the forms that allow prose next to calls."""

FORMS: dict[str, Callable[[str], list[Call] | Missing]] = {
    "hermes": _hermes,
    "mistral": _mistral,
    "harmony": _harmony,
    "json": _json,
    "pythonic": _pythonic,
}
"""Parsers by the name of the form."""
