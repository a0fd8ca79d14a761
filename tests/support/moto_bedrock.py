"""Bedrock's native API in moto, with stricter checks.

The checks follow our reading of the documents, and are no evidence about AWS. moto stores no
`customizationConfig`, accepts values that botocore's model forbids, does not decode an ARN in a path, and has
neither phases nor deployments. Here, a request must match botocore's model (ranges, enums, patterns, required
members). A repeated token returns the same job. `Bedrock.advance` moves a job through its phases. A job
without a grader is refused.
"""

from __future__ import annotations

import functools
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.session
from moto.bedrock import urls
from moto.bedrockruntime import urls as runtime_urls

_REGION, _ACCOUNT = "us-east-1", "123456789012"
_PHASES = ("validationDetails", "dataProcessingDetails", "trainingDetails")


class Refused(Exception):
    """An error answer in the service's format."""

    def __init__(self, kind: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status


def missing(name: str) -> Refused:
    return Refused("ResourceNotFoundException", f"no such resource: {name}", 404)


@dataclass
class Bedrock:
    """The state of the service, and a clock that only `advance` moves."""

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Jobs by ARN, oldest first."""
    tokens: dict[str, tuple[str, Any]] = field(default_factory=dict)
    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of all Converse requests."""
    created: int = 0
    """Number of requests that created a job."""
    now: datetime = datetime(2026, 11, 1, 12, tzinfo=UTC)
    page: int = 1000

    def advance(self, arn: str, *, fails: bool = False) -> None:
        """End the job's current phase. Ending the last phase ends the job."""
        job = self.jobs[arn]
        self.now += timedelta(minutes=10)
        details = job["statusDetails"]
        if job["status"] == "Stopping":
            job.update(status="Stopped", endTime=self.now)
            return
        running = next((name for name in _PHASES if details[name]["status"] == "InProgress"), None)
        if job["status"] != "InProgress" or running is None:
            return
        details[running].update(status="Failed" if fails else "Completed", lastModifiedTime=self.now)
        if fails:
            job.update(status="Failed", failureMessage="the grader timed out", endTime=self.now)
            return
        left = _PHASES[_PHASES.index(running) + 1 :]
        if left:
            begun = {"status": "InProgress", "creationTime": self.now, "lastModifiedTime": self.now}
            details[left[0]].update(begun)
        else:
            job.update(status="Completed", endTime=self.now)
            job["outputModelArn"] = f"arn:aws:bedrock:{_REGION}:{_ACCOUNT}:custom-model/{_tail(job)}"

    def job(self, name: str) -> dict[str, Any]:
        found = self.jobs.get(name) or next(
            (job for job in self.jobs.values() if job["jobName"] == name), None
        )
        if found is None:
            raise missing(name)
        return found

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        _check("CreateModelCustomizationJob", body)
        rft = (body.get("customizationConfig") or {}).get("rftConfig") or {}
        if not ((rft.get("graderConfig") or {}).get("lambdaGrader") or {}).get("lambdaArn"):
            raise Refused("ValidationException", "the job names no grader")
        token = body.pop("clientRequestToken")
        if token in self.tokens:
            arn, before = self.tokens[token]
            if before != body:
                raise Refused("ConflictException", "this token came with another request")
            return {"jobArn": arn}
        if any(job["jobName"] == body["jobName"] for job in self.jobs.values()):
            raise Refused("ConflictException", "there is a job of this name")
        base = body["baseModelIdentifier"]
        arn = f"arn:aws:bedrock:{_REGION}:{_ACCOUNT}:model-customization-job/{base}/{uuid.uuid4().hex[:12]}"
        self.tokens[token] = (arn, json.loads(json.dumps(body)))
        self.created += 1
        idle = {"status": "NotStarted", "creationTime": self.now, "lastModifiedTime": self.now}
        self.jobs[arn] = {
            **body,
            "jobArn": arn,
            "clientRequestToken": token,
            "outputModelName": body["customModelName"],
            "baseModelArn": f"arn:aws:bedrock:{_REGION}::foundation-model/{base}",
            "status": "InProgress",
            "creationTime": self.now,
            "lastModifiedTime": self.now,
            "statusDetails": {
                name: {**idle, "status": "InProgress" if name == _PHASES[0] else "NotStarted"}
                for name in _PHASES
            },
        }
        return {"jobArn": arn}

    def summaries(self, query: Mapping[str, str]) -> dict[str, Any]:
        start = int(query.get("nextToken", "0"))
        size = min(self.page, int(query.get("maxResults", "1000")))
        newest = list(self.jobs.values())[::-1]
        kept = ("jobArn", "baseModelArn", "jobName", "status", "creationTime", "endTime", "customizationType")
        found = [{key: job[key] for key in kept if key in job} for job in newest[start : start + size]]
        more = {"nextToken": str(start + size)} if start + size < len(newest) else {}
        return {"modelCustomizationJobSummaries": found, **more}

    def stop(self, name: str) -> dict[str, Any]:
        job = self.job(name)
        if job["status"] not in ("InProgress", "Stopping"):
            raise Refused("ConflictException", f"the job is {job['status']}", 409)
        job["status"] = "Stopping"
        return {}

    def deploy(self, body: dict[str, Any]) -> dict[str, Any]:
        _check("CreateCustomModelDeployment", body)
        if not any(job.get("outputModelArn") == body["modelArn"] for job in self.jobs.values()):
            raise missing(body["modelArn"])
        for arn, one in self.deployments.items():
            if one["token"] == body["clientRequestToken"]:
                return {"customModelDeploymentArn": arn}
        arn = f"arn:aws:bedrock:{_REGION}:{_ACCOUNT}:custom-model-deployment/{uuid.uuid4().hex[:12]}"
        self.deployments[arn] = {**body, "status": "Creating", "token": body["clientRequestToken"]}
        return {"customModelDeploymentArn": arn}

    def deployment(self, name: str) -> tuple[str, dict[str, Any]]:
        for arn, one in self.deployments.items():
            if name in (arn, one["modelDeploymentName"]):
                return arn, one
        raise missing(name)

    def converse(self, model: str, body: dict[str, Any]) -> dict[str, Any]:
        _, found = self.deployment(model)
        if found["status"] != "Active":
            raise Refused("ModelNotReadyException", "the deployment is not active", 429)
        self.asked.append(body)
        text = f"You said: {body['messages'][-1]['content'][0]['text']}"
        return {
            "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 5, "outputTokens": 7, "totalTokens": 12},
            "metrics": {"latencyMs": 3},
        }


def _tail(job: dict[str, Any]) -> str:
    return str(job["jobArn"]).partition("model-customization-job/")[2]


_DEPLOYMENTS = "/model-customization/custom-model-deployments"
_ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("POST", r"/model-customization-jobs", lambda at, body, query: at.create(body)),
    ("GET", r"/model-customization-jobs", lambda at, body, query: at.summaries(query)),
    ("POST", r"/model-customization-jobs/(.+)/stop", lambda at, body, query, name: at.stop(name)),
    ("GET", r"/model-customization-jobs/(.+)", lambda at, body, query, name: at.job(name)),
    ("POST", _DEPLOYMENTS, lambda at, body, query: at.deploy(body)),
    ("GET", _DEPLOYMENTS + "/(.+)", lambda at, body, query, name: _shown(at, name)),
    ("DELETE", _DEPLOYMENTS + "/(.+)", lambda at, body, query, name: _gone(at, name)),
    ("POST", r"/model/(.+)/converse", lambda at, body, query, name: at.converse(name, body)),
)


