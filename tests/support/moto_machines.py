"""Executes state machines in moto, including those of a stack.

moto can interpret the Amazon States Language. Its interpreter calls the services at the port in MOTO_PORT. It
reports SUCCEEDED even if every child of a distributed map failed, and enforces neither limits nor policies,
so tests cannot rely on these. Here, the children of a map can be listed and described. moto itself forgets
them.
"""

from __future__ import annotations

import datetime
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.core.config import default_user_config
from moto.core.responses import ActionResult
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.responses import StepFunctionResponse

_IN_TEXT = re.compile(r"\$\{(\w+)\}")


_list_executions: Callable[[Any], ActionResult] = StepFunctionResponse.list_executions
_describe_execution: Callable[[Any], ActionResult] = StepFunctionResponse.describe_execution
_children: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
"""DescribeExecution's facts about the children of each map run, by the run's ARN."""


@contextmanager
def machines_execute(port: str) -> Iterator[None]:
    """Make moto run executions inside the block.

    Args:
        port: The port of moto's server.
    """
    config: Any = default_user_config
    settings = config["stepfunctions"]
    executed, port_before = settings["execute_state_machine"], os.environ.get("MOTO_PORT")
    settings["execute_state_machine"] = True
    os.environ["MOTO_PORT"] = port
    changed: Any = StepFunctionResponse
    changed.list_executions, changed.describe_execution = _list_with_children, _describe_with_children
    _children.clear()
    try:
        yield
    finally:
        changed.list_executions, changed.describe_execution = _list_executions, _describe_execution
        settings["execute_state_machine"] = executed
        del os.environ["MOTO_PORT"]
        if port_before is not None:
            os.environ["MOTO_PORT"] = port_before


def _backend(account_id: str, region_name: str) -> Any:
    """Return the backend that runs executions. Its interpreter takes a second to import."""
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    _remember_children()
    return stepfunctions_parser_backends[account_id][region_name]


def _remember_children() -> None:
    """Change the interpreter so that it records the result of each child of a distributed map."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
        distributed_item_processor_worker as module,
    )
    from moto.stepfunctions.parser.asl.eval.program_state import ProgramError

    worker: Any = module.DistributedItemProcessorWorker
    if getattr(worker, "notes_children", False):
        return
    run_job = worker._eval_job

    def run_and_note(self: Any, env: Any, job: Any) -> None:
        run_job(self, env=env, job=job)
        record, state = self._map_run_record, env.program_state()
        machine = record.map_state_machine_arn
        own = f"{job.job_index}-{record.map_run_arn.rpartition(':')[2]}"
        child = {
            "executionArn": f"{machine.replace(':stateMachine:', ':execution:')}:{own}",
            "stateMachineArn": machine,
            "name": own,
            "status": "SUCCEEDED",
            "startDate": datetime.datetime.now(datetime.UTC),
        }
        if isinstance(state, ProgramError):
            said: Any = state.error or {}
            child |= {"status": "FAILED", "error": said.get("error"), "cause": said.get("cause")}
        _children[record.map_run_arn].append(child)

    worker._eval_job, worker.notes_children = run_and_note, True


def _list_with_children(self: Any) -> ActionResult:
    map_run, wanted = self._get_param("mapRunArn"), self._get_param("statusFilter")
    if map_run is None:
        return _list_executions(self)
    told = ("executionArn", "stateMachineArn", "name", "status", "startDate")
    found = [child for child in _children[map_run] if wanted in (None, child["status"])]
    return ActionResult({"executions": [{name: child[name] for name in told} for child in found]})


def _describe_with_children(self: Any) -> ActionResult:
    wanted = self._get_param("executionArn")
    for child in (child for children in _children.values() for child in children):
        if child["executionArn"] == wanted:
            return ActionResult(child)
    return _describe_execution(self)


def _definition(properties: dict[str, Any]) -> str:
    given: dict[str, str] = properties.get("DefinitionSubstitutions", {})
    return _IN_TEXT.sub(lambda found: given[found[1]], properties["DefinitionString"])


class DeployedMachine(StateMachine, CloudFormationModel):
    """AWS::StepFunctions::StateMachine with substitutions in its definition."""

    __module__ = "moto.stepfunctions.deployed"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> StateMachine:
        properties = cloudformation_json["Properties"]
        made: StateMachine = _backend(account_id, region_name).create_state_machine(
            resource_name, _definition(properties), properties["RoleArn"]
        )
        return made

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> StateMachine:
        properties = cloudformation_json["Properties"]
        changed: StateMachine = _backend(account_id, region_name).update_state_machine(
            original_resource.arn, definition=_definition(properties), role_arn=properties["RoleArn"]
        )
        return changed

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        _backend(account_id, region_name).delete_state_machine(resource_name)
