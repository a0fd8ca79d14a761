"""Opens the targets of `--bind NAME=TARGET` for the function ARNs in jobs.

NAME may be a function's full ARN, its name with a qualifier, or its name alone, and is looked up in this
order. TARGET is one of:

    module:attr, file.py:attr       on this machine, in a separate process
    FOLDER:module.function          a folder or zip file of code under the local Lambda runtime
    FOLDER                          the same, with handler and limits from the template next to it
    http://HOST:PORT                the Lambda Invoke API at that endpoint, called with the function's name
    arn:aws:lambda:...              a deployed function

A target is opened on first use and shared by all jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.errors import InputError
from harness.simulator.failure import JobFailure

if TYPE_CHECKING:
    from harness.localaws.function import FunctionSpec
    from harness.targets.protocol import Target

__all__ = ["Functions", "open_spec"]


class Functions:
    """The functions that jobs can use as graders.

    Args:
        specs: Targets by function name, `NAME:QUALIFIER` or ARN.
    """

    def __init__(self, specs: Mapping[str, str]) -> None:
        self._specs = specs
        self._open: dict[str, Target] = {}

    def open(self, arn: str) -> Target:
        """Return the target for a function's ARN.

        Raises:
            JobFailure: No function is bound to the ARN.
            HarnessError: The function's target cannot be opened.
        """
        qualified = arn.split(":function:", 1)[-1]
        name = qualified.split(":", 1)[0]
        for known in (arn, qualified, name):
            if known in self._specs:
                if known not in self._open:
                    self._open[known] = open_spec(self._specs[known], qualified, _region(arn))
                return self._open[known]
        given = ", ".join(sorted(self._specs)) or "none"
        raise JobFailure(
            "function_not_found",
            f"Function not found: {arn}. Start the emulator with --bind {name}=module:attr (given: {given}).",
            param="method.reinforcement.grader.lambda.function",
        )

    def close(self) -> None:
        """Close every target."""
        for target in self._open.values():
            target.close()
        self._open.clear()


def open_spec(spec: str, function: str, region: str | None) -> Target:
    """Open one target.

    Args:
        spec: The part after `NAME=`.
        function: The function's name as in the job, with any qualifier.
        region: The Region in the job's ARN.

    Raises:
        HarnessError: The target cannot be opened.
    """
    if spec.startswith("arn:") or urlsplit(spec).scheme in ("http", "https"):
        from harness.targets.deployed import DeployedTarget

        if spec.startswith("arn:"):
            return DeployedTarget(spec)
        return DeployedTarget(function, region=region, endpoint_url=spec)
    code, _, handler = spec.partition(":")
    if not Path(code).is_dir() and not code.endswith(".zip"):
        from harness.targets.own_process import OwnProcessTarget

        return OwnProcessTarget(spec)
    from harness.targets.lambda_runtime import LocalRuntimeTarget

    return LocalRuntimeTarget(_function(Path(code), handler, function), concurrency=1)


def _function(code: Path, handler: str, function: str) -> FunctionSpec:
    from harness.localaws.template import read_functions
    from harness.targets.built import bare_function

    if handler:
        return bare_function(code, handler, function.split(":")[0])
    template = code.parent / "template.yaml"
    spec = read_functions(template).get(code.name) if template.is_file() else None
    if spec is None:
        fix = f"Use --bind NAME={code}:module.function, or name a folder that `sam build` made."
        raise InputError("no handler is known for this code", place=str(code), fix=fix)
    return spec


def _region(arn: str) -> str | None:
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 else None
