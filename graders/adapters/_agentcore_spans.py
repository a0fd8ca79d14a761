"""Finds the conversation in an agent's trace.

An evaluator's event contains OpenTelemetry spans and log records as stored in CloudWatch. Each
instrumentation library writes prompts and answers in its own format. `DIALECTS` lists the supported formats
and their sources. The result is the model's last answer in the trace and the turns before it, in the form of
a rollout's messages.
"""

from __future__ import annotations

from ..sample import turn_text
from ._agentcore_dialects import DIALECTS
from ._agentcore_packed import EITHER, answers_of
from ._agentcore_records import AgentSpan
from ._agentcore_turns import TurnUnread, decoded, turn_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._agentcore_turns import Turn


class SpansUnread(ValueError):
    """Raised when the spans contain no readable conversation. The message gives the fix."""


class Exchange:
    """The conversation recorded in one span.

    Args:
        asked: The turns before the answer.
        answer: The assistant's turn.
        span: The span that contains both.
    """

    __slots__ = ("answer", "asked", "span", "text", "words")

    def __init__(self, asked: list[Turn], answer: Turn, span: AgentSpan) -> None:
        self.asked = asked
        self.answer = answer
        self.span = span
        self.text = turn_text(answer)
        # The text without white space, which is equal in two spans with the same answer.
        self.words = _words(self.text)


def conversation(documents: object, trace: str | None) -> list[Turn]:
    """Return the turns up to the last answer in a trace, as a rollout's messages.

    Args:
        documents: The event's `sessionSpans`.
        trace: Id of the trace to read, or None if the session has only one.

    Raises:
        SpansUnread: The trace has no answer that can be read.
    """
    if not isinstance(documents, list) or not documents:
        raise SpansUnread("the event holds no spans in evaluationInput.sessionSpans")
    spans = _spans([one for one in documents if isinstance(one, dict)], trace)
    found: list[Exchange] = []
    unread: list[tuple[AgentSpan, TurnUnread]] = []
    for span in spans:
        try:
            found += _exchange(span)
        except TurnUnread as error:
            unread.append((span, error))
    if not found and unread:
        raise _unread(unread[-1][1])
    if not found:
        scopes = sorted({scope[:60] for span in spans for scope in span.scopes})
        raise SpansUnread(
            f"none of the trace's {len(spans)} spans holds a user's turn and a model's answer in a known "
            f"form (instrumented by: {', '.join(scopes[:4]) or 'unknown'}): docs/adapters.md lists the forms"
        )
    last = _last(found)
    exact = [one for one in found if not one.span.is_guessed]
    if exact and all(one.words != last.words for one in exact):
        raise _unread(TurnUnread(EITHER))
    if not any(one.span.is_agents for one in found):
        _refuse_what_goes_on(last, spans, unread)
    return [*last.asked, last.answer]


def _words(text: str) -> str:
    return "".join(text.split())


def _unread(error: TurnUnread) -> SpansUnread:
    return SpansUnread(
        f"the trace's last answer, or a turn before it, cannot be read exactly: {error}; let the agent's "
        "instrumentation record whole messages and its scope (docs/adapters.md lists what is read)"
    )


def _refuse_what_goes_on(
    last: Exchange, spans: list[AgentSpan], unread: list[tuple[AgentSpan, TurnUnread]]
) -> None:
    """Raise an error if an unread span or a tool call follows the answer, which may then not be final."""
    for span, error in unread:
        if span.ended >= last.span.ended and all(_words(one) != last.words for one in answers_of(span)):
            raise _unread(error)
    tools = [span for span in spans if span.is_tools]
    if "tool_calls" in last.answer and any(span.ended > last.span.ended for span in tools):
        raise SpansUnread("the trace ends with a tool call, and has no answer after it")


def _last(found: list[Exchange]) -> Exchange:
    """Return the trace's last exchange: the agent's answer or, if there is none, a model's last answer.

    An agent's own span contains the text that the user saw, but some libraries add white space between its
    blocks and at its end. The span of the model call contains the exact text, along with all of the turns
    before it. So if several records contain the same answer, the shortest one is used.
    """
    found = sorted(reversed(found), key=lambda one: -one.span.ended)
    final = next((one for one in found if one.span.is_agents), found[0])
    same = [one for one in found if one.words == final.words]
    return min(same, key=lambda one: (len(one.text), one.span.is_agents))


def _spans(documents: list[dict[str, Any]], trace: str | None) -> list[AgentSpan]:
    """Return the spans of a trace, ordered by their first records."""
    traces = {found for one in documents if (found := _trace(one))}
    if trace is None:
        if len(traces) > 1:
            raise SpansUnread(
                f"evaluationTarget.traceIds names no trace, but the spans belong to {len(traces)} traces"
            )
    elif trace not in traces:
        raise SpansUnread(
            "the event holds no span of the trace in evaluationTarget: AgentCore may leave spans out of an "
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
    """Return a list with the span's exchange, or an empty list if the span records no exchange.

    Raises:
        TurnUnread: One of the span's texts cannot be read exactly.
    """
    if span.is_tools:
        return []
    is_empty = False
    for _, _, read in DIALECTS:
        asked, answered = read(span)
        before = [turn for one in asked if (turn := turn_of(one)) is not None]
        after = [turn for one in answered if (turn := turn_of(one)) is not None]
        answers = [turn for turn in after if turn["role"] == "assistant"]
        if answers and any(turn["role"] == "user" for turn in before):
            if said := [turn for turn in answers if _says_something(turn)]:
                return [Exchange(_with_system_prompt(before, span), said[-1], span)]
            is_empty = True
    if is_empty:
        raise TurnUnread("it is empty")
    return []


def _says_something(turn: Turn) -> bool:
    return bool(turn_text(turn).strip() or turn.get("tool_calls"))


def _with_system_prompt(turns: list[Turn], span: AgentSpan) -> list[Turn]:
    """Return the turns, adding a system prompt from elsewhere in the span if they have none."""
    if any(turn["role"] == "system" for turn in turns):
        return turns
    for attributes in (span.attributes, *(attributes for _, attributes, _ in span.events)):
        instructions = decoded(attributes.get("gen_ai.system_instructions"))
        for content in (instructions, attributes.get("system_prompt")):
            turn = turn_of({"role": "system", "content": content})
            if turn is not None and _says_something(turn):
                return [turn, *turns]
    return turns
