"""A fake Step Functions client, whose state machine calls a worker in this process until orders are done."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from harness.errors import HarnessError
from harness.replay.fan_out.part import PartFacts, PartOrder, PartPlace, read_order
from support.memory_parts import MemoryParts, until_done

MACHINE = "arn:aws:states:us-west-2:123456789012:stateMachine:FanOut"


class StatesHere:
    """The methods of a Step Functions client that the harness uses, without a network.

    Args:
        place: The place of the orders.
        store: Stores the orders and the parts.
        work: The worker. If it raises a `HarnessError`, the child fails.
        says: The final status of the execution, regardless of its children.
    """

    def __init__(
        self,
        place: PartPlace,
        store: MemoryParts,
        work: Callable[[PartOrder], PartFacts],
        says: str = "SUCCEEDED",
    ) -> None:
        self._prefix = f"{place.prefix}/"
        self._store = store
        self._work = work
        self._says = says
        self.running_for = 0
        """Number of status requests before an execution has ended."""
        self.started: list[tuple[str, int]] = []
        """Names and numbers of orders of all executions."""
        self.statuses: dict[str, str] = {}
        self.failed: list[HarnessError] = []

    def start_execution(self, **given: str) -> dict[str, Any]:
        assert given["stateMachineArn"] == MACHINE
        asked = json.loads(given["input"])
        found = self._store.get(asked["items"]["key"].removeprefix(self._prefix))
        assert found is not None
        orders = [read_order(event) for event in json.loads(found[0])]
        self.started.append((given["name"], len(orders)))
        execution = f"{MACHINE.replace('stateMachine', 'execution')}:{given['name']}"
        self.statuses[execution] = self._says
        self.grade(orders)
        return {"executionArn": execution}

    def grade(self, orders: Sequence[PartOrder]) -> None:
        """Run one child for each order."""
        for order in orders:
            try:
                until_done(order, self._work)
            except HarnessError as error:
                self.failed.append(error)

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        if executionArn not in self.statuses:
            answer: Any = {"Error": {"Code": "ExecutionDoesNotExist", "Message": "Execution Does Not Exist"}}
            raise ClientError(answer, "DescribeExecution")
        self.running_for -= 1
        return {"status": "RUNNING" if self.running_for >= 0 else self.statuses[executionArn]}

    def list_map_runs(self, executionArn: str) -> dict[str, Any]:
        answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
        raise ClientError(answer, "ListMapRuns")
