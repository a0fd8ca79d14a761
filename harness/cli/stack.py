"""`rft stack`: which graders a CloudFormation stack has deployed."""

from __future__ import annotations

import click

from harness.cli.output import emit_json


@click.command("stack")
@click.argument("name")
@click.option("--region", help="AWS Region; AWS_REGION, else boto3's own configuration, when left out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(name: str, region: str | None, as_json: bool) -> int:
    """Show the graders of the stack NAME: what to submit jobs with, and what to replay and compare.

    `rft replay`, `rft parity`, `rft doctor` and `rft submit` take `--stack NAME --grader GRADER` in place of
    an ARN.

    Exit codes: 0 good; 2 no such stack, no grader in it, no credentials; 3 AWS refuses or cannot be reached.
    """
    from harness.deploy.outputs import read_stack

    stack = read_stack(name, region)
    if as_json:
        emit_json(stack.to_json())
        return 0
    print(f"{stack.name}  {stack.region}  {stack.status}")
    for grader in stack.graders.values():
        print(f"\n{grader.name}")
        if grader.version is not None:
            print(f"  version   {grader.version}")
        if grader.alias is not None:
            print(f"  alias     {grader.alias}")
        if grader.function is not None:
            print(f"  function  {grader.function}")
        if grader.version is None:
            print("  no output names a published version: a deployment can change the reward under a job")
    if stack.submitter_policy is not None:
        print(f"\npolicy for whoever submits jobs: {stack.submitter_policy}")
    return 0
