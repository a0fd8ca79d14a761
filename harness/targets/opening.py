"""Opens the target that a command names."""

from __future__ import annotations

from typing import Any

from harness.errors import InputError
from harness.targets.protocol import Target

IN_PROCESS, LAMBDA_RUNTIME = "in-process", "lambda-runtime"


def open_target(described: dict[str, Any]) -> Target:
    """Open a target.

    Args:
        described: `kind` (`in-process`, `lambda-runtime` or a function's ARN or name) and what that kind
            needs: `grader` for the first.

    Raises:
        InputError: The target cannot be set up as described.
    """
    kind = described["kind"]
    if kind == IN_PROCESS:
        from harness.targets.in_process import InProcessTarget

        return InProcessTarget(described["grader"])
    raise InputError(f"there is no target {kind!r}", fix=f"Known: {IN_PROCESS}.")
