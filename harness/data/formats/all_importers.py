"""Lists all importers and selects those that fit a file's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from harness.data.formats.batch_rows import OPENAI_BATCH
from harness.data.formats.bedrock_batch import BEDROCK_BATCH
from harness.data.formats.bedrock_conversation import BEDROCK_CONVERSATION
from harness.data.formats.bedrock_evaluation import BEDROCK_EVALUATION
from harness.data.formats.completions_rows import COMPLETIONS
from harness.data.formats.eval_protocol_rows import EVAL_PROTOCOL
from harness.data.formats.importer import Converted, Importer, RowError
from harness.data.formats.invocation_log import INVOCATION_LOG
from harness.data.formats.openai_evals import OPENAI_EVALS
from harness.data.formats.openai_rows import AZURE_RFT, OPENAI
from harness.data.formats.question_rows import ALPACA, QUESTION_ANSWER
from harness.data.formats.sagemaker_rows import SAGEMAKER_RLVR
from harness.data.formats.sharegpt_rows import SHAREGPT
from harness.data.formats.stored_completions import OPENAI_STORED
from harness.data.formats.trl_rows import TRL
from harness.data.formats.verifiers_rows import VERIFIERS
from harness.data.formats.verl_rows import VERL

__all__ = ["IMPORTERS", "importer_named", "importers_of"]

IMPORTERS: Final[tuple[Importer, ...]] = (
    INVOCATION_LOG,
    BEDROCK_BATCH,
    BEDROCK_EVALUATION,
    BEDROCK_CONVERSATION,
    VERL,
    SAGEMAKER_RLVR,
    TRL,
    OPENAI,
    AZURE_RFT,
    VERIFIERS,
    EVAL_PROTOCOL,
    OPENAI_STORED,
    OPENAI_BATCH,
    OPENAI_EVALS,
    COMPLETIONS,
    SHAREGPT,
    ALPACA,
    QUESTION_ANSWER,
)
"""All importers, in the order used in the documentation."""


def importer_named(name: str) -> Importer:
    """Return the importer with this name.

    Raises:
        KeyError: No importer has this name.
    """
    return {importer.name: importer for importer in IMPORTERS}[name]


def importers_of(rows: Sequence[Mapping[str, Any]]) -> list[Importer]:
    """Return the importers that recognize every given row.

    If several importers convert the rows to the same lines, only the first one is returned. An importer is
    excluded if it ignores a row's `messages`, because a row with `messages` is already a record, even if it
    also has another tool's field, such as `prompt`.

    Args:
        rows: The first rows of a file.
    """
    found: list[Importer] = []
    results: list[list[Converted | str]] = []
    filled = _filled(rows)
    for one in IMPORTERS if rows else ():
        if all(map(one.recognizes, filled)):
            result = [_converted(one, row) for row in rows]
            if result not in results and all(map(_keeps_messages, rows, result)):
                found.append(one)
            results.append(result)
    return found


def _filled(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Fill the empty values of each row with values from other rows.

    In a table, every row has every column, so a column identifies the format even where it is empty.
    """
    held: dict[str, Any] = {}
    for row in rows:
        held |= {name: value for name, value in row.items() if value not in (None, "") and name not in held}
    return [
        {name: held.get(name) if value in (None, "") else value for name, value in row.items()}
        for row in rows
    ]


def _keeps_messages(row: Mapping[str, Any], made: Converted | str) -> bool:
    if not isinstance(row.get("messages"), list) or isinstance(made, str):
        return True
    return not any("row_messages" in line for line in made.lines)


def _converted(importer: Importer, row: Mapping[str, Any]) -> Converted | str:
    try:
        return importer.convert(row)
    except RowError:
        return "not converted"
