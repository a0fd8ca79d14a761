"""Endpoints of the fine-tuning API: hosts, paths and the AWS Region.

Sources: "Create and manage fine-tuning jobs … using OpenAI APIs" (OPENAI_BASE_URL, bedrock-mantle and `/v1`);
the Bedrock user guide, "Inference using Responses API" (bedrock-runtime for inference, and `/openai/v1` on
both hosts); the AWS PrivateLink guide (names of VPC endpoints).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

from harness.api.types import DEFAULT_REGION
from harness.errors import InputError

__all__ = ["Endpoint", "check_same_region", "find_endpoint", "other_path"]

ServiceHost: TypeAlias = Literal["bedrock-mantle", "bedrock-runtime"]

_PATHS: Final[dict[ServiceHost, tuple[str, ...]]] = {
    "bedrock-mantle": ("/v1", "/openai/v1"),
    "bedrock-runtime": ("/openai/v1",),
}
_AWS_DOMAINS = (".api.aws", ".amazonaws.com", ".amazonaws.com.cn")
# In a VPC endpoint's name (vpce-0abc-xyz.bedrock-mantle.us-west-2.vpce.amazonaws.com) the service and the
# Region are labels as in the public name, between other labels.
_REGION = re.compile(r"^[a-z]{2}(-[a-z]+)+-\d$")
_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The service that a command sends its requests to."""

    base_url: str
    """The base URL, including its path but no trailing slash."""
    region: str | None
    """The AWS Region, or None if neither the host nor the user names one."""
    loopback: bool
    """True if the host is the local machine."""
    aws: bool
    """True if the host belongs to Amazon Bedrock and the URL is https."""
    service: ServiceHost | None = None
    """The kind of Bedrock host, or None for the local machine, a proxy or another service."""
    region_from: str | None = None
    """Where the Region came from: `the host`, `--region`, the name of a variable or `the default`."""

    def check_has_jobs(self) -> None:
        """Reject a host that does not serve files and jobs.

        Raises:
            InputError: The host serves only inference.
        """
        if self.service == "bedrock-runtime":
            raise InputError(
                "bedrock-runtime has no files and no fine-tuning jobs",
                fix=f"Use {mantle_url(self.region or 'REGION')}; give this one with --inference-url.",
                place=self.base_url,
            )


def mantle_url(region: str) -> str:
    """Return the base URL for files and jobs in a Region."""
    return f"https://bedrock-mantle.{region}.api.aws/v1"


def find_endpoint(
    base_url: str | None, region: str | None, environment: Mapping[str, str], *, option: str = "--base-url"
) -> Endpoint:
    """Choose the service to send requests to.

    The Region is taken from the host if it names one, then from `--region`, then from AWS_REGION or
    AWS_DEFAULT_REGION.

    Args:
        base_url: The user's base URL, which takes precedence over OPENAI_BASE_URL.
        region: The value of `--region`.
        environment: The environment variables.
        option: The command-line option for the base URL, named in error messages.

    Raises:
        InputError: The URL or the Region is malformed, or they contradict each other.
    """
    url = (base_url or environment.get("OPENAI_BASE_URL") or "").strip().rstrip("/")
    if not url:
        chosen, source = _told_region(region, environment)
        chosen = chosen or DEFAULT_REGION
        return Endpoint(mantle_url(chosen), chosen, False, True, "bedrock-mantle", source or "the default")
    place = option if base_url else "OPENAI_BASE_URL"
    parts = _split(url, place)
    host = (parts.hostname or "").lower()
    loopback = host in _LOOPBACK
    service, found = _in_aws(host)
    if host.endswith(_AWS_DOMAINS) and service is None and ".bedrock" in f".{host}":
        raise InputError(
            f"{host} is not Bedrock's host for the OpenAI APIs",
            fix=f"Set it to {mantle_url(found or 'REGION')}.",
            place=place,
        )
    _check_path(parts, service, loopback, place)
    if region and found and region != found:
        raise InputError(
            f"the base URL is in {found}, but --region says {region}", fix="Give only one of them."
        )
    told: tuple[str | None, str | None]
    told = (found, "the host") if found else _told_region(region, environment)
    return Endpoint(url, told[0], loopback, service is not None and parts.scheme == "https", service, told[1])


def check_same_region(one: Endpoint, other: Endpoint) -> None:
    """Reject hosts in different Regions, because a key and a tuned model belong to one Region.

    Raises:
        InputError: The hosts' Regions differ.
    """
    if one.region and other.region and one.region != other.region:
        raise InputError(
            f"the base URL is in {one.region}, the inference URL in {other.region}",
            fix="A tuned model exists in the Region of its job: use that Region in both.",
        )


def other_path(url: str) -> str | None:
    """Return the base URL of the same host with the alternate path.

    On bedrock-mantle, the right path depends on the model, and the service rejects requests to the wrong one.

    Args:
        url: The full URL of a request.

    Returns:
        The base URL, or None if the request's URL has neither path.
    """
    parts = urlsplit(url)
    if parts.path.startswith("/openai/v1/"):
        path = "/v1"
    elif parts.path.startswith("/v1/"):
        path = "/openai/v1"
    else:
        return None
    return f"{parts.scheme}://{parts.netloc}{path}"


def _split(url: str, place: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    odd = parts.query or parts.fragment or parts.username or any(not letter.isprintable() for letter in url)
    if parts.scheme not in ("http", "https") or not parts.hostname or odd or " " in url:
        raise InputError(
            "the base URL is not an http(s) URL without user, query or fragment",
            fix=f"Set it to {mantle_url('REGION')}.",
            place=place,
        )
    return parts


def _in_aws(host: str) -> tuple[ServiceHost | None, str | None]:
    """Return the kind of Bedrock host and the Region in the host name."""
    if not host.endswith(_AWS_DOMAINS):
        return None, None
    labels = host.split(".")
    named = {label.removesuffix("-fips") for label in labels}
    service = next((service for service in _PATHS if service in named), None)
    return service, next((label for label in labels if _REGION.match(label)), None)


def _check_path(parts: SplitResult, service: ServiceHost | None, loopback: bool, place: str) -> None:
    """Reject a Bedrock base URL that lacks its path. A proxy may have any path."""
    if service is not None:
        good = _PATHS[service]
    elif loopback and parts.path in ("", "/"):
        good = ("/v1",)
    else:
        return
    if parts.path not in good:
        what = f"the path {parts.path}" if parts.path else "no path"
        urls = " or ".join(f"{parts.scheme}://{parts.netloc}{path}" for path in good)
        raise InputError(f"the base URL has {what}", fix=f"Set it to {urls}.", place=place)


def _told_region(region: str | None, environment: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return the Region that the user set and where it was set."""
    told = [("--region", region), *((name, environment.get(name)) for name in _REGION_VARIABLES)]
    for source, value in told:
        if value:
            if not _REGION.match(value):
                raise InputError(
                    f"{value!r} is not an AWS Region", fix=f"An example is {DEFAULT_REGION}.", place=source
                )
            return value, source
    return None, None
