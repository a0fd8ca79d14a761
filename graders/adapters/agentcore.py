"""Runs a grader as a code-based AgentCore evaluator, to monitor a trained model in production.

`as_agentcore` makes a Lambda handler that serves both AgentCore and training jobs. Training events are passed
to the grader. An evaluator's event contains a session's spans, from which the handler extracts the prompt and
the last answer.

Sources: the AgentCore developer guide's page on custom code-based evaluators, and `bedrock-agentcore` 1.25.
"""

from __future__ import annotations

from time import perf_counter

from .._runtime import telemetry
from .._runtime.event_shape import capture
from .._runtime.log_content import may_log_content
from .._runtime.scoring import place_of, score, settled
from .._runtime.timing import deadline_of, milliseconds_left
from ..decorator import Grader
from ..errors import ConfigurationError, DecorationError
from ..reward import Failure, Reward
from ..wire import strict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_REFERENCES = ("expected_response", "assertions", "expected_trajectory")
"""Names of the reference inputs that an evaluator can receive."""

_LEVELS = {
    "SESSION": "a reward grades one answer, and a session may hold several",
    "TOOL_CALL": "a reward grades the model's answer, and a tool call is a step on the way to it",
}
_KINDS = {
    "abstain": "the grader abstained",
    "record": "the grader rejected the record: a reference or a field that it needs is missing or unsuitable",
    "timeout": "grading ran out of time",
    "value": "the grader returned a value that is not a reward within its range",
}
"""Explanations by kind of failure, used instead of messages that may quote the sample."""
_LONGEST = 1000
"""Maximum length of an explanation or an error, in characters."""


def as_agentcore(
    grader: Grader[Any, Any], *, reference: str = "expected_response", passing: float | None = None
) -> Callable[[Any, Any], Any]:
    """Make a Lambda handler that serves AgentCore's evaluators as well as training jobs.

    An evaluator at the `TRACE` level gets the reward for the trace's last answer as `value` and the reward's
    components and metrics as `explanation`. If an answer cannot be graded, the result has `errorCode` and
    `errorMessage` but no value. A reward's reason and a failure's message may quote the conversation, so they
    are left out unless the function's environment has `GRADER_LOG_CONTENT=1`.

    Args:
        grader: A grader, made by `@grader`.
        reference: The reference input that becomes the sample's `reference_answer`: `expected_response` (a
            string), `assertions` (a list of strings) or `expected_trajectory` (a list of tool names). The
            latter two are also available as fields of the sample.
        passing: Smallest reward that is labeled `Passed`; the middle of the grader's range by default.

    Raises:
        DecorationError: An argument is invalid.

    Example:
        >>> from graders import Sample, grader
        >>> from graders.adapters import as_agentcore
        >>> @grader
        ... def right(sample: Sample) -> bool:
        ...     return sample.completion == sample.reference_text
        >>> handler = as_agentcore(right)
        >>> event = {
        ...     "evaluationLevel": "TRACE",
        ...     "evaluationInput": {"sessionSpans": [{"traceId": "t", "attributes": {
        ...         "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "8 x 9?",
        ...         "gen_ai.completion.0.content": "72"}}]},
        ...     "evaluationReferenceInputs": [{"expectedResponse": {"text": "72"}}],
        ...     "evaluationTarget": {"traceIds": ["t"]},
        ... }
        >>> handler(event, None)
        {'label': 'Passed', 'value': 1.0}
    """
    if not isinstance(grader, Grader):
        raise DecorationError(
            f"as_agentcore takes a grader made by @grader, not a {type(grader).__name__}: "
            "decorate the scoring function first"
        )
    if reference not in _REFERENCES:
        raise DecorationError(f"reference={reference!r} is not one of {', '.join(_REFERENCES)}")
    low, high = grader.options.range
    least = (low + high) / 2 if passing is None else passing
    if isinstance(least, bool) or not isinstance(least, (int, float)) or not low <= least <= high:
        raise DecorationError(
            f"passing={passing!r} is not a number within the grader's range, {low:g} to {high:g}"
        )

    def handler(event: Any, context: Any = None, /) -> Any:
        """Handle an event from an AgentCore evaluator. Any other event is passed to the grader."""
        if not _is_evaluators(event):
            return grader(event, context)
        try:
            capture(event, context)
            answer = _evaluated(grader, event, context, reference, least)
        except Exception as error:  # every event gets an answer that follows the service's contract
            answer = _error(
                "EVENT_NOT_READ", f"answering raised a {type(error).__name__} at {place_of(error)}"
            )
        return strict(answer)[0]

    handler.__qualname__ = handler.__name__ = "handler"
    return handler


