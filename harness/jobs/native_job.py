"""Plans native Bedrock jobs and submits each exactly once, even after failures.

The plan's digest is the request's token and the ending of the job's name, so the service itself ensures that
there is one job per plan, whichever folder or machine submits it. The training file is uploaded to S3 once,
under its SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from harness.api.failures import RequestRefused, Unreachable
from harness.api.native import NativeBedrock
from harness.api.native_rules import RFT, faults_of
from harness.api.seen import SeenJob
from harness.clock import Backoff, Clock
from harness.errors import InputError
from harness.findings import Finding, Severity
from harness.jobs.journal import Entry
from harness.jobs.plan import Plan, checked_copy

__all__ = ["NativePlan", "native_findings", "submit_native"]

_TRIES = 4
_PATIENCE_S = 600.0
_SAFE = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class NativePlan(Plan):
    """The plan of a native Bedrock job, with Bedrock's own names for the hyperparameters."""

    role_arn: str
    """The role that the service assumes to read the data, call the grader and write the output."""
    data_uri: str
    """The folder in S3 to which the training file is uploaded."""
    output_uri: str
    model_name: str
    """The tuned model's name."""
    name: str | None = None
    """The job's name, if the user chose one. Another name trains the same plan again."""

    def digest(self) -> str:
        """Return a SHA-256 that identifies the plan."""
        return self.intent(None)

    def intent(self, name: str | None = None) -> str:
        """Return a SHA-256 that is the same for equal submissions from every folder and machine.

        Args:
            name: The user's name for the submission. Another name allows a second job with the same plan.
        """
        parts = [self.data.sha256, self.grader_arn, self.model, self.hyperparameters, self.region]
        parts += [self.role_arn, self.data_uri, self.output_uri, self.model_name, name]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def file_uri(self) -> str:
        """The training file's URI in S3."""
        return f"{self.data_uri.rstrip('/')}/{self.data.sha256}.jsonl"

    @property
    def job_name(self) -> str:
        """The job's name on the service, which is unique to the plan."""
        stem = _SAFE.sub("-", self.name or self.model_name).strip("-")[:40].strip("-") or "job"
        return f"{stem}-{self.intent(self.name)[:20]}"

    def native_request(self) -> dict[str, Any]:
        """Return the arguments of CreateModelCustomizationJob."""
        rft: dict[str, Any] = {"graderConfig": {"lambdaGrader": {"lambdaArn": self.grader_arn}}}
        if self.hyperparameters:
            rft["hyperParameters"] = dict(cast(Mapping[str, Any], self.hyperparameters))
        return {
            "jobName": self.job_name,
            "customModelName": self.model_name,
            "roleArn": self.role_arn,
            "clientRequestToken": self.intent(self.name),
            "baseModelIdentifier": self.model,
            "customizationType": RFT,
            "trainingDataConfig": {"s3Uri": self.file_uri},
            "outputDataConfig": {"s3Uri": self.output_uri},
            "customizationConfig": {"rftConfig": rft},
        }


def native_findings(plan: NativePlan) -> list[Finding]:
    """Check a plan against botocore's model of the API, and note which requirements were not checked.

    Args:
        plan: The job.
    """
    source = "by botocore's model of the service"
    found = [
        Finding("J040", Severity.ERROR, f"{fault} ({source})") for fault in faults_of(plan.native_request())
    ]
    message = (
        "not checked: whether the role may be passed, trusts bedrock.amazonaws.com, reads the data,"
        " calls the grader and writes the output"
    )
    found.append(Finding("J041", Severity.NOTE, message, fix="docs/nova.md has the necessary policy."))
    return found


def submit_native(
    client: NativeBedrock, plan: NativePlan, entry: Entry, clock: Clock
) -> tuple[SeenJob, bool]:
    """Create the job, or find the one that an earlier call created.

    Args:
        client: The connection.
        plan: The plan.
        entry: The plan's journal.
        clock: The clock, which also waits.

    Returns:
        The job, and True if an earlier call had created the job.

    Raises:
        RequestRefused: AWS refuses the file or the job.
        Unreachable: AWS could not be reached. The same call resumes.
        InputError: The training file changed, or the journal cannot be written.
    """
    if entry.facts.job.id is not None:
        return client.job(entry.facts.job.id), True
    found = client.find_job(plan.job_name)
    if found is None:
        if entry.facts.file.id != plan.file_uri:
            entry.reach("uploading")
            if not client.has_object(plan.file_uri, plan.data.bytes):  # the object is named after its hash
                with checked_copy(plan.data) as content:
                    client.upload(content, plan.file_uri)
            entry.reach("uploaded", file_id=plan.file_uri)
        entry.reach("creating")
        arn = _created(client, plan, clock)
    else:
        arn = _own(found, plan)
    entry.reach("created", job_id=arn)
    return client.job(arn), found is not None


def _created(client: NativeBedrock, plan: NativePlan, clock: Clock) -> str:
    """Send the request until AWS responds. Requests with the same token create only one job."""
    backoff = Backoff(clock, tries=_TRIES, patience_s=_PATIENCE_S)
    while True:
        try:
            return client.create_job(plan.native_request())
        except RequestRefused:
            # If the service ignores the token, the job's name is already taken by the first job.
            found = client.find_job(plan.job_name)
            if found is None:
                raise
            return _own(found, plan)
        except Unreachable as error:
            if not backoff.wait(error.retry_after_s):
                raise


def _own(found: SeenJob, plan: NativePlan) -> str:
    """Return the ARN of the job with the plan's name, and check that it belongs to this plan."""
    if found.id is None:
        raise Unreachable("the service describes the job without its ARN", place=plan.job_name)
    if found.grader_arn not in (None, plan.grader_arn):
        raise InputError(
            f"a job of this name is graded by {found.grader_arn}",
            fix="Choose another --name.",
            place=found.id,
        )
    return found.id
