"""OpenAI's own schema as an oracle.

Raw JSON comes in, and is valid by the SDK's types under strict validation.
"""

from __future__ import annotations

import json
from typing import Any

from openai.types.fine_tuning import FineTuningJob
from pydantic import BaseModel

# Any grader that the SDK's types know: theirs has no lambda grader.
_KNOWN_GRADER = {"type": "string_check", "name": "n", "input": "i", "operation": "eq", "reference": "r"}


def assert_valid(model: type[BaseModel], raw: Any) -> None:
    """The JSON is an instance of the SDK's type, with nothing converted on the way."""
    model.model_validate_json(json.dumps(raw), strict=True)


def assert_valid_job(raw: Any) -> None:
    """The same for a job, besides its lambda grader, which the SDK's types lack."""
    job = json.loads(json.dumps(raw))
    grader = job["method"]["reinforcement"]["grader"]
    assert set(grader) == {"type", "lambda"}
    assert grader["type"] == "lambda"
    assert isinstance(grader["lambda"]["function"], str)
    job["method"]["reinforcement"]["grader"] = _KNOWN_GRADER
    assert_valid(FineTuningJob, job)
