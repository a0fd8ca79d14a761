"""A boto3 client for native Bedrock, which tunes Nova models, with the same methods as `FineTuning`.

Jobs are model customization jobs, which have no events and no checkpoints. Bedrock reports a status for each
of three phases, and every status change is returned as an event. Statuses are translated to those of the
fine-tuning API: Completed becomes `succeeded`, Stopped becomes `cancelled`, Stopping becomes `cancelling`,
and InProgress becomes `running`.

Source: botocore's service model for `bedrock` and the Amazon Bedrock API reference. The client has never been
used with a real account, so it is *unverified*.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any, Final, cast

from harness.api.converse import chat_answer, converse_request
from harness.api.failures import PageMissing, RequestRefused, Unreachable
from harness.api.native_names import REGION
from harness.api.safe_text import plain_text
from harness.api.seen import SeenJob
from harness.api.types import GENERATE_S, Event, Page
from harness.aws import AwsError, NotInAws, client, explained

__all__ = ["NativeBedrock"]

_STATUSES: Final = {
    "InProgress": "running",
    "Completed": "succeeded",
    "Failed": "failed",
    "Stopping": "cancelling",
    "Stopped": "cancelled",
}
_PHASES: Final = (
    ("validation", "validationDetails"),
    ("data processing", "dataProcessingDetails"),
    ("training", "trainingDetails"),
)


class NativeBedrock:
    """A connection to the native Bedrock API in one Region.

    Every method raises `RequestRefused` if AWS refuses the request and `Unreachable` if AWS cannot be
    reached.

    Args:
        region: The Region of the jobs.
        max_retries: Number of times to retry an inference request; None for the same number as other
            requests.
        generate_s: Timeout in seconds for inference requests.
    """

    def __init__(
        self, region: str = REGION, *, max_retries: int | None = None, generate_s: float = GENERATE_S
    ) -> None:
        self.region = region
        self._asking: dict[str, Any] = {"read_timeout": generate_s}
        if max_retries is not None:
            self._asking["retries"] = {"mode": "standard", "total_max_attempts": max_retries + 1}
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> NativeBedrock:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._clients.values():
            each.close()

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            asking = self._asking if service == "bedrock-runtime" else {}
            self._clients[service] = client(service, self.region, **asking)
        return self._clients[service]

    # --- Jobs

    def create_job(self, request: Mapping[str, Any]) -> str:
        """Create a job, or return the one already created with the same token.

        Args:
            request: Arguments for CreateModelCustomizationJob.

        Returns:
            The job's ARN.
        """
        with _asked(request["jobName"]):
            answer = self._client("bedrock").create_model_customization_job(**request)
        return cast(str, answer["jobArn"])

    def find_job(self, name: str) -> SeenJob | None:
        """Return the job with this name, or None if there is none."""
        try:
            return self.job(name)
        except RequestRefused as error:
            if error.status == 404:
                return None
            raise

    def jobs(self, page_size: int = 100) -> Iterator[SeenJob]:
        """Yield every job in the Region, newest first, as described in the service's list.

        Args:
            page_size: Number of jobs per request.
        """
        token: dict[str, str] = {}
        while True:
            with _asked("model customization jobs"):
                page = self._client("bedrock").list_model_customization_jobs(
                    maxResults=page_size, sortBy="CreationTime", sortOrder="Descending", **token
                )
            for summary in page.get("modelCustomizationJobSummaries", []):
                yield _seen(summary)
            if not page.get("nextToken"):
                return
            if page["nextToken"] == token.get("nextToken"):
                raise PageMissing("the service's pages form a loop")
            token = {"nextToken": page["nextToken"]}

    def job(self, job_id: str) -> SeenJob:
        """Return the job with this ARN or name."""
        return _seen(self._described(job_id))

    def cancel(self, job_id: str) -> SeenJob:
        """Stop a job permanently."""
        with _asked(job_id):
            self._client("bedrock").stop_model_customization_job(jobIdentifier=job_id)
        return self.job(job_id)

    def events_page(self, job_id: str, *, after: str | None = None, limit: int = 100) -> Page[Event]:
        """Return the status changes of the job's phases as events, oldest first, on one page.

        Args:
            job_id: The job.
            after: Ignored, because there is only one page.
            limit: Ignored.
        """
        details = self._described(job_id).get("statusDetails") or {}
        found = [
            _phase(name, details[key]) for name, key in _PHASES if (details.get(key) or {}).get("status")
        ]
        begun = [event for event in found if not event["id"].endswith(":NotStarted")]
        return {
            "object": "list",
            "data": sorted(begun, key=lambda event: event["created_at"]),
            "has_more": False,
        }

    def has_object(self, uri: str, size: int) -> bool:
        """Return True if S3 has an object of this size. Return False if the object cannot be read.

        Args:
            uri: `s3://bucket/key`.
            size: The expected size in bytes.
        """
        bucket, key = _bucket_and_key(uri)
        try:
            with _asked(uri):
                return bool(self._client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] == size)
        except RequestRefused as error:
            if error.status in (403, 404):  # 403 may also mean that it is missing
                return False
            raise

    def upload(self, content: IO[bytes], uri: str) -> None:
        """Upload a training file to S3.

        Args:
            content: The file's content.
            uri: `s3://bucket/key`.
        """
        bucket, key = _bucket_and_key(uri)
        with _asked(uri):
            self._client("s3").put_object(
                Bucket=bucket, Key=key, Body=content, ContentType="application/jsonl"
            )

    def _described(self, job_id: str) -> dict[str, Any]:
        with _asked(job_id):
            answer = self._client("bedrock").get_model_customization_job(jobIdentifier=job_id)
        return cast(dict[str, Any], answer)

    # --- Deployments and inference

    def deploy(self, model_arn: str, name: str, token: str) -> str:
        """Deploy a custom model. AWS charges for the deployment from this moment on.

        Args:
            model_arn: The model produced by a job.
            name: The deployment's name.
            token: Idempotency token. A repeated request with the same token returns the same deployment.

        Returns:
            The deployment's ARN.
        """
        with _asked(name):
            answer = self._client("bedrock").create_custom_model_deployment(
                modelArn=model_arn, modelDeploymentName=name, clientRequestToken=token
            )
        return cast(str, answer["customModelDeploymentArn"])

    def deployment(self, name: str) -> dict[str, Any]:
        """Return the deployment with this ARN or name, as described by the service."""
        with _asked(name):
            answer = self._client("bedrock").get_custom_model_deployment(customModelDeploymentIdentifier=name)
        return {key: value for key, value in answer.items() if key != "ResponseMetadata"}

    def undeploy(self, name: str) -> None:
        """Delete the deployment with this ARN or name."""
        with _asked(name):
            self._client("bedrock").delete_custom_model_deployment(customModelDeploymentIdentifier=name)

    def chat(self, model: str, messages: Sequence[Mapping[str, Any]], **options: Any) -> dict[str, Any]:
        """Send a chat to a deployed model through Converse, and return a Chat Completions response.

        Args:
            model: The deployment's ARN.
            messages: The conversation so far; system turns are moved to the front.
            **options: `max_tokens`, `temperature`, `top_p`, `stop` and the tool options.

        Raises:
            InputError: Converse has no counterpart for an option.
            RequestRefused: Converse has no counterpart for part of a turn or a tool.
        """
        request = converse_request(model, messages, options)
        with _asked(model):
            answer = self._client("bedrock-runtime").converse(**request)
        return chat_answer(answer, model)


def _seen(described: Mapping[str, Any]) -> SeenJob:
    """Translate a job to the fine-tuning API's terms. `raw` holds the service's own description."""
    config = ((described.get("customizationConfig") or {}).get("rftConfig")) or {}
    grader = ((config.get("graderConfig") or {}).get("lambdaGrader")) or {}
    status = described.get("status")
    failure = described.get("failureMessage")
    return SeenJob(
        id=described.get("jobArn"),
        status=_STATUSES.get(str(status), status),
        model=_model_of(described),
        # The service may name the model before the job has made it.
        tuned_model=_tuned_model(described) if status == "Completed" else None,
        grader_arn=grader.get("lambdaArn"),
        hyperparameters=config.get("hyperParameters") or {},
        training_file=(described.get("trainingDataConfig") or {}).get("s3Uri"),
        created_at=_seconds(described.get("creationTime")),
        finished_at=_seconds(described.get("endTime")),
        error=str(failure) if failure and status == "Failed" else None,
        raw={key: value for key, value in described.items() if key != "ResponseMetadata"},
    )


def _bucket_and_key(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _tuned_model(described: Mapping[str, Any]) -> str | None:
    return described.get("outputModelArn") or described.get("customModelArn")


def _model_of(described: Mapping[str, Any]) -> str | None:
    arn = described.get("baseModelArn")
    return arn.rpartition("/")[2] if isinstance(arn, str) else None


def _seconds(time: Any) -> float | None:
    return time.timestamp() if isinstance(time, datetime) else None


def _phase(name: str, details: Mapping[str, Any]) -> Event:
    status = plain_text(str(details["status"]))
    at = _seconds(details.get("lastModifiedTime")) or _seconds(details.get("creationTime")) or 0
    return {
        "id": f"{name}:{status}",
        "object": "fine_tuning.job.event",
        "created_at": int(at),
        "level": "error" if status == "Failed" else "info",
        "message": f"{name}: {status}",
        "type": "phase",
        "data": None,
    }


@contextmanager
def _asked(place: str) -> Iterator[None]:
    """Translate AWS errors to fine-tuning API errors, so that callers can handle both alike."""
    try:
        with explained(place):
            yield
    except AwsError as error:
        if error.retryable:
            raise Unreachable(error.message, fix=error.fix, place=place) from error
        status = 404 if isinstance(error, NotInAws) else 409 if "Conflict" in error.code else 403
        raise RequestRefused(error.message, status=status, fix=error.fix, place=place) from error
