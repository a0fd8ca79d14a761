"""Detects graded rewards, which increase with closeness or similarity to the right answer."""

from __future__ import annotations

from harness.audit.case import Case

__all__ = ["degrees", "shaped"]

_EDGE = 0.05
_LEVELS = 4


def degrees(shares: list[float]) -> int:
    """Count the distinct rewards between no reward and the right answer's reward.

    Args:
        shares: Rewards as shares of the right answer's reward.
    """
    return len({round(share, 2) for share in shares if _EDGE < share < 1 - _EDGE})


def shaped(case: Case) -> bool:
    """Return True if honest wrong answers earn several different rewards."""
    known = case.known
    return degrees([known.share(reward, at) for at, reward in known.wrong.items()]) >= _LEVELS
