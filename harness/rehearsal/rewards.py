"""The rewards of a rehearsal: each completion is graded once, and kept, so that a killed rehearsal resumes.

A job in the cloud grades a completion as often as it is drawn. Here the first reward stands for all draws,
which gives the same curves for a grader that is deterministic, and pays a slow or paid one once.
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
"""Completions in one call of the grader and between two writes: what a kill can cost a slow grader."""


class KeptRewards:
    """Grades completions that were not graded before; a context manager.

    Args:
        path: The file of the rewards; made when missing.
        identity: The rehearsal that they belong to.
        calls: The grader.

    Raises:
        InputError: The file holds something else, or the rewards of another rehearsal.
    """

    def __init__(self, path: Path, identity: RehearsalInputs, calls: GraderCalls) -> None:
        self._calls = calls
        self._known: dict[str, SampleReward] = {}
        self.questions = 0
        """Questions that judges answered for what was graded here."""
        self._file = AppendOnly(path)
        try:
            self._recover(identity)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> KeptRewards:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()

    @property
    def resumed(self) -> int:
        """Rewards that an earlier call left."""
        return self._resumed

    @property
    def components(self) -> Mapping[str, Mapping[str, float]]:
        """The numbers that the grader reported beside each reward, by completion."""
        return {key: one.components for key, one in self._known.items() if one.reward is not None}

    def known(self, key: str) -> float | None:
        """The reward of a completion; None where it was not graded, or has none.

        Args:
            key: The completion's key.
        """
        found = self._known.get(key)
        return None if found is None else found.reward

    def grade(self, turns: Sequence[Turn]) -> list[SampleReward]:
        """Grade completions, as many answers as completions and in their order.

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
            # What failed is tried again by the next call: its cause may be gone.
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
                    "this is not a rehearsal's file of rewards", place=str(self._file.path), fix="Remove it."
                ) from None
        self._resumed = len(self._known)


def _kept(one: SampleReward) -> Any:
    """A reward as a number, with its components, if any, in a list."""
    return [one.reward, one.components] if one.components else one.reward


def _read(kept: Any) -> SampleReward:
    if isinstance(kept, list):
        reward, components = typed(tuple[float, dict[str, float]], kept)
        return SampleReward(reward, None, components)
    return SampleReward(typed(float, kept), None)
