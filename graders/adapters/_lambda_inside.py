"""Calls a third-party Lambda handler with the event and context it would get from Lambda.

The source of this module is also sent to the process that runs a confined handler, so it imports nothing from
this package.
"""

from __future__ import annotations

import json
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_FUNCTION = "grader"


class LambdaContext:
    """The Lambda context that a handler receives.

    Args:
        request_id: Id of the invocation.
        seconds: Time limit of the invocation, in seconds.
    """

    function_name = _FUNCTION
    function_version = "$LATEST"
    invoked_function_arn = f"arn:aws:lambda:us-east-1:000000000000:function:{_FUNCTION}"
    memory_limit_in_mb = "512"
    log_group_name = f"/aws/lambda/{_FUNCTION}"
    log_stream_name = _FUNCTION
    identity = None
    client_context = None

    def __init__(self, request_id: str, seconds: float) -> None:
        self.aws_request_id = request_id
        self._ends = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the remaining time in milliseconds."""
        return max(0, int((self._ends - time.monotonic()) * 1000))


def call(handler: Callable[[Any, Any], Any], event: str, request_id: str, seconds: float) -> str:
    """Call a handler.

    Args:
        handler: A function that takes an event and a context.
        event: The event's JSON. The handler gets its own copy, which it may change.
        request_id: Id of the invocation.
        seconds: The remaining time that the context reports.

    Returns:
        The handler's response as JSON.

    Raises:
        TypeError: Lambda could not send the response.
    """
    answer = handler(json.loads(event), LambdaContext(request_id, seconds))
    if hasattr(answer, "__await__"):
        close = getattr(answer, "close", None)
        if close is not None:
            close()
        raise TypeError("the handler is async, which Lambda does not run: write `def`, not `async def`")
    try:
        return json.dumps(answer)
    except (TypeError, ValueError) as error:
        raise TypeError(f"the handler's answer is not JSON, and Lambda could not send it: {error}") from None
