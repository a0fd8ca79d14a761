"""Finds the conversation that an agent's trace recorded, whichever library instrumented the agent.

An evaluator's event holds OpenTelemetry spans and log records, as CloudWatch keeps them. Each library writes
prompts and answers in a way of its own; `DIALECTS` lists those that are read here, with their sources. The
result is the model's last answer in the trace and the turns before it, as a rollout holds them.
"""

from __future__ import annotations

from ..sample import turn_text
from ._agentcore_turns import TurnUnread, decoded, list_of, object_of, turn_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from ._agentcore_turns import Turn

    Turns: TypeAlias = tuple[list[Any], list[Any]]

_TOOL_SPANS = (
    ("gen_ai.operation.name", "execute_tool"),
    ("openinference.span.kind", "TOOL"),
    ("traceloop.span.kind", "tool"),
)
_AGENT_SPANS = (
    ("gen_ai.operation.name", "invoke_agent"),
    ("openinference.span.kind", "AGENT"),
    ("traceloop.span.kind", "workflow"),
)

_CUT_OFF = (
    "the trace's last answer, or a turn before it, was cut off or has a block of an unknown kind: let the "
    "agent's instrumentation record whole messages"
)


class SpansUnread(ValueError):
    """No conversation could be read from the spans; the message says what was looked at and what to do."""


class AgentSpan:
    """One span, with the log records that belong to it.

    Args:
        name: The span's name.
    """

    __slots__ = ("attributes", "ended", "events", "is_inner", "name", "scopes")

    def __init__(self, name: str) -> None:
        self.name = name
        self.attributes: dict[str, Any] = {}
        self.events: list[tuple[str, dict[str, Any], Any]] = []
        self.ended = 0.0
        self.is_inner = False
        self.scopes: set[str] = set()

    def add(self, document: dict[str, Any]) -> None:
        """Add the span itself, or a log record of it."""
        attributes = object_of(document.get("attributes"))
        scope = object_of(document.get("scope")).get("name")
        if isinstance(scope, str):
            self.scopes.add(scope)
        if "body" in document:
            name = attributes.get("event.name") or document.get("eventName") or document.get("EventName")
            self.events.append((str(name), attributes, document["body"]))
            self.attributes = {**attributes, **self.attributes}
        else:
            self.attributes.update(attributes)
            self.is_inner = bool(document.get("parentSpanId") or document.get("parent_span_id"))
            self.name = str(document.get("name", self.name))
        for key in ("endTimeUnixNano", "end_time", "timeUnixNano", "time_unix_nano"):
            self.ended = max(self.ended, _time(document.get(key)))
        for key in ("events", "span_events"):
            for event in list_of(document.get(key)):
                if isinstance(event, dict):
                    name = event.get("name") or event.get("event_name")
                    self.events.append((str(name), object_of(event.get("attributes")), event.get("body")))

    def is_one_of(self, marks: tuple[tuple[str, str], ...]) -> bool:
        """Whether an attribute says that the span is of a kind."""
        return any(self.attributes.get(key) == value for key, value in marks)

    @property
    def is_agents(self) -> bool:
        """Whether it covers the agent's whole work on one request."""
        is_chain = self.attributes.get("openinference.span.kind") == "CHAIN"
        is_whole = is_chain and (self.name == "LangGraph" or not self.is_inner)
        return is_whole or self.is_one_of(_AGENT_SPANS)


class Exchange:
    """What one span says was asked and answered.

    Args:
        asked: The turns before the answer.
        answer: The assistant's turn.
        span: Where both were read.
    """

    __slots__ = ("answer", "asked", "span")

    def __init__(self, asked: list[Turn], answer: Turn, span: AgentSpan) -> None:
        self.asked = asked
        self.answer = answer
        self.span = span

    @property
    def text(self) -> str:
        """What was answered."""
        return turn_text(self.answer)

    @property
    def words(self) -> str:
        """What was answered without white space, for telling two records of the same answer."""
        return "".join(self.text.split())


