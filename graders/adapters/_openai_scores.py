"""The values that OpenAI's graders use and the scores that they return."""

from __future__ import annotations

from ..errors import RecordError, SampleError
from ..extract import Missing
from ..extract._json import exact_json
from ..sample import turn_text
from ._answer_bounds import bounded, is_bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from typing import Any, TypeAlias

    from ..sample import Sample

    Scoring: TypeAlias = Callable[["Scope"], "GraderScore | Awaitable[GraderScore]"]

FLAGS = (
    "formula_parse_error",
    "sample_parse_error",
    "truncated_observation_error",
    "unresponsive_reward_error",
    "invalid_variable_error",
    "other_error",
    "python_grader_server_error",
    "python_grader_runtime_error",
    "model_grader_server_error",
    "model_grader_refusal_error",
    "model_grader_parse_error",
)
"""OpenAI's flags for faults in grading. Each flag is true or false."""
DETAILS = (
    "python_grader_server_error_type",
    "python_grader_runtime_error_details",
    "model_grader_server_error_details",
)
"""Names of the details that OpenAI adds for three of the flags. Each detail is a string or null."""
_DETAILS_OF = {name.removesuffix("_type").removesuffix("_details"): name for name in DETAILS}

_FORM = ("role", "index", "id", "type", "tool_call_id")
"""Fields of messages and tool calls that do not depend on the answer."""


class GradeFault(SampleError):
    """Raised when a grader could not score a sample.

    Args:
        flag: One of `FLAGS`.
        message: A description of the cause for people.
        kind: The kind of failure, as in `SampleError`.
        origin: Type and location of the original error. Empty if there was no such error.
        details: The details that OpenAI adds to the flag; the message by default.
    """

    def __init__(
        self, flag: str, message: str, kind: str = "exception", origin: str = "", details: str = ""
    ) -> None:
        super().__init__(kind, message, origin)
        self.args = (
            flag,
            message,
            kind,
            origin,
            details,
        )  # pickling needs the unchanged arguments
        self.flag = flag
        self.details = details
        self.tokens: Mapping[str, ModelTokens] = {}
        """Tokens that models used before the failure, by the model's name in the grader."""

    @property
    def errors(self) -> dict[str, bool | str]:
        """The fault as OpenAI reports it: the flag and, for three of the flags, details."""
        more = _DETAILS_OF.get(self.flag)
        said: dict[str, bool | str] = {self.flag: True}
        return {**said, more: self.details or self.message} if more else said


class RecordFault(GradeFault, RecordError):
    """Raised when a grader cannot score any completion of a record.

    Args:
        flag: One of `FLAGS`.
        message: The value that the record lacks.
    """

    def __init__(self, flag: str, message: str) -> None:
        super().__init__(flag, message, "record")
        self.args = (flag, message)  # pickling needs the unchanged arguments


class ModelTokens:
    """A judge model's token counts for one sample. A count is None if the service does not report it.

    Args:
        prompt: Number of tokens in the questions.
        completion: Number of tokens in the answers.
        cached: Number of question tokens that came from the service's cache.
    """

    __slots__ = ("cached", "completion", "prompt")

    def __init__(self, prompt: int | None, completion: int | None, cached: int | None = 0) -> None:
        self.prompt = prompt
        self.completion = completion
        self.cached = cached

    def plus(self, more: ModelTokens) -> ModelTokens:
        """Add two sets of counts. A sum is None if either count is None."""
        sums = (
            None if one is None or other is None else one + other
            for one, other in (
                (self.prompt, more.prompt),
                (self.completion, more.completion),
                (self.cached, more.cached),
            )
        )
        return ModelTokens(*sums)


