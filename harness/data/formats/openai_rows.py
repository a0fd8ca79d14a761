"""Converts rows for reinforcement fine-tuning on OpenAI and Azure.

The formats are documented at https://platform.openai.com/docs/guides/reinforcement-fine-tuning and, for
Azure, at https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reinforcement-fine-tuning. Only
`messages` and `tools` have fixed names, so the reference is guessed from the names of other fields. It is
copied to `reference_answer` and also keeps its own name, because imported graders refer to `{{item.NAME}}`.
The role `developer` becomes `system`, as it is called in Bedrock's documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.importer import Converted, Importer
from harness.data.formats.row_parts import RowParts, line_of, prompt_of
from harness.data.look_alikes import REFERENCE, look_alikes

__all__ = ["AZURE_RFT", "OPENAI"]

_OF_OTHERS: Final = frozenset(
    (
        *("prompt", "choices", "output", "input_metadata", "rollout_status", "evaluation_result"),
        *("execution_metadata", "schemaType", "schemaVersion", "system", "reference_answer", "completions"),
    )
)


def _recognizes(row: Mapping[str, Any]) -> bool:
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        return False
    if any(_role(message) == "developer" for message in messages):
        return True
    return not _OF_OTHERS.intersection(row) and next(_references(row), None) is not None


def _convert(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    messages = prompt_of(parts.take("messages"), "messages")
    reference = parts.take("reference_answer")
    fields = parts.rest()
    if reference is None:
        reference = next(_references(fields), None)
    return parts.converted(line_of(messages, reference, fields))


def _references(row: Mapping[str, Any]) -> Any:
    """Return the values of fields whose names suggest a reference, starting with the most likely one.

    Booleans are skipped, because they are verdicts.
    """
    found = look_alikes(dict(row), REFERENCE, "reference_answer")
    return (value for _, value in found if not isinstance(value, bool))


def _role(message: Any) -> Any:
    return message.get("role") if isinstance(message, dict) else None


_TITLE: Final = "rows of OpenAI's or Azure's reinforcement fine-tuning"
_ADVICE: Final = (
    "The role developer becomes system. A field named like a reference is also copied to `reference_answer`."
)

OPENAI: Final = Importer("openai", _TITLE, _recognizes, _convert, _ADVICE)
AZURE_RFT: Final = Importer("azure-rft", _TITLE, _recognizes, _convert, _ADVICE)
