"""Estimates how long a grader would take on an otherwise idle machine.

On a busy machine, wall time says little about the grader; processor time says more.
"""

from __future__ import annotations

import os

from harness.targets.own_process import OwnProcessTarget
from harness.targets.protocol import Target

__all__ = ["busy_ms", "busyness", "unhurried_ms"]

_COMPUTES = 0.2
_BESIDE = 1.25
_BUSIEST = 4.0


def busy_ms(target: Target) -> float | None:
    """Return the processor time used so far by the grader's process and its finished child processes.

    Args:
        target: The grader.

    Returns:
        Milliseconds of processor time, or None if the grader does not run in its own process.
    """
    import psutil

    pid = target.pid if isinstance(target, OwnProcessTarget) else None
    if pid is None:
        return None
    try:
        spent = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    parts = ("user", "system", "children_user", "children_system")
    return 1000.0 * sum(getattr(spent, part, 0.0) for part in parts)


def unhurried_ms(ms: float, before: float | None, after: float | None) -> float:
    """Estimate an upper bound for the grader's time on an idle machine.

    If the process used the processor for part of the time, it probably spent most of the remaining time
    waiting for the processor. If it hardly used the processor, it slept or waited for something else.

    Args:
        ms: The measured time in milliseconds.
        before: The result of `busy_ms` before the measurement.
        after: The result of `busy_ms` after the measurement.
    """
    if before is None or after is None or after - before < _COMPUTES * ms:
        return ms
    return min(ms, _BESIDE * (after - before))


def busyness() -> float:
    """Return how many times slower this machine is than if it were idle (1 to 4), estimated from the load."""
    try:
        load = os.getloadavg()[0]
    except OSError:
        return 1.0
    return max(1.0, min(_BUSIEST, load / (os.cpu_count() or 1)))