def _shown(bedrock: Bedrock, name: str) -> dict[str, Any]:
    arn, found = bedrock.deployment(name)
    shown = {"customModelDeploymentArn": arn, "createdAt": bedrock.now, **found}
    found["status"] = "Active"  # for the next request
    return {key: value for key, value in shown.items() if key not in ("token", "clientRequestToken")}


def _gone(bedrock: Bedrock, name: str) -> dict[str, Any]:
    arn, _ = bedrock.deployment(name)
    del bedrock.deployments[arn]
    return {}


def _check(operation: str, body: Mapping[str, Any]) -> None:
    """Raise an error if a request does not match botocore's model."""
    for fault in faults_of(operation, body):
        raise Refused("ValidationException", fault)


@functools.cache
def _model() -> Any:
    return botocore.session.get_session().get_service_model("bedrock")


def faults_of(operation: str, body: Mapping[str, Any]) -> list[str]:
    """Return the parts of a request that botocore's model forbids."""
    return list(_faults(_model().operation_model(operation).input_shape, body, operation))


def _faults(shape: Any, value: Any, where: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from (f"{where} lacks {name}" for name in shape.required_members if name not in value)
        for name, part in value.items():
            if name not in shape.members:
                yield f"{where} has no member {name}"
            else:
                yield from _faults(shape.members[name], part, f"{where}.{name}")
        return
    rules = shape.metadata
    size = len(value) if shape.type_name in ("string", "list") else value
    if not rules.get("min", size) <= size <= rules.get("max", size):
        yield f"{where} is outside its bounds: {value!r}"
    if "enum" in rules and value not in rules["enum"]:
        yield f"{where} is none of {rules['enum']}: {value!r}"
    if shape.type_name == "string" and not re.fullmatch(rules.get("pattern", ".*"), value, re.DOTALL):
        yield f"{where} has another form: {value!r}"


def _default(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


class _Answers:
    """Handlers that replace moto's own."""

    bedrock: Bedrock

    @classmethod
    def dispatch(cls, request: Any, full_url: str, headers: Any) -> tuple[int, dict[str, str], str]:
        parts = urlsplit(full_url)
        path = unquote(unquote(parts.path))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = json.loads(request.get_data() or b"{}")
        kind = {"Content-Type": "application/json"}
        try:
            for method, pattern, answer in _ROUTES:
                found = re.fullmatch(pattern, path)
                if found and method == request.method:
                    said = answer(cls.bedrock, body, query, *found.groups())
                    return 200, kind, json.dumps(said, default=_default)
            raise missing(path)
        except Refused as error:
            return error.status, {**kind, "x-amzn-ErrorType": error.kind}, json.dumps({"message": str(error)})


@contextmanager
def strict_bedrock() -> Iterator[Bedrock]:
    """Replace moto's answers on every moto server that is started in the block."""
    replaced = [urls, runtime_urls]
    before = [module.url_paths for module in replaced]
    _Answers.bedrock = Bedrock()
    for module in replaced:
        module.url_paths = {"{0}/.*$": _Answers.dispatch}
    try:
        yield _Answers.bedrock
    finally:
        for module, paths in zip(replaced, before, strict=True):
            module.url_paths = paths
