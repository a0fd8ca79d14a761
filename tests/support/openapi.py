"""Checks JSON against the types in OpenAI's SDK, with strict validation."""

from __future__ import annotations

import json
from typing import Any

from openai.types.fine_tuning import FineTuningJob
from pydantic import BaseModel

# Replaces the Lambda grader, which the SDK's types do not include.
_KNOWN_GRADER = {"type": "string_check", "name": "n", "input": "i", "operation": "eq", "reference": "r"}


def assert_valid(model: type[BaseModel], raw: Any) -> None:
    """Check that the JSON is valid for the SDK's type, without conversions."""
    model.model_validate_json(json.dumps(raw), strict=True)


def assert_valid_job(raw: Any) -> None:
    """Check a job's JSON, except for its Lambda grader, which the SDK's types do not include."""
    job = json.loads(json.dumps(raw))
    grader = job["method"]["reinforcement"]["grader"]
    assert set(grader) == {"type", "lambda"}
    assert grader["type"] == "lambda"
    assert isinstance(grader["lambda"]["function"], str)
    job["method"]["reinforcement"]["grader"] = _KNOWN_GRADER
    assert_valid(FineTuningJob, job)
