"""Lambda in moto that runs a deployed version's zip under the real `awslambdaric`.

Invoke returns the handler's answers, errors and log. moto itself has no aliases in CloudFormation, uses a
version's name as its ARN, and can run functions only in a container.
"""

from __future__ import annotations

import base64
import io
import json
import tempfile
import threading
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
from moto.awslambda.models import LambdaAlias, LambdaBackend, LambdaFunction, lambda_backends
from moto.awslambda.responses import LambdaResponse
from moto.cloudformation.exceptions import ValidationError
from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult

from harness.localaws.function import FunctionSpec
from harness.localaws.runtime import LocalRuntime

_COUNTING = threading.Lock()

_AT_ONCE = 2
"""Concurrent environments per function. Few, because the machines that run the tests have few processors."""

CALLS_AWS = "FanOutWorker"
"""Functions with this string in their name get credentials. Graders get none, because their role allows
nothing.
"""


def _credentials(function: Any) -> dict[str, str] | None:
    if CALLS_AWS not in function.function_name:
        return None
    return {
        "AWS_ENDPOINT_URL": RunningLambda.endpoint,
        "AWS_ACCESS_KEY_ID": "worker",
        "AWS_SECRET_ACCESS_KEY": "worker",
    }


class Throttled(JsonRESTError):
    """Lambda's answer when too many calls are in progress."""

    code = 429

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


class Sandboxes:
    """The processes of all functions that were called. `close` ends them."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="rft-moto-")
        self._running: dict[tuple[Any, ...], LocalRuntime] = {}
        self._lock = threading.Lock()

    def of(self, function: Any) -> LocalRuntime:
        """Return the process that runs this version of a function with its current configuration."""
        variables = tuple(sorted(function.environment_vars.items()))
        key = (function.function_arn, function.code_sha_256, function.handler, function.timeout, variables)
        with self._lock:
            if key not in self._running:
                self._running[key] = LocalRuntime(
                    self._spec(function), concurrency=_AT_ONCE, credentials=_credentials(function)
                )
            return self._running[key]

    def _spec(self, function: Any) -> FunctionSpec:
        artifact = Path(self._folder.name, str(len(self._running)))
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
            archive.extractall(artifact)
        return FunctionSpec(
            name=function.function_name,
            artifact=artifact,
            handler=function.handler,
            runtime=function.run_time,
            timeout_s=function.timeout,
            memory_mb=function.memory_size,
            # moto keeps Number parameters as numbers, but Lambda has only strings.
            environment={name: str(value) for name, value in function.environment_vars.items()},
            version=str(function.version),
            region=function.region,
            account=function.account_id,
        )

    def close(self) -> None:
        for runtime in self._running.values():
            runtime.close()
        self._folder.cleanup()


class RunningLambda(LambdaBackend):
    """A Lambda backend that runs its functions."""

    # moto finds a backend's routes by its module
    __module__ = "moto.awslambda.models"
    sandboxes: Sandboxes
    """Set when the server starts, because moto creates one backend per Region itself."""
    endpoint: str
    """The server's address, set when it starts."""
    calls: Counter[str]
    """Number of calls of each function, by its name. Set when the server starts."""
    throttled: Counter[str]
    """Number of calls of each function that will still be throttled. Set when the server starts."""

    def invoke(
        self, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Any
    ) -> bytes:
        function = self.get_function(function_name, qualifier)
        with _COUNTING:
            self.calls[function.function_name] += 1
            refused = self.throttled[function.function_name] > 0
            self.throttled[function.function_name] -= refused
        if refused:
            raise Throttled
        payload = body if isinstance(body, bytes) else str(body or "{}").encode()
        done = self.sandboxes.of(function).invoke(payload, arn=function.function_arn)
        function.logs_backend.ensure_log_group(function.logs_group_name)
        function.save_logs(done.log_tail)
        if done.fault is not None:
            response_headers["x-amz-function-error"] = "Unhandled"
        response_headers["x-amz-executed-version"] = str(function.version)
        response_headers["x-amz-log-result"] = base64.b64encode(done.log_tail.encode()).decode()
        response_headers["Content-Length"] = str(len(done.payload))
        return done.payload


def get_code(function: Any) -> dict[str, Any]:
    """Return GetFunction's answer. `Code.Location` is a signed URL of the zip, valid for ten minutes."""
    answer: dict[str, Any] = {"Configuration": function.get_configuration()}
    if function.package_type == "Image":
        image = function.code["ImageUri"]
        answer["Code"] = {"RepositoryType": "ECR", "ImageUri": image, "ResolvedImageUri": image}
        return answer
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=RunningLambda.endpoint,
        aws_access_key_id="support",
        aws_secret_access_key="support",
    )
    where = {"Bucket": f"awslambda-{function.region}-tasks", "Key": function.code_sha_256.replace("/", "-")}
    s3.create_bucket(Bucket=where["Bucket"])
    s3.put_object(**where, Body=function.code_bytes)
    address = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=600)
    answer["Code"] = {"RepositoryType": "S3", "Location": address}
    return answer


