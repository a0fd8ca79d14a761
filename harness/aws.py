"""AWS clients and the translation of AWS errors.

`client` creates a boto3 client that honors AWS_ENDPOINT_URL and the usual configuration. `explained` converts
boto3 exceptions to errors that explain the fix.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.errors import HarnessError, InputError, ServiceError

__all__ = ["REGION_VARIABLES", "AwsError", "Denied", "NotInAws", "client", "explained", "region_of_project"]

REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
"""Environment variables that name a Region, in order of precedence."""

_ATTEMPTS = 4
_LONGEST = 300
_ENDPOINT = "Check the network, the proxy and AWS_ENDPOINT_URL (http://HOST:PORT)."
_CONFIGURE = "Configure credentials, for example with AWS_PROFILE or `aws sso login`."
_RENEW = "Sign in again or renew the credentials, then run the same command."

# Errors that the user must fix, by the name of a botocore exception or its base class.
_SETUP: dict[str, tuple[str, str]] = {
    "NoRegionError": ("no AWS region is configured", "Write --region or set AWS_REGION."),
    "InvalidRegionError": ("this is not an AWS Region", "Write it like us-west-2."),
    "ProfileNotFound": ("the AWS profile does not exist", "Check AWS_PROFILE."),
    "NoCredentialsError": ("no AWS credentials are configured", _CONFIGURE),
    "PartialCredentialsError": ("the AWS credentials are incomplete", _CONFIGURE),
    "ParamValidationError": ("the request to AWS is not valid", "Check the names that you passed."),
    "ValueError": ("the request to AWS cannot be made", _ENDPOINT),
}
# A proxy's page or another service answered: botocore cannot parse the response, or misses parts of it.
_NOT_AWS = ("the endpoint is not AWS", _ENDPOINT)
_SERVICE: dict[str, tuple[str, str]] = {
    "SSOError": ("the AWS session has ended", _RENEW),
    "TokenRetrievalError": ("the AWS session has ended", _RENEW),
    "CredentialRetrievalError": ("the AWS credentials cannot be fetched", _RENEW),
    "LoginError": ("the AWS session has ended", _RENEW),
    "ResponseParserError": _NOT_AWS,
    "KeyError": _NOT_AWS,
}
# These errors may be temporary.
_PASSING: dict[str, tuple[str, str]] = {
    "ReadTimeoutError": ("AWS did not answer in time", _ENDPOINT),
    "HTTPClientError": ("AWS cannot be reached", _ENDPOINT),
    "ConnectionError": ("AWS cannot be reached", _ENDPOINT),
}
_STALE = (
    "ExpiredToken",
    "UnrecognizedClient",
    "InvalidClientTokenId",
    "InvalidSignature",
    "SignatureDoesNot",
)
_BUSY = ("TooManyRequests", "Throttl", "RequestLimitExceeded", "SlowDown")
# AWS names the action that it denies: `lambda:InvokeFunction` for Invoke.
_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")


class AwsError(HarnessError):
    """A failed AWS call: the request could not be sent, or AWS refused it.

    Args:
        message: The problem.
        code: The AWS error code, or the name of the botocore exception if there is none.
        retryable: Whether the error may be temporary.
        fix: How to fix it.
        place: The resource that the call was about, such as a stack.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        retryable: bool = False,
        fix: str | None = None,
        place: str | None = None,
    ) -> None:
        super().__init__(message, fix=fix, place=place)
        self.code = code
        self.retryable = retryable


class NotSetUp(AwsError, InputError):
    """The Region, the credentials or the request is invalid."""


class NotServed(AwsError, ServiceError):
    """AWS could not be reached, or it refused the call."""


class Denied(NotServed):
    """The credentials do not allow the action."""


class NotInAws(NotSetUp):
    """The requested object does not exist."""


