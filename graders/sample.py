"""The rollout that a scoring function receives, regardless of the event's dialect.

A `Sample` is a read-only view of one element of the event. It has the same properties for every known event
shape. Nothing is copied, and properties are parsed only when they are accessed, because a batch contains
hundreds of samples and most scoring functions use only two properties. The completion comes from the final
message alone.

`docs/contract.md` lists the shapes and their sources.
"""

from __future__ import annotations

from ._reasoning import FIRST, LAST, divide, may_divide
from .errors import RecordError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Generic

    from typing_extensions import TypeVar

    Fields = TypeVar("Fields", bound=Mapping[str, Any], default=dict[str, Any])

    class _Typed(Generic[Fields]):
        __slots__ = ()
else:
    Fields = None

    class Subscripted:
        """Allows `Sample[Fields]` without importing `typing`, which would add 4 ms to a cold start."""

        __slots__ = ()

        def __class_getitem__(cls, parameters):
            return cls

    _Typed = Subscripted


ASSISTANTS = ("assistant", "nova_assistant")
"""Roles of the message that contains the completion. Nova's jobs use `nova_assistant`."""

REFERENCES = (("reward_model", "ground_truth"), ("extra_info", "answer"))
"""Fields and keys that contain the reference in verl's data format, which SageMaker accepts for open-weight
models.
"""

_OWN = frozenset(("id", "messages", "metadata", "reference_answer"))
_THOUGHT_BLOCKS = ("reasoning", "thinking", "reasoning_content", "redacted_thinking")
_THOUGHT_KEYS = ("reasoning_content", "reasoning")


class Sample(_Typed[Fields]):
    """A rollout: the prompt, the model's completion, and the record's reference and other fields.

    `Sample[MyFields]`, where `MyFields` is a TypedDict, gives type checkers the types of `fields`. It has no
    effect at run time.

    Args:
        item: One element of the event.

    Raises:
        RecordError: The element is not an object with messages, or the final message is not from the
            assistant.
    """

    __slots__ = ("_came", "_item", "_message", "_parts")

    def __init__(self, item: dict[str, Any]) -> None:
        """Check that the final message is from the model."""
        try:
            message = item["messages"][-1]
            if message["role"] in ASSISTANTS:
                self._item = item
                self._message = message
                return
        except (KeyError, IndexError, TypeError):
            pass
        if isinstance(item, dict) and "messages" not in item and isinstance(item.get("prompt"), list):
            self._came = item
            rest = {name: value for name, value in item.items() if name not in ("prompt", "my_key")}
            item = {**rest, "id": item_id(item), "messages": item["prompt"]}  # verl's names
            Sample.__init__(self, item)  # pyright: ignore[reportArgumentType]
            return
        raise RecordError(_why_not(item))

    @property
    def id(self) -> Any:
        """The id as sent by the service, or None if it did not send one."""
        return item_id(self._item)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The whole conversation, unchanged. The completion is the last message."""
        return self._item["messages"]  # type: ignore[no-any-return]

    @property
    def prompt(self) -> str:
        """The text of the last user turn before the completion, or an empty string."""
        for message in self._item["messages"][-2::-1]:
            if isinstance(message, dict) and message.get("role") == "user":
                return _content(message.get("content"))[0]
        return ""

    @property
    def completion(self) -> str:
        """The model's answer without its reasoning, or an empty string if the model gave no answer."""
        content = self._message.get("content")
        if type(content) is str and (
            # Every mark of reasoning contains one of these characters, and most answers contain none. The
            # test is inline because a function call would cost as much again.
            (
                content
                and "/" not in content
                and "|" not in content
                and content[0] not in FIRST
                and content[-1] not in LAST
            )
            or not may_divide(content)
        ):
            return content
        return self._divided()[0]

    @property
    def reasoning(self) -> str:
        """The model's reasoning from blocks, fields or the text, or an empty string.

        `docs/contract.md` lists the formats.
        """
        return "\n".join(self._divided()[1])

    def _divided(self) -> tuple[str, list[str]]:
        """Return the completion and the reasoning blocks, which are cached because checks reuse them."""
        try:
            return self._parts
        except AttributeError:
            self._parts: tuple[str, list[str]] = _divide(self._message)
            return self._parts

    @property
    def tool_calls(self) -> list[Any]:
        """The unchanged tool calls of the final message, or an empty list."""
        calls = self._message.get("tool_calls")
        return calls if isinstance(calls, list) else []

    @property
    def reference_answer(self) -> Any:
        """The reference of the training record, or None if the record has no reference.

        The reference is taken from the sample itself, else from its `metadata`, else from the fields of
        verl's data format (`reward_model.ground_truth`, `extra_info.answer`). If the service wrapped a string
        in an object with the single key `text`, the string is returned.
        """
        reference = self._item.get("reference_answer")
        if reference is None:
            metadata = self._item.get("metadata")
            if type(metadata) is not dict:
                metadata = _metadata(self._item)
            reference = metadata.get("reference_answer")
            if reference is None:
                reference = _carried({**metadata, **self._item})[1]
        if type(reference) is dict and len(reference) == 1:
            text = reference.get("text")
            if isinstance(text, str):
                return text
        return reference

    @property
    def reference_text(self) -> str:
        """The reference as a string.

        Raises:
            RecordError: The reference is missing, blank, or neither a string nor a number. Without this
                error, two missing answers would compare equal and earn a reward.
        """
        reference = self.reference_answer
        if isinstance(reference, str):
            if reference and not reference.isspace():
                return reference
            raise RecordError("the record's reference_answer is blank")
        if reference is None or reference != reference:  # data frames write a missing value as NaN
            raise RecordError("the record has no reference_answer")
        if isinstance(reference, (int, float)) and not isinstance(reference, bool):
            try:
                return str(reference)
            except ValueError as error:  # Python limits the digits of an integer in a string
                raise RecordError(f"reference_answer cannot be converted to text: {error}") from None
        raise RecordError(
            f"reference_answer is {_kind(reference)}, not a string: "
            "pick the part you need from sample.reference_answer"
        )

    @property
    def fields(self) -> Fields:
        """The record's other fields, from the sample itself and its `metadata`.

        The sample's own fields take precedence.
        """
        found = {name: value for name, value in _metadata(self._item).items() if name not in _OWN}
        found.update((name, value) for name, value in self._item.items() if name not in _OWN)
        if "id" not in self._item:
            found.pop("my_key", None)
        if (
            self._item.get("reference_answer") is None
            and _metadata(self._item).get("reference_answer") is None
        ):
            carrier, _ = _carried(found)
            if carrier and found[carrier].keys() <= {"ground_truth", "answer", "style"}:
                del found[carrier]
        return found  # type: ignore[return-value]

    def __repr__(self) -> str:
        """Show only the id because logs must not contain content."""
        return f"<Sample {self.id!r}>"


