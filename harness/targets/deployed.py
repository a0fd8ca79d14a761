"""Grades with a deployed function, as a training job does.

A failure of the function is a `GraderFault` and is never retried. boto3 retries throttling, network errors
and service errors (adaptive mode). An error that persists is a `ServiceFault`. Nothing in AWS is changed.
"""

from __future__ import annotations

import re
from time import perf_counter
from typing import TYPE_CHECKING, Any

from harness.aws import AwsError, Denied, client, explained
from harness.errors import InputError
from harness.targets.payload import MAX_EVENT, encode, read
from harness.targets.protocol import Answer, GraderFault, ServiceFault

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DeployedTarget"]

_LONGEST_SECONDS = 900
_MARGIN_SECONDS = 30
_LOOK_UPS = 3
_ARN = re.compile(r"arn:aws[a-z-]*:lambda:([a-z0-9-]+):\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]+)?")


class DeployedTarget:
    """A function in AWS.

    Args:
        function: `arn:aws:lambda:...:function:NAME[:QUALIFIER]` or `NAME[:QUALIFIER]`.
        region: The AWS Region; None for the ARN's or boto3's Region.
        endpoint_url: Another endpoint to use, such as the local Invoke API.
        concurrency: Maximum number of calls in flight.
        attempts: Maximum number of tries for a call that is throttled or fails with a service error.

    Raises:
        InputError: The name is not valid, the function does not exist, or no Region or credentials are
            configured.
        ServiceError: AWS cannot be reached, or does not accept the credentials.
    """

    max_bytes: int | None = MAX_EVENT

    def __init__(
        self,
        function: str,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        concurrency: int = 8,
        attempts: int = 8,
    ) -> None:
        self.name = function
        self.concurrency = concurrency
        self._region = _region(function, region)
        self._endpoint_url = endpoint_url
        self.configuration: Mapping[str, Any] = self._look_up(min(attempts, _LOOK_UPS))
        """Response of GetFunctionConfiguration; empty if the credentials only allow invoking."""
        # A read timeout below the function's would start a second call while the first is still running.
        seconds = self.configuration.get("Timeout", _LONGEST_SECONDS) + _MARGIN_SECONDS
        self._client = self._connect(seconds, attempts)

    def grade(self, event: Any) -> Answer:
        """Grade the samples of one event."""
        payload = encode(event)
        if isinstance(payload, ServiceFault):
            return Answer([], 0.0, payload)
        started = perf_counter()
        try:
            with explained(None):
                response = self._client.invoke(FunctionName=self.name, Payload=payload)
                body = response["Payload"].read()
        except AwsError as error:
            return Answer([], _since(started), ServiceFault(error.code, str(error), error.retryable))
        ms = _since(started)
        if response.get("FunctionError"):
            return Answer([], ms, _function_fault(body))
        return read(body, event, ms)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _connect(self, read_timeout: float, attempts: int) -> Any:
        return client(
            "lambda",
            self._region,
            endpoint_url=self._endpoint_url,
            read_timeout=read_timeout,
            max_pool_connections=self.concurrency,
            retries={"mode": "adaptive", "total_max_attempts": attempts},
            tcp_keepalive=True,
        )

    def _look_up(self, attempts: int) -> Mapping[str, Any]:
        """Return the function's configuration, which has its timeout and proves that it exists."""
        functions = self._connect(_MARGIN_SECONDS, attempts)
        try:
            with explained(self.name):
                found: Mapping[str, Any] = functions.get_function_configuration(FunctionName=self.name)
                # botocore parses a proxy's page as a response without fields.
                _ = found["FunctionName"]
        except Denied:
            return {}  # users who submit jobs may only be allowed to invoke the function
        finally:
            functions.close()
        return found


def _function_fault(body: bytes) -> GraderFault:
    from harness.localaws.limits import from_payload

    fault = from_payload(body)
    return GraderFault(fault.error_type, fault.located)


def _region(function: str, region: str | None) -> str | None:
    """Return the Region to call. If the function's name is an ARN, the ARN determines the Region."""
    match = _ARN.fullmatch(function)
    if match is None:
        if _NAME.fullmatch(function):
            return region
        fix = "Write NAME, NAME:ALIAS or the whole ARN."
        raise InputError("this is not a Lambda function", place=function, fix=fix)
    if region is not None and region != match[1]:
        raise InputError(
            f"the ARN's Region is {match[1]}, not {region}", place=function, fix="Leave one out."
        )
    return match[1]


def _since(started: float) -> float:
    return (perf_counter() - started) * 1000
