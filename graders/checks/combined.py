"""Checks composed of other checks: a formula over their rewards, their lowest reward or a cascade.

A part is a named scoring function or grader, sync or async. If any part is async, the whole check is async.
Each part's reward is reported under the part's name and its metrics as `part.metric`, so `rft signal` shows
which part causes the spread in rewards. If a part abstains or fails, the sample gets no reward.
"""

from __future__ import annotations

from keyword import iskeyword

from ..combine import minimum
from ..errors import DecorationError, SampleError
from ..reward import RESERVED, Reward
from ._answers import is_unread
from ._arithmetic import FUNCTIONS, read_formula
from ._awaiting import run_steps
from ._options import function_option, number_option, text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from typing import Any, TypeAlias

    from ..sample import Sample

    Scoring: TypeAlias = Callable[[Sample[Any]], Any]  # sync or async functions

_STEPS = "steps"


def formula(*, expression: str, parts: Mapping[str, Scoring]) -> Scoring:
    """Create a check whose reward is a formula over the rewards of other checks.

    The result is never clipped. If it is outside the grader's range or cannot be computed (for example,
    because of a division by 0), the sample fails. A formula that is positive when every part is 0 is
    rejected, because it would reward an empty completion.

    It rewards each part separately if the formula adds the parts, so a model can earn a reward for form
    without an answer. Multiply parts that should earn nothing without each other, as in `right * (0.8 + 0.2 *
    brief)`.

    Args:
        expression: The formula: numbers, the names of the parts, `+ - * / ^`, parentheses, and `min`, `max`,
            `abs`, `floor`, `ceil`, `exp`, `sqrt`, `log` (the natural logarithm). `^` means power.
        parts: The checks by name. A name consists of letters, digits and underscores.

    Raises:
        DecorationError: The expression is invalid, does not use every part or is positive when every part is
            0, or a part is not a check.

    Example:
        >>> from graders.checks.numbers import number
        >>> from graders.checks.shaping import length
        >>> check = formula(
        ...     expression="right * (0.8 + 0.2 * brief)",
        ...     parts={"right": number(), "brief": length(full=10, zero=20)},
        ... )
        >>> check(make_sample("It should be about 72", "72")).value
        0.8
    """
    text_option("expression", expression)
    checks = _named("parts", parts, 1)
    compute = read_formula(expression, checks)
    try:
        nothing = compute(dict.fromkeys(checks, 0.0))
    except (ArithmeticError, ValueError) as error:
        raise DecorationError(
            f"formula {expression!r}: it cannot be computed if every part is 0, as for an empty "
            f"completion: {error}"
        ) from None
    if nothing > 0:
        raise DecorationError(
            f"formula {expression!r}: the reward is {nothing:g} if every part is 0, as for an empty "
            "completion"
        )

    def steps(sample: Sample[Any]) -> Generator[Any, Any, Reward]:
        answers = yield from _asked(sample, checks)
        worst = minimum(answers)
        values = {name: worst.components[name] for name in checks}
        try:
            value = compute(values)
        except (ArithmeticError, ValueError) as error:
            given = ", ".join(f"{name}={part:g}" for name, part in values.items())
            what = f"the formula {expression!r} cannot be computed for {given}: {error}"
            raise SampleError("value", what) from None
        return _reward(value, answers)

    def computed(sample: Sample[Any]) -> Any:
        return run_steps(steps(sample))

    return computed


def all_of(*, parts: Mapping[str, Scoring]) -> Scoring:
    """Create a check whose reward is the lowest reward of several checks.

    It rewards a completion only if every check does. If one check misjudges a right answer, that answer
    earns as little as a wrong one.

    Args:
        parts: The checks by name. A name consists of letters, digits and underscores.

    Raises:
        DecorationError: No parts are given, or a part is not a check.

    Example:
        >>> from graders.checks.numbers import number
        >>> from graders.checks.shaping import length
        >>> check = all_of(parts={"right": number(), "brief": length(full=10, zero=20)})
        >>> check(make_sample("It should be about 72, I think", "72")).value
        0.0
    """
    checks = _named("parts", parts, 1)

    def steps(sample: Sample[Any]) -> Generator[Any, Any, Reward]:
        answers = yield from _asked(sample, checks)
        return _reward(minimum(answers).value, answers)

    def worst_of(sample: Sample[Any]) -> Any:
        return run_steps(steps(sample))

    return worst_of


