"""How much longer work takes on longer input, in processor time, so that a busy machine changes nothing."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

Input = TypeVar("Input")

_TIMES_LONGER = 4
_TOO_SHORT_TO_COMPARE_S = 0.02


def assert_linear(work: Callable[[Input], object], make: Callable[[int], Input], size: int) -> None:
    """Fail where four times the input takes much more than four times as long; quadratic work takes sixteen.

    Args:
        work: What is measured.
        make: Makes an input of a size.
        size: The larger size. Quadratic work has to be noticeable there, and linear work quick.
    """
    long = make(size)
    ratios = []
    for _ in range(3):
        after = seconds(work, long)
        if after < 2 * _TOO_SHORT_TO_COMPARE_S:  # whatever a quarter of the input takes
            return
        before = seconds(work, make(size // _TIMES_LONGER))
        ratios.append(after / max(before, _TOO_SHORT_TO_COMPARE_S / _TIMES_LONGER))
        if ratios[-1] < 2 * _TIMES_LONGER:
            return
    raise AssertionError(f"{_TIMES_LONGER} times the input takes {min(ratios):.1f} times as long")


def seconds(work: Callable[[Input], object], given: Input) -> float:
    """The processor time that work on one input takes."""
    gc.disable()  # a collection in the middle would count all that the test process holds
    try:
        began = time.process_time()
        work(given)
        return time.process_time() - began
    finally:
        gc.enable()
