"""Determines where to grade from a verb's options."""

from __future__ import annotations

from typing import Any

from harness.errors import InputError

__all__ = ["where_to_grade"]


def where_to_grade(arn: str | None, stack: str | None, asked: dict[str, Any]) -> dict[str, Any]:
    """Return fields of a `TargetChoice` for the options. Without options, grade in this process.

    Args:
        arn: The value of --arn.
        stack: The value of --stack.
        asked: The verb's other options: artifact, function and region.

    Raises:
        InputError: Several options name a place to grade, or the stack has no such function.
        ServiceError: AWS cannot be reached.
    """
    from harness.targets.opening import IN_PROCESS, LAMBDA_RUNTIME

    places = [("--arn", arn), ("--stack", stack), ("--artifact", asked["artifact"])]
    given = [name for name, value in places if value is not None]
    if len(given) > 1:
        raise InputError(
            f"{' and '.join(given)} {'both' if len(given) == 2 else 'all'} name a place to grade",
            fix="Keep only one of them.",
        )
    if arn is not None:
        return {"target": arn}
    if stack is not None:
        from harness.deploy.outputs import read_stack

        found = read_stack(stack, asked["region"])
        return {"target": found.arn(asked["function"]), "function": None, "region": None}
    here = asked["artifact"] is None and asked["function"] is None
    return {"target": IN_PROCESS if here else LAMBDA_RUNTIME}