def cascade(*, steps: Mapping[str, Scoring], at_least: float | Mapping[str, float] = 1.0) -> Scoring:
    """Create a check that runs cheap checks first and stops when a check's reward is too low.

    If a step's reward is below its `at_least`, that reward becomes the reward of the whole check, and later
    steps do not run. A judge in the last step therefore sees few completions. If all steps run, the last
    step's reward counts. The metric `steps` is the number of steps that ran.

    It rewards a completion that stops early as the step at which it stopped does, which may be more than
    the last step would have given. Early steps should therefore give either 0 or enough to continue. A record
    that a later step cannot grade is detected only if that step runs.

    Args:
        steps: The checks by name, cheapest first. A name consists of letters, digits and underscores.
        at_least: The minimum reward that a step must give for the next step to run: a number for all steps,
            or a table by name.

    Raises:
        DecorationError: There are fewer than two steps, a step is not a check, or `at_least` has an entry for
            the last step or an unknown step.

    Example:
        >>> from graders.checks.numbers import number
        >>> from graders.checks.shaping import has_format
        >>> check = cascade(steps={"form": has_format(markers=["####"]), "answer": number(marker="####")})
        >>> check(make_sample("It is 72", "72")).metrics["steps"]
        1.0
    """
    checks = _named("steps", steps, 2)
    # A check pays at most 1; a grader declares its range.
    declared = [getattr(getattr(each, "options", None), "range", (0.0, 1.0)) for each in checks.values()]
    least = _least(at_least, list(checks)[:-1], max(high for _, high in declared))

    def until_one_fails(sample: Sample[Any]) -> Generator[Any, Any, Reward]:
        answers: dict[str, Any] = {}
        value = 0.0
        for name, check in checks.items():
            answers[name] = yield check(sample)
            value = minimum({name: answers[name]}).value
            if value < least.get(name, value):
                break
        return _reward(value, answers, {_STEPS: float(len(answers))})

    def last_of(sample: Sample[Any]) -> Any:
        return run_steps(until_one_fails(sample))

    return last_of


def _asked(sample: Sample[Any], checks: Mapping[str, Scoring]) -> Generator[Any, Any, dict[str, Any]]:
    """Run all checks. The caller awaits each yielded result and sends it back."""
    answers: dict[str, Any] = {}
    for name, check in checks.items():
        answers[name] = yield check(sample)
    return answers


def _reward(value: float, answers: Mapping[str, Any], more: Mapping[str, float] | None = None) -> Reward:
    """Return a reward that includes the metrics, components and reasons of its parts."""
    joined = minimum(answers)
    metrics = {"unread": float(any(map(is_unread, answers.values()))), **(more or {}), **joined.metrics}
    return Reward(value, metrics=metrics, components=joined.components, reason=joined.reason)


def _named(option: str, checks: object, least: int) -> dict[str, Scoring]:
    """Check the parts and their names.

    Raises:
        DecorationError: There are too few parts, a part is not callable or a formula cannot use its name.
    """
    if not isinstance(checks, dict) or len(checks) < least:
        raise DecorationError(
            f"{option}={checks!r}: write a table of {least} or more checks by name, such as "
            "{'right': number(), 'brief': length(200, 400)}"
        )
    for name, check in checks.items():
        taken = ("unread", _STEPS, *FUNCTIONS)
        if not isinstance(name, str) or not (name.isascii() and name.isidentifier()) or iskeyword(name):
            raise DecorationError(f"{option}: {name!r}: name a check with letters, digits and underscores")
        if name in taken or name.startswith(RESERVED):
            raise DecorationError(f"{option}: {name!r} is taken: give the check another name")
        function_option(f"{option}[{name!r}]", check)
    return dict(checks)


def _least(at_least: object, names: list[str], most: float) -> dict[str, float]:
    """Return the minimum reward for each step except the last."""
    if not isinstance(at_least, dict):
        return dict.fromkeys(names, number_option("at_least", at_least, 0, most))
    if unknown := [name for name in at_least if name not in names]:
        raise DecorationError(
            f"at_least names {unknown[0]!r}: name steps before the last one: {', '.join(names)}"
        )
    return {name: number_option(f"at_least[{name!r}]", at_least.get(name, 1.0), 0, most) for name in names}
