"""Code of deployed functions: graders, and the worker as it would be built for this machine."""

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
    """The artifact of the library's own graders."""
    return zipped(_files(_GRADERS.parent, [_GRADERS.name]))


def worker_code() -> bytes:
    """The worker's artifact, with this environment's orjson instead of the one for Lambda."""
    with tempfile.TemporaryDirectory() as scratch:
        copy_worker(Path(scratch))
        harness = _files(Path(scratch), ["harness"])
    return zipped({**harness, **_files(_GRADERS.parent, [_GRADERS.name]), **_files(_SITE, ["orjson"])})


def add_grader(stack: FanOutStack, name: str, source: str) -> str:
    """Deploy a grader with a few lines of source, and publish a version of it.

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
