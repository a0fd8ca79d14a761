"""Grades in a deployed function: the very one that a training job will call.

In comes an ARN or a name, with a version or an alias, then events; out come answers. What the function does
wrong is a `GraderFault` and is never tried again; throttling, network and the service's own errors are tried
again by boto3 (adaptive mode) and are a `ServiceFault` when that did not help. It changes nothing in AWS.
"""

from __future__ import annotations

import re
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.errors import HarnessError, InputError, ServiceError
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
        region: The AWS region; by default the ARN's, else the one that boto3 is configured with.
        endpoint_url: Another endpoint, such as the local Invoke API.
        concurrency: How many calls may be under way at once.
        attempts: How often a call is tried when it is throttled or the service fails.

    Raises:
        InputError: The name is none, there is no such function, or no region or credentials are configured.
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
        self._connection = {"region_name": _region(function, region), "endpoint_url": endpoint_url}
        self.configuration: Mapping[str, Any] = self._look_up(min(attempts, _LOOK_UPS))
        """What GetFunctionConfiguration says; empty when only invoking is allowed."""
        # A read timeout below the function's would start a second call while the first still runs.
        seconds = self.configuration.get("Timeout", _LONGEST_SECONDS) + _MARGIN_SECONDS
        self._client = self._connect(seconds, attempts)

    def grade(self, event: Any) -> Answer:
        """Grade the samples of one event."""
        from botocore.exceptions import BotoCoreError, ClientError

        payload = encode(event)
        if isinstance(payload, ServiceFault):
            return Answer([], 0.0, payload)
        started = perf_counter()
        try:
            response = self._client.invoke(FunctionName=self.name, Payload=payload)
            body = response["Payload"].read()
        except (BotoCoreError, ClientError) as error:
            trouble = _explain(error, self.name)
            return Answer([], _since(started), ServiceFault(trouble.code, str(trouble), trouble.retryable))
        ms = _since(started)
        if response.get("FunctionError"):
            return Answer([], ms, _function_fault(body))
        return read(body, event, ms)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _connect(self, read_timeout: float, attempts: int) -> Any:
        """A client for this function's region and endpoint."""
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        config = Config(
            connect_timeout=10,
            read_timeout=read_timeout,
            max_pool_connections=self.concurrency,
            retries={"mode": "adaptive", "total_max_attempts": attempts},
            tcp_keepalive=True,
            user_agent_extra="rft-graders",
        )
        try:
            return boto3.session.Session().client("lambda", config=config, **self._connection)
        except (BotoCoreError, ValueError) as error:
            raise _explain(error, self.name).as_error(self.name) from error

    def _look_up(self, attempts: int) -> Mapping[str, Any]:
        """The function's configuration: it proves that the function can be called, and tells its timeout."""
        from botocore.exceptions import BotoCoreError, ClientError

        client = self._connect(_MARGIN_SECONDS, attempts)
        try:
            found: Mapping[str, Any] = client.get_function_configuration(FunctionName=self.name)
        except (BotoCoreError, ClientError) as error:
            trouble = _explain(error, self.name)
            if trouble.code != "AccessDeniedException":
                raise trouble.as_error(self.name) from error
            return {}  # who submits jobs may be allowed to invoke and nothing else
        finally:
            client.close()
        if "FunctionName" not in found:  # a page of a proxy: botocore finds no field in it, and says nothing
            fix = "Check the proxy and AWS_ENDPOINT_URL."
            raise ServiceError("what answers there is not the Lambda service", place=self.name, fix=fix)
        return found


class _Trouble(NamedTuple):
    """A failure of the service or the way to it, in words."""

    code: str
    message: str
    fix: str | None = None
    retryable: bool = False
    usage: bool = False
    """Whether the configuration is at fault and not the service."""

    def __str__(self) -> str:
        return f"{self.message}. {self.fix}" if self.fix else self.message

    def as_error(self, place: str) -> HarnessError:
        """The exception for a target that cannot be set up."""
        kind = InputError if self.usage else ServiceError
        return kind(self.message, fix=self.fix, place=place)