def client(
    service: str,
    region: str | None = None,
    *,
    endpoint_url: str | None = None,
    **config: Any,
) -> Any:
    """Create a boto3 client for a service.

    Args:
        service: The service's boto3 name.
        region: The Region, or None to use AWS_REGION or boto3's configuration.
        endpoint_url: Endpoint URL that overrides AWS's endpoint and AWS_ENDPOINT_URL.
        **config: Other settings of botocore's `Config`. A call is attempted AWS_MAX_ATTEMPTS times (default:
            4).

    Raises:
        InputError: No Region is configured or the profile does not exist.
    """
    import boto3.session
    import botocore.session
    from botocore.config import Config

    # boto3 reads only AWS_DEFAULT_REGION; Lambda, the other SDKs and CI set AWS_REGION.
    region = region or os.environ.get("AWS_REGION")
    given = os.environ.get("AWS_MAX_ATTEMPTS", "")
    attempts = int(given) if given.isdecimal() and int(given) else _ATTEMPTS
    settings: dict[str, Any] = {
        "connect_timeout": 10,
        "read_timeout": 30,
        "retries": {"mode": "standard", "total_max_attempts": attempts},
        "user_agent_extra": "rft-graders",
        **config,
    }
    with explained(None):
        core = botocore.session.get_session()  # a new session reads the current environment
        models = _models(core.get_config_variable("data_path"))
        core.register_component("data_loader", models)
        session = boto3.session.Session(botocore_session=core)
        models.search_paths[:] = dict.fromkeys(models.search_paths)  # boto3 adds its folder each time
        return session.client(
            service, region_name=region, endpoint_url=endpoint_url, config=Config(**settings)
        )


@contextmanager
def region_of_project(region: str | None) -> Iterator[None]:
    """Set a default Region in the environment during the block, unless the environment already names one.

    Graders in this process and in child processes read the Region from the environment.

    Args:
        region: The project's Region. If None, the environment is not changed.
    """
    if region is None or any(map(os.environ.get, REGION_VARIABLES)):
        yield
        return
    name = REGION_VARIABLES[1]  # the variable that boto3 reads
    before = os.environ.get(name)
    os.environ[name] = region
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


@functools.cache
def _models(data_path: str | None) -> Any:
    """Return botocore's service descriptions, which are cached because parsing them is slow."""
    from botocore.loaders import create_loader

    return create_loader(data_path)


@contextmanager
def explained(place: str | None) -> Iterator[None]:
    """Convert a boto3 exception raised in the block to an error that explains the fix.

    Args:
        place: The resource that the calls are about, such as a stack or an ARN, or None if unknown.

    Raises:
        NotInAws: The object does not exist.
        Denied: The credentials do not allow the action.
        AwsError: boto3 is not configured (also an `InputError`), or AWS could not be reached or refused the
            call (also a `ServiceError`).
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _refused(error.response, error.operation_name, place) from error
    except (BotoCoreError, ResponseParserError, KeyError, ValueError) as error:
        raise _not_asked(error, place) from error


def _refused(response: dict[str, Any], operation: str, place: str | None) -> AwsError:
    said = response.get("Error", {})
    code = str(said.get("Code") or "Unknown")
    text = " ".join(str(said.get("Message") or "").split())[:_LONGEST]
    if "AccessDenied" in code or "UnauthorizedOperation" in code:
        named = _ACTION.search(text)
        action = named[1] if named else operation
        fix = f"Allow {action} for these credentials, or use others."
        return Denied(f"these credentials do not allow {action}", code=code, place=place, fix=fix)
    if code.startswith(_STALE):
        message = f"AWS does not accept the credentials ({code})"
        return NotServed(message, code=code, place=place, fix=_RENEW)
    if code.startswith(_BUSY):
        fix = "Lower the concurrency, or raise the limit."
        return NotServed(
            f"too many calls at the same time ({code}): {text}",
            code=code,
            retryable=True,
            place=place,
            fix=fix,
        )
    missing = "NotFound" in code or "DoesNotExist" in code or code == "NoSuchEntity"
    if missing or "does not exist" in text:
        return NotInAws(f"this does not exist in this account and region ({text})", code=code, place=place)
    retryable = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
    return NotServed(f"AWS refused {operation} ({code}): {text}", code=code, retryable=retryable, place=place)


def _not_asked(error: Exception, place: str | None) -> AwsError:
    code = type(error).__name__
    said = " ".join(str(error).split())[:_LONGEST]
    for kind in type(error).__mro__:
        for table in (_SETUP, _SERVICE, _PASSING):
            if kind.__name__ in table:
                message, fix = table[kind.__name__]
                made = NotSetUp if table is _SETUP else NotServed
                return made(
                    f"{message} ({said})", code=code, retryable=table is _PASSING, place=place, fix=fix
                )
    return NotSetUp(f"the request to AWS failed: {said}", code=code, place=place)
