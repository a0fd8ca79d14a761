"""A grader, called as a training job would call it: in batches, tried again where a call fails.

A sample is a training record with one recorded completion after its messages; its fields come from the record
alone. A call that fails is tried again three times, as AWS describes for Nova (*unverified* for open-weight
models); one that still fails ends the job. A call that ends the grader's process is divided until the sample
that did it is alone: its neighbors keep their rewards. A sample without a reward is the caller's to count.
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
"""How often a failed call is tried again before the job fails."""

_FIRST_DELAY_S: Final = 0.1


class Turn(NamedTuple):
    """A completion to be graded."""

    record: Mapping[str, Any]
    """A line of the training file."""
    candidate: Candidate
    name: str
    """The sample's id; a job gives every sample one of its own, in place of the record's."""

    @property
    def sample(self) -> dict[str, Any]:
        """One element of an event, before it takes a dialect."""
        messages = [*self.record["messages"], self.candidate.message]
        return {**self.record, "id": self.name, "messages": messages}


class SampleReward(NamedTuple):
    """What came of one sample."""

    reward: float | None
    error: str | None
    """Kind of the failure where there is no reward."""
    components: Mapping[str, float] = {}
    """Every finite number that the grader reported beside the reward."""


class Grading(Protocol):
    """What a step asks for rewards."""

    def grade(self, turns: Sequence[Turn]) -> list[SampleReward]:
        """Grade completions, as many answers as completions and in their order."""


class GraderCalls:
    """A grader, called as a training job would call it.

    Args:
        target: Where the samples go; closed by its owner.
        wire: Name of the event's dialect.
        batch: Most samples in one call.
        clock: Waits between tries.
        warn: Told of every call that is tried again.
        failed: Told of every sample without a reward: the kind and the message of its error.
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
        """Grade completions, as many answers as completions and in their order.

        Raises:
            JobFailure: The grader could not be called, or answered in a way that no job could use.
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
            if fault.error_type in ENDED:  # it is divided instead, and so asked again
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
