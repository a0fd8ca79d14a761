"""Reads the body of POST /fine_tuning/jobs: a new job and its plan, or the reason to refuse it.

Checked here is what can be told from the body alone. Whether the file is any good, the function known and the
pool large enough shows when the job runs. OpenAI's optional fields are read where they mean something for
reinforcement; that Bedrock reads them is *unverified*.
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Mapping
from typing import Any, Final, cast

from harness.api.types import GRADER_TYPE, HYPERPARAMETERS, METHOD_TYPE, Job
from harness.emulator.api_errors import ApiError, invalid

__all__ = ["DOCUMENTED_PLACEHOLDER", "new_job", "number_field", "text_field"]

DOCUMENTED_PLACEHOLDER: Final = "gpt-4o-mini"
"""The model in AWS's own curl examples, which are meant to be pasted; accepted beside the known models."""

# botocore's pattern for the native API's lambdaArn; unverified for this one.
_ARN = re.compile(
    r"arn:aws[a-zA-Z-]*:lambda:[a-z]{2}(-[a-z]+)+-\d:\d{12}:function:[a-zA-Z0-9_.-]+(:(\$LATEST|[a-zA-Z0-9_-]+))?"
)
_ECHOED: Final = ("compute_multiplier", "reasoning_effort")
_AT: Final = "method.reinforcement.hyperparameters"


def new_job(body: Any, now: int, default_seed: int) -> tuple[Job, dict[str, Any]]:
    """Read a request and make the job that it asks for.

    Args:
        body: The request's JSON.
        now: Time of creation, in seconds since 1970.
        default_seed: Seed of a job whose request gives none.

    Raises:
        ApiError: A field is missing or cannot be used.
    """
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.", None)
    model = text_field(body, "model")
    training_file = text_field(body, "training_file")
    if body.get("suffix") is not None:
        raise invalid("suffix is not supported.", "suffix", code="unsupported_parameter")
    reinforcement = _reinforcement(body.get("method"))
    hyperparameters = _hyperparameters(reinforcement.get("hyperparameters"))
    seed = number_field(body, "seed", whole=True)
    method = {
        "type": METHOD_TYPE,
        METHOD_TYPE: {"grader": reinforcement["grader"], "hyperparameters": hyperparameters},
    }
    validation_file = body.get("validation_file")
    job: dict[str, Any] = {
        "id": f"ftjob-{uuid.uuid4()}",
        "object": "fine_tuning.job",
        "created_at": now,
        "finished_at": None,
        "status": "validating_files",
        "model": model,
        "fine_tuned_model": None,
        "training_file": training_file,
        "validation_file": text_field(body, "validation_file") if validation_file is not None else None,
        "method": method,
        "hyperparameters": {name: hyperparameters[name] for name in HYPERPARAMETERS},
        "error": None,
        "organization_id": "org-emulator",
        "result_files": [],
        "seed": default_seed if seed is None else seed,
        "trained_tokens": None,
        "estimated_finish": None,
        "integrations": [],
        "metadata": _metadata(body.get("metadata")),
    }
    return cast(Job, job), {"step": 0, "total_steps": 0, "tokens": 0.0}


def text_field(body: Mapping[str, Any], name: str) -> str:
    """A required field that holds a non-empty string.

    Raises:
        ApiError: It is missing or something else.
    """
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(f"{name} is required and must be a string.", name)
    return value


def number_field(
    body: Mapping[str, Any], name: str, low: float = -math.inf, high: float = math.inf, *, whole: bool = False
) -> Any:
    """An optional field that holds a number; None where it is left out.

    Raises:
        ApiError: It is something else, or out of bounds.
    """
    value = body.get(name)
    kind = int if whole else (int, float)
    if value is not None and (
        isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high
    ):
        within = "" if low == -math.inf else f" from {low:g}" + ("" if high == math.inf else f" to {high:g}")
        raise invalid(f"{name} must be {'a whole' if whole else 'a'} number{within}.", name)
    return value


def _reinforcement(method: Any) -> dict[str, Any]:
    if not isinstance(method, dict) or method.get("type") != METHOD_TYPE:
        raise invalid(f'method.type must be "{METHOD_TYPE}": only reinforcement runs here.', "method.type")
    reinforcement = method.get(METHOD_TYPE)
    if not isinstance(reinforcement, dict):
        raise invalid("method.reinforcement is required.", "method.reinforcement")
    at = "method.reinforcement.grader"
    grader = reinforcement.get("grader")
    if not isinstance(grader, dict) or grader.get("type") != GRADER_TYPE:
        raise invalid(f'{at}.type must be "{GRADER_TYPE}".', f"{at}.type")
    inner = grader.get(GRADER_TYPE)
    function = inner.get("function") if isinstance(inner, dict) else None
    if not isinstance(function, str) or not _ARN.fullmatch(function):
        raise invalid(f"{at}.lambda.function must be the ARN of a Lambda function.", f"{at}.lambda.function")
    return reinforcement


def _hyperparameters(given: Any) -> dict[str, Any]:
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise invalid("hyperparameters must be an object.", _AT)
    known = {*HYPERPARAMETERS, "eval_interval", "eval_samples", *_ECHOED}
    for name in given:
        if name not in known:
            raise invalid(f"Unknown hyperparameter: {name}.", f"{_AT}.{name}", code="unknown_parameter")
    values: dict[str, Any] = {}
    for name, spec in HYPERPARAMETERS.items():
        default = int(spec.default) if spec.whole else spec.default
        values[name] = _number(name, given.get(name), default, whole=spec.whole)
    for name in ("eval_interval", "eval_samples"):
        if given.get(name) not in (None, "auto"):
            values[name] = _number(name, given[name], 1, whole=True)
    values.update({name: given[name] for name in _ECHOED if given.get(name) is not None})
    return values


def _number(name: str, value: Any, default: float, *, whole: bool) -> float:
    """A hyperparameter above 0; "auto" and null take the default."""
    if value is None or value == "auto":
        return default
    kind = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kind) or not 0 < value < float("inf"):
        wanted = "a whole number" if whole else "a number"
        raise invalid(f'{name} must be {wanted} above 0, or "auto".', f"{_AT}.{name}")
    return cast(float, value)


def _metadata(value: Any) -> dict[str, str] | None:
    if value is None:
        return None
    pairs = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    if not pairs or len(value) > 16:
        raise ApiError(400, "metadata holds at most 16 pairs of strings.", param="metadata")
    return cast("dict[str, str]", value)
