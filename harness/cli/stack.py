"""`rft stack`: shows the graders deployed by a CloudFormation stack."""

from __future__ import annotations

import click

from harness.cli.options import json_option, region_option
from harness.cli.output import emit_json, say


@click.command("stack")
@click.argument("name", metavar="STACK")
@region_option
@json_option
def command(name: str, region: str | None, as_json: bool) -> int:
    """Show the graders of a STACK: the ARNs for submitting jobs, replaying and comparing.

    `rft replay`, `rft parity`, `rft doctor` and `rft submit` take `--stack STACK --function LOGICAL_ID` in
    place of an ARN.

    Exit codes: 0 shown; 2 no such stack, no grader in it, or no credentials; 3 AWS refused or could not be
    reached.
    """
    from harness.deploy.outputs import read_stack

    stack = read_stack(name, region)
    if as_json:
        emit_json(stack.to_json())
        return 0
    say(f"{stack.name}  {stack.region}  {stack.status}")
    for grader in stack.graders.values():
        say(f"\n{grader.name}")
        if grader.version is not None:
            say(f"  version   {grader.version}")
        if grader.alias is not None:
            say(f"  alias     {grader.alias}")
        if grader.function is not None:
            say(f"  function  {grader.function}")
        if grader.version is None:
            say("  no published version is known: a deployment can change the reward during a job")
    if stack.not_listed is not None:
        say(
            "\nonly the stack's outputs were read, so graders without an output are missing: "
            f"{stack.not_listed}"
        )
    if stack.submitter_policy is not None:
        say(f"\npolicy for users who submit jobs: {stack.submitter_policy}")
    if stack.fan_out_machine is not None:
        say(f"\nrft replay --fan-out starts {stack.fan_out_machine}, and writes to {stack.fan_out_prefix}")
    return 0
