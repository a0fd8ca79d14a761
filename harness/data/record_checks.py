"""Checks a single record against the rules, without looking at the rest of the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.data.look_alikes import MESSAGES, REFERENCE, SYSTEM, is_missing_value, look_alike, look_alikes
from harness.data.records import is_assistant, text_of
from harness.data.rules import MAX_PROMPT_CHARS, MIN_LEAK_CHARS

__all__ = ["Breach", "check_record"]

_ROLES = frozenset({"system", "user", "assistant"})
# Accepted by other AWS services or by OpenAI, but not mentioned on pages about training on Bedrock.
_FOREIGN_ROLES = frozenset({"tool", "developer", "nova_assistant", "function"})
_INSTRUCTING = ("system", "developer")
_RESERVED = ("metadata", "trajectories")
_HARNESS_NAMES = ("record", "model")
_KINDS = {str: "a string", list: "a list", dict: "an object", bool: "a boolean", type(None): "null"}


class Breach(NamedTuple):
    """A rule violated by a record."""

    rule: str
    message: str


def kind_of(value: Any) -> str:
    """Return the name of a value's JSON type with its article, such as `a string`, or `null`."""
    return _KINDS.get(type(value), "a number")


def check_record(fields: dict[str, Any]) -> Iterator[Breach]:
    """Find the problems of one record.

    Args:
        fields: The JSON object in one line. Its messages must not end with the assistant's turn.

    Yields:
        Violated rules, in the order of their ids.
    """
    messages = fields.get("messages")
    if isinstance(messages, list) and messages:
        yield from _check_messages(messages)
        yield from _check_system(fields, messages)
    else:
        what = "is missing" if "messages" not in fields else f"is {kind_of(messages)}"
        hint = look_alike(fields, MESSAGES, "messages")
        yield Breach("R020", f"`messages` {'is an empty list' if messages == [] else what}{hint}")
    yield from _check_reference(fields)
    yield from _check_names(fields)
    if isinstance(messages, list) and messages:
        yield from _check_prompt_text(messages, fields.get("reference_answer"))


def _check_messages(messages: list[Any]) -> Iterator[Breach]:
    for number, message in enumerate(messages, 1):
        if not isinstance(message, dict):
            yield Breach("R021", f"message {number} is {kind_of(message)}")
            continue
        yield from _check_role(number, message)
        yield from _check_content(number, message, is_prompt=number == len(messages))
    last = messages[-1].get("role") if isinstance(messages[-1], dict) else None
    if last == "system":
        yield Breach("R028", "the last message is from the system: there is no user turn to answer")


def _check_system(fields: dict[str, Any], messages: list[Any]) -> Iterator[Breach]:
    """Find a system prompt in a separate field, which only the grader would see."""
    turns = [one for one in messages if isinstance(one, dict) and one.get("role") in _INSTRUCTING]
    said = {_folded(text_of(one.get("content")) or "") for one in turns}
    for name, value in look_alikes(fields, SYSTEM, ""):
        if (text := _folded(text_of(value) or "")) and text not in said:
            yield Breach("R029", f"the model does not see `{name[:40]}`: only `messages` is its prompt")


def _check_role(number: int, message: dict[str, Any]) -> Iterator[Breach]:
    role = message.get("role")
    if not isinstance(role, str):
        yield Breach("R021", f"message {number} has no `role`" if role is None else
                     f"message {number}: `role` is {kind_of(role)}")  # fmt: skip
    elif role in _FOREIGN_ROLES:
        yield Breach("R023", f"message {number} has the role {role!r}")
    elif role not in _ROLES:
        yield Breach("R022", f"message {number} has the role {role[:40]!r}")


def _check_content(number: int, message: dict[str, Any], *, is_prompt: bool) -> Iterator[Breach]:
    content = message.get("content")
    text = text_of(content)
    if content is None and not _may_lack_content(message):
        yield Breach("R024", f"message {number} has no `content`")
    elif text is None:
        yield from _check_blocks(number, content)
    elif text.strip() == "" and content is not None:
        if is_prompt:
            yield Breach("R026", f"message {number}, the last one, is empty")
        else:
            yield Breach("R027", f"message {number} is empty")
    elif isinstance(content, list) and not all(_is_text_block(block) for block in content):
        yield Breach("R025", f'message {number} has text blocks without `"type": "text"`')


