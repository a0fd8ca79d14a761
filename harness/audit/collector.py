"""Sends samples to the grader and checks every response against the contract.

All probes send their samples through the collector. If a call fails, the collector splits it to find the
sample that causes the failure.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple

from graders.wire import PROFILES, Profile
from harness.audit.case import FamilyStopped, Subject
from harness.replay.grading import ENDED, grade_samples
from harness.targets.protocol import Answer, Graded, GraderFault, Target

__all__ = ["BREAKS_CONTRACT", "AuditBudget", "Collector", "Violation"]

_BATCH = 64
_FIRST = 8
_SHARE = 0.25
"""Largest share of the time limit that a call should take, estimated from earlier calls."""
_TIMEOUTS = 4
_ENDS = 24
_ENDED = "Runtime.ExitError"
_KEPT = 5
BREAKS_CONTRACT = {
    "AnswerShapeError": "A01",
    "InvalidJson": "A01",
    "Runtime.MarshalError": "A01",
    "AnswerIdError": "A02",
    "AnswerRewardError": "A09",
    "InvalidAnswer": "A09",
}
"""Maps the error of a failed call to the contract rule that the grader violated."""


class Violation(NamedTuple):
    """A response that violates the contract."""

    id: str
    """`A01`, `A02` or `A09`."""
    message: str
    sample: dict[str, Any]
    """The sample, as a line of a rollouts file."""
    reward: float | None


@dataclass
class AuditBudget:
    """The limits of an audit."""

    gradings: int | None = None
    """Maximum number of graded samples, or None for no limit."""
    seconds: float | None = None
    """Maximum time in seconds, or None for no limit."""
    calls: int | None = None
    """Maximum number of grader calls, or None for no limit."""
    called: int = 0
    used: int = 0
    began: float = field(default_factory=time.monotonic)

    def take(self, count: int) -> None:
        """Count graded samples.

        Raises:
            FamilyStopped: The budget is used up.
        """
        if self.gradings is not None and self.used + count > self.gradings:
            raise FamilyStopped(f"the budget of {self.gradings:,} gradings is used up")
        if self.seconds is not None and self.elapsed_s > self.seconds:
            raise FamilyStopped(f"the audit's {self.seconds:.3g} seconds are over")
        self.used += count

    @property
    def elapsed_s(self) -> float:
        """Seconds since the audit began."""
        return time.monotonic() - self.began

    def end_in(self, seconds: float) -> None:
        """Limit the remaining time of the audit.

        Args:
            seconds: Number of seconds left. An earlier limit still applies if it ends sooner.
        """
        until = self.elapsed_s + seconds
        self.seconds = until if self.seconds is None else min(self.seconds, until)

    def take_call(self) -> None:
        """Count a call.

        Raises:
            FamilyStopped: No call is left.
        """
        if self.calls is not None and self.called >= self.calls:
            raise FamilyStopped(f"the budget of {self.calls:,} calls is used up")
        self.called += 1


class _Watched:
    """A target that records timeouts, process exits and other faults."""

    def __init__(self, target: Target, budget: AuditBudget) -> None:
        self.target = target
        self.budget = budget
        self.name, self.max_bytes, self.concurrency = target.name, target.max_bytes, target.concurrency
        self.faults: list[tuple[str, str]] = []
        self.timeouts = 0
        self.ends = 0
        """Number of times the grader's process ended during this family of probes."""
        self.all_ends = 0
        self.answered = False
        """Whether any call returned a response, even an error."""
        self.late: Any = None
        """The smallest event that timed out, among events with ordinary samples."""
        self.bent = False
        """Whether the samples have a shape that no service sends."""
        self.changed: Any = None
        """The first event that the grader modified."""

    def grade(self, event: Any) -> Answer:
        self._stop_where_hopeless()
        self.budget.take_call()
        answer = self.target.grade(event)
        if answer.changed and self.changed is None:
            self.changed = event
        if isinstance(answer.fault, GraderFault):
            late = answer.fault.error_type == "Sandbox.Timedout"
            ended = answer.fault.error_type == _ENDED
            self.timeouts += late
            if late and not self.bent and (self.late is None or len(event) < len(self.late)):
                self.late = event
            self.ends += ended
            self.all_ends += ended
            self.answered = self.answered or not (late or ended)
            self.faults.append((answer.fault.error_type, answer.fault.message))
        else:
            self.answered = True
        return answer

    def _stop_where_hopeless(self) -> None:
        """Stop the family of probes if calls keep timing out or ending the process.

        Raises:
            FamilyStopped: Calls keep timing out or ending the process.
        """
        never = "" if self.answered else ", and it never answered a call"
        if self.timeouts >= (_TIMEOUTS if self.answered else _TIMEOUTS // 2):
            raise FamilyStopped(f"the grader kept running into the time limit{never}")
        most = _ENDS if self.answered and self.all_ends < 2 * _ENDS else _TIMEOUTS
        if self.ends >= most:
            raise FamilyStopped(f"the grader kept ending its own process{never}")

    def rest(self) -> None:
        """Reset the counts when a family of probes ends, if any call ever returned a response."""
        if self.answered:
            self.timeouts = self.ends = 0

    def close(self) -> None:
        self.target.close()


class Collector:
    """Sends samples to one grader process.

    Args:
        target: The grader, which is closed together with the collector.
        subject: The data.
        profile: The wire used for samples.
        budget: The budget shared by all collectors of an audit.
        seconds: Time limit of a call.
    """

    def __init__(
        self, target: Target, subject: Subject, profile: Profile, budget: AuditBudget, seconds: float = 5.0
    ) -> None:
        self.target = _Watched(target, budget)
        self.seconds = seconds
        self._ms: list[float] = []
        self._spent_ms = 0.0
        self._graded = 0
        self.subject = subject
        self.profile = profile
        self.budget = budget
        self.violations: list[Violation] = []
        self.broken: Counter[str] = Counter()
        """Number of responses that violated the contract, by rule."""
        self.crashes: list[Violation] = []
        """A few samples that make the whole call fail because the grader raises an error or its process ends.
        """
        self.failures: Counter[str] = Counter()
        """Number of failed samples by kind of error. `call` stands for a call that failed as a whole."""
        self._known: dict[tuple[int, str], Graded] = {}
        self._number = 0

    def rollout(self, record: int, completion: Any, name: Any = None) -> dict[str, Any]:
        """Build a line of a rollouts file from a record and a completion.

        Args:
            record: The record's index.
            completion: A string, a final message, or any other content.
            name: The id; None to generate one.
        """
        if name is None:
            self._number += 1
            name = f"s{self._number * 2654435761 % 2**32:08x}"
        last = completion if isinstance(completion, dict) else {"role": "assistant", "content": completion}
        fields = self.subject.records[record]
        return {**fields, "id": name, "messages": [*fields["messages"], last]}

    def ask(self, asked: Sequence[tuple[int, Any]]) -> list[Graded]:
        """Grade completions for records. Results are cached.

        Args:
            asked: Pairs of a record's index and a completion, which is a string or a final message.

        Raises:
            FamilyStopped: Calls keep timing out, or the budget is used up.
            ServiceError: The grader cannot be reached.
        """
        keys = [(record, json.dumps(completion)) for record, completion in asked]
        new = {key: one for key, one in zip(keys, asked, strict=True) if key not in self._known}
        found = self.grade([self.rollout(*one) for one in new.values()])
        self._known.update(zip(new, found, strict=True))
        return [self._known[key] for key in keys]

    def remembered(self) -> list[tuple[int, str]]:
        """Return the cached arguments of `ask`, as pairs of a record's index and the completion in JSON."""
        return list(self._known)

    def grade(
        self, samples: Sequence[dict[str, Any]], batch: int | None = None, bent: bool = False
    ) -> list[Graded]:
        """Grade lines of a rollouts file without using the cache.

        Args:
            samples: Lines built by `rollout`, possibly modified by a probe.
            batch: Number of samples per call, or None for as many as the time limit allows.
            bent: Whether the samples have a shape that no service sends. If so, contract violations are not
                recorded.
        """
        found: list[Graded] = []
        while len(found) < len(samples):
            part = samples[len(found) : len(found) + (batch or self._fitting())]
            self.budget.take(len(part))
            self.target.bent = bent
            began = time.perf_counter()
            together = grade_samples(self.target, part, self.profile, divide=True)
            graded = self._apart(part, together)
            spent_ms = (time.perf_counter() - began) * 1000
            self._ms.append(spent_ms / len(part))
            self._spent_ms += spent_ms
            self._graded += len(part)
            if not bent:
                self._look_at(part, graded)
                self._look_together(part, together, graded)
            found += graded
        return found

    def _apart(self, samples: Sequence[dict[str, Any]], graded: Sequence[Graded]) -> list[Graded]:
        """Grade a failed call's samples one by one. Splitting the call would find only one failing sample."""
        if len(samples) == 1:
            return list(graded)
        return [
            grade_samples(self.target, [sample], self.profile)[0] if _raised(one) else one
            for sample, one in zip(samples, graded, strict=True)
        ]

    @property
    def pace(self) -> float:
        """Milliseconds per sample in the slowest recent call."""
        return max(self._ms[-_FIRST:], default=1.0)

    @property
    def last_ms(self) -> float:
        """Milliseconds per sample in the last call."""
        return self._ms[-1] if self._ms else 0.0

    @property
    def mean_pace(self) -> float:
        """Average milliseconds per sample."""
        return self._spent_ms / self._graded if self._graded else 1.0

    def _fitting(self) -> int:
        """Return the number of samples that should fit into a call, estimated from earlier calls."""
        if not self._ms:
            return _FIRST
        room = self.seconds * 1000 * _SHARE
        return max(1, min(_BATCH, int(room / self.pace)))

    def call(self, event: Any, gradings: int = 1) -> Answer:
        """Make one call with a custom event. The event is not split on failure, and results are not cached.

        Args:
            event: The event.
            gradings: Number of graded samples to count in the budget.
        """
        self.budget.take(gradings)
        self.target.bent = True
        return self.target.grade(event)

    def over(self, wire: str) -> Collector:
        """Return a collector for the same process that uses another wire. Closing one closes both.

        Args:
            wire: A name from `graders.wire.PROFILES`.
        """
        return Collector(self.target.target, self.subject, PROFILES[wire], self.budget)

    def speak(self, profile: Profile) -> None:
        """Switch to another wire for all later samples, and clear the cache.

        Args:
            profile: The wire.
        """
        if profile is not self.profile:
            self.profile = profile
            self._known.clear()

    def rest(self) -> None:
        """Forget earlier timeouts before another family of probes begins."""
        self.target.rest()

    def close(self) -> None:
        """Close the grader."""
        self.target.close()

    def _look_at(self, samples: Sequence[dict[str, Any]], graded: Sequence[Graded]) -> None:
        """Record the responses that violate the contract."""
        for sample, one in zip(samples, graded, strict=True):
            if one.error is not None:
                self.failures[one.error["kind"]] += 1
                kind, _, message = one.error["message"].partition(": ")
                if one.error["kind"] == "call" and kind in BREAKS_CONTRACT:
                    self._note(Violation(BREAKS_CONTRACT[kind], message, sample, None))
                elif one.error["kind"] == "call" and kind != "Sandbox.Timedout" and message:
                    self.crashes = [
                        *self.crashes,
                        Violation("A03", one.error["message"], sample, None),
                    ][:_KEPT]
            elif one.reward is not None and (wrong := self._out_of_range(one.reward)):
                self._note(Violation("A09", wrong, sample, one.reward))

    def _look_together(
        self, samples: Sequence[dict[str, Any]], together: Sequence[Graded], alone: Sequence[Graded]
    ) -> None:
        """Record a call that violates the contract although none of its samples does so alone."""
        if any(one.error is not None for one in alone):
            return
        for sample, one in zip(samples, together, strict=True):
            kind, _, message = one.error["message"].partition(": ") if one.error else ("", "", "")
            if kind in BREAKS_CONTRACT:
                return self._note(Violation(BREAKS_CONTRACT[kind], message, sample, None))

    def _out_of_range(self, reward: float) -> str | None:
        low, high = self.subject.bounds or (0.0, 1.0)
        if not isfinite(reward):
            return f"the reward is {reward}"
        if low - 1e-9 <= reward <= high + 1e-9:
            return None
        return f"the reward {reward:g} is outside {low:g} to {high:g}"

    def _note(self, violation: Violation) -> None:
        self.broken[violation.id] += 1
        if sum(one.id == violation.id for one in self.violations) < _KEPT:
            self.violations.append(violation)


def _raised(one: Graded) -> bool:
    """Return True if the call failed for another reason than a timeout or the end of the process."""
    return (
        one.error is not None and one.error["kind"] == "call" and not one.error["message"].startswith(ENDED)
    )
