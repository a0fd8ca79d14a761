"""Grades made-up samples with an imported grader on this machine, within a time limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from graders.wire import PROFILES, write_events
from harness.clock import Clock, SystemClock
from harness.errors import InputError
from harness.targets.own_process import OwnProcessTarget

__all__ = ["OUT_OF_TIME", "GradedHere", "GradingHere", "grading_here"]

_LONGEST = 30.0
OUT_OF_TIME = f"not every made-up completion was tried, because trying stops after {_LONGEST:g} seconds"


class GradedHere(NamedTuple):
    """The result of grading one rollout."""

    reward: float | None
    problem: str | None
    """Reason for a missing reward."""


class GradingHere:
    """A grader in a separate process, with one time limit for all samples together.

    Args:
        target: The grader.
        clock: The clock for the time limit.
        ends: When the time limit ends, in the clock's monotonic time.
    """

    def __init__(self, target: OwnProcessTarget, clock: Clock, ends: float) -> None:
        self._target, self._clock, self._ends = target, clock, ends

    def goes_on(self) -> bool:
        """Return True if time is left."""
        return self._clock.monotonic() < self._ends

    def grade(self, rollout: Mapping[str, Any]) -> GradedHere:
        """Grade one rollout."""
        [event] = write_events([{**rollout}], PROFILES["open-weight"])
        answer = self._target.grade(event)
        if answer.fault is not None:
            return GradedHere(None, answer.fault.message)
        [graded] = answer.items
        return GradedHere(graded.reward, None if graded.error is None else graded.error["message"])


@contextmanager
def grading_here(
    write: Callable[[Path], Path], clock: Clock | None = None, function: str = "reward"
) -> Iterator[GradingHere]:
    """Start a grader in a separate process that is ended when the `with` block exits.

    Args:
        write: Writes the grader into a folder and returns its file.
        clock: The clock for the time limit.
        function: The grader's name in that file.

    Raises:
        InputError: The grader cannot be imported.
    """
    clock = clock or SystemClock()
    ends = clock.monotonic() + _LONGEST
    with TemporaryDirectory() as folder:
        try:
            target = OwnProcessTarget(f"{write(Path(folder))}:{function}")
        except InputError as error:  # the user knows the file's name but not this folder
            raise InputError(error.message.replace(f"{folder}/", "")) from error
        with closing(target):
            yield GradingHere(target, clock, ends)
