"""Writes numbers exactly for a project and its report, because a rounded bound is a different bound."""

from __future__ import annotations

__all__ = ["written_number", "written_range"]


def written_number(value: float) -> str:
    """Write a finite number so that Python reads the same number again; a whole one without `.0`."""
    return repr(float(value)).removesuffix(".0")


def written_range(bounds: tuple[float, float]) -> str:
    """Write a range as in a sentence: `0 to 1`."""
    return " to ".join(map(written_number, bounds))
