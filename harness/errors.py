"""What the harness raises when it cannot go on: three classes, each owning the exit code of the command line.

    HarnessError          1   a finding, a difference or a failed job ends the command
    +-- InputError        2   usage, input that cannot be read, something that could not be measured
    +-- ServiceError      3   a service could not be reached; the same command resumes

An error says what happened, where, and how to fix it. Only `harness.cli.main` prints one: no traceback.
"""

from __future__ import annotations

from typing import ClassVar

from harness.printable import printable

__all__ = ["HarnessError", "InputError", "ServiceError"]


class HarnessError(Exception):
    """A failure that the user is told about in one message.

    Args:
        message: What happened, without the place and without the fix.
        fix: What the user can do about it, as a sentence.
        place: Where it happened: `file`, `file:line`, a sample id, an ARN.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, fix: str | None = None, place: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.place = place

    def __str__(self) -> str:
        """`place: message. fix` on one line, leaving out what is unknown; nothing in it steers a terminal."""
        text = f"{self.place}: {self.message}" if self.place else self.message
        if self.fix:
            text += f"{'' if text.endswith(('.', '!', '?')) else '.'} {self.fix}"
        return printable(text)

    def __reduce__(self) -> tuple[object, ...]:
        """Keep `fix` and `place` when the error crosses from a worker process."""
        return (_rebuild, (type(self), self.message, self.fix, self.place))


class InputError(HarnessError):
    """The command was given something it cannot read or use, or could not measure what was asked."""

    exit_code: ClassVar[int] = 2


class ServiceError(HarnessError):
    """A service (AWS, a local endpoint) could not be reached or kept refusing; the same command resumes."""

    exit_code: ClassVar[int] = 3


def _rebuild(cls: type[HarnessError], message: str, fix: str | None, place: str | None) -> HarnessError:
    return cls(message, fix=fix, place=place)
