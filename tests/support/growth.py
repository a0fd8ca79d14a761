"""Checks that processor time grows linearly. Unlike wall time, it does not depend on the machine's load."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

Input = TypeVar("Input")

_TIMES_LONGER = 4
_TOO_SHORT_TO_COMPARE_S = 0.02


def assert_linear(work: Callable[[Input], object], make: Callable[[int], Input], size: int) -> None:
    """Fail if four times the input takes much more than four times as long.

    Args:
        work: The work to measure.
        make: Makes an input of a given size.
        size: The larger of the two sizes, large enough that quadratic work would be noticeable.
    """
    long = make(size)
    ratios = []
    for _ in range(3):
        after = seconds(work, long)
        if after < 2 * _TOO_SHORT_TO_COMPARE_S:
            return
        before = seconds(work, make(size // _TIMES_LONGER))
        ratios.append(after / max(before, _TOO_SHORT_TO_COMPARE_S / _TIMES_LONGER))
        if ratios[-1] < 2 * _TIMES_LONGER:
            return
    raise AssertionError(f"{_TIMES_LONGER} times the input takes {min(ratios):.1f} times as long")


def seconds(work: Callable[[Input], object], given: Input) -> float:
    """Return the processor time of work on one input."""
    gc.disable()  # a garbage collection would add time for objects of other tests
    try:
        began = time.process_time()
        work(given)
        return time.process_time() - began
    finally:
        gc.enable()
