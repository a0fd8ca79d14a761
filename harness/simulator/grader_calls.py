"""Samples go out to a grader in events of Bedrock's shape, rewards come back in the samples' order.

A sample is a training record with one recorded completion after its messages; its fields come from the record
alone. A call that fails is tried again three times, as AWS describes for Nova (*unverified* for open-weight
models); one that still fails ends the job. A sample that the grader answers without a reward is the caller's
to count.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from graders.wire import PROFILES, write_events
from harness.clock import Backoff, Clock
from harness.simulator.failure import JobFailure
from harness.simulator.pool import Candidate

if TYPE_CHECKING:
    from harness.targets.protocol import Target

__all__ = ["RETRIES", "SampleReward", "GraderCalls", "sample"]

RETRIES: Final = 3
"""How often a failed call is tried again before the job fails."""

_FIRST_DELAY_S: Final = 0.1


class SampleReward(NamedTuple):
    """What came of one sample."""

    reward: float | None
    error: str | None
    """Kind of the failure where there is no reward."""


class GraderCalls:
    """A grader, called as a training job would call it.

    Args:
        target: Where the samples go; closed by its owner.
        wire: Name of the event's dialect.
        batch: Most samples in one call.
        clock: Waits between tries.
        warn: Told of every call that is tried again.
    """

    def __init__(
        self,
        target: Target,
        wire: str,
        batch: int,
        clock: Clock,
        warn: Callable[[str], None],
    ) -> None:
        self._target = target
        self._profile = PROFILES[wire]
        self._batch = 1 if self._profile.container == "single" else batch
        self._clock = clock
        self._warn = warn

    def grade(self, samples: Sequence[dict[str, Any]]) -> list[SampleReward]:
        """Grade samples, as many answers as samples and in their order.

        Raises:
            JobFailure: The grader could not be called, or answered in a way that no job could use.
        """
        graded: list[SampleReward] = []
        for start in range(0, len(samples), self._batch):
            graded.extend(self._grade_part(samples[start : start + self._batch]))
        return graded

    def _grade_part(self, samples: Sequence[dict[str, Any]]) -> list[SampleReward]:
        """Grade what one call may hold, in halves where its JSON is larger than the target takes."""
        (event,) = write_events(samples, self._profile)
        most = self._target.max_bytes
        if most is not None and len(samples) > 1 and len(json.dumps(event)) > most:
            half = len(samples) // 2
            return self._grade_part(samples[:half]) + self._grade_part(samples[half:])
        return list(self._call(event, len(samples)))

    def _call(self, event: Any, count: int) -> Iterator[SampleReward]:
        backoff = Backoff(self._clock, first_s=_FIRST_DELAY_S, tries=RETRIES + 1)
        tries = 0
        while True:
            tries += 1
            answer = self._target.grade(event)
            if answer.fault is not None:
                problem = f"{answer.fault.error_type}: {answer.fault.message}"
                if not getattr(answer.fault, "retryable", True):
                    break
            elif len(answer.items) != count:
                problem = f"{count} samples were sent and {len(answer.items)} answers came back"
            else:
                return (_graded(item.reward, item.error) for item in answer.items)
            if tries <= RETRIES:
                self._warn(f"Grader call failed ({problem}); try {tries + 1} of {RETRIES + 1}")
            if not backoff.wait():
                break
        raise JobFailure(
            "grader_call_failed",
            f"The grader ({self._target.name}) failed {tries} times in a row. {problem}",
            param="method.reinforcement.grader",
        )


def sample(record: Mapping[str, Any], candidate: Candidate, name: str) -> dict[str, Any]:
    """One element of an event, before it takes a dialect: the record with the completion as last turn.

    Args:
        record: A line of the training file.
        candidate: The recorded completion.
        name: The sample's id; a job gives every sample one of its own, in place of the record's.
    """
    return {**record, "id": name, "messages": [*record["messages"], candidate.message]}


def _graded(reward: float | None, error: Mapping[str, str] | None) -> SampleReward:
    if reward is None or not math.isfinite(reward):
        return SampleReward(None, (error or {}).get("kind", "value"))
    return SampleReward(float(reward), None)
