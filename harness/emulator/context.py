"""Functions and types that all routes share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from starlette.requests import Request

from harness.clock import Clock
from harness.conclusions.goal import Goal
from harness.emulator.faults import Faults
from harness.emulator.generation import Inference
from harness.emulator.grader_runs import GraderRuns
from harness.emulator.lifecycle import Lifecycle
from harness.emulator.runner import Runner
from harness.emulator.settings import EmulatorConfig
from harness.emulator.state import Store
from harness.simulator.pool import Pool

__all__ = ["Components", "emulator_of", "list_body"]


class Components(NamedTuple):
    """The emulator's components."""

    config: EmulatorConfig
    store: Store
    pool: Pool
    goal: Goal | None
    """Correctness of the pool's completions; None if the rollouts do not record it."""
    goal_remarks: list[str]
    """Notes for the user on where the correctness comes from."""
    clock: Clock
    lifecycle: Lifecycle
    runner: Runner
    inference: Inference
    grader_runs: GraderRuns
    faults: Faults

    def close(self) -> None:
        """Cancel graders that requests have started, and close the state."""
        self.grader_runs.close()
        self.store.close()


def emulator_of(request: Request) -> Components:
    """Return the emulator that serves a request."""
    return cast(Components, request.app.state.parts)


def list_body(data: Sequence[Mapping[str, Any]], has_more: bool, *, ids: bool = True) -> dict[str, Any]:
    """Return the response for one page of a list. `ids` adds the IDs of the first and the last element."""
    body: dict[str, Any] = {"object": "list", "data": data, "has_more": has_more}
    if ids:
        body |= {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
    return body