UNRESERVED = 1000
"""Concurrent calls that are left for functions without reserved concurrency."""

ACCOUNT_SETTINGS = {r"{0}/(?P<api_version>[^/]+)/account-settings/?$": LambdaResponse.dispatch}
"""The route, which moto does not have."""


def get_account_settings(_: LambdaResponse) -> ActionResult:
    """Return the concurrency limits of GetAccountSettings."""
    limit = {"ConcurrentExecutions": UNRESERVED, "UnreservedConcurrentExecutions": UNRESERVED}
    return ActionResult({"AccountLimit": limit})


class DeployedFunction(LambdaFunction, CloudFormationModel):
    """AWS::Lambda::Function with the properties that moto ignores."""

    __module__ = "moto.awslambda.deployed"
    logging_config: dict[str, Any]

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> DeployedFunction:
        properties = cloudformation_json["Properties"]
        spec = {**properties, "FunctionName": resource_name}
        _as_text(properties)
        spec["Tags"] = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
        function = cls(account_id, spec, region_name, version="$LATEST")
        function._configure_logging(properties)
        lambda_backends[account_id][region_name]._lambdas.put_function(function)
        return function

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> DeployedFunction:
        _as_text(cloudformation_json["Properties"])
        super().update_from_cloudformation_json(
            original_resource, new_resource_name, cloudformation_json, account_id, region_name
        )
        original_resource._configure_logging(cloudformation_json["Properties"])
        return original_resource

    def _configure_logging(self, properties: dict[str, Any]) -> None:
        default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"}
        self.logging_config = {**default, **properties.get("LoggingConfig", {})}
        self.logs_group_name = self.logging_config["LogGroup"]

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        return {**super().get_configuration(on_create), "LoggingConfig": self.logging_config}


def _as_text(properties: dict[str, Any]) -> None:
    """Convert a function's variables to strings, because Number parameters are numbers."""
    variables = properties.get("Environment", {}).get("Variables", {})
    variables.update({name: str(value) for name, value in variables.items()})


class PublishedVersion(CloudFormationModel):
    """AWS::Lambda::Version: `Ref` is its ARN."""

    __module__ = "moto.awslambda.deployed"

    def __init__(self, function: LambdaFunction) -> None:
        self.version = str(function.version)
        self.physical_resource_id = function.function_arn

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Lambda::Version"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> PublishedVersion:
        name = cloudformation_json["Properties"]["FunctionName"]
        backend = lambda_backends[account_id][region_name]
        before = len(list(backend.list_versions_by_function(name)))
        function: Any = backend.publish_version(name)
        if len(list(backend.list_versions_by_function(name))) == before:
            # CloudFormation's message. Lambda publishes nothing if code and configuration are
            # unchanged.
            raise ValidationError(
                message=f"A version for this Lambda function exists ( {function.version} ). "
                "Modify the function to create a new version."
            )
        return cls(function)

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return {"Version": self.version, "FunctionArn": self.physical_resource_id}[attribute_name]

    def delete(self, account_id: str, region: str) -> None:
        lambda_backends[account_id][region].delete_function(self.physical_resource_id)


class DeployedPermission(CloudFormationModel):
    """AWS::Lambda::Permission for a function or a version, by its ARN."""

    __module__ = "moto.awslambda.deployed"

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Lambda::Permission"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> DeployedPermission:
        properties = cloudformation_json["Properties"]
        statement = {**properties, "StatementId": resource_name}
        function = lambda_backends[account_id][region_name].get_function(properties["FunctionName"])
        function.policy.add_statement(json.dumps(statement))
        return cls(resource_name)


class DeployedAlias(CloudFormationModel):
    """AWS::Lambda::Alias: `Ref` is its ARN."""

    __module__ = "moto.awslambda.deployed"

    def __init__(self, alias: LambdaAlias, function_name: str) -> None:
        self.name, self.function_name = alias.name, function_name
        self.physical_resource_id = alias.arn

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Lambda::Alias"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> DeployedAlias:
        put = lambda_backends[account_id][region_name].create_alias
        return cls._put(put, cloudformation_json["Properties"])

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: DeployedAlias,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> DeployedAlias:
        put = lambda_backends[account_id][region_name].update_alias
        return cls._put(put, cloudformation_json["Properties"])

    @classmethod
    def _put(cls, put: Any, properties: dict[str, Any]) -> DeployedAlias:
        name, version = properties["FunctionName"], properties["FunctionVersion"]
        return cls(put(properties["Name"], name, version, properties.get("Description", ""), None), name)

    def delete(self, account_id: str, region: str) -> None:
        lambda_backends[account_id][region].delete_alias(self.name, self.function_name)
