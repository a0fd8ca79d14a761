"""Calls a TRL reward function for one completion the way TRL's trainers call it for a batch.

The source of this module is also sent to the process that runs a confined function, so it imports nothing
from this package.
"""

from __future__ import annotations

from itertools import islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class BeforeTraining:
    """The trainer's state before the first step of a run."""

    global_step = 0
    epoch = 0.0

    def __getattr__(self, name: str) -> Any:
        """Raise an error for attributes that exist only during training."""
        raise AttributeError(
            f"trainer_state.{name} is not available here: no trainer runs, and there is only "
            "trainer_state.global_step (0) and trainer_state.epoch (0.0)"
        )


def call(function: Callable[..., Any], columns: dict[str, list[Any]]) -> Any:
    """Call a reward function.

    Args:
        function: A function whose keyword arguments are the columns, `trainer_state`, `log_extra` and
            `log_metric`.
        columns: The columns, with one value each.

    Returns:
        A tuple of the required arguments that have no column, the function's value in a list, and the mean of
        each logged metric by name. If the function is async, an awaitable of the tuple.
    """
    logged: dict[str, list[float]] = {}

    def log_metric(name: str, value: Any) -> None:
        logged.setdefault(str(name), []).append(float(value))

    def log_extra(column: str, values: Any) -> None:
        for value in map(_plain, values):
            if isinstance(value, (int, float)):
                log_metric(column, value)

    given = {
        **columns,
        "trainer_state": BeforeTraining(),
        "log_extra": log_extra,
        "log_metric": log_metric,
    }
    taken, lacks = _taken(function, given)
    if lacks:
        return lacks, [], {}
    answer = function(**taken)
    return _later(answer, logged) if hasattr(answer, "__await__") else _found(answer, logged)


async def _later(answer: Any, logged: dict[str, list[float]]) -> Any:
    return _found(await answer, logged)


def _found(answer: Any, logged: dict[str, list[float]]) -> Any:
    """Convert the function's result to the return value of `call`."""
    if hasattr(answer, "tolist"):  # an array or a tensor
        answer = answer.tolist()
    # TRL iterates over the result. Characters, keys and unordered items would not be rewards there either.
    if isinstance(answer, (str, bytes, dict, set, frozenset)) or not hasattr(answer, "__iter__"):
        raise TypeError(
            f"the function returned a {type(answer).__name__}: return a list with one value per completion"
        )
    values = list(islice(answer, 2))
    if len(values) != 1:
        count = "more than one value" if values else "none"
        raise ValueError(f"the function was given 1 completion and returned {count}")
    return [], [_plain(values[0])], {name: sum(found) / len(found) for name, found in logged.items()}


def _plain(value: Any) -> Any:
    """Convert a numpy or torch number to a Python number. The grader checks any other value."""
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def _taken(function: Callable[..., Any], given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments to pass and the required arguments that are missing."""
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin that does not expose its parameters
        return given, []
    named = [one for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    lacks = [one.name for one in named if one.default is one.empty and one.name not in given]
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return given, lacks
    names = {one.name for one in named}
    return {name: value for name, value in given.items() if name in names}, lacks
