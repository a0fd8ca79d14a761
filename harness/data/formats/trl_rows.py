"""Converts TRL rows in both formats: standard (strings) and conversational (lists of messages).

The formats are documented at https://huggingface.co/docs/trl/dataset_formats. A row with only a `prompt`
becomes a record, a row with a `completion` becomes a rollout, and a preference becomes two rollouts. `chosen`
and `rejected` get the rewards true and false, because TRL itself converts such a pair to two rows with a
`label`. The reference is taken from a column whose name suggests one. Other columns keep their names because
TRL passes them to reward functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.importer import REWARD, Converted, Importer, RowError
from harness.data.formats.reference_columns import reference_column, take_reference
from harness.data.formats.row_parts import RowParts, completion_of, line_of, prompt_of, with_system
from harness.data.records import ASSISTANT_ROLES

__all__ = ["TRL"]

_OF_OTHERS: Final = frozenset(
    (
        *("reward_model", "samples", "example_id", "input_metadata", "choices"),
        *("response", "responses", "output", "outputs", "generation", "generations", "conversations"),
        *("modelResponses", "referenceResponse"),
    )
)
"""A row with a `prompt` and one of these columns comes from another tool or has its answer elsewhere."""
_ANSWERS: Final = ASSISTANT_ROLES | {"tool"}


def _recognizes(row: Mapping[str, Any]) -> bool:
    extra = row.get("extra_info")
    if _OF_OTHERS.intersection(row) or (isinstance(extra, dict) and "answer" in extra):
        return False
    if "chosen" in row and "rejected" in row:
        return True
    prompt = row.get("prompt")
    if isinstance(prompt, str) and len(row) > 1:
        # With a string prompt, a column with any other name may or may not contain the answer.
        known = "completion" in row or reference_column(row) is not None
    else:
        known = isinstance(prompt, str | list)
    return known and not {"completion", "reward"} <= row.keys()  # these are rollouts saved by verifiers


def _convert(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    prompt = parts.take("prompt")
    if "chosen" in row:
        return _preference(parts, row, prompt)
    if isinstance(parts.peek("completions"), list):
        raise RowError("`completions` are the steps of one answer: choose or join them first")
    completion = parts.take("completion")
    verdict = None
    if completion is not None and isinstance(parts.peek("label"), bool):
        verdict = parts.take("label")
    reference = take_reference(parts, row)
    messages = prompt_of(prompt) if completion is None else _answered(prompt, completion, "completion")
    [messages] = with_system(parts, messages)
    return parts.converted(line_of(messages, reference, parts.rest(), **{REWARD: verdict}))


def _preference(parts: RowParts, row: Mapping[str, Any], prompt: Any) -> Converted:
    reference = take_reference(parts, row)
    names = ("chosen", "rejected")
    pair = with_system(parts, *(_answered(prompt, parts.take(name), name) for name in names))
    ours = [{REWARD: name == "chosen", "score": parts.take(f"score_{name}")} for name in names]
    fields = parts.rest()
    return parts.converted(
        *(line_of(messages, reference, fields, **own) for messages, own in zip(pair, ours, strict=True))
    )


def _answered(prompt: Any, completion: Any, name: str) -> list[dict[str, Any]]:
    """Return the full conversation, whether or not the completion repeats the prompt.

    Raises:
        RowError: The prompt or completion is malformed or the prompt is missing.
    """
    answer = completion_of(completion, name)
    if answer[0]["role"] in _ANSWERS:
        if prompt is None:
            raise RowError(f"the row has no `prompt`, and `{name}` does not contain it")
        return [*prompt_of(prompt), *answer]
    asked = [] if prompt is None else prompt_of(prompt)
    if any(_said(message) not in map(_said, answer) for message in asked):
        raise RowError(f"`{name}` is a separate conversation: it does not contain the prompt")
    return answer


def _said(message: Mapping[str, Any]) -> tuple[Any, Any]:
    return message.get("role"), message.get("content")


TRL: Final = Importer(
    "trl",
    "TRL's rows",
    _recognizes,
    _convert,
    "A text prompt becomes one user message: training renders it with the model's chat template.",
)
