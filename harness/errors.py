"""Defines the harness's exceptions: three classes, each with an exit code for the command line.

    HarnessError          1   a finding, a difference or a failed job ends the command
    +-- InputError        2   usage, input that cannot be read, something that could not be measured
    +-- ServiceError      3   a service could not be reached; the same command resumes

An error tells what happened, where, and how to fix it. Only `harness.cli` prints errors, and without a
traceback.
"""

from __future__ import annotations

from typing import ClassVar

from harness.printable import printable

__all__ = ["HarnessError", "InputError", "ServiceError"]


class HarnessError(Exception):
    """Raised for a failure that is reported to the user in one message.

    Args:
        message: The problem, without the place and the fix.
        fix: A sentence that tells the user how to fix it.
        place: Where the problem is: `file`, `file:line`, a sample ID or an ARN.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, fix: str | None = None, place: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.place = place

    def __str__(self) -> str:
        """`place: message. fix` on one line, without unknown parts and with control characters escaped."""
        text = f"{self.place}: {self.message}" if self.place else self.message
        if self.fix:
            text += f"{'' if text.endswith(('.', '!', '?')) else '.'} {self.fix}"
        return printable(text)

    def __reduce__(self) -> tuple[object, ...]:
        """Keep `fix` and `place` when the error is pickled, as a worker process does to send it."""
        return (_rebuild, (type(self), self.message, self.fix, self.place))


class InputError(HarnessError):
    """Raised if a command cannot read or use its input, or could not measure something."""

    exit_code: ClassVar[int] = 2


class ServiceError(HarnessError):
    """Raised if a service, such as AWS, cannot be reached or keeps refusing. The same command resumes."""

    exit_code: ClassVar[int] = 3


def _rebuild(cls: type[HarnessError], message: str, fix: str | None, place: str | None) -> HarnessError:
    return cls(message, fix=fix, place=place)
