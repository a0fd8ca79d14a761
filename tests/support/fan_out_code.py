"""Code for deployed functions: graders, and the fan-out worker for this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path

import orjson

import graders
from harness.deploy.worker_artifact import copy_worker
from support.fan_out_stack import RUNTIME, FanOutStack, zipped

_GRADERS = Path(graders.__file__).parent
_SITE = Path(orjson.__file__).parents[1]


def _files(root: Path, names: list[str]) -> dict[str, bytes]:
    return {
        str(file.relative_to(root)): file.read_bytes()
        for name in names
        for file in sorted((root / name).rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }


def grader_code() -> bytes:
    """Return the artifact of the library's graders."""
    return zipped(_files(_GRADERS.parent, [_GRADERS.name]))


def worker_code() -> bytes:
    """Return the worker's artifact, with this environment's orjson instead of Lambda's."""
    with tempfile.TemporaryDirectory() as scratch:
        copy_worker(Path(scratch))
        harness = _files(Path(scratch), ["harness"])
    return zipped({**harness, **_files(_GRADERS.parent, [_GRADERS.name]), **_files(_SITE, ["orjson"])})


def add_grader(stack: FanOutStack, name: str, source: str) -> str:
    """Deploy a grader from its source, and publish a version of it.

    Args:
        stack: The stack to deploy it in.
        name: The function's name.
        source: The source of its module, which defines a `handler`.

    Returns:
        The ARN of the published version.
    """
    functions = stack.aws.client("lambda")
    role = stack.aws.client("iam").list_roles()["Roles"][0]["Arn"]
    made = functions.create_function(
        FunctionName=name,
        Runtime=RUNTIME,
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": zipped({"app.py": source.encode()})},
        Timeout=60,
        MemorySize=512,
    )
    version = functions.publish_version(FunctionName=made["FunctionName"])
    arn: str = version["FunctionArn"]
    return arn
