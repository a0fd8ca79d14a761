"""Converts rollouts saved by verifiers in `results.jsonl` or in a data set on the Hugging Face Hub.

The format is written by `verifiers.utils.save_utils` in https://github.com/PrimeIntellect-ai/verifiers. Older
versions have `id` and `task` instead of `example_id`. Tool calls are stored as JSON strings, which are
parsed. Rollouts of the same example share an `example_id`, which becomes their `record`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.data.formats.importer import REWARD, Converted, Importer, RowError
from harness.data.formats.row_parts import RowParts, completion_of, line_of, prompt_of
from harness.data.json_lines import LineError, parse

__all__ = ["VERIFIERS"]

_BOOKKEEPING: Final = (
    *("timing", "token_usage", "is_completed", "is_truncated", "stop_condition", "trajectory"),
    *("advantage", "run_id", "created_at", "num_input_tokens", "num_output_tokens"),
    *("trajectory_id", "error", "error_chain", "long_error_chain", "generation_ms", "scoring_ms", "total_ms"),
)
"""Fields about the evaluation run, which a grader does not receive in training."""


def _recognizes(row: Mapping[str, Any]) -> bool:
    return {"prompt", "completion", "reward"} <= row.keys()


def _convert(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    error = parts.peek("error")
    if row.get("completion") in (None, "", []) and error is not None:
        raise RowError(f"the rollout failed: {_error_text(error)}")
    prompt = _with_calls(prompt_of(parts.take("prompt")))
    answer = _with_calls(completion_of(parts.take("completion")))
    # Some environments save the whole conversation in the completion.
    messages = answer if _said(answer[: len(prompt)]) == _said(prompt) else [*prompt, *answer]
    ours = {
        "record": parts.take_first("example_id", "id"),
        "finish_reason": "length" if parts.peek("is_truncated") is True else None,
        # A failed rollout's reward is verifiers' default, not a verdict.
        REWARD: parts.take(REWARD) if error is None else None,
    }
    reference = parts.take("answer")
    for name in _repeated(parts):
        parts.take(name)
    return parts.converted(line_of(messages, reference, parts.rest(*_BOOKKEEPING, REWARD), **ours))


def _said(messages: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    return [(message["role"], message.get("content")) for message in messages]


def _repeated(parts: RowParts) -> Iterator[str]:
    """Yield the root fields that duplicate a metric."""
    metrics = parts.peek("metrics")
    for name, value in metrics.items() if isinstance(metrics, dict) else ():
        if name != "metrics" and value is not None and parts.peek(name) == value:
            yield name


def _with_calls(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Convert tool calls to objects, the format of OpenAI's API."""
    return [
        {**message, "tool_calls": [_call(call) for call in message["tool_calls"]]}
        if isinstance(message.get("tool_calls"), list)
        else message
        for message in messages
    ]


def _call(call: Any) -> Any:
    if isinstance(call, str):
        try:
            call = parse(call.encode("utf-8", "surrogatepass"))
        except LineError:
            return call
    if not isinstance(call, dict) or "function" in call or not isinstance(call.get("name"), str):
        return call
    beside = {name: value for name, value in call.items() if name not in ("name", "arguments")}
    function = {name: call[name] for name in ("name", "arguments") if name in call}
    return {"type": "function", **beside, "function": function}


def _error_text(error: Any) -> str:
    found = error.get("error") if isinstance(error, dict) else error
    return found[:200] if isinstance(found, str) else "its `error` says why"


VERIFIERS: Final = Importer("verifiers", "rollouts of verifiers", _recognizes, _convert)
