"""Converts verl rows, which hold the reference in `reward_model.ground_truth`.

The format is documented at https://verl.readthedocs.io/en/latest/preparation/prepare_data.html. Other fields
keep their names, as `graders.adapters.verl` expects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.importer import Converted, Importer, RowError
from harness.data.formats.row_parts import RowParts, line_of, prompt_of

__all__ = ["VERL"]


def _recognizes(row: Mapping[str, Any]) -> bool:
    reward_model = row.get("reward_model")
    return "prompt" in row and isinstance(reward_model, dict) and "ground_truth" in reward_model


def _convert(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    prompt = prompt_of(parts.take("prompt"))
    truth = parts.take("reward_model", "ground_truth")
    if truth is None:
        raise RowError("the row has no `reward_model.ground_truth`")
    return parts.converted(line_of(prompt, truth, parts.rest()))


VERL: Final = Importer("verl", "verl's rows", _recognizes, _convert)
