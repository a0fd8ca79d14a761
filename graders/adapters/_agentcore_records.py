"""A span of an agent's trace, built from its records in an evaluator's event."""

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
_STRANDS = (("gen_ai.system", "strands-agents"), ("gen_ai.provider.name", "strands-agents"))
_LANGCHAIN = ("openinference.instrumentation.langchain", "opentelemetry.instrumentation.langchain")
_LIBRARIES = ("openinference.instrumentation.", "opentelemetry.instrumentation.")
_SMOLAGENTS = "openinference.instrumentation.smolagents"
_PLAIN = (_SMOLAGENTS, "openinference.instrumentation.claude_agent_sdk")
"""OpenInference scopes that record an agent's answer as plain text."""


class AgentSpan:
    """A span and the log records that belong to it.

    Args:
        name: The span's name.
    """

    __slots__ = ("attributes", "ended", "events", "is_guessed", "is_inner", "name", "scopes")

    def __init__(self, name: str) -> None:
        self.name = name
        self.attributes: dict[str, Any] = {}
        self.events: list[tuple[str, dict[str, Any], Any]] = []
        self.ended = 0.0
        self.is_guessed = False  # True if the texts were treated as JSON only because they look like it.
        self.is_inner = False
        self.scopes: set[str] = set()

    def add(self, document: dict[str, Any]) -> None:
        """Add the span's own record or one of its log records."""
        attributes = object_of(document.get("attributes"))
        scope = object_of(document.get("scope")).get("name")
        for name in (scope, attributes.get("event.name")):  # ADOT puts the scope into the record's event
            if isinstance(name, str):
                self.scopes.add(name)
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
        return any(self.attributes.get(key) == value for key, value in marks)

    @property
    def is_of_strands(self) -> bool:
        """True if the Strands SDK wrote the span. Its scope is `strands.telemetry.tracer`."""
        return self._is_one_of(_STRANDS) or any("strands" in scope for scope in self.scopes)

    @property
    def is_of_langchain(self) -> bool:
        """True if a LangChain instrumentation wrote the span."""
        return not self.scopes.isdisjoint(_LANGCHAIN)

    @property
    def is_of_smolagents(self) -> bool:
        """True if OpenInference wrote the span for smolagents."""
        return _SMOLAGENTS in self.scopes

    @property
    def has_known_writer(self) -> bool:
        """True if the span's scope identifies the library that wrote it."""
        return self.is_of_strands or any(scope.startswith(_LIBRARIES) for scope in self.scopes)

    @property
    def writes_plain_texts(self) -> bool:
        """True if the library that wrote the span writes strings unchanged, never as JSON."""
        return not self.is_of_langchain and any(
            scope in _PLAIN or scope.startswith(_LIBRARIES[1]) for scope in self.scopes
        )

    @property
    def is_tools(self) -> bool:
        """True if the span is a tool call."""
        return self._is_one_of(_TOOL_SPANS)

    @property
    def is_agents(self) -> bool:
        """True if the span covers all of the agent's work on one request."""
        is_chain = self.attributes.get("openinference.span.kind") == "CHAIN"
        is_whole = is_chain and (self.name == "LangGraph" or not self.is_inner)
        return is_whole or self._is_one_of(_AGENT_SPANS)


def _time(value: Any) -> float:
    """Convert a number or an ISO date to nanoseconds since 1970. Return 0 for anything else."""
    if isinstance(value, str) and "T" in value:
        from datetime import datetime

        try:
            return datetime.fromisoformat(value).timestamp() * 1e9
        except (ValueError, OverflowError):
            return 0.0
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
