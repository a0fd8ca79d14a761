"""Recognizes native Bedrock jobs, models and deployments by their ARNs."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["REGION", "is_custom_model", "is_native_job", "is_native_model", "native_region"]

REGION: Final = "us-east-1"
"""The Region where, according to the documentation, Nova 2 Lite can be tuned."""

_ARN = re.compile(
    r"arn:aws[a-z-]*:bedrock:([a-z0-9-]+):\d{12}:(model-customization-job|custom-model-deployment|custom-model)/.+"
)


def is_native_job(job_id: str) -> bool:
    """Return True if the string is the ARN of a model customization job."""
    found = _ARN.fullmatch(job_id)
    return found is not None and found[2] == "model-customization-job"


def is_custom_model(model: str) -> bool:
    """Return True if the string is the ARN of a custom model, which must be deployed for inference."""
    found = _ARN.fullmatch(model)
    return found is not None and found[2] == "custom-model"


def is_native_model(model: str) -> bool:
    """Return True if the string is the ARN of a deployed custom model, which is used through Converse."""
    found = _ARN.fullmatch(model)
    return found is not None and found[2] == "custom-model-deployment"


def native_region(name: str) -> str | None:
    """Return the Region in the ARN of a native job, model or deployment, or None for any other string."""
    found = _ARN.fullmatch(name)
    return None if found is None else found[1]
