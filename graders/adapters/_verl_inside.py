"""Calls a verl `compute_score` for one completion.

The source of this module is also sent to the process that runs a confined function, so it imports nothing
from this package.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PLURALS = {
    "data_source": "data_sources",
    "solution_str": "solution_strs",
    "ground_truth": "ground_truths",
    "extra_info": "extra_infos",
}


def call(function: Callable[..., Any], given: dict[str, Any], options: dict[str, Any]) -> Any:
    """Call a scoring function. A function that takes a batch gets a batch of one.

    Args:
        function: The function.
        given: The arguments by their singular names.
        options: The keyword arguments that verl's configuration would add.

    Returns:
        A tuple of the required arguments that were not given, the score, and the other numbers by name. If
        the function is async, an awaitable of the tuple.
    """
    taken, lacks, is_batch = _taken(function, given, options)
    if lacks:
        return lacks, None, {}
    answer = function(**taken)
    return _later(answer, is_batch) if hasattr(answer, "__await__") else _found(answer, is_batch)


async def _later(answer: Any, is_batch: bool) -> Any:
    return _found(await answer, is_batch)


def _found(answer: Any, is_batch: bool) -> Any:
    """Convert the function's result to the return value of `call`."""
    answer = _plain(answer)
    if is_batch:
        if not isinstance(answer, (list, tuple)) or len(answer) != 1:
            count = f"{len(answer)} scores" if hasattr(answer, "__len__") else f"a {type(answer).__name__}"
            raise ValueError(f"the function was given a batch of 1 and returned {count}: return a list of 1")
        answer = _plain(answer[0])
    if isinstance(answer, dict):
        if "score" not in answer:
            raise ValueError("the function returned a dict without 'score'")
        rest = {name: _plain(value) for name, value in answer.items() if name != "score"}
        numbers = {str(name): value for name, value in rest.items() if isinstance(value, (int, float))}
        return [], _plain(answer["score"]), numbers
    if isinstance(answer, (list, tuple)):  # older scoring functions return a list that starts with the score
        if not answer:
            raise ValueError("the function returned an empty list: return the score")
        answer = _plain(answer[0])
    return [], answer, {}


def _plain(value: Any) -> Any:
    """Convert a numpy or torch value to Python values. Return other values unchanged."""
    return value.tolist() if hasattr(value, "tolist") else value


def _taken(
    function: Callable[..., Any], given: dict[str, Any], options: dict[str, Any]
) -> tuple[dict[str, Any], list[str], bool]:
    """Return the arguments to pass, the missing required arguments, and True for a batch function.

    Many functions accept fewer arguments than verl passes. For example, the functions in verl's own library
    accept two of the four arguments.
    """
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin that does not expose its parameters
        return {**given, **options}, [], False
    named = [one for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    names = {one.name for one in named}
    is_batch = "solution_strs" in names
    if is_batch:
        given = {_PLURALS[name]: [value] for name, value in given.items()}
    offered = {**given, **options}
    lacks = [one.name for one in named if one.default is one.empty and one.name not in offered]
    if not any(one.kind is one.VAR_KEYWORD for one in parameters):
        # An option that the function does not accept is a mistake, which Python reports.
        offered = {name: value for name, value in offered.items() if name in names or name in options}
    return offered, lacks, is_batch
