"""Converts prompt data sets for Bedrock model evaluation and the output of evaluation jobs.

The formats are documented at
https://docs.aws.amazon.com/bedrock/latest/userguide/model-evaluation-prompt-datasets-judge.html and
.../model-evaluation-report-s3.html. In a job's output, `inputRecord` holds the prompt's row. The scores
become the rollout's metrics. If there is only one score, it also becomes the reward.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.importer import Converted, Importer, RowError
from harness.data.formats.named_scores import named_scores
from harness.data.formats.row_parts import RowParts, joined, line_of, prompt_of

__all__ = ["BEDROCK_EVALUATION"]

_SCORES: Final = ("automatedEvaluationResult", "scores")


def _recognizes(row: Mapping[str, Any]) -> bool:
    if isinstance(row.get("inputRecord"), dict):
        return "modelResponses" in row
    return "prompt" in row and ("modelResponses" in row or "referenceResponse" in row)


def _convert(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    at = ("inputRecord",) if isinstance(row.get("inputRecord"), dict) else ()
    prompt = prompt_of(parts.take(*at, "prompt"))
    reference, fields = parts.take(*at, "referenceResponse"), {}
    if (category := parts.take(*at, "category")) is not None:
        fields["category"] = category
    responses = parts.peek("modelResponses")
    if responses is None and not at:
        return parts.converted(line_of(prompt, reference, joined(fields, parts.rest())))
    if not isinstance(responses, list) or not responses:
        raise RowError("the row has no `modelResponses`")
    answers = [_answer(parts, number) for number in range(len(responses))]
    scores = named_scores(parts, "metricName", "result", *_SCORES) if len(answers) == 1 else {}
    fields = joined(fields, parts.rest("inputRecord", "automatedEvaluationResult"))
    return parts.converted(
        *(line_of([*prompt, turn], reference, fields, model=model, **scores) for turn, model in answers)
    )


def _answer(parts: RowParts, number: int) -> tuple[dict[str, Any], Any]:
    text = parts.take("modelResponses", number, "response")
    if not isinstance(text, str):
        raise RowError(f"`modelResponses[{number}].response` is not text")
    return {"role": "assistant", "content": text}, parts.take("modelResponses", number, "modelIdentifier")


BEDROCK_EVALUATION: Final = Importer(
    "bedrock-evaluation", "rows of Bedrock's model evaluation", _recognizes, _convert
)