def _is_evaluators(event: object) -> bool:
    """Return True if the event comes from an AgentCore evaluator rather than a training job.

    An object with messages is always treated as a sample, because a record's fields may have any names.
    """
    return (
        isinstance(event, dict)
        and ("evaluationLevel" in event or "evaluationInput" in event)
        and not ("messages" in event or isinstance(event.get("prompt"), list))
    )


def _evaluated(
    grader: Grader[Any, Any], event: dict[str, Any], context: object, reference: str, passing: float
) -> dict[str, Any]:
    from ._agentcore_spans import SpansUnread, conversation

    level = event.get("evaluationLevel")
    if level != "TRACE":
        why = _LEVELS.get(level) if isinstance(level, str) else None
        return _error(
            "LEVEL_NOT_SUPPORTED",
            f"evaluationLevel is {_shown(level)}{f': {why}' if why else ''}; "
            "create the evaluator at level TRACE",
        )
    try:
        trace = _target(event.get("evaluationTarget"))
        turns = conversation(_part(event.get("evaluationInput"), "sessionSpans"), trace)
        item = {"id": trace, "messages": turns}
        item.update(_references(event.get("evaluationReferenceInputs"), trace, reference))
    except SpansUnread as error:
        return _error("SPANS_NOT_READ", str(error))
    except TargetUnread as error:
        return _error("TARGET_NOT_READ", str(error))
    try:
        outcome = _graded(grader, item, context)
    except ConfigurationError as error:
        return _error("GRADER_CONFIGURATION", str(error))
    if isinstance(outcome, Failure):
        return _error(f"GRADER_{outcome.kind.upper()}", _why(outcome, item))
    answer: dict[str, Any] = {
        "label": "Passed" if outcome.value >= passing else "Failed",
        "value": outcome.value,
    }
    explanation = _explained(outcome)
    return {**answer, "explanation": explanation} if explanation else answer


def _graded(grader: Grader[Any, Any], item: dict[str, Any], context: object) -> Reward | Failure:
    """Grade the sample and report it. The error budget applies only in training."""
    started = perf_counter()
    outcomes, _ = score(grader.declared, [item], deadline_of(context))
    took = (perf_counter() - started) * 1000
    telemetry.report([item], outcomes, took, 0, milliseconds_left(context))
    return settled(outcomes)[0]


class TargetUnread(ValueError):
    """Raised when an evaluator's event does not have a single target or a single reference."""


def _target(target: object) -> str | None:
    """Return the id of the trace to evaluate, or None if the event does not name a trace."""
    traces = _part(target, "traceIds")
    named = {one for one in traces if isinstance(one, str)} if isinstance(traces, list) else set()
    if len(named) > 1:
        raise TargetUnread(f"evaluationTarget names {len(named)} traces, but one is graded at a time")
    return next(iter(named), None)


def _references(inputs: object, trace: str | None, reference: str) -> dict[str, Any]:
    """Return the reference answer and the fields from an event's reference inputs."""
    found: dict[str, Any] = {}
    from ._agentcore_turns import list_of

    for one in list_of(inputs):
        if not isinstance(one, dict):
            continue
        about = _part(_part(one.get("context"), "spanContext"), "traceId")
        if about and trace and about != trace:
            continue
        for name, value in (
            ("expected_response", _part(one.get("expectedResponse"), "text")),
            ("assertions", [_part(part, "text") for part in list_of(one.get("assertions"))]),
            ("expected_trajectory", _part(one.get("expectedTrajectory"), "toolNames")),
        ):
            if value and found.setdefault(name, value) != value:
                raise TargetUnread(f"two evaluationReferenceInputs of this trace differ in {name}")
    answer = found.get(reference)
    fields = {name: found[name] for name in _REFERENCES[1:] if name in found}
    return fields if answer is None else {**fields, "reference_answer": answer}


def _part(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _explained(reward: Reward) -> str:
    """Explain a reward using its components and metrics, or its reason if content may be shown."""
    if reward.reason and may_log_content():
        return str(reward.reason)[:_LONGEST]
    numbers = {**reward.components, **reward.metrics}
    return ", ".join(f"{name}: {value:g}" for name, value in numbers.items())[:_LONGEST]


def _why(failure: Failure, item: dict[str, Any]) -> str:
    """Explain a failure using its kind and location, or its message if content may be shown."""
    if may_log_content():
        return failure.message + (f" ({failure.place})" if failure.place else "")
    what = _KINDS.get(failure.kind, failure.origin)
    if failure.kind == "record" and "reference_answer" not in item:
        what += "; evaluationReferenceInputs holds no reference answer for this trace"
    return f"{what} (set GRADER_LOG_CONTENT=1 to see the message)"


def _shown(value: object) -> str:
    return repr(value[:40]) if isinstance(value, str) else "missing" if value is None else "no text"


def _error(code: str, message: str) -> dict[str, Any]:
    return {"errorCode": code, "errorMessage": message[:_LONGEST]}


__all__ = ["as_agentcore"]