class GraderScore:
    """The score that a grader assigned to a sample.

    Args:
        value: The score.
        unread: True if the completion gets the lowest score because it lacks a value that the grader uses.
        metrics: Other numbers to report.
        parts: For a multi grader, the scores of its graders by key.
        errors: The faults that OpenAI would report, keyed by names from `FLAGS` and `DETAILS`.
        tokens: Tokens that models used, by the model's name in the grader.
        reason: A one-sentence explanation for people.
    """

    __slots__ = ("errors", "metrics", "parts", "reason", "tokens", "unread", "value")

    def __init__(
        self,
        value: float,
        *,
        unread: bool = False,
        metrics: Mapping[str, float] | None = None,
        parts: Mapping[str, float] | None = None,
        errors: Mapping[str, bool | str] | None = None,
        tokens: Mapping[str, ModelTokens] | None = None,
        reason: str | None = None,
    ) -> None:
        self.value = value
        self.unread = unread
        self.metrics = dict(metrics or {})
        self.parts = dict(parts or {})
        self.errors = dict(errors or {})
        self.tokens = dict(tokens or {})
        self.reason = reason


class Scope:
    """The values available to a sample's graders: the record as `item` and the completion as `sample`.

    Args:
        text: The completion.
        item: The record.
        tools: The completion's tool calls.
    """

    __slots__ = ("_sample", "item", "text", "tools")

    def __init__(self, text: str, item: Mapping[str, Any], tools: Sequence[Any] = ()) -> None:
        self.text = text
        self.item = item
        self.tools = list(tools)
        self._sample: dict[str, Any] | None = None

    @property
    def sample(self) -> dict[str, Any]:
        """The completion: `output_text`, `output_tools`, `choices`, and `output_json` if it is JSON."""
        if self._sample is None:
            message: dict[str, Any] = {"role": "assistant", "content": self.text}
            if self.tools:
                message["tool_calls"] = self.tools
            self._sample = {
                "output_text": self.text,
                "output_tools": self.tools,
                "choices": [{"index": 0, "message": message}],
            }
            value = exact_json(self.text.strip())
            if not isinstance(value, Missing) and is_bounded(value):
                self._sample["output_json"] = value
        return self._sample

    def named(self, namespace: str) -> Mapping[str, Any]:
        """Return the values in the namespace `item` or `sample`."""
        return self.item if namespace == "item" else self.sample

    def told(self, namespace: str) -> Mapping[str, Any]:
        """Return a namespace without roles, positions, ids or kinds, which do not depend on the answer."""
        if namespace == "item":
            return {**self.item, "messages": _without_form(self.item.get("messages"))}
        tools = _without_form(self.tools)
        choices = [{"message": {"content": self.text, "tool_calls": tools}}]
        return {**self.sample, "output_tools": tools, "choices": choices}


def scope_of(sample: Sample[Any]) -> Scope:
    """Return the record's values for its graders: its fields, reference and prompt."""
    item: dict[str, Any] = dict(sample.fields)
    reference = sample.reference_answer
    if reference is not None:
        item["reference_answer"] = reference
    within = bounded(sample)
    item["messages"] = [_plain(message) for message in within.messages[:-1]]
    return Scope(sample.completion, item, within.tool_calls)


def _without_form(messages: Any) -> Any:
    """Return messages or tool calls without the fields that do not depend on the answer."""
    if not isinstance(messages, list):
        return messages
    return [
        {name: value for name, value in one.items() if name not in _FORM} if isinstance(one, dict) else one
        for one in messages
    ]


def _plain(message: Any) -> Any:
    """Return a message with its text blocks joined. Some services send text as a list of blocks."""
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list) or not content:
        return message
    for block in content:
        if not isinstance(block, dict) or not block.keys() <= {"type", "text"} or block.get("type") != "text":
            return message
    return {**message, "content": turn_text(message)}


def passed(score: float, threshold: float | None) -> dict[str, float]:
    """Return the metric `passed`, or an empty dict if the grader has no `pass_threshold`."""
    return {} if threshold is None else {"passed": float(score >= threshold)}


def unread_score(
    why: Missing, scope: Scope, worst: float = 0.0, metrics: Mapping[str, float] | None = None
) -> GraderScore:
    """Return the score of a completion that lacks a value that the grader reads.

    Args:
        why: The reason. Its kind is `not exact` if the completion has the value but it is blank.
        scope: The completion.
        worst: The lowest score that the grader gives.
        metrics: Other numbers to report.
    """
    errors = {} if why.kind == "not exact" else {"invalid_variable_error": True}
    if errors and "output_json" in why.reason and "output_json" not in scope.sample:
        errors["sample_parse_error"] = True
    return GraderScore(worst, unread=True, metrics=metrics, errors=errors, reason=why.reason)
