"""Converts a list of named scores from an evaluation to a rollout's metrics and reward."""

from __future__ import annotations

from typing import Any

from harness.data.formats.importer import REWARD
from harness.data.formats.row_parts import RowParts

__all__ = ["named_scores"]


def named_scores(parts: RowParts, name: str, value: str, *path: str | int) -> dict[str, Any]:
    """Convert a list of scores to `metrics`. If there is only one number, it also becomes the `reward`.

    Args:
        parts: The row.
        name: Key of the name in each score.
        value: Key of the value in each score.
        *path: Path of the list.

    Returns:
        Fields for a line. If the list is malformed or two scores have the same name, the result is empty and
        the list counts as lost.
    """
    found = parts.peek(*path)
    if not isinstance(found, list) or not found or not all(isinstance(score, dict) for score in found):
        return {}
    names = [score.get(name) for score in found]
    if not all(isinstance(one, str) for one in names) or len(set(names)) < len(names):
        return {}
    metrics: dict[str, Any] = {}
    for number, one in enumerate(names):
        parts.take(*path, number, name)
        metrics[one] = parts.take(*path, number, value)
    only = next(iter(metrics.values()))
    reward = only if len(metrics) == 1 and isinstance(only, int | float) else None
    return {REWARD: reward, "metrics": metrics}
