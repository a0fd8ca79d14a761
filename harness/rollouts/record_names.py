"""Names the records of a training file, so that each rollout can refer to its record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["RecordNames"]


class RecordNames:
    """The names given so far to the records of one training file.

    A record's name is its `task_id`, or else its `id`, or else its line number. If an earlier record has the
    same name, as in files joined from several data sets, the line number is added, because rollouts of two
    records would otherwise count as one group.
    """

    def __init__(self) -> None:
        self._given: set[str] = set()

    def name(self, fields: Mapping[str, Any], line: int) -> str:
        """Return a name that no earlier record has.

        Args:
            fields: The record.
            line: Line number from 1, counted over all files.
        """
        name = str(fields.get("task_id") or fields.get("id") or f"line-{line}")
        while name in self._given:
            name = f"{name}@{line}"
        self._given.add(name)
        return name
