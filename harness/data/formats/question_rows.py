"""Converts question-answer rows and Alpaca instructions to records.

The answer becomes the reference, not a completion. Alpaca's `instruction` and `input` are joined into one
prompt as in its own template (https://github.com/tatsu-lab/stanford_alpaca). `history` contains earlier
turns, as in LLaMA-Factory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.data.formats.importer import Converted, Importer, RowError
from harness.data.formats.reference_columns import reference_column, take_reference
from harness.data.formats.row_parts import RowParts, line_of, with_system

__all__ = ["ALPACA", "QUESTION_ANSWER"]

_QUESTIONS: Final = ("question", "problem", "query")
_PARTS: Final = frozenset(
    (
        *("choices", "options", "context", "contexts", "passage", "document", "documents", "article"),
        *("story", "knowledge", "table", "image", "images", "audio", "video"),
    )
)
"""First words of the names of fields that may belong to the question."""


def _is_alpaca(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("instruction"), str) and "output" in row


def _of_alpaca(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    asked = [parts.take("instruction")]
    if parts.peek("input") not in (None, ""):
        asked.append(parts.take("input"))
    if not all(isinstance(text, str) for text in asked):
        raise RowError("`instruction` and `input` are not both texts")
    [messages] = with_system(parts, [*_history(parts), {"role": "user", "content": "\n\n".join(asked)}])
    answer = parts.take("output")
    if answer is None:
        raise RowError("the row has no `output`")
    return parts.converted(line_of(messages, answer, parts.rest()))


def _history(parts: RowParts) -> Iterator[dict[str, Any]]:
    turns = parts.peek("history")
    for at in range(len(turns) if isinstance(turns, list) else 0):
        if not _is_pair(turns[at]):
            raise RowError("`history` is not a list of pairs of an instruction and an answer")
        yield {"role": "user", "content": parts.take("history", at, 0)}
        yield {"role": "assistant", "content": parts.take("history", at, 1)}


def _is_pair(turn: Any) -> bool:
    return isinstance(turn, list) and len(turn) == 2 and all(isinstance(text, str) for text in turn)


def _is_question(row: Mapping[str, Any]) -> bool:
    asked = [name for name in _QUESTIONS if isinstance(row.get(name), str)]
    others = ("prompt", "messages", "instruction", "conversations")
    return bool(asked) and reference_column(row) is not None and not any(name in row for name in others)


def _of_question(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    beside = next((name for name in row if _belongs_to_it(name) and row[name] not in (None, "", [])), None)
    if beside is not None:
        raise RowError(f"`{beside}` is not part of the question: write it into the question first")
    asked = parts.take_first(*_QUESTIONS)
    if not isinstance(asked, str):
        raise RowError("the row has no question that is a string")
    answer = take_reference(parts, row)
    if answer is None:
        raise RowError("the row has no answer")
    [messages] = with_system(parts, [{"role": "user", "content": asked}])
    return parts.converted(line_of(messages, answer, parts.rest()))


def _belongs_to_it(name: str) -> bool:
    return name.lower().partition("_")[0] in _PARTS


ALPACA: Final = Importer("alpaca", "Alpaca's rows", _is_alpaca, _of_alpaca)
QUESTION_ANSWER: Final = Importer(
    "question-answer", "rows of questions and answers", _is_question, _of_question
)
