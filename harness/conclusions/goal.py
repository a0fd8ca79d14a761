"""The goal of a rehearsal: the rollouts' field that says how right each completion is.

A grader never sees the goal. The rehearsal uses it to tell a reward that right answers earn from one that
something else earns.
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
"""The field that is the goal where the user names none."""


@dataclass(frozen=True, slots=True)
class Goal:
    """How right the recorded completions are."""

    field: str
    rightness: Mapping[str, float]
    """By completion, from 0 (wrong) to 1 (right); without those whose rollout does not say."""
    span: tuple[float, float] | None
    """The lowest and the highest number, read as 0 and 1; None where the values are that already."""
    unknown: int
    """Completions whose rollout does not say."""

    @property
    def remarks(self) -> list[str]:
        """What the user should know of how the field was read."""
        found = []
        if self.span is not None:
            low, high = self.span
            found.append(f"{self.field}: {low:g}, the lowest, counts as wrong and {high:g} as right")
        if self.unknown:
            found.append(f"{self.unknown:,} completions have no {self.field}: these are not counted")
        return found


class GoalValues:
    """Gathers the goal's values while the rollouts are read.

    Args:
        asked: The field that the user names; None finds one: `is_right`, else a single label.
        labels: The fields that the user calls labels.
        kept: The fields that the user shows to the grader, which are never found.

    Raises:
        InputError: The field is one that every grader sees.
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
        """Note a rollout, in the order of the file.

        Args:
            key: Its record's key.
            rollout: The rollout.
            place: Its line, for messages.

        Raises:
            InputError: The field that the user names holds neither a boolean nor a number.
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
        """The goal, with remarks on what was not taken for it.

        Args:
            groups: The groups that the rollouts were put in, in the same order.
            source: The file, for messages.

        Raises:
            InputError: No rollout has the field that the user names.
        """
        remarks = [
            f"{name} is not the goal, since {place} holds neither a boolean nor a number in it"
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
                # Halves, since the difference of two floats may be beyond all floats.
                rightness[candidate.key] = (value / 2 - low / 2) / (high / 2 - low / 2)
            else:
                rightness[candidate.key] = 1.0
    return Goal(name, rightness, (low, high) if scaled else None, unknown)
