"""The formats in which libraries record a conversation in a span, with a reader for each."""

from __future__ import annotations

from ._agentcore_packed import EITHER, are_packed, blocks_of, is_state, unpacked
from ._agentcore_turns import TurnUnread, decoded, list_of, object_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from ._agentcore_records import AgentSpan

    Turns: TypeAlias = tuple[list[Any], list[Any]]


_SIDES = (("input", "user"), ("output", "assistant"))


def _of_bodies(span: AgentSpan) -> Turns:
    asked: list[Any] = []
    answered: list[Any] = []
    for _, _, body in span.events:
        given, made = (list_of(object_of(object_of(body).get(side)).get("messages")) for side, _ in _SIDES)
        if span.is_of_strands:
            packed = False, False
        else:
            packed = are_packed(span, _value_among(given), _value_among(made))
        for (_, role), messages, is_packed, into in zip(
            _SIDES, (given, made), packed, (asked, answered), strict=True
        ):
            if is_packed and messages:
                into += unpacked(_value_among(messages), role)
            else:
                for one in messages:
                    into += _of_body(object_of(one), span, role)
    return asked, answered


def _value_among(messages: list[Any]) -> object:
    """Return the content that may be a span's value. ADOT writes the whole value first, then its parts."""
    contents = [object_of(one).get("content") for one in messages]
    return next((one for one in contents if is_state(one)), contents[0] if contents else None)


def _of_body(message: dict[str, Any], span: AgentSpan, side: str) -> list[Any]:
    """Return the messages in a log record's body. ADOT writes roles that it does not know as `unknown`."""
    content: Any = message.get("content")
    role = side if message.get("role") == "unknown" else message.get("role")
    if isinstance(content, str):
        listed = _listed_in_text(content, span, role)
        if listed:
            return listed
    for _ in range(4):  # an event from Strands nests the text
        box = object_of(content)
        key = next((key for key in ("content", "message") if key in box), None)
        if key is None or "type" in box:
            break
        content = box[key]
    if isinstance(content, str):
        content = blocks_of(content, span, is_answer=side == "assistant")
    return [{**message, "role": role, "content": content}]


def _listed_in_text(text: str, span: AgentSpan, role: object) -> list[Any]:
    """Return the messages or system prompt parts that newer Strands versions write into a single string.

    Raises:
        TurnUnread: The string was cut off or may only look like this format.
    """
    listed = decoded(text)
    is_list = isinstance(listed, list) and bool(listed)
    if is_list and all("parts" in object_of(one) for one in listed):
        if not span.is_of_strands:
            raise TurnUnread(EITHER)
        return list_of(listed)
    if span.is_of_strands and role == "system":
        return [{"role": role, "content": listed if is_list else text}]
    if span.is_of_strands and listed is text and text.startswith("["):
        raise TurnUnread("its JSON was cut off")
    return []


def _of_message_events(span: AgentSpan) -> Turns:
    asked: list[Any] = []
    answered: list[Any] = []
    for name, attributes, body in span.events:
        given = object_of(body) or attributes
        if name == "gen_ai.choice":
            message = given.get("message")
            if isinstance(message, str):
                message = blocks_of(message, span, is_answer=True)
            answered.append(message if isinstance(message, dict) else {"content": message})
            answered[-1] = {"role": "assistant", **answered[-1]}
        elif name.startswith("gen_ai.") and name.endswith(".message"):
            content = given.get("content")
            if isinstance(content, str):
                content = blocks_of(content, span, is_answer=False)
            asked.append({**given, "content": content, "role": name.split(".")[1]})
    return asked, answered


def _of_message_lists(span: AgentSpan) -> Turns:
    """Read lists of messages from a span and its events. The prompt and answer may be in separate events."""
    asked: list[Any] = []
    answered: list[Any] = []
    for _, attributes, body in (*span.events, ("", span.attributes, None)):
        for given in (attributes, object_of(body)):
            for key in ("gen_ai.input.messages", "gen_ai.prompt"):
                asked = _listed_in(given, key) or asked
            for key in ("gen_ai.output.messages", "gen_ai.completion"):
                answered = _listed_in(given, key) or answered
    return asked, answered


