"""How long a grader would take on a machine that does nothing else.

A slow call on a busy machine says nothing of the grader: what its process computed does, and what it slept.
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
    """How long a grader's process has computed so far, and the processes that it started and that ended.

    Args:
        target: The grader.

    Returns:
        Milliseconds of processor time; None where the grader does not run in a process of its own.
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
    """How long something would have taken on an idle machine, at most.

    What computes for a part of the time is taken to wait for the processor in most of the rest; what hardly
    computes sleeps, or waits for somebody else.

    Args:
        ms: How long it took, milliseconds.
        before: What `busy_ms` said before it.
        after: What it says now.
    """
    if before is None or after is None or after - before < _COMPUTES * ms:
        return ms
    return min(ms, _BESIDE * (after - before))


def busyness() -> float:
    """How much longer work takes on this machine than on an idle one, from 1 to 4, by its load."""
    try:
        load = os.getloadavg()[0]
    except OSError:
        return 1.0
    return max(1.0, min(_BUSIEST, load / (os.cpu_count() or 1)))
