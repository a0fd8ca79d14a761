"""The goal of a rehearsal: the rollout field that holds each completion's correctness.

A grader never sees the goal. The rehearsal uses the goal to determine if right answers or something else are
rewarded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from harness.data.record_fields import ALWAYS_SHOWN
from harness.errors import InputError
from harness.runs.labels import PLAIN
from harness.simulator.pool import Group

__all__ = ["FOUND", "Goal", "GoalValues"]

FOUND: Final = "is_right"
"""Default name of the goal field."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Correctness of the recorded completions."""

    field: str
    rightness: Mapping[str, float]
    """Correctness of each completion, from 0 (wrong) to 1 (right), if its rollout has the field."""
    span: tuple[float, float] | None
    """The lowest and highest values, which are scaled to 0 and 1, or None if no scaling is needed."""
    unknown: int
    """Number of completions whose rollout lacks the goal field."""

    @property
    def remarks(self) -> list[str]:
        """Notes for the user about how the field is interpreted."""
        found = []
        if self.span is not None:
            low, high = self.span
            found.append(f"{self.field}: {low:g}, the lowest, counts as wrong and {high:g} as right")
        if self.unknown:
            found.append(f"{self.unknown:,} completions have no {self.field} and are not counted")
        return found


class GoalValues:
    """Collects the values of the goal field while the rollouts are read.

    Args:
        asked: The field named by the user. None selects `is_right`, or the label if there is only one.
        labels: The fields declared as labels by the user.
        kept: Fields that are visible to the grader at the user's request. They are never chosen
            automatically.

    Raises:
        InputError: Every grader can see the named field.
    """

    def __init__(self, asked: str | None, labels: Sequence[str] = (), kept: Sequence[str] = ()) -> None:
        if asked in ALWAYS_SHOWN:
            raise InputError(
                f"{asked} cannot be the goal: the grader needs it",
                place="--goal",
                fix="Name a field that says whether a completion is right.",
            )
        self._asked = asked
        found = dict.fromkeys((FOUND, *labels[: len(labels) == 1]))
        self._names = (asked,) if asked else tuple(name for name in found if name not in kept)
        self._values: dict[str, dict[str, list[float | None]]] = {name: {} for name in self._names}
        self._unread: dict[str, str] = {}

    def add(self, key: str, rollout: Mapping[str, Any], place: str) -> None:
        """Add a rollout, in file order.

        Args:
            key: The key of the rollout's record.
            rollout: The rollout.
            place: The rollout's position in the file, for messages.

        Raises:
            InputError: The named field is neither a boolean nor a number.
        """
        for name in self._names:
            value = rollout.get(name)
            said = PLAIN.says(value)
            if said is None and value is not None and name not in self._unread:
                if name == self._asked:
                    raise InputError(
                        f"the goal {name} is neither a boolean nor a finite number here",
                        place=place,
                        fix="Write true or false, or a number: the higher, the better.",
                    )
                self._unread[name] = place
            self._values[name].setdefault(key, []).append(None if said is None else float(said))

    def goal(self, groups: Iterable[Group], source: object) -> tuple[Goal | None, list[str]]:
        """Return the goal with notes on rejected fields.

        Args:
            groups: The groups of the rollouts, in the same order.
            source: The file, for messages.

        Raises:
            InputError: None of the rollouts has the named field.
        """
        remarks = [
            f"{name} is not the goal, because its value at {place} is neither a boolean nor a number"
            for name, place in self._unread.items()
        ]
        for name, values in self._values.items():
            known = any(value is not None for some in values.values() for value in some)
            if known and name not in self._unread:
                found = _read(name, values, groups)
                return found, [*remarks, *found.remarks]
        if self._asked:
            raise InputError(
                f"no rollout has the field {self._asked}",
                place=str(source),
                fix="Name a field that says whether a completion is right with --goal.",
            )
        return None, remarks


def _read(name: str, values: Mapping[str, Sequence[float | None]], groups: Iterable[Group]) -> Goal:
    known = [value for some in values.values() for value in some if value is not None]
    low, high = min(known), max(known)
    scaled = low < 0.0 or high > 1.0
    if not scaled:
        low, high = 0.0, 1.0
    rightness: dict[str, float] = {}
    unknown = 0
    for group in groups:
        for candidate, value in zip(group.candidates, values[group.key], strict=True):
            if value is None:
                unknown += 1
            elif low < high:
                # The values are halved because the difference of two floats may overflow.
                rightness[candidate.key] = (value / 2 - low / 2) / (high / 2 - low / 2)
            else:
                rightness[candidate.key] = 1.0
    return Goal(name, rightness, (low, high) if scaled else None, unknown)
