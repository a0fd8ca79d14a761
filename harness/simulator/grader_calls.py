"""Calls a grader as a training job would, in batches and with retries.

A sample is a training record with one recorded completion added to its messages. All other fields come from
the record. A failed call is retried three times, as AWS describes for Nova (*unverified* for open-weight
models). If the call still fails, the job ends. A call that kills the grader's process is split until the
sample that caused it is isolated, so that the other samples keep their rewards. The caller counts samples
without a reward.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from graders.wire import PROFILES
from harness.clock import Backoff, Clock
from harness.errors import ServiceError
from harness.replay.grading import ENDED, grade_samples
from harness.simulator.failure import JobFailure
from harness.simulator.pool import Candidate
from harness.targets.protocol import Answer, Graded, ServiceFault, Target

__all__ = ["RETRIES", "GraderCalls", "Grading", "SampleReward", "Turn"]

RETRIES: Final = 3
"""Number of retries of a failed call before the job fails."""

_FIRST_DELAY_S: Final = 0.1


class Turn(NamedTuple):
    """A completion to grade."""

    record: Mapping[str, Any]
    """The record, which is a line of the training file."""
    candidate: Candidate
    name: str
    """The sample's ID. A job gives every sample its own ID instead of the record's."""

    @property
    def sample(self) -> dict[str, Any]:
        """The sample, before it is converted to a wire format."""
        messages = [*self.record["messages"], self.candidate.message]
        return {**self.record, "id": self.name, "messages": messages}


class SampleReward(NamedTuple):
    """Result of grading one sample."""

    reward: float | None
    error: str | None
    """Kind of the error, if there is no reward."""
    components: Mapping[str, float] = {}
    """All finite numbers that the grader reported besides the reward."""


class Grading(Protocol):
    """Interface for grading a step's completions."""

    def grade(self, turns: Sequence[Turn]) -> list[SampleReward]:
        """Grade completions, and return one result per completion, in order."""


class GraderCalls:
    """Calls a grader as a training job would.

    Args:
        target: Grades the samples. The caller closes the target.
        wire: Name of the event's wire format.
        batch: Maximum number of samples in one call.
        clock: The clock for pauses between tries.
        warn: Called with a message for each retried call.
        failed: Called for every sample without a reward, with the kind and message of its error.
    """

    def __init__(
        self,
        target: Target,
        wire: str,
        batch: int,
        clock: Clock,
        warn: Callable[[str], None],
        failed: Callable[[str, str], None] = lambda kind, message: None,
    ) -> None:
        self._target = target
        self._profile = PROFILES[wire]
        self._batch = 1 if self._profile.container == "single" else batch
        self._clock = clock
        self._warn = warn
        self._failed = failed

    def grade(self, turns: Sequence[Turn]) -> list[SampleReward]:
        """Grade completions, and return one result per completion, in order.

        Raises:
            JobFailure: The grader cannot be called, or a job could not use its response.
        """
        found: list[Graded] = []
        for start in range(0, len(turns), self._batch):
            samples = [turn.sample for turn in turns[start : start + self._batch]]
            try:
                graded = grade_samples(self._target, samples, self._profile, self._retry, divide=True)
            except ServiceError as error:
                raise self._failure(1, error.message) from error
            lost = [one.error["message"] for one in graded if one.error and one.error["kind"] == "call"]
            if lost and len(lost) == len(graded) > 1:
                raise self._failure(len(lost), lost[-1])
            for fault in lost:
                self._warn(f"A sample has no reward: its call ended the grader's process ({fault})")
            found += graded
            for problem in (one.error for one in graded if one.error):
                self._failed(problem["kind"], problem["message"])
        return [_reward(one) for one in found]

    def _retry(self, send: Callable[[], Answer]) -> Answer:
        backoff = Backoff(self._clock, first_s=_FIRST_DELAY_S, tries=RETRIES + 1)
        for attempt in range(1, RETRIES + 2):
            answer = send()
            fault = answer.fault
            if fault is None or (isinstance(fault, ServiceFault) and not fault.retryable):
                return answer
            if fault.error_type in ENDED:  # the call is split instead, which also retries it
                return answer
            problem = f"{fault.error_type}: {fault.message}"
            if attempt <= RETRIES:
                self._warn(f"Grader call failed ({problem}); try {attempt + 1} of {RETRIES + 1}")
                backoff.wait()
        raise self._failure(RETRIES + 1, problem)

    def _failure(self, tries: int, problem: str) -> JobFailure:
        return JobFailure(
            "grader_call_failed",
            f"The grader ({self._target.name}) failed {tries} times in a row. {problem}",
            param="method.reinforcement.grader",
        )


def _reward(one: Graded) -> SampleReward:
    if one.reward is None or not math.isfinite(one.reward):
        return SampleReward(None, (one.error or {}).get("kind", "value"))
    numbers = {name: float(number) for name, number in one.metrics.items() if math.isfinite(number)}
    return SampleReward(float(one.reward), None, numbers)