_RENEW = "Sign in again or renew the credentials, then run the same command."
_CONFIGURE = "Configure credentials, for example with AWS_PROFILE or `aws sso login`."

# By the code of AWS's error.
_REFUSALS = {
    "ResourceNotFoundException": _Trouble(
        "", "there is no such function, version or alias in this account and region", usage=True
    ),
    "AccessDeniedException": _Trouble(
        "", "these credentials may not call it", "Allow lambda:InvokeFunction on it."
    ),
    "ExpiredTokenException": _Trouble("", "the credentials have expired", _RENEW),
    "UnrecognizedClientException": _Trouble("", "AWS does not know these credentials", _RENEW),
    "InvalidSignatureException": _Trouble("", "AWS does not accept the credentials' signature", _RENEW),
    "TooManyRequestsException": _Trouble(
        "", "the function is throttled", "Lower the concurrency, or raise the function's.", retryable=True
    ),
    "ValidationException": _Trouble("", "AWS does not accept the function's name", usage=True),
}
_REFUSALS["ExpiredToken"] = _REFUSALS["ExpiredTokenException"]
_REFUSALS["AccessDenied"] = _REFUSALS["AccessDeniedException"]

_UNREACHABLE = _Trouble("", "the Lambda service cannot be reached", retryable=True)

# By the name of botocore's exception, which stands for one in its family.
_OBSTACLES = {
    "NoRegionError": _Trouble(
        "", "no AWS region is configured", "Set AWS_REGION or name an ARN.", usage=True
    ),
    "ProfileNotFound": _Trouble("", "the AWS profile does not exist", "Check AWS_PROFILE.", usage=True),
    "NoCredentialsError": _Trouble("", "no AWS credentials are configured", _CONFIGURE, usage=True),
    "PartialCredentialsError": _Trouble("", "the AWS credentials are incomplete", _CONFIGURE, usage=True),
    "CredentialRetrievalError": _Trouble("", "the AWS credentials cannot be fetched", _RENEW),
    "SSOError": _Trouble("", "the AWS session has ended", _RENEW),
    "TokenRetrievalError": _Trouble("", "the AWS session has ended", _RENEW),
    "LoginError": _Trouble("", "the AWS session has ended", _RENEW),
    "ReadTimeoutError": _Trouble("", "the function did not answer in time", retryable=True),
    "ConnectionError": _UNREACHABLE,
    "HTTPClientError": _UNREACHABLE,
    "ValueError": _Trouble("", "the endpoint is no URL", "Write it as http://HOST:PORT.", usage=True),
}


def _explain(error: Exception, function: str) -> _Trouble:
    """What an exception of boto3 means and what to do about it."""
    response: dict[str, Any] | None = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        code = response["Error"].get("Code") or "Unknown"
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        known = _REFUSALS.get(code)
        if known is not None:
            return known._replace(code=code)
        text = response["Error"].get("Message") or code
        return _Trouble(code, f"Lambda refused the call ({code}): {text}", retryable=status >= 500)
    for kind in type(error).__mro__:
        if kind.__name__ in _OBSTACLES:
            known = _OBSTACLES[kind.__name__]
            return known._replace(code=type(error).__name__, message=f"{known.message} ({error})")
    return _Trouble(type(error).__name__, f"calling {function} failed: {error}")


def _function_fault(body: bytes) -> GraderFault:
    """The function's own failure, from the document that Lambda answers with."""
    from harness.localaws.limits import from_payload

    fault = from_payload(body)
    return GraderFault(fault.error_type, fault.message)


def _region(function: str, region: str | None) -> str | None:
    """The region to call, which an ARN fixes."""
    match = _ARN.fullmatch(function)
    if match is None:
        if _NAME.fullmatch(function):
            return region
        fix = "Write NAME, NAME:ALIAS or the whole ARN."
        raise InputError("this is no Lambda function", place=function, fix=fix)
    if region is not None and region != match[1]:
        raise InputError(f"the ARN is in {match[1]}, not in {region}", place=function, fix="Leave one out.")
    return match[1]


def _since(started: float) -> float:
    return (perf_counter() - started) * 1000
