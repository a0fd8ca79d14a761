"""What ends a training job as failed: the job's `error` {code, message, param}.

Which codes and words Bedrock uses is *unverified*.
"""

from __future__ import annotations

from harness.api.types import JobError

__all__ = ["JobFailure"]


class JobFailure(Exception):
    """What ends a job as failed.

    Args:
        code: Machine-readable reason.
        message: What happened and how to fix it.
        param: The field of the job's request at fault.
    """

    def __init__(self, code: str, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param

    def body(self) -> JobError:
        """The job's `error`."""
        return {"code": self.code, "message": self.message, "param": self.param}
