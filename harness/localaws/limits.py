"""Lambda's limits, and the error documents that a caller receives when a limit is exceeded.

Sources: the Lambda developer guide (quotas; runtime API; execution environment) and the open-source
`aws-lambda-runtime-interface-emulator`, from which the wording of timeouts and exits comes. Behavior that AWS
does not document and that was not seen on the real service is marked *unverified*.
"""

from __future__ import annotations

import json
import re
import signal
from typing import Any, NamedTuple

__all__ = [
    "ASYNC_REQUEST_BYTES",
    "INIT_SECONDS",
    "LOG_TAIL_BYTES",
    "MB_A_PROCESSOR",
    "REQUEST_BYTES",
    "RESPONSE_BYTES",
    "UNZIPPED_BYTES",
    "Fault",
    "changed_artifact",
    "duration_in_lambda",
    "exited",
    "from_payload",
    "out_of_memory",
    "processor_share",
    "request_too_large",
    "response_too_large",
    "timed_out",
]

REQUEST_BYTES = 6_291_456
"""Maximum size of the event of a synchronous invocation, in bytes."""

_FRAME = re.compile(r'^ *File "(.+)", line (\d+)', re.MULTILINE)
_NOT_OWN = re.compile(
    r"/graders/(?!examples/)|/(?:site|dist)-packages/|/python3[^/]*/|^/opt/|^/var/(?:runtime|lang)/|^<"
)

ASYNC_REQUEST_BYTES = 1_048_576
"""Maximum size of the event of an asynchronous invocation, in bytes."""

RESPONSE_BYTES = 6_291_556
"""Maximum size of a response, in bytes: the documented 6 MB plus 100 bytes, as in Lambda's own message."""

UNZIPPED_BYTES = 250 * 1024 * 1024
"""Maximum unzipped size of a zip file in bytes, including layers. A container image may have 10 GB."""

INIT_SECONDS = 10.0
"""Time limit of the init phase, in seconds, after which Lambda repeats it inside the invocation."""

MB_A_PROCESSOR = 1769
"""Memory size that includes one full processor (developer guide, "Configure Lambda function memory")."""

LOG_TAIL_BYTES = 4096
"""Size of the log tail that `LogType=Tail` returns, in bytes."""


class Fault(NamedTuple):
    """An error that Lambda returns instead of the handler's response (`X-Amz-Function-Error: Unhandled`)."""

    error_type: str
    message: str
    place: str = ""
    """`file.py:line` in the function's own code that raised the error; empty if no stack trace shows it."""

    @property
    def located(self) -> str:
        """The message, with the error's place if it is known."""
        return f"{self.message} ({self.place})" if self.place else self.message

    def payload(self) -> bytes:
        """Return the JSON document of the response body."""
        return json.dumps({"errorType": self.error_type, "errorMessage": self.message}).encode()


def timed_out(request_id: str, seconds: float) -> Fault:
    """Return the fault of a handler that did not respond within the function's timeout of `seconds`."""
    text = f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
    return Fault("Sandbox.Timedout", text)


def exited(request_id: str, returncode: int) -> Fault:
    """Return the fault of a process that ended without a response. `returncode` is as in `subprocess`."""
    if returncode == 0:
        reason = "Runtime exited without providing a reason"
    elif returncode > 0:
        reason = f"Runtime exited with error: exit status {returncode}"
    else:
        reason = f"Runtime exited with error: signal: {_signal_name(-returncode)}"
    return Fault("Runtime.ExitError", f"RequestId: {request_id} Error: {reason}")


def out_of_memory(request_id: str) -> Fault:
    """Return the fault of an environment that exceeded the function's memory and was killed.

    The log's REPORT line then has `Error Type: Runtime.OutOfMemory`. The caller's document has
    `Runtime.ExitError`, which is unverified.
    """
    return exited(request_id, -signal.SIGKILL)


def response_too_large() -> Fault:
    """Return the fault of a response that is larger than `RESPONSE_BYTES`."""
    text = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes)."
    return Fault("Function.ResponseSizeTooLarge", text)


def changed_artifact(names: list[str]) -> Fault:
    """Return the fault of a function that wrote files next to its code. Lambda refuses this with Errno 30."""
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    text = f"the function changed its artifact: {shown}. In Lambda only /tmp can be written (Errno 30)."
    return Fault("ArtifactChanged", text)


def processor_share(memory_mb: int) -> float:
    """Return the number of processors that a function gets. A single thread can use only one processor."""
    return memory_mb / MB_A_PROCESSOR


def duration_in_lambda(wall_ms: float, cpu_ms: float, memory_mb: int) -> float:
    """Estimate the duration of a call in Lambda, in milliseconds.

    Lambda gives a function a share of the processor that grows with its memory. A smaller share slows down
    computing, but not waiting. The estimate assumes that Lambda's processors are as fast as this machine's.

    Args:
        wall_ms: The time that the call took here.
        cpu_ms: The processor time that the call used here.
        memory_mb: The function's memory.
    """
    computing = cpu_ms / processor_share(memory_mb)
    if processor_share(memory_mb) >= 1:  # several threads may use several processors
        return max(wall_ms, computing)
    return max(0.0, wall_ms - cpu_ms) + computing


def request_too_large(size: int, limit: int = REQUEST_BYTES, kind: str = "RequestResponse") -> Fault:
    """Return the fault of an event of `size` bytes over `limit`. The Invoke API responds with status 413."""
    text = f"{size} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"
    return Fault("RequestEntityTooLargeException", text)


def from_payload(body: bytes) -> Fault:
    """Return the fault in an error document that the runtime's client posted."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return Fault("Runtime.Unknown", body[:500].decode("utf-8", "replace"))
    return Fault(
        str(document.get("errorType") or "Unknown"),
        str(document.get("errorMessage") or ""),
        _place(document.get("stackTrace")),
    )


def _place(stack: Any) -> str:
    """Return the place of the innermost frame of the function's own code in a stack trace.

    Frames of this library, of Python and of the runtime are skipped, because the fault is in the code that
    called them.
    """
    frames = _FRAME.findall("\n".join(map(str, stack))) if isinstance(stack, list) else []
    own = [(file, line) for file, line in frames if not _NOT_OWN.search(file)]
    return f"{own[-1][0].rpartition('/')[2]}:{own[-1][1]}" if own else ""


def _signal_name(number: int) -> str:
    """Return a signal's name as Lambda's logs spell it, such as `killed` or `segmentation fault`."""
    try:
        return (signal.strsignal(number) or str(number)).lower()
    except ValueError:
        return str(number)