def item_id(item: Any) -> Any:
    """Return an event element's id: `id`, else `my_key`, which SageMaker's starter template uses."""
    if not isinstance(item, dict):
        return None
    return item["id"] if "id" in item else item.get("my_key")


def _carried(fields: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the name of the field that contains the reference in verl's data format, and the reference.

    Returns `("", None)` if there is no such field.
    """
    for name, key in REFERENCES:
        inner = fields.get(name)
        if isinstance(inner, dict) and key in inner:
            return name, inner[key]
    return "", None


def _metadata(item: dict[str, Any]) -> dict[str, Any]:
    """Return the sample's metadata. A service may send null instead of an empty object."""
    metadata = item.get("metadata")
    if metadata is None:
        return {}
    if not isinstance(metadata, dict):
        raise RecordError(f"metadata is {_kind(metadata)}, not an object")
    return metadata


def reasoning_blocks(sample: Sample[Any]) -> list[str]:
    """Return the reasoning blocks in order. `Sample.reasoning` joins them."""
    return sample._divided()[1]


def item_of(sample: Sample[Any]) -> dict[str, Any]:
    """Return the event element from which the sample was created, unchanged."""
    try:
        return sample._came
    except AttributeError:
        return sample._item


def final_text(sample: Sample[Any]) -> str:
    """Return the full text of the final message, including reasoning and special tokens."""
    return turn_text(sample.messages[-1])


def turn_text(message: Mapping[str, Any]) -> str:
    """Return the full text of one message.

    Raises:
        RecordError: The content has an unknown shape.
    """
    return _content(message.get("content"))[0]


def turn_thoughts(message: Mapping[str, Any]) -> list[str]:
    """Return the reasoning from blocks that are separate from the message's text."""
    return _content(message.get("content"))[1]


def _divide(message: dict[str, Any]) -> tuple[str, list[str]]:
    """Return a message's completion and its reasoning blocks."""
    text, thoughts = _content(message.get("content"))
    for key in _THOUGHT_KEYS:
        if isinstance(message.get(key), str):
            thoughts.insert(0, message[key])
    answer, more = divide(text)
    return answer, thoughts + more


def _content(content: Any) -> tuple[str, list[str]]:
    """Return the text and the reasoning in content that is null, a string, a block or a list of blocks."""
    if content is None:
        return "", []
    if isinstance(content, str):
        return content, []
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        raise RecordError(f"a message's content is {_kind(content)}, not a string")
    texts, thoughts = [], []
    for block in content:
        if isinstance(block, str):
            texts.append(block)
        elif isinstance(block, dict):
            text, thought = block.get("text"), _thought(block)
            if thought is not None:
                thoughts.append(thought)
            elif isinstance(text, str):
                texts.append(text)
    return "".join(texts), thoughts


def _thought(block: dict[str, Any]) -> str | None:
    """Return the reasoning from a block in OpenAI's, Anthropic's or Converse's format, or None."""
    inner = block.get("reasoningContent")
    if isinstance(inner, dict):
        inner = inner.get("reasoningText", inner)
        block = inner if isinstance(inner, dict) else {}
    elif block.get("type") not in _THOUGHT_BLOCKS:
        return None
    for key in ("text", "thinking", "reasoning"):
        if isinstance(block.get(key), str):
            return block[key]  # type: ignore[no-any-return]
    return ""


def _why_not(item: object) -> str:
    """Return the reason why an event element cannot be graded."""
    if not isinstance(item, dict):
        return f"a sample is {_kind(item)}, not an object"
    messages = item.get("messages")
    if not isinstance(messages, list) or not messages:
        return (
            f"messages is {_kind(messages)}" if not messages else f"messages is {_kind(messages)}, not a list"
        )
    last = messages[-1]
    if not isinstance(last, dict):
        return f"the final message is {_kind(last)}, not an object"
    role = last.get("role")
    shown = repr(role) if isinstance(role, str) and len(role) < 30 else _kind(role)
    return (
        f"the final message is not the assistant's (its role is {shown}), so there is no completion to grade"
    )


def _kind(value: object) -> str:
    """Name the type of a JSON value without revealing its content."""
    if value is None:
        return "missing"
    if isinstance(value, (dict, list, str)) and not value:
        return "empty"
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return names.get(type(value), "a number")


__all__ = ["ASSISTANTS", "REFERENCES", "Sample"]
