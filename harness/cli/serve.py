"""`rft serve`: serves the Lambda Invoke API on this machine for functions built by `sam build`."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import (
    artifact_option,
    environment_options,
    function_option,
    json_option,
    out_option,
    port_option,
)
from harness.cli.output import emit_json, printable, say
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.localaws.function import FunctionSpec

_VERSION = "1"
"""The version number of every served function. An alias in the template refers to this version."""


@click.command("serve")
@artifact_option
@function_option
@port_option
@environment_options
@click.option(
    "--concurrency",
    metavar="N",
    type=click.IntRange(1),
    help="Run at most N calls at the same time and throttle the rest; by default unlimited.",
)
@out_option("Append the functions' own output to this file.")
@json_option
def command(
    artifact: Path | None,
    function: str | None,
    port: int,
    pass_env: tuple[str, ...],
    aws_credentials: str | None,
    concurrency: int | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Serve the Lambda Invoke API on loopback until Ctrl-C, for every function that `sam build` made.

    boto3, the AWS command line or any SDK calls the functions at the printed URL, by name, version, alias or
    ARN. They run in the local Lambda runtime, without a container and without an account.

    A function gets none of this machine's variables and credentials except those that --pass-env and
    --aws-credentials name.

    Exit codes: 0 stopped; 2 nothing is built, or the port is in use.
    """
    from harness.localaws.credentials import profile_credentials
    from harness.localaws.invoke import LambdaServer
    from harness.localaws.runtime import LocalRuntime
    from harness.targets.built import BUILD, built_function, built_functions

    if function is None:
        specs = list(built_functions(artifact)[1].values())
    else:
        specs = [built_function(artifact, function).spec]
    if not specs:
        raise InputError("this build has no Python function", place=str(artifact or BUILD))
    for name in pass_env:
        if name not in os.environ:
            raise InputError(
                f"the environment variable {name} is not set", fix=f"Set {name}, or leave out --pass-env."
            )
    credentials = profile_credentials(aws_credentials) if aws_credentials else None
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())

    def start(spec: FunctionSpec) -> LocalRuntime:
        return LocalRuntime(
            spec, concurrency=_ENVIRONMENTS, passed=pass_env, credentials=credentials, log_file=out
        )

    with LambdaServer(start, concurrency=concurrency, port=port) as server:
        for spec in specs:
            server.add(spec, version=_VERSION, aliases=(spec.alias,) if spec.alias else ())
        if as_json:
            emit_json({"endpoint_url": server.url, "functions": [_facts(spec) for spec in specs]})
        else:
            _tell(server.url, specs)
        ended.wait()
    return 0


_ENVIRONMENTS = 16
"""Maximum number of execution environments per function. It is more than a laptop needs."""


def _facts(spec: FunctionSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "arn": spec.arn,
        "version": _VERSION,
        "alias": spec.alias,
        "handler": spec.handler,
        "runtime": spec.runtime,
        "artifact": str(spec.artifact),
        "notes": list(spec.notes),
    }


def _tell(url: str, specs: list[FunctionSpec]) -> None:
    say(url)
    for spec in specs:
        say(printable(f"  {spec.arn}:{spec.alias or _VERSION}"))
        for note in spec.notes:
            say(printable(f"    {note}"))
    first = specs[0]
    name = printable(f"{first.name}:{first.alias or _VERSION}")
    say("\nCall it with the AWS command line, or with boto3 (the credentials are not checked):")
    say(f"  export AWS_ENDPOINT_URL_LAMBDA={url} AWS_REGION={first.region}")
    say("  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local")
    say(f"  aws lambda invoke --function-name {name} \\")
    say("      --payload fileb://event.json answer.json")
    say(f'  boto3.client("lambda").invoke(FunctionName="{name}", Payload=event)')
    say(f"  rft replay rollouts.jsonl --arn {name}\n\nCtrl-C stops it.")
