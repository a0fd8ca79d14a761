"""Makes scoring functions from functions that take messages and return an EvaluateResult."""

from __future__ import annotations

import sys

from ..errors import DecorationError, RecordError, SampleError
from ..reward import RESERVED, Abstain, Reward, number
from ..sample import ASSISTANTS, final_text, turn_text
from . import _evaluators_inside
from ._given_reference import given_reference
from ._placed import name_of, placed
from ._scoring_function import scoring_function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any, TypeAlias

    from ..sample import Sample
    from ._confined import ConfinedFunction

    Evaluator: TypeAlias = Callable[..., Any] | ConfinedFunction
    Answer: TypeAlias = Reward | Abstain


def evaluated(function: Evaluator, adapter: str) -> Callable[[Sample[Any]], Any]:
    """Make a scoring function from a function that returns an EvaluateResult.

    Args:
        function: The function, or a `confined` one.
        adapter: Name of the adapter for messages.

    Raises:
        DecorationError: The value is not a function.
    """
    if not callable(function) or hasattr(function, "grade_all"):
        raise DecorationError(f"{adapter} was given {function!r}: give it a function, or confined(...)")
    if type(function).__name__ in ("PreProcessor", "PostProcessor"):
        raise DecorationError(
            f"{adapter} was given a {type(function).__name__}, which serves SageMaker's evaluation jobs and "
            "gives no reward: write a function of messages and ground_truth that measures the same"
        )
    call = placed(function, _evaluators_inside)
    name = name_of(function)

    def steps(sample: Sample[Any]) -> Generator[Any, Any, Answer]:
        fields: dict[str, Any] = dict(sample.fields)
        fields.update(given_reference(sample, "ground_truth"))
        reference = fields.pop("ground_truth", None)
        told = yield call([_turn(sample, at) for at in range(len(sample.messages))], reference, fields)
        if "lacks" in told:
            raise RecordError(_lacking(name, told["lacks"]))
        return _settled(name, told)

    return scoring_function(steps, [function])


def _turn(sample: Sample[Any], at: int) -> dict[str, Any]:
    """Return a message with its blocks joined into one string. The last message keeps its reasoning.

    Functions that return an EvaluateResult look for `<think>` and similar tags in this string.
    """
    message = sample.messages[at]
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise RecordError(f"message {at} of the conversation has no role")
    last = at == len(sample.messages) - 1
    text = final_text(sample) if last else turn_text(message)
    role = "assistant" if message["role"] in ASSISTANTS else message["role"]
    turn = {name: value for name, value in message.items() if value is not None}
    return {**turn, "role": role, "content": text}


def _lacking(name: str, lacks: list[str]) -> str:
    if lacks == ["ground_truth"]:
        return (
            f"the record has no reference_answer, and {name} needs ground_truth: "
            "if it is optional, write ground_truth=None in its signature"
        )
    return f"{name} needs {' and '.join(lacks)}, and the record has no such field"


def _settled(name: str, told: dict[str, Any]) -> Answer:
    """Convert a function's result to a reward or an abstention.

    Raises:
        SampleError: The result reports an error, or its score is not a finite number.
    """
    if told["error"]:
        raise SampleError("exception", f"{name} reports an error: {told['error']}", f"error of {name}")
    if not told["is_valid"]:
        return Abstain(told["reason"] or f"{name} says that its score is not valid")
    metrics = {}
    for metric, value in told["metrics"].items():
        try:
            metrics[metric.replace(RESERVED, f"its_{RESERVED}", 1)] = number(value)
        except ValueError as error:
            raise SampleError("value", f"{name}, metric {metric!r}: {error}") from None
    try:
        return Reward(number(told["score"]), metrics=metrics, reason=told["reason"])
    except ValueError as error:
        raise SampleError("value", f"{name}: {error}") from None


def stand_in(*packages: str) -> None:
    """Make stand-ins importable for libraries that reward functions import but that are not installed.

    eval-protocol takes up 300 MB and llm-eval-kit is not in a package registry, but reward functions need
    only small parts of them. Importing a name that a stand-in lacks raises an ImportError that includes the
    name. Call `stand_in` before importing the reward function. `confined` functions do not need this call.

    Args:
        *packages: Any of `eval_protocol`, `reward_kit`, `llm_eval_kit`; all of them by default.

    Raises:
        DecorationError: One of the packages has no stand-in.
    """
    from importlib.util import find_spec

    if unknown := [one for one in packages if one not in _evaluators_inside.PROVIDES]:
        known = ", ".join(_evaluators_inside.PROVIDES)
        raise DecorationError(f"there is no stand-in for {unknown[0]!r}: there is one for {known}")
    wanted = packages or _evaluators_inside.PROVIDES
    # A loaded module is either the library or its stand-in, which has no spec.
    _evaluators_inside.prepare(one for one in wanted if one not in sys.modules and find_spec(one) is None)


__all__ = ["evaluated", "stand_in"]
