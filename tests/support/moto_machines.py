"""State machines in moto that are executed, and those of a stack among them.

moto interprets the Amazon States Language where it is told to. Its interpreter calls the services at the
port in MOTO_PORT. It has shortcomings that tests of a state machine have to know: it reports SUCCEEDED where
every child of a distributed map failed, and enforces no limit and no policy.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.core.config import default_user_config
from moto.stepfunctions.models import StateMachine

_IN_TEXT = re.compile(r"\$\{(\w+)\}")


@contextmanager
def machines_execute(port: str) -> Iterator[None]:
    """Have executions run while the block does.

    Args:
        port: Where moto's server listens.
    """
    settings: Any = default_user_config["stepfunctions"]
    before, port_before = settings["execute_state_machine"], os.environ.get("MOTO_PORT")
    settings["execute_state_machine"] = True
    os.environ["MOTO_PORT"] = port
    try:
        yield
    finally:
        settings["execute_state_machine"] = before
        del os.environ["MOTO_PORT"]
        if port_before is not None:
            os.environ["MOTO_PORT"] = port_before


def _backend(account_id: str, region_name: str) -> Any:
    """Those that are executed; the interpreter takes a second to import."""
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    return stepfunctions_parser_backends[account_id][region_name]


def _definition(properties: dict[str, Any]) -> str:
    given: dict[str, str] = properties.get("DefinitionSubstitutions", {})
    return _IN_TEXT.sub(lambda found: given[found[1]], properties["DefinitionString"])


class DeployedMachine(StateMachine, CloudFormationModel):
    """AWS::StepFunctions::StateMachine with the substitutions of its definition."""

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