def _may_lack_content(message: dict[str, Any]) -> bool:
    return is_assistant(message) and bool(message.get("tool_calls"))


def _is_text_block(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == "text"


def _check_blocks(number: int, content: Any) -> Iterator[Breach]:
    if not isinstance(content, list):
        yield Breach("R024", f"message {number}: `content` is {kind_of(content)}")
        return
    for block in content:
        if isinstance(block, str):
            continue
        kind = block.get("type") if isinstance(block, dict) else None
        if not isinstance(kind, str) or kind == "text":
            yield Breach("R024", f"message {number}: a content block has no text")
        else:
            yield Breach("R025", f"message {number} has a content block of type {kind[:40]!r}")
        return


def _check_reference(fields: dict[str, Any]) -> Iterator[Breach]:
    reference = fields.get("reference_answer")
    if reference is None:
        hint = look_alike(fields, REFERENCE, "reference_answer")
        yield Breach("R030", f"there is no `reference_answer`{hint}")
    elif _is_blank(reference):
        yield Breach("R031", f"`reference_answer` is {kind_of(reference)} with nothing in it")
    elif not isinstance(reference, str | dict):
        yield Breach("R032", f"`reference_answer` is {kind_of(reference)}")
    yield from _check_missing(reference)


def _check_missing(reference: Any) -> Iterator[Breach]:
    for text in (one for one in _scalars(reference) if isinstance(one, str)):
        if is_missing_value(text.rpartition("####")[2]):
            yield Breach("R034", f"`reference_answer` says {text.strip()[-40:]!r}")
            return


def _is_blank(value: Any) -> bool:
    """Return True for an empty string, list or object and for the wire format's empty `{"text": ""}`."""
    if isinstance(value, dict) and set(value) == {"text"}:
        value = value["text"]
        return value is None or _is_blank(value)
    if isinstance(value, str):
        return value.strip() == ""
    return isinstance(value, list | dict) and not value


def _check_names(fields: dict[str, Any]) -> Iterator[Breach]:
    for name in _RESERVED:
        if name in fields:
            yield Breach("R040", f"the record has a field `{name}`")
    metadata = fields.get("metadata")
    if isinstance(metadata, dict):
        for name, value in metadata.items():
            if name in fields and fields[name] != value:
                yield Breach("R041", f"`{name[:40]}` differs from `metadata.{name[:40]}`")
    if "id" in fields:
        yield Breach("R042", "the record has its own `id`")
    for name in _HARNESS_NAMES:
        if name in fields:
            yield Breach("R043", f"the record has a field `{name}`")


def _check_prompt_text(messages: list[Any], reference: Any) -> Iterator[Breach]:
    said = [text_of(message.get("content")) for message in messages if isinstance(message, dict)]
    prompt = "\n".join(text for text in said if text)
    if _leaks(reference, prompt):
        yield Breach("R070", "the prompt contains the whole reference answer")
    if len(prompt) > MAX_PROMPT_CHARS:
        yield Breach("R080", f"the prompt has {len(prompt):,} characters, more than {MAX_PROMPT_CHARS:,}")


def _leaks(reference: Any, prompt: str) -> bool:
    """Return True if the prompt contains all strings in the reference, ignoring case and spacing.

    The strings must occur as whole words, and one of them must have at least `MIN_LEAK_CHARS` characters.
    Shorter strings may occur in a prompt legitimately, such as names or dates to be extracted.
    """
    texts = [_folded(text) for text in _texts(reference)]
    if max(map(len, texts), default=0) < MIN_LEAK_CHARS:
        return False
    folded = _folded(prompt)
    return all(_stands_in(text, folded) for text in texts)


def _texts(value: Any) -> Iterator[str]:
    return (str(one) for one in _scalars(value) if one is not None)


def _scalars(value: Any) -> Iterator[Any]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict | list):
            stack.extend(item.values() if isinstance(item, dict) else item)
        else:
            yield item


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _stands_in(text: str, prompt: str) -> bool:
    at = prompt.find(text)
    while at >= 0:
        before, after = prompt[at - 1 : at] if at else "", prompt[at + len(text) : at + len(text) + 1]
        if not (text[:1].isalnum() and before.isalnum()) and not (text[-1:].isalnum() and after.isalnum()):
            return True
        at = prompt.find(text, at + 1)
    return False
