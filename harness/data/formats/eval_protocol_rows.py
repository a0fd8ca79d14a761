"""Converts eval-protocol's `EvaluationRow` objects. Inputs become records, and results become rollouts.

The fields are defined in `eval_protocol.models` (https://github.com/eval-protocol/python-sdk). `row_id`
identifies the record and `rollout_id` the rollout. The score becomes the reward unless the row marks the
score as invalid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.importer import REWARD, Converted, Importer, RowError
from harness.data.formats.row_parts import RowParts, joined, line_of, prompt_of
from harness.data.records import ends_with_assistant

__all__ = ["EVAL_PROTOCOL"]

_SIGNS: Final = frozenset(
    ("input_metadata", "rollout_status", "evaluation_result", "execution_metadata", "eval_metadata")
)
_BOOKKEEPING: Final = ("rollout_status", "eval_metadata", "created_at", "pid")
_CODES_OF_NO_FAILURE: Final = (0, 100, 101)
"""Status codes that do not mean failure: OK, and eval-protocol's own codes for finished and running."""


def _recognizes(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("messages"), list) and not _SIGNS.isdisjoint(row)


def _convert(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    messages = prompt_of(parts.take("messages"), "messages")
    name = parts.take("input_metadata", "row_id")
    reference, fields = parts.take("ground_truth"), {}
    if (info := parts.take("input_metadata", "dataset_info")) is not None:
        fields["dataset_info"] = info
    ours: dict[str, Any] = {}
    if ends_with_assistant({"messages": messages}):
        ours = {
            "id": parts.take("execution_metadata", "rollout_id"),
            "record": name,
            "model": parts.take("input_metadata", "completion_params", "model"),
            "finish_reason": parts.take("execution_metadata", "finish_reason"),
            **_verdict(parts),
        }
    else:
        _refuse_failed(parts)
        if name is not None:
            fields["task_id"] = name
    rest = parts.rest(*_SIGNS, *_BOOKKEEPING)
    fields = joined(fields, {name: value for name, value in rest.items() if value is not None})
    return parts.converted(line_of(messages, reference, fields, **ours))


def _verdict(parts: RowParts) -> dict[str, Any]:
    """Return a row's reward and metrics, or nothing if the score is invalid or the evaluation failed."""
    at = "evaluation_result"
    if parts.peek(at, "is_score_valid") is False or parts.peek(at, "error") is not None:
        return {}
    return {REWARD: parts.take(at, "score"), "metrics": parts.take(at, "metrics") or None}


def _refuse_failed(parts: RowParts) -> None:
    """Reject a failed rollout. It has no completion and would otherwise silently become a record."""
    code, why = parts.peek("rollout_status", "code"), parts.peek("rollout_status", "message")
    if isinstance(code, int) and code not in _CODES_OF_NO_FAILURE:
        said = why[:200] if isinstance(why, str) and why else f"status {code}"
        raise RowError(f"the rollout failed: {said}")


EVAL_PROTOCOL: Final = Importer("eval-protocol", "eval-protocol's rows", _recognizes, _convert)
