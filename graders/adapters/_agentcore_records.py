"""A span of an agent's trace, of the records that an evaluator's event has of it."""

from __future__ import annotations

from ._agentcore_turns import list_of, object_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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

    def _is_one_of(self, marks: tuple[tuple[str, str], ...]) -> bool:
        """Whether an attribute says that the span is of a kind."""
        return any(self.attributes.get(key) == value for key, value in marks)

    @property
    def is_tools(self) -> bool:
        """Whether it is the run of a tool."""
        return self._is_one_of(_TOOL_SPANS)

    @property
    def is_agents(self) -> bool:
        """Whether it covers the agent's whole work on one request."""
        is_chain = self.attributes.get("openinference.span.kind") == "CHAIN"
        is_whole = is_chain and (self.name == "LangGraph" or not self.is_inner)
        return is_whole or self._is_one_of(_AGENT_SPANS)


def _time(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
