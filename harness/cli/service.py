"""Options and connections for the verbs that call the fine-tuning API."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from harness.api.safe_text import plain_text
from harness.api.seen import as_text
from harness.cli.options import all_of, region_option
from harness.cli.output import say
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.api.client import FineTuning
    from harness.api.endpoint import Endpoint
    from harness.api.native import NativeBedrock
    from harness.api.pages import Listing
    from harness.api.seen import Json, Time

__all__ = [
    "Service",
    "at",
    "inference_option",
    "refuse_native",
    "service_options",
    "tell_incomplete",
    "tell_no_id",
]


@dataclass(frozen=True, slots=True)
class Service:
    """The fine-tuning API selected by --base-url, --region and the environment."""

    base_url: str | None
    region: str | None
    print_curl: bool
    inference_url: str | None = None
    """The base URL for inference, if it differs."""

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint for files and jobs."""
        from harness.api.endpoint import find_endpoint

        return find_endpoint(self.base_url, self.region, os.environ)

    @property
    def inference(self) -> Endpoint | None:
        """The endpoint for inference, or None if it is the same."""
        from harness.api.endpoint import check_same_region, find_endpoint

        if not self.inference_url:
            return None
        found = find_endpoint(self.inference_url, None, {}, option="--inference-url")
        check_same_region(self.endpoint, found)
        return found

    def connect(self, **settings: Any) -> FineTuning:
        """Connect using the key from the environment.

        Args:
            settings: Other arguments for `FineTuning`.
        """
        # Importing the SDK takes most of a second, so only verbs that send requests import it.
        from harness.api.auth import find_credential
        from harness.api.client import FineTuning

        where, inference = self.endpoint, self.inference
        credential = find_credential(where, os.environ, inference)
        return FineTuning(where, credential, inference=inference, **settings)

    def connect_to(self, name: str) -> FineTuning | NativeBedrock:
        """Connect to the service that owns a job or model.

        Args:
            name: The id of the job or model. The ARN of a native Bedrock job or deployment selects native
                Bedrock, with AWS credentials.
        """
        from harness.api.native_names import native_region

        region = native_region(name)
        if region is None:
            return self.connect()
        return self.native(region)

    def connect_for(self, models: Sequence[str], **settings: Any) -> FineTuning | NativeBedrock:
        """Connect to the service for the models, which is native Bedrock if one of them is a deployment.

        Args:
            models: The models to use. Converse also accepts base models by id.
            settings: Other arguments for the client, such as `max_retries`.

        Raises:
            InputError: The deployments are in different Regions.
        """
        from harness.api.native_names import is_native_model, native_region

        regions = {native_region(model) for model in models if is_native_model(model)}
        if not regions:
            return self.connect(**settings)
        if len(regions) > 1:
            raise InputError(
                "the deployments are in several Regions", fix="Ask the deployments of one Region at a time."
            )
        return self.native(regions.pop(), **settings)

    def native(self, region: str | None = None, **settings: Any) -> NativeBedrock:
        """Connect to native Bedrock.

        Args:
            region: The Region of the jobs. If None, the value of --region or else the only Region documented
                for Nova.
            settings: Other arguments for `NativeBedrock`.
        """
        from harness.api.native import NativeBedrock
        from harness.api.native_names import REGION

        return NativeBedrock(region or self.region or REGION, **settings)

    def shows(
        self,
        *requests: Callable[[FineTuning], Any],
        remark: str | None = None,
        name: str = "",
        native: bool = False,
    ) -> bool:
        """Print requests as curl commands if --print-curl is given.

        Args:
            requests: Functions that each call the API once.
            remark: Text to print first, as a comment.
            name: The job or model that the requests are about.
            native: Whether the requests would go to native Bedrock regardless of the name.

        Returns:
            True if the requests were printed. If so, the caller must not send them.

        Raises:
            InputError: The requests would go to native Bedrock, which requires signed requests.
        """
        if not self.print_curl:
            return False
        from harness.api.native_names import native_region

        if native or native_region(name):
            message = "requests to native Bedrock are signed, so curl cannot send them"
            raise InputError(message, fix="Leave out --print-curl.", place=name or None)
        from harness.api.client import FineTuning
        from harness.api.curl import NotSent

        if remark is not None:
            say(f"# {remark}")
        with FineTuning.showing(self.endpoint, self.inference) as client:
            for request in requests:
                try:
                    request(client)
                except NotSent as shown:
                    say(shown.command, verbatim=True)
        return True


_OPTIONS = all_of(
    click.option("--base-url", metavar="URL", help="Send requests to this API; OPENAI_BASE_URL by default."),
    region_option,
    click.option(
        "--print-curl", is_flag=True, help="Show the HTTP requests as curl commands and send nothing."
    ),
)

inference_option = click.option(
    "--inference-url",
    metavar="URL",
    help="Ask models at this base URL; files and jobs stay at --base-url.",
)
"""Adds --inference-url to the `service` that `service_options` passes. Apply it below `service_options`."""


def service_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Add --base-url, --region and --print-curl, which are passed together as `service`."""

    @functools.wraps(verb)
    def with_service(
        *given: Any,
        base_url: str | None,
        region: str | None,
        print_curl: bool,
        inference_url: str | None = None,
        **asked: Any,
    ) -> Any:
        return verb(*given, service=Service(base_url, region, print_curl, inference_url), **asked)

    return _OPTIONS(with_service)


def refuse_native(job_id: str, what: str) -> None:
    """Reject a request that native Bedrock jobs do not support.

    Args:
        job_id: The job.
        what: What is requested, such as `events`.

    Raises:
        InputError: The job is a native Bedrock job.
    """
    from harness.api.native_names import is_native_job

    if is_native_job(job_id):
        raise InputError(
            f"a job of native Bedrock has no {what}", fix="`rft watch` shows its phases.", place=job_id
        )


def at(time: Time) -> str:
    """Format a time from the service in local time. None becomes `-`, and strings are returned unchanged.

    Args:
        time: The value sent by the service.
    """
    if time is None or isinstance(time, str):
        return plain_text(time or "-")
    try:
        return datetime.fromtimestamp(time, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return plain_text(str(time))


def tell_no_id(object_id: str | None, raw: Json) -> int:
    """Warn if an object from the service has no id, and return the exit code.

    Args:
        object_id: The object's id.
        raw: The object as sent by the service.
    """
    if object_id is not None:
        return 0
    say(f"rft: the service answered with an object that has no id: {plain_text(as_text(raw))}", err=True)
    return 3


def tell_incomplete(listing: Listing[Any]) -> int:
    """Warn if a list is incomplete, and return the exit code.

    Args:
        listing: The list.
    """
    broken = listing.incomplete
    if broken is None:
        return 0
    say(f"rft: the list may be incomplete: {broken}", err=True)
    return 3
