"""Responds to the events of a Lambda function.

A failed sample gets the lowest reward in the range. If too many recent samples failed, the whole call fails,
so that the service sees a broken grader and not a series of low rewards.
"""

from __future__ import annotations

import os
from time import perf_counter

from ..errors import ErrorBudgetExceeded, SampleError
from ..reward import Failure
from ..wire import PROFILES, read_event, write_answer
from . import telemetry
from .log_content import may_log_content, short_id, writable
from .scoring import score
from .timing import deadline_of, milliseconds_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..reward import Outcome
    from .declaration import Declared, Options

WINDOW, FEWEST = 64, 20
"""The error budget covers the process's last 64 samples and applies after the first 20."""

FAULTS = ("exception", "timeout", "value")
"""Kinds of failure that are the grader's fault."""


def handle(declared: Declared, budget: Budget, event: object, context: object) -> Any:
    """Handle one Lambda invocation.

    Args:
        declared: The grader.
        budget: The grader's error budget.
        event: The event from the service.
        context: The Lambda context, or None.

    Raises:
        EventError: The event has an unknown shape.
        ConfigurationError: No sample can be graded.
        SampleError: A sample failed and the grader was declared with `on_error="raise"`.
        ErrorBudgetExceeded: More of the last samples failed than `max_error_rate` allows.
    """
    started = perf_counter()
    options = declared.options
    if "GRADER_CAPTURE" in os.environ:
        from .event_shape import capture

        capture(event, context)
    items = read_event(event)
    outcomes, _ = score(declared, items, deadline_of(context))
    answer, replaced = write_answer(items, outcomes, options.range[0], PROFILES[options.wire])
    took = (perf_counter() - started) * 1000
    telemetry.report(items, outcomes, took, replaced, milliseconds_left(context))
    check_failures(options, budget, items, outcomes)
    return answer


def check_failures(
    options: Options, budget: Budget, items: Sequence[Any], outcomes: Sequence[Outcome]
) -> None:
    """Fail the call if its failures exceed what the grader's options allow.

    Raises:
        SampleError: A sample failed and the grader was declared with `on_error="raise"`.
        ErrorBudgetExceeded: More of the last samples failed than `max_error_rate` allows.
    """
    if options.on_error == "raise":
        _raise_first(items, outcomes)
    budget.spend(outcomes)


def _raise_first(items: Sequence[Any], outcomes: Sequence[Outcome]) -> None:
    """Raise the first failed sample's error. Abstentions do not count as failures."""
    for item, outcome in zip(items, outcomes, strict=True):
        if type(outcome) is Failure and outcome.kind != "abstain":
            what = writable(outcome.message) if may_log_content() else outcome.origin
            raise SampleError(outcome.kind, f"sample {short_id(item)!r}: {what}", outcome.origin)


class Budget:
    """Counts the failures among a process's most recent samples and fails the call if there are too many.

    Exceptions, timeouts and bad values count. Abstentions and bad records do not, because they are not the
    grader's fault.

    Args:
        most: Largest fraction of failures allowed, 0 to 1.
    """

    __slots__ = ("_last", "most")

    def __init__(self, most: float) -> None:
        self.most = most
        self._last: list[str] = []

    def spend(self, outcomes: Sequence[Outcome]) -> None:
        """Count the failures in a batch.

        Raises:
            ErrorBudgetExceeded: More of the last samples failed than allowed. The message names the types and
                locations of the errors, but no content.
        """
        last = outcomes[-WINDOW:]
        if Failure in map(type, last):
            self._last += [
                outcome.origin if isinstance(outcome, Failure) and outcome.kind in FAULTS else ""
                for outcome in last
            ]
        else:
            self._last += [""] * len(last)
        del self._last[:-WINDOW]
        seen = len(self._last)
        failed = [origin for origin in self._last if origin]
        if seen >= FEWEST and len(failed) > self.most * seen:
            counts = sorted(((failed.count(origin), origin) for origin in set(failed)), reverse=True)
            named = ", ".join(f"{count} x {origin}" for count, origin in counts[:3])
            raise ErrorBudgetExceeded(
                f"{len(failed)} of the last {seen} samples failed, "
                f"more than max_error_rate={self.most:g} allows: {named}"
            )