def _listed_in(given: dict[str, Any], key: str) -> list[Any]:
    """Return the list of messages that an attribute contains as JSON.

    Raises:
        TurnUnread: The JSON was cut off.
    """
    listed = decoded(given.get(key))
    if isinstance(listed, str) and key.endswith(".messages") and listed.strip():
        raise TurnUnread("its JSON was cut off")
    return list_of(listed)


def _of_numbered_messages(span: AgentSpan) -> Turns:
    asked = _numbered(span.attributes, "llm.input_messages") or _numbered(span.attributes, "gen_ai.prompt")
    answered = _numbered(span.attributes, "llm.output_messages") or [
        {"role": "assistant", **one} for one in _numbered(span.attributes, "gen_ai.completion")
    ]
    return asked, answered


def _of_values(span: AgentSpan) -> Turns:
    """Read the inputs and outputs of model calls and the agent's own span. Other steps have no answers."""
    if not (span.is_agents or span.attributes.get("openinference.span.kind") == "LLM"):
        return [], []
    found = [_value(span, side) for side, _ in _SIDES]
    packed = are_packed(span, *(text if by_kind else None for text, by_kind in found))
    turns: list[list[Any]] = []
    for (_, role), (text, by_kind), is_packed in zip(_SIDES, found, packed, strict=True):
        if text and (is_packed or not by_kind):
            turns.append(unpacked(text, role))
        else:
            turns.append([{"role": role, "content": text}] if text else [])
    return turns[0], turns[1]


def _value(span: AgentSpan, side: str) -> tuple[Any, bool]:
    """Return a span's input or output, and True if it may be plain text. Traceloop always writes JSON."""
    text = span.attributes.get(f"{side}.value")
    if text is None:
        return span.attributes.get(f"traceloop.entity.{side}"), False
    task = object_of(decoded(text)).get("task")
    if side == "input" and isinstance(task, str):  # smolagents writes the arguments of the agent's call
        if not span.has_known_writer:
            raise TurnUnread(EITHER)
        return (task if span.is_of_smolagents else text), True
    return text, True


DIALECTS: tuple[tuple[str, str, Callable[[AgentSpan], Turns]], ...] = (
    ("`body.input.messages`, `body.output.messages` of log records", "ADOT", _of_bodies),
    (
        "`gen_ai.user.message`, `gen_ai.choice` ... among events",
        "Strands, OpenTelemetry",
        _of_message_events,
    ),
    ("`gen_ai.input.messages`, `gen_ai.output.messages`", "OpenTelemetry, newer", _of_message_lists),
    (
        "`llm.input_messages.N...`, `gen_ai.prompt.N...`",
        "OpenInference, OpenLLMetry",
        _of_numbered_messages,
    ),
    (
        "`input.value`, `traceloop.entity.input` of a model's call or the agent",
        "OpenInference, OpenLLMetry",
        _of_values,
    ),
)
"""The supported formats, most trusted first, each with its attributes, writers and reader.

AgentCore's own SDK produces the first two from Strands spans. The mappers in Strands' evaluation library read
all of these formats.
"""


def _numbered(attributes: dict[str, Any], prefix: str) -> list[dict[str, Any]]:
    """Return the messages in attributes like `prefix.0.message.content`, in order."""
    tree: dict[str, Any] = {}
    for key, value in attributes.items():
        if key.startswith(prefix + "."):
            at = tree
            *path, last = key[len(prefix) + 1 :].split(".")
            for part in path[:8]:
                at = at.setdefault(part, {}) if isinstance(at, dict) else {}
            if isinstance(at, dict):
                at[last] = value
    listed = _listed(tree)
    return [object_of(one.get("message")) or one for one in list_of(listed) if isinstance(one, dict)]


def _listed(tree: Any) -> Any:
    """Convert objects whose keys are numbers to lists."""
    if not isinstance(tree, dict):
        return tree
    if tree and all(key.isascii() and key.isdigit() for key in tree):
        return [_listed(tree[key]) for key in sorted(tree, key=lambda key: (len(key), key))]
    return {key: _listed(value) for key, value in tree.items()}