def conversation(documents: object, trace: str | None) -> list[Turn]:
    """The turns up to the last answer that a trace recorded, in the shape of a rollout's messages.

    Args:
        documents: The event's `sessionSpans`.
        trace: The trace to read; None where the session has a single one.

    Raises:
        SpansUnread: There is none to read.
    """
    if not isinstance(documents, list) or not documents:
        raise SpansUnread("the event holds no spans in evaluationInput.sessionSpans")
    spans = _spans([one for one in documents if isinstance(one, dict)], trace)
    found: list[Exchange] = []
    unread: list[AgentSpan] = []
    for span in spans:
        try:
            found += _exchange(span)
        except TurnUnread:
            unread.append(span)
    if not found and unread:
        raise SpansUnread(_CUT_OFF)
    if not found:
        scopes = sorted({scope[:60] for span in spans for scope in span.scopes})
        raise SpansUnread(
            f"none of the trace's {len(spans)} spans holds a user's turn and a model's answer in a known "
            f"form (instrumented by: {', '.join(scopes[:4]) or 'unknown'}): docs/adapters.md lists the forms"
        )
    last = _last(found)
    if not any(one.span.is_agents for one in found):
        _refuse_what_goes_on(last, spans, unread)
    return [*last.asked, last.answer]


def _refuse_what_goes_on(last: Exchange, spans: list[AgentSpan], unread: list[AgentSpan]) -> None:
    """Refuse to take an answer for the last where the trace has more behind it, and no span of an agent."""
    if any(span.ended >= last.span.ended for span in unread):
        raise SpansUnread(_CUT_OFF)
    tools = [span for span in spans if span.is_one_of(_TOOL_SPANS)]
    if "tool_calls" in last.answer and any(span.ended > last.span.ended for span in tools):
        raise SpansUnread("the trace ends with the call of a tool, and holds no answer after it")


def _last(found: list[Exchange]) -> Exchange:
    """The exchange that ended the trace: what the agent answered, else what a model answered last.

    An agent's own span has what its user saw, some libraries with white space added between blocks and at the
    end; the span of the model's call has it exactly, with every turn before it. So of several records of the
    same answer the shortest is taken.
    """
    found = sorted(reversed(found), key=lambda one: -one.span.ended)
    final = next((one for one in found if one.span.is_agents), found[0])
    same = [one for one in found if one.words == final.words]
    return min(same, key=lambda one: (len(one.text), one.span.is_agents))


def _spans(documents: list[dict[str, Any]], trace: str | None) -> list[AgentSpan]:
    """The spans of one trace, in the order of their first records."""
    traces = {found for one in documents if (found := _trace(one))}
    if trace is None:
        if len(traces) > 1:
            raise SpansUnread(
                f"the event names no trace in evaluationTarget.traceIds, and its spans are of {len(traces)}"
            )
    elif trace not in traces:
        raise SpansUnread(
            "the event holds no span of the trace that it asks about: AgentCore may leave spans out of an "
            "event of more than 6 MB"
        )
    spans: dict[Any, AgentSpan] = {}
    for at, one in enumerate(documents):
        if trace is None or _trace(one) == trace:
            key = one.get("spanId") or one.get("span_id")
            key = key if isinstance(key, str) else at
            spans.setdefault(key, AgentSpan(str(one.get("name", "")))).add(one)
    return list(spans.values())


def _trace(document: dict[str, Any]) -> str:
    found = document.get("traceId") or document.get("trace_id")
    return found if isinstance(found, str) else ""


def _exchange(span: AgentSpan) -> list[Exchange]:
    """What a span says was asked and answered; empty where it says nothing of that kind.

    Raises:
        TurnUnread: A text of it cannot be read exactly.
    """
    if span.is_one_of(_TOOL_SPANS):
        return []
    for _, _, is_packed, read in DIALECTS:
        asked, answered = read(span)
        before = [turn for one in asked if (turn := turn_of(one, is_packed)) is not None]
        after = [turn for one in answered if (turn := turn_of(one, is_packed)) is not None]
        answers = [turn for turn in after if turn["role"] == "assistant" and _says_something(turn)]
        if answers and any(turn["role"] == "user" for turn in before):
            return [Exchange(_with_system_prompt(before, span), answers[-1], span)]
    return []


def _says_something(turn: Turn) -> bool:
    return bool(turn_text(turn).strip() or turn.get("tool_calls"))


def _with_system_prompt(turns: list[Turn], span: AgentSpan) -> list[Turn]:
    """The turns, with the system prompt that the span has elsewhere where they have none."""
    if any(turn["role"] == "system" for turn in turns):
        return turns
    for attributes in (span.attributes, *(attributes for _, attributes, _ in span.events)):
        for key in ("gen_ai.system_instructions", "system_prompt"):
            turn = turn_of({"role": "system", "content": decoded(attributes.get(key))}, is_packed=True)
            if turn is not None and _says_something(turn):
                return [turn, *turns]
    return turns


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


def _time(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
