"""The forms in which libraries write a conversation into a span, and how each is read."""

from __future__ import annotations

from ._agentcore_turns import TurnUnread, decoded, list_of, object_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from ._agentcore_records import AgentSpan

    Turns: TypeAlias = tuple[list[Any], list[Any]]


def _of_bodies(span: AgentSpan) -> Turns:
    asked: list[Any] = []
    answered: list[Any] = []
    for _, _, body in span.events:
        for key, into in (("input", asked), ("output", answered)):
            into += _unfolded(object_of(object_of(body).get(key)).get("messages"))
    return asked, answered


def _of_message_events(span: AgentSpan) -> Turns:
    asked: list[Any] = []
    answered: list[Any] = []
    for name, attributes, body in span.events:
        given = object_of(body) or attributes
        if name == "gen_ai.choice":
            message = given.get("message")
            answered.append(message if isinstance(message, dict) else {"content": message})
            answered[-1] = {"role": "assistant", **answered[-1]}
        elif name.startswith("gen_ai.") and name.endswith(".message"):
            asked.append({**given, "role": name.split(".")[1]})
    return asked, answered


def _of_message_lists(span: AgentSpan) -> Turns:
    """What is asked and what is answered may stand in events of their own."""
    asked: list[Any] = []
    answered: list[Any] = []
    for _, attributes, body in (*span.events, ("", span.attributes, None)):
        for given in (attributes, object_of(body)):
            for key in ("gen_ai.input.messages", "gen_ai.prompt"):
                asked = list_of(decoded(given.get(key))) or asked
            for key in ("gen_ai.output.messages", "gen_ai.completion"):
                answered = list_of(decoded(given.get(key))) or answered
    return asked, answered


def _of_numbered_messages(span: AgentSpan) -> Turns:
    asked = _numbered(span.attributes, "llm.input_messages") or _numbered(span.attributes, "gen_ai.prompt")
    answered = _numbered(span.attributes, "llm.output_messages") or [
        {"role": "assistant", **one} for one in _numbered(span.attributes, "gen_ai.completion")
    ]
    return asked, answered


def _of_values(span: AgentSpan) -> Turns:
    """Only of a model's call and of the agent's own span: a step between has values too, and no answer."""
    if not (span.is_agents or span.attributes.get("openinference.span.kind") == "LLM"):
        return [], []
    return _value(span, "input", "user", ("task", "input")), _value(span, "output", "assistant", ("output",))


def _value(span: AgentSpan, which: str, role: str, names: tuple[str, ...]) -> list[Any]:
    """The messages in a span's input or output.

    Raises:
        TurnUnread: It is an object of unknown fields.
    """
    text = span.attributes.get(f"{which}.value")
    is_json = span.attributes.get(f"{which}.mime_type") == "application/json"
    if text is None:
        text, is_json = span.attributes.get(f"traceloop.entity.{which}"), True
    inner = decoded(text)
    if isinstance(inner, dict):
        inner = inner.get(f"{which}s", inner)
    if isinstance(inner, dict) and "messages" in inner:
        return _unfolded(inner["messages"])
    if isinstance(inner, dict) and "choices" in inner:
        return [object_of(one).get("message") for one in list_of(inner["choices"])]
    if isinstance(inner, dict):
        found = [inner[name] for name in names if isinstance(inner.get(name), str)]
        text = found[0] if found else text
        is_json = is_json and not found
    if is_json and isinstance(inner, (list, dict)):
        raise TurnUnread(f"an {which} of unknown fields")
    return [{"role": role, "content": text}] if text else []


DIALECTS: tuple[tuple[str, str, bool, Callable[[AgentSpan], Turns]], ...] = (
    ("`body.input.messages`, `body.output.messages` of log records", "ADOT", True, _of_bodies),
    (
        "`gen_ai.user.message`, `gen_ai.choice` ... among events",
        "Strands, OpenTelemetry",
        True,
        _of_message_events,
    ),
    ("`gen_ai.input.messages`, `gen_ai.output.messages`", "OpenTelemetry, newer", False, _of_message_lists),
    (
        "`llm.input_messages.N...`, `gen_ai.prompt.N...`",
        "OpenInference, OpenLLMetry",
        False,
        _of_numbered_messages,
    ),
    (
        "`input.value`, `traceloop.entity.input` of a model's call or the agent",
        "OpenInference, OpenLLMetry",
        False,
        _of_values,
    ),
)
"""The forms that are read, the one that is trusted most first: what it looks like, who writes it, whether it
packs a message's blocks as JSON, and its reader.

The first two are what AgentCore's own SDK makes of Strands' spans; all are forms that the mappers of Strands'
evaluation library read.
"""


def _unfolded(messages: Any) -> list[Any]:
    """Messages, where the content of one may be LangChain's serialized state with the real ones inside."""
    found: list[Any] = []
    for one in list_of(messages):
        while isinstance(one, list) and len(one) == 1:
            one = one[0]
        if isinstance(one, list):
            found += _unfolded(one)
            continue
        inner = decoded(object_of(one).get("content"))
        if isinstance(inner, dict):
            inner = next((inner[key] for key in ("inputs", "outputs") if key in inner), inner)
        if isinstance(inner, dict) and isinstance(inner.get("messages"), list):
            found += _unfolded(inner["messages"])
        elif isinstance(inner, dict) and isinstance(inner.get("generations"), list):
            found += [
                object_of(part).get("message") for group in inner["generations"] for part in list_of(group)
            ]
        else:
            found.append(one)
    return found


def _numbered(attributes: dict[str, Any], prefix: str) -> list[dict[str, Any]]:
    """The messages in attributes like `prefix.0.message.content`, in their order."""
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
    """A tree of numbered keys with lists for them."""
    if not isinstance(tree, dict):
        return tree
    if tree and all(key.isascii() and key.isdigit() for key in tree):
        return [_listed(tree[key]) for key in sorted(tree, key=lambda key: (len(key), key))]
    return {key: _listed(value) for key, value in tree.items()}
