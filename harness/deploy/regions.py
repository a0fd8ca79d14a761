"""Finds the AWS Region of a project's graders and checks if a job can run there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.api.types import MODELS
from harness.deploy.checklist import finding
from harness.deploy.samconfig import read_samconfig
from harness.findings import Finding, Place

__all__ = ["KnownRegion", "check_region", "find_region"]

_ARN = re.compile(r"arn:aws[a-z-]*:(?:lambda|cloudformation):([a-z0-9-]+):")
_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, slots=True)
class KnownRegion:
    """A Region and the setting it comes from."""

    name: str
    source: str
    """`--region`, an ARN, a variable or `samconfig.toml`."""


def find_region(given: str | None, named: str | None, folder: Path) -> KnownRegion | None:
    """Find the Region from `--region`, the ARN, AWS_REGION, AWS_DEFAULT_REGION or `samconfig.toml`.

    The order of precedence is that of `sam deploy`. If nothing is set, boto3 uses the AWS profile.

    Args:
        given: The value of `--region`.
        named: The stack or function named by the user. An ARN contains a Region.
        folder: The folder that may contain a `samconfig.toml`.

    Returns:
        The Region, or None if no setting names one.

    Raises:
        InputError: `samconfig.toml` cannot be read.
    """
    if given:
        return KnownRegion(given, "--region")
    if match := _ARN.match(named or ""):
        return KnownRegion(match[1], "the ARN")
    for variable in _VARIABLES:
        if value := os.environ.get(variable):
            return KnownRegion(value, variable)
    config = read_samconfig(folder)
    if config is not None and config.region:
        return KnownRegion(config.region, str(config.path))
    return None


def check_region(
    region: str, place: Place, *, job_region: str | None = None, model: str | None = None
) -> Iterator[Finding]:
    """Check that a grader is in its job's Region and that the model can be tuned there.

    Args:
        region: The grader's Region.
        place: Where that Region is set.
        job_region: The job's Region, or None for the grader's Region.
        model: The model to tune, or None to skip the check of the model.
    """
    if job_region is not None and job_region != region:
        yield finding("D066", f"the grader is in {region}, the job in {job_region}", place)
    known = next((one for one in MODELS if one.id == model), None)
    where = job_region or region
    if known is not None and where not in known.regions:
        text = f"{known.name} is documented in {', '.join(known.regions)}, not in {where}"
        yield finding("D067", text, place)
