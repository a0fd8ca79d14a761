"""Waits for what another thread or process does: the only place where tests read the clock and sleep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Reached = TypeVar("Reached")


def until(reached: Callable[[], Reached], seconds: float = 60.0) -> Reached:
    """Return the first true answer.

    Args:
        reached: Asked again and again. It may raise where waiting makes no sense any more.
        seconds: After that long the test fails; generous, since a good test never waits for it.
    """
    end = time.monotonic() + seconds
    while not (answer := reached()):
        assert time.monotonic() < end, f"it did not happen within {seconds:g} s"
        time.sleep(0.005)
    return answer


@contextmanager
def at_least(seconds: float) -> Iterator[None]:
    """Fail where the block takes less: the one bound that a busy machine cannot break."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began >= seconds
