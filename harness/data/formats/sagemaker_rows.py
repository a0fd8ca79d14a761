"""Converts SageMaker rows for reinforcement learning with verifiable rewards (RLVR).

The format is documented at https://docs.aws.amazon.com/sagemaker/latest/dg/customizing-models-rft.html. It is
verl's format, with `prompt` and `reward_model` required. The SageMaker Python SDK also accepts the reference
in `extra_info.answer`, and another format in which `prompt` is a string and `samples` lists completions with
scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.importer import REWARD, Converted, Importer, RowError
from harness.data.formats.row_parts import RowParts, completion_of, line_of, prompt_of

__all__ = ["SAGEMAKER_RLVR"]


def _recognizes(row: Mapping[str, Any]) -> bool:
    if "prompt" not in row:
        return False
    samples = row.get("samples")
    if isinstance(samples, list) and samples:
        return all(isinstance(sample, dict) and "completion" in sample for sample in samples)
    return _holds(row, "reward_model", "ground_truth") or _holds(row, "extra_info", "answer")


def _holds(row: Mapping[str, Any], name: str, key: str) -> bool:
    inner = row.get(name)
    return isinstance(inner, dict) and key in inner


def _convert(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    prompt = prompt_of(parts.take("prompt"))
    samples = parts.peek("samples")
    reference = parts.take("reward_model", "ground_truth")
    if reference is None:
        reference = parts.peek("extra_info", "answer")  # not taken, because graders may use it
    if not isinstance(samples, list) or not samples:
        if reference is None:
            raise RowError("the row has neither `reward_model.ground_truth` nor `extra_info.answer`")
        return parts.converted(line_of(prompt, reference, parts.rest()))
    answers = [
        (completion_of(parts.take("samples", at, "completion"), f"samples[{at}].completion"),
         parts.take("samples", at, "score"))
        for at in range(len(samples))
    ]  # fmt: skip
    fields = parts.rest()
    return parts.converted(
        *(line_of([*prompt, *answer], reference, fields, **{REWARD: score}) for answer, score in answers)
    )


SAGEMAKER_RLVR: Final = Importer("sagemaker-rlvr", "SageMaker's RLVR rows", _recognizes, _convert)
