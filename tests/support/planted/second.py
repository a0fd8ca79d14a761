"""Rows of the second half, written from the catalogue alone by people who had not seen the audit engine.

Their results were measured before the engine's authors saw these rows.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from support.planted.rows import FOLDER, Good, Planted

__all__ = ["SECOND_GOOD", "SECOND_PLANTED", "tasks"]


@cache
def tasks() -> ModuleType:
    """Load the module with the tasks of this half, by path so that type checkers skip it."""
    spec = importlib.util.spec_from_file_location("planted_second_tasks", FOLDER / "second/tasks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class SecondPlanted(Planted):
    """A grader with a planted fault, and its task."""

    task: str = ""

    def records(self, n: int = 300, seed: int = 0) -> list[dict[str, Any]]:
        """Records of the grader's task."""
        found: list[dict[str, Any]] = tasks().records_of(self.task, n)
        return found


@dataclass(frozen=True)
class SecondGood(Good):
    """A grader without a fault, and its task."""

    task: str = ""
    allowed: tuple[str, ...] = ()
    """Ids of findings that are debatable."""

    def records(self, n: int = 300, seed: int = 0) -> list[dict[str, Any]]:
        """Records of the grader's task."""
        found: list[dict[str, Any]] = tasks().records_of(self.task, n)
        return found


def _rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / "second/rows.jsonl").read_text().splitlines()]


SECOND_PLANTED: tuple[SecondPlanted, ...] = tuple(
    SecondPlanted(**{**row, "finds": tuple(row["finds"])}) for row in _rows() if "finds" in row
)
SECOND_GOOD: tuple[SecondGood, ...] = tuple(
    SecondGood(**{**row, "allowed": tuple(row.get("allowed", ()))}) for row in _rows() if "finds" not in row
)
