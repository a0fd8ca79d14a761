"""Executions of the state machine: their states, retries, and the causes of failures."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.aws import Denied
from harness.clock import ManualClock
from harness.errors import InputError, ServiceError
from harness.replay.fan_out.execution import ExecutionState, ShardFailure, StateMachine
from support.states_here import MACHINE

EXECUTION = "arn:aws:states:us-west-2:123456789012:execution:FanOut:far-1"
MAP_RUN = "arn:aws:states:us-west-2:123456789012:mapRun:FanOut/Ranges:1"


def refusal(code: str, status: int = 400) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "DescribeExecution")


class Scripted:
    """A client whose execution goes through these states. An exception in the list is raised."""

    def __init__(self, *says: dict[str, Any] | Exception) -> None:
        self.says = list(says)
        self.children: dict[str, dict[str, str]] = {}
        self.denied = False

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        if executionArn in self.children:
            return dict(self.children[executionArn])
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, Exception):
            raise said
        return said

    def list_map_runs(self, executionArn: str) -> dict[str, Any]:
        if self.denied:
            raise refusal("AccessDeniedException")
        return {"mapRuns": [{"mapRunArn": MAP_RUN}]}

    def describe_map_run(self, mapRunArn: str) -> dict[str, Any]:
        return {"itemCounts": {"total": 5, "succeeded": 3, "failed": 2}}

    def list_executions(self, mapRunArn: str, statusFilter: str, maxResults: int) -> dict[str, Any]:
        found = [name for name, child in self.children.items() if child["status"] == statusFilter]
        return {"executions": [{"executionArn": name} for name in found[:maxResults]]}


def waited(states: Scripted) -> tuple[ExecutionState, list[str], float]:
    """Wait for the execution. Returns its last state, the reported statuses and the seconds waited."""
    clock, told = ManualClock(), []
    tell: Callable[[ExecutionState], None] = lambda state: told.append(state.status)  # noqa: E731
    return StateMachine(MACHINE, states).wait(EXECUTION, tell, clock), told, clock.monotonic()


RUNNING, DONE = {"status": "RUNNING"}, {"status": "SUCCEEDED"}


def test_it_waits_until_the_execution_is_over() -> None:
    state, told, seconds = waited(Scripted(*[RUNNING] * 20, DONE))
    assert told == ["RUNNING"] * 20 + ["SUCCEEDED"]
    assert 60 < seconds < 20 * 15
    assert state.children == {"total": 5, "succeeded": 3, "failed": 2}


def test_temporary_trouble_does_not_end_the_wait() -> None:
    trouble = refusal("ThrottlingException")
    state, told, _ = waited(Scripted(RUNNING, trouble, trouble, refusal("InternalServerError", 500), DONE))
    assert (state.status, told) == ("SUCCEEDED", ["RUNNING", "SUCCEEDED"])
    with pytest.raises(Denied):
        waited(Scripted(RUNNING, refusal("AccessDeniedException")))
    with pytest.raises(ServiceError):
        waited(Scripted(RUNNING, trouble))  # the outage never ends


def test_a_missing_execution_counts_as_ended() -> None:
    gone = refusal("ExecutionDoesNotExist")
    assert StateMachine(MACHINE, Scripted(gone)).look(EXECUTION) is None
    state, _, _ = waited(Scripted(gone))
    assert not state.running


def test_values_without_permission_are_unknown() -> None:
    states = Scripted({"status": "FAILED", "error": "States.ItemReaderFailed", "cause": "no such key"})
    states.denied = True
    machine = StateMachine(MACHINE, states)
    assert machine.look(EXECUTION) == ExecutionState("FAILED", "States.ItemReaderFailed", "no such key")
    assert machine.failures(EXECUTION) == []


def test_causes_are_those_of_failed_children() -> None:
    states = Scripted(DONE)
    document = json.dumps({"errorType": "InputError", "errorMessage": "s3://b/k was replaced"})
    states.children = {
        "one": {"status": "FAILED", "error": "InputError", "cause": document},
        "two": {"status": "FAILED", "error": "Lambda.Unknown", "cause": "The function ended"},
        "three": {"status": "TIMED_OUT"},
        "four": {"status": "SUCCEEDED"},
    }
    assert StateMachine(MACHINE, states).failures(EXECUTION) == [
        ShardFailure("InputError", "s3://b/k was replaced"),
        ShardFailure("Lambda.Unknown", "The function ended"),
        ShardFailure("TIMED_OUT", ""),
    ]


@pytest.mark.parametrize("arn", ["", "FanOut", MACHINE.replace("stateMachine", "execution"), f"{MACHINE}:1"])
def test_invalid_state_machine_arns_are_refused(arn: str) -> None:
    with pytest.raises(InputError, match="FanOutStateMachineArn"):
        StateMachine(arn)


def test_arns_of_executions_follow_from_the_machine_s() -> None:
    assert StateMachine(MACHINE, Scripted(DONE)).execution("far-1") == EXECUTION
