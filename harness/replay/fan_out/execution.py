"""Starts and watches executions of the state machine, and finds out why their children failed.

The status of an execution is only shown to the user, because it may be SUCCEEDED although every child failed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from harness.aws import AwsError, NotInAws, client, explained
from harness.clock import Backoff, Clock, SystemClock
from harness.errors import InputError

__all__ = ["ExecutionState", "ShardFailure", "StateMachine"]

RUNNING: Final = "RUNNING"
_ARN: Final = re.compile(r"(arn:aws[a-z-]*:states:([a-z0-9-]+):\d{12}):stateMachine:([A-Za-z0-9_-]{1,80})")
_LOOKED_AT: Final = 50
"""Maximum number of failed children whose cause is read. A few show a common cause."""
_POLL_S: Final = 0.5
_LONGEST_POLL_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class ExecutionState:
    """State of an execution, as reported by Step Functions."""

    status: str
    """`RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`; `GONE` if the execution does not exist."""
    error: str | None = None
    cause: str | None = None
    children: Mapping[str, int] = field(default_factory=dict)
    """Number of shards that are `running`, `succeeded`, `failed` and so on, if AWS reports it."""

    @property
    def running(self) -> bool:
        """True if the execution has not ended."""
        return self.status == RUNNING


@dataclass(frozen=True, slots=True)
class ShardFailure:
    """A reason why shards were not graded."""

    error: str
    """Name of the error, such as `InputError`, `ServiceError` or `Lambda.TooManyRequestsException`."""
    cause: str


class StateMachine:
    """The state machine of the stack.

    Args:
        arn: ARN of the state machine.
        states: A Step Functions client. None creates one from the environment.

    Raises:
        InputError: The ARN does not belong to a state machine, or no credentials are configured.
    """

    def __init__(self, arn: str, states: Any = None) -> None:
        match = _ARN.fullmatch(arn)
        if match is None:
            fix = "Use the stack's output FanOutStateMachineArn."
            raise InputError("this is not the ARN of a state machine", place=arn, fix=fix)
        self.arn, self.region = arn, match[2]
        self._executions = f"{match[1]}:execution:{match[3]}"
        self._states = states or client("stepfunctions", match[2])

    def execution(self, name: str) -> str:
        """Return the ARN of the execution with this name."""
        return f"{self._executions}:{name}"

    def start(self, name: str, given: Mapping[str, Any]) -> str:
        """Start an execution, unless an execution with this name exists.

        Args:
            name: Name of the execution, unique among the executions of the last 90 days.
            given: Input of the execution.

        Returns:
            ARN of the execution.
        """
        try:
            with explained(self.arn):
                started = self._states.start_execution(
                    stateMachineArn=self.arn, name=name, input=json.dumps(given)
                )
        except AwsError as error:
            if error.code != "ExecutionAlreadyExists":
                raise
            return self.execution(name)
        return str(started["executionArn"])

    def look(self, execution: str) -> ExecutionState | None:
        """Return the state of an execution, or None if it does not exist."""
        try:
            with explained(execution):
                said = self._states.describe_execution(executionArn=execution)
        except NotInAws:
            return None
        return ExecutionState(said["status"], said.get("error"), said.get("cause"), self._children(execution))

    def wait(
        self, execution: str, tell: Callable[[ExecutionState], None], clock: Clock | None = None
    ) -> ExecutionState:
        """Wait until an execution has ended.

        Args:
            execution: ARN of the execution.
            tell: Called with the state after each poll.
            clock: The clock to wait with.

        Raises:
            ServiceError: AWS has been unreachable for a long time; the execution continues.
        """
        clock = clock or SystemClock()
        pause, trouble = _POLL_S, Backoff(clock, first_s=2.0, longest_s=60.0, patience_s=900.0)
        while True:
            try:
                state = self.look(execution)
                trouble.reset()
            except AwsError as error:
                if not error.retryable or not trouble.wait():
                    raise
                continue
            state = state or ExecutionState("GONE")
            tell(state)
            if not state.running:
                return state
            clock.sleep(pause)
            pause = min(_LONGEST_POLL_S, pause * 1.3)

    def failures(self, execution: str) -> list[ShardFailure]:
        """Return the reasons that AWS reports for failed children of an execution, earliest first."""
        found: list[ShardFailure] = []
        try:
            with explained(execution):
                for each in self._states.list_map_runs(executionArn=execution)["mapRuns"]:
                    for status in ("FAILED", "TIMED_OUT"):
                        listed = self._states.list_executions(
                            mapRunArn=each["mapRunArn"], statusFilter=status, maxResults=_LOOKED_AT
                        )
                        found += map(self._failure, listed["executions"])
        # A permission is missing or AWS has an outage. The reasons are also stored next to the parts.
        except AwsError:
            pass
        return found

    def _failure(self, child: Mapping[str, Any]) -> ShardFailure:
        said = self._states.describe_execution(executionArn=child["executionArn"])
        return ShardFailure(str(said.get("error") or said["status"]), _message(str(said.get("cause") or "")))

    def _children(self, execution: str) -> dict[str, int]:
        """Return the number of shards by state; empty if the credentials may not read it."""
        counts: dict[str, int] = {}
        try:
            with explained(execution):
                for each in self._states.list_map_runs(executionArn=execution)["mapRuns"]:
                    found = self._states.describe_map_run(mapRunArn=each["mapRunArn"])["itemCounts"]
                    for name, count in found.items():
                        counts[name] = counts.get(name, 0) + count
        except AwsError:
            return {}
        return counts


def _message(cause: str) -> str:
    """Extract the message from a cause, which is JSON if a Lambda function failed."""
    try:
        said = json.loads(cause)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return cause
    return said if isinstance(said, str) else cause
