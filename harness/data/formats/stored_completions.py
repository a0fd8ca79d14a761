"""Converts completions stored by OpenAI and logs of calls to OpenAI's API.

The fields are documented at https://platform.openai.com/docs/api-reference/chat/object and at
https://platform.openai.com/docs/api-reference/responses/object. OpenAI returns stored completions without the
prompt, which must be fetched with `chat.completions.messages.list` or `responses.input_items.list`. A row
must include the prompt as `messages` or `input` next to the completion, or as `request` next to `response`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.importer import Converted, Importer, RowError
from harness.data.formats.openai_calls import SETTINGS, answers_of, asked_of
from harness.data.formats.row_parts import RowParts, joined, line_ids, line_of

__all__ = ["OPENAI_STORED", "call_lines"]

_ADVICE: Final = (
    "These calls have no reference answers: add one to each line, or use a grader that needs none. "
    "`--map reference_answer=metadata.NAME` takes it from a field."
)


def _recognizes(row: Mapping[str, Any]) -> bool:
    if isinstance(row.get("request"), dict) and isinstance(row.get("response"), dict):
        return "custom_id" not in row and _is_answer(row["response"])
    return _is_answer(row)


def _is_answer(given: Mapping[str, Any]) -> bool:
    choices = given.get("choices")
    if isinstance(choices, list) and choices:
        return all(isinstance(one, dict) and ("message" in one or "finish_reason" in one) for one in choices)
    return given.get("object") == "response" and isinstance(given.get("output"), list)


def _convert(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    if isinstance(row.get("request"), dict) and isinstance(row.get("response"), dict):
        return call_lines(parts, ("request",), ("response",))
    if not any(parts.peek(name) for name in ("messages", "input", "prompt")):
        kind = "responses.input_items" if "output" in row else "chat.completions.messages"
        raise RowError(f"the row has no prompt: put what `{kind}.list` returns into it, as `input`")
    return call_lines(parts, (), ())


def call_lines(
    parts: RowParts, request: tuple[str, ...], answer: tuple[str, ...], named: tuple[str, ...] | None = None
) -> Converted:
    """Convert one call to rollouts.

    Args:
        parts: The row.
        request: Path of the request in the row.
        answer: Path of the response.
        named: Path of the call's id. If None, the response's id is used.

    Raises:
        RowError: The call failed, or the request or response is missing or malformed.
    """
    prompt = asked_of(parts, *request)
    answers = list(answers_of(parts, *answer))
    ids = line_ids(parts, len(answers), *(named or (*answer, "id")))
    model, reference = parts.take(*answer, "model"), parts.take("reference_answer")
    fields: dict[str, Any] = {}
    for path in dict.fromkeys((request, answer)):
        for name in ("tools", "metadata"):
            if name not in fields and parts.peek(*path, name):
                fields[name] = parts.take(*path, name)
    rest = parts.rest(*SETTINGS, *_HOLDERS)
    fields = joined(fields, {name: value for name, value in rest.items() if value is not None})
    return parts.converted(
        *(
            line_of(
                [*prompt, *one.messages],
                reference,
                fields,
                id=own,
                model=model,
                finish_reason=one.finish_reason,
            )
            for own, one in zip(ids, answers, strict=True)
        )
    )


_HOLDERS: Final = ("id", "request", "response", "body", "method", "url")
"""Fields that hold a call or the URL that it was sent to."""

OPENAI_STORED: Final = Importer("openai-stored", "calls of OpenAI's API", _recognizes, _convert, _ADVICE)
