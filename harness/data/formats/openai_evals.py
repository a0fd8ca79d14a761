"""Converts output items of OpenAI Evals to rollouts.

The format is documented at https://platform.openai.com/docs/api-reference/evals/run-output-item-object. The
fields of `datasource_item` become fields of the rollout. The one whose name is most likely to mean a
reference becomes the reference answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.importer import Converted, Importer
from harness.data.formats.named_scores import named_scores
from harness.data.formats.openai_calls import answers_of, asked_of
from harness.data.formats.reference_columns import reference_column
from harness.data.formats.row_parts import RowParts, joined, line_of

__all__ = ["OPENAI_EVALS"]

_BOOKKEEPING: Final = ("object", "created_at", "eval_id", "run_id", "status", "sample", "results")


def _recognizes(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("sample"), dict) and "datasource_item" in row


def _convert(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    prompt = asked_of(parts, "sample")
    [answer] = answers_of(parts, "sample")
    ours = {
        "id": parts.take("id"),
        "record": parts.take("datasource_item_id"),
        "model": parts.take("sample", "model"),
        "finish_reason": parts.take("sample", "finish_reason"),
        **named_scores(parts, "name", "score", "results"),
    }
    fields: dict[str, Any] = {}
    reference = None
    if isinstance(item := parts.peek("datasource_item"), dict):
        if isinstance(item.get("item"), dict):  # If the data source is a file, this is the line of the file.
            fields = parts.take("datasource_item", "item")
        else:
            fields = parts.take("datasource_item")
        column = reference_column(fields)
        reference = None if column is None else fields[column]
        if column == "reference_answer":
            del fields[column]
    rest = parts.rest(*_BOOKKEEPING)
    return parts.converted(line_of([*prompt, *answer.messages], reference, joined(fields, rest), **ours))


OPENAI_EVALS: Final = Importer("openai-evals", "output items of OpenAI's Evals", _recognizes, _convert)
