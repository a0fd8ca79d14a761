"""Waits for other threads and processes. No other test code reads the clock or sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Reached = TypeVar("Reached")


def until(reached: Callable[[], Reached], seconds: float = 60.0) -> Reached:
    """Wait until a function returns a true value, and return that value.

    Args:
        reached: Called repeatedly. It may raise an exception to stop waiting.
        seconds: Time after which the test fails. It is generous, because a passing test never waits that
            long.
    """
    end = time.monotonic() + seconds
    while not (answer := reached()):
        assert time.monotonic() < end, f"it did not happen within {seconds:g} s"
        time.sleep(0.005)
    return answer


@contextmanager
def at_least(seconds: float) -> Iterator[None]:
    """Fail if the block takes less time. Unlike an upper limit, this cannot fail on a busy machine."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began >= seconds
