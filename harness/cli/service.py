"""What every verb that talks to the fine-tuning API shares.

The options that say where it is, the connection, and requests shown in place of being sent.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from harness.api.safe_text import plain_text
from harness.cli.options import all_of, region_option

if TYPE_CHECKING:
    from harness.api.auth import Endpoint
    from harness.api.client import FineTuning

__all__ = ["at", "connect", "endpoint", "service_options", "show_curl"]


service_options = all_of(
    click.option("--base-url", metavar="URL", help="Send requests to this API; OPENAI_BASE_URL by default."),
    region_option,
    click.option(
        "--print-curl", is_flag=True, help="Show the HTTP requests as curl commands and send nothing."
    ),
)
"""Adds --base-url, --region and --print-curl to a verb that talks to the fine-tuning API."""


def endpoint(base_url: str | None, region: str | None) -> Endpoint:
    """The service that the options and the environment name.

    Args:
        base_url: What --base-url said.
        region: What --region said.
    """
    from harness.api.auth import find_endpoint

    return find_endpoint(base_url, region, os.environ)


def connect(base_url: str | None, region: str | None) -> FineTuning:
    """Connect to it with the key that the environment holds.

    Args:
        base_url: What --base-url said.
        region: What --region said.
    """
    # The SDK takes most of a second to import: only verbs that send something pay.
    from harness.api.auth import find_credential
    from harness.api.client import FineTuning

    where = endpoint(base_url, region)
    return FineTuning(where, find_credential(where, os.environ))


def show_curl(base_url: str | None, region: str | None, *requests: Callable[[FineTuning], Any]) -> None:
    """Print requests as curl commands.

    Args:
        base_url: What --base-url said.
        region: What --region said.
        requests: Each makes one call.
    """
    from harness.api.client import FineTuning
    from harness.api.curl import NotSent

    with FineTuning.showing(endpoint(base_url, region)) as client:
        for request in requests:
            try:
                request(client)
            except NotSent as shown:
                click.echo(shown.command)


def at(seconds: Any) -> str:
    """A time of the service as local text.

    Args:
        seconds: Seconds since 1970, or whatever the service sent.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return "-"
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return plain_text(str(seconds))
