"""Converts Bedrock batch inference results, which contain each request and the model's response.

The format of the `*.jsonl.out` files is documented at
https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-results.html. The bodies are those of
InvokeModel or Converse, so they are converted like the bodies in invocation logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.importer import Converted, Importer, RowError
from harness.data.formats.invocation_log import INVOCATION_LOG
from harness.data.formats.row_parts import RowParts

__all__ = ["BEDROCK_BATCH"]

_NAMES: Final = {
    "input.inputBodyJson": "modelInput",
    "output.outputBodyJson": "modelOutput",
    "requestId": "recordId",
}
"""For each path in an invocation log, the corresponding name in a batch result."""
_KNOWN: Final = ("recordId", "modelInput", "modelOutput", "error")


def _recognizes(row: Mapping[str, Any]) -> bool:
    return "recordId" in row and "modelInput" in row


def _convert(row: Mapping[str, Any]) -> Converted:
    error = row.get("error")
    if error is not None:
        said = error.get("errorMessage") if isinstance(error, dict) else None
        raise RowError(f"the record failed: {said[:200] if isinstance(said, str) else error}")
    for name in ("modelInput", "modelOutput"):
        if not isinstance(row.get(name), dict):
            raise RowError(f"`{name}` is not a JSON object")
    call = {
        "requestId": row.get("recordId"),
        "input": {"inputBodyJson": row["modelInput"]},
        "output": {"outputBodyJson": row["modelOutput"]},
    }
    try:
        lines, lost = INVOCATION_LOG.convert(call)
    except RowError as refused:
        raise RowError(_renamed(str(refused))) from None
    others = RowParts({name: value for name, value in row.items() if name not in _KNOWN})
    return Converted(lines, (*map(_renamed, lost), *others.converted().lost))


def _renamed(text: str) -> str:
    """Replace the invocation log paths in a message with the corresponding batch result paths."""
    for there, here in _NAMES.items():
        text = text.replace(there, here)
    return text


BEDROCK_BATCH: Final = Importer(
    "bedrock-batch",
    "results of Bedrock's batch inference",
    _recognizes,
    _convert,
    "Batches have no reference answers: a grader that compares answers needs one on each line.",
)
