"""Converts results of OpenAI's Batch API that have been joined with their requests.

The format is documented at https://platform.openai.com/docs/api-reference/batch/request-output. The prompts
are in the batch's input file. Each row therefore needs a `request` field with the line from that file that
has the same `custom_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.importer import Converted, Importer, RowError
from harness.data.formats.openai_calls import error_text
from harness.data.formats.row_parts import RowParts
from harness.data.formats.stored_completions import call_lines

__all__ = ["OPENAI_BATCH"]


def _recognizes(row: Mapping[str, Any]) -> bool:
    return "custom_id" in row and ("response" in row or "error" in row)


def _convert(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    _refuse_failed(parts)
    for request in (("request", "body"), ("body",)):
        if isinstance(parts.peek(*request), dict):
            if parts.peek("request", "custom_id") == parts.peek("custom_id"):
                parts.take("request", "custom_id")
            return call_lines(parts, request, ("response", "body"), ("custom_id",))
    raise RowError("its prompt is in the batch's input file: pass that file with --requests")


def _refuse_failed(parts: RowParts) -> None:
    error = parts.peek("error")
    if error is None:
        error = parts.peek("response", "body", "error")
    if error is not None:
        raise RowError(f"the request failed: {error_text(error)}")
    code = parts.peek("response", "status_code")
    if code not in (None, 200):
        raise RowError(f"the request failed with status {code}")


OPENAI_BATCH: Final = Importer(
    "openai-batch",
    "results of OpenAI's Batch API",
    _recognizes,
    _convert,
    "These calls have no reference answers: add one to each line, or use a grader that needs none.",
)
