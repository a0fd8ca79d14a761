"""Grades each completion of a rehearsal once, and saves the rewards, so a killed rehearsal can resume.

A real job grades a completion every time it is drawn. A rehearsal uses the first reward for all draws. With a
deterministic grader the curves are the same, and a slow or paid grader runs only once per completion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from harness.data.typed_json import as_json, typed
from harness.disk import AppendOnly
from harness.errors import InputError
from harness.rehearsal.rehearsal_file import RehearsalInputs, check_identity
from harness.runs.rows import judge_questions
from harness.simulator.grader_calls import GraderCalls, SampleReward, Turn

__all__ = ["BATCH", "KeptRewards"]

BATCH: Final = 16
"""Number of completions per grader call. A kill loses at most the rewards of one call."""


class KeptRewards:
    """Grades each completion once. Use as a context manager.

    Args:
        path: The rewards file, which is created if missing.
        identity: The rehearsal that the rewards belong to.
        calls: The grader to call.

    Raises:
        InputError: The file is not a rewards file, or belongs to another rehearsal.
    """

    def __init__(self, path: Path, identity: RehearsalInputs, calls: GraderCalls) -> None:
        self._calls = calls
        self._known: dict[str, SampleReward] = {}
        self.questions = 0
        """Number of questions that judges answered during this grading."""
        self._file = AppendOnly(path)
        try:
            self._recover(identity)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> KeptRewards:
        """Return this object."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()

    @property
    def resumed(self) -> int:
        """Number of rewards loaded from the file."""
        return self._resumed

    @property
    def components(self) -> Mapping[str, Mapping[str, float]]:
        """The components that the grader reported for each reward, by completion."""
        return {key: one.components for key, one in self._known.items() if one.reward is not None}

    def known(self, key: str) -> float | None:
        """Return a completion's reward, or None if it was not graded or has no reward.

        Args:
            key: The completion's key.
        """
        found = self._known.get(key)
        return None if found is None else found.reward

    def grade(self, turns: Sequence[Turn]) -> list[SampleReward]:
        """Grade completions, and return one result per completion, in order.

        Raises:
            JobFailure: The grader could not be called.
            InputError: The disk is full.
        """
        missing = list({turn.candidate.key: turn for turn in turns if turn.candidate.key not in self._known})
        wanted = {turn.candidate.key: turn for turn in turns}
        for start in range(0, len(missing), BATCH):
            keys = missing[start : start + BATCH]
            graded = self._calls.grade([wanted[key] for key in keys])
            new = dict(zip(keys, graded, strict=True))
            self._known.update(new)
            self.questions += sum(judge_questions(one.components) for one in graded)
            # Failures are not saved, so the next call tries them again.
            self._file.append([{key: _kept(one) for key, one in new.items() if one.reward is not None}])
        return [self._known[turn.candidate.key] for turn in turns]

    def _recover(self, identity: RehearsalInputs) -> None:
        values = (value for _, value in self._file.values())
        first = next(values, None)
        if first is None:
            self._file.append([{"rehearsal": as_json(identity)}])
        else:
            check_identity(first.get("rehearsal"), identity, self._file.path.parent)
        for value in values:
            try:
                self._known.update((key, _read(kept)) for key, kept in value.items())
            except ValueError:
                raise InputError(
                    "this is not a rehearsal's rewards file", place=str(self._file.path), fix="Remove it."
                ) from None
        self._resumed = len(self._known)


def _kept(one: SampleReward) -> Any:
    """Return a reward as a number, or as a list of the number and its components."""
    return [one.reward, one.components] if one.components else one.reward


def _read(kept: Any) -> SampleReward:
    if isinstance(kept, list):
        reward, components = typed(tuple[float, dict[str, float]], kept)
        return SampleReward(reward, None, components)
    return SampleReward(typed(float, kept), None)
