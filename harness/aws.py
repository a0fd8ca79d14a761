"""Clients of AWS, and what goes wrong on the way there in words.

In come a service's name and a region, out goes a boto3 client that honours AWS_ENDPOINT_URL and the usual
configuration; `explained` turns what boto3 raises into the harness's own errors. It makes no call itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.errors import HarnessError, InputError, ServiceError

__all__ = ["Denied", "NotInAws", "client", "explained"]

_ATTEMPTS = 4
_LONGEST = 300
_CONFIGURE = "Configure credentials, for example with AWS_PROFILE or `aws sso login`."
_RENEW = "Sign in again or renew the credentials, then run the same command."

# By the name of botocore's exception, which stands for one in its family.
_SETUP: dict[str, tuple[str, str]] = {
    "NoRegionError": ("no AWS region is configured", "Write --region or set AWS_REGION."),
    "InvalidRegionError": ("this is no AWS region", "Write it as us-west-2."),
    "ProfileNotFound": ("the AWS profile does not exist", "Check AWS_PROFILE."),
    "NoCredentialsError": ("no AWS credentials are configured", _CONFIGURE),
    "PartialCredentialsError": ("the AWS credentials are incomplete", _CONFIGURE),
    "ParamValidationError": ("AWS cannot be asked that", "Check the names that were given."),
}
_NOT_AWS = ("what answers there is not AWS", "Check the proxy and AWS_ENDPOINT_URL.")
_SERVICE: dict[str, tuple[str, str]] = {
    "SSOError": ("the AWS session has ended", _RENEW),
    "TokenRetrievalError": ("the AWS session has ended", _RENEW),
    "CredentialRetrievalError": ("the AWS credentials cannot be fetched", _RENEW),
    "LoginError": ("the AWS session has ended", _RENEW),
    "HTTPClientError": ("AWS cannot be reached", "Check the network and AWS_ENDPOINT_URL."),
    "ConnectionError": ("AWS cannot be reached", "Check the network and AWS_ENDPOINT_URL."),
    # A page of a proxy, or another service: botocore cannot parse it, or misses what AWS always says.
    "ResponseParserError": _NOT_AWS,
    "KeyError": _NOT_AWS,
}
_STALE = (
    "ExpiredToken",
    "UnrecognizedClient",
    "InvalidClientTokenId",
    "InvalidSignature",
    "SignatureDoesNot",
)


class Denied(ServiceError):
    """These credentials may not do it."""


class NotInAws(InputError):
    """What was asked for does not exist."""


def client(service: str, region: str | None = None) -> Any:
    """A client of a service.

    Args:
        service: As boto3 names it.
        region: The region; AWS_REGION or boto3's own configuration when None.

    Raises:
        InputError: No region is configured, or the profile does not exist.
    """
    import boto3
    from botocore.config import Config

    # boto3 reads AWS_DEFAULT_REGION alone; Lambda, the other SDKs and CI set AWS_REGION.
    region = region or os.environ.get("AWS_REGION")
    given = os.environ.get("AWS_MAX_ATTEMPTS", "")
    attempts = int(given) if given.isdecimal() and int(given) else _ATTEMPTS
    config = Config(
        connect_timeout=10,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent_extra="rft-graders",
    )
    with explained(None):
        return boto3.session.Session().client(service, region_name=region, config=config)


@contextmanager
def explained(place: str | None) -> Iterator[None]:
    """Turn what boto3 raises inside the block into an error that says what to do.

    Args:
        place: What was being looked at: a stack, an ARN; None for nothing yet.

    Raises:
        Missing: It does not exist.
        Denied: These credentials may not.
        InputError: boto3 is not configured.
        ServiceError: AWS cannot be reached, or refused.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _refused(error.response.get("Error", {}), error.operation_name, place) from error
    except (BotoCoreError, ResponseParserError, KeyError, ValueError) as error:
        raise _not_asked(error, place) from error


def _refused(said: dict[str, Any], operation: str, place: str | None) -> HarnessError:
    code = str(said.get("Code") or "Unknown")
    text = " ".join(str(said.get("Message") or "").split())[:_LONGEST]
    if "AccessDenied" in code or "UnauthorizedOperation" in code:
        fix = f"Allow {operation} to whoever runs this, or use other credentials."
        return Denied(f"these credentials may not do {operation}", place=place, fix=fix)
    if any(code.startswith(stale) for stale in _STALE):
        return ServiceError(f"AWS does not accept the credentials ({code})", place=place, fix=_RENEW)
    if "NotFound" in code or code == "NoSuchEntity" or "does not exist" in text:
        return NotInAws("there is no such thing in this account and region", place=place)
    return ServiceError(f"AWS refused {operation} ({code}): {text}", place=place)


def _not_asked(error: Exception, place: str | None) -> HarnessError:
    for kind in type(error).__mro__:
        if kind.__name__ in _SETUP:
            message, fix = _SETUP[kind.__name__]
            return InputError(f"{message} ({error})", place=place, fix=fix)
        if kind.__name__ in _SERVICE:
            message, fix = _SERVICE[kind.__name__]
            said = " ".join(str(error).split())[:_LONGEST]
            return ServiceError(f"{message} ({said})", place=place, fix=fix)
    return InputError(f"AWS cannot be asked: {error}", place=place)
