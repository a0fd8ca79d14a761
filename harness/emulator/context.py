"""The context of a request: the emulator that serves it, its JSON body, and the limit of a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from starlette.requests import Request

from harness.clock import Clock
from harness.emulator.api_errors import invalid
from harness.emulator.config import EmulatorConfig
from harness.emulator.faults import Faults
from harness.emulator.generation import Inference
from harness.emulator.lifecycle import Lifecycle
from harness.emulator.runner import Runner
from harness.emulator.state import Store
from harness.simulator.pool import Pool

__all__ = ["MAX_PAGE", "Components", "json_body", "page_limit", "emulator_of", "list_body"]

MAX_PAGE: Final = 10_000
"""Most elements of one page; the service's limit is not documented."""


class Components(NamedTuple):
    """The emulator's components, shared by all routes."""

    config: EmulatorConfig
    store: Store
    pool: Pool
    clock: Clock
    lifecycle: Lifecycle
    runner: Runner
    inference: Inference
    faults: Faults


def emulator_of(request: Request) -> Components:
    """The emulator that serves a request."""
    return cast(Components, request.app.state.parts)


async def json_body(request: Request) -> dict[str, Any]:
    """The body, which must be a JSON object; an empty one counts as `{}`.

    Raises:
        ApiError: It is something else.
    """
    content = await request.body()
    try:
        body = json.loads(content) if content else {}
    except (ValueError, RecursionError) as error:
        raise invalid("We could not parse the JSON body of your request.", None) from error
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.", None)
    return body


def list_body(data: Sequence[Mapping[str, Any]], has_more: bool, *, ids: bool = True) -> dict[str, Any]:
    """The answer that holds one page of a list; with `ids` it names the first and the last element."""
    body: dict[str, Any] = {"object": "list", "data": data, "has_more": has_more}
    if ids:
        body |= {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
    return body


def page_limit(request: Request, default: int) -> int:
    """The `limit` of a list.

    Raises:
        ApiError: It is no whole number of at least 1.
    """
    text = request.query_params.get("limit")
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9])):
        raise invalid(f"limit must be a whole number of at least 1, not {text!r}.", "limit")
    return min(int(text[:9]), MAX_PAGE)
