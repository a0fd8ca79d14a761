"""Makes word problems with exact steps from templates and random numbers.

All arithmetic uses fractions, so no answer depends on a machine's rounding. A problem stores its steps as
operations, so a slip in one step affects the numbers in all later steps, as in a model's completion.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import TypeVar

from tools.samples.templates import NAMES, POOLS, Draw, Template

__all__ = ["Dice", "Problem", "WorkedStep", "draw_problem", "show", "slip"]

T = TypeVar("T")

_MOST_TRIES = 400


class Dice:
    """Draws from a seed, using only `random()`, which gives the same numbers on every version of Python.

    Args:
        seed: Any integer.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self._random() < probability

    def between(self, low: int, high: int, step: int = 1) -> int:
        """Return one of the numbers `low`, `low + step`, ... up to `high`."""
        return low + step * int(self._random() * ((high - low) // step + 1))

    def pick(self, items: tuple[T, ...] | list[T]) -> T:
        """Return one of the items."""
        return items[int(self._random() * len(items))]

    def shuffled(self, items: list[T]) -> list[T]:
        """Return the items in random order."""
        rest, order = list(items), []
        while rest:
            order.append(rest.pop(int(self._random() * len(rest))))
        return order


@dataclass(frozen=True, slots=True)
class WorkedStep:
    """One operation of a solution, with the words around it."""

    lead: str
    left: Fraction
    op: str
    right: Fraction
    value: Fraction
    tail: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A word problem that has exactly one answer."""

    question: str
    steps: tuple[WorkedStep, ...]
    unit: str
    """Word after the answer; `$` for money."""
    template: Template
    numbers: dict[str, Fraction]
    words: dict[str, str]

    @property
    def answer(self) -> Fraction:
        """The value of the last step."""
        return self.steps[-1].value


def show(value: Fraction) -> str:
    """Format a number as a decimal with at most four places, without trailing zeros: `12`, `7.5`, `0.05`."""
    if value.denominator == 1:
        return str(value.numerator)
    scaled = round(value * 10_000)
    whole, rest = divmod(abs(scaled), 10_000)
    digits = f"{rest:04d}".rstrip("0")
    return f"{'-' if scaled < 0 else ''}{whole}{'.' + digits if digits else ''}"


def draw_problem(template: Template, dice: Dice) -> Problem:
    """Draw numbers until the problem is fair.

    In a fair problem, every step is positive with at most two decimals, no value repeats, people and pieces
    are whole numbers, and the answer is not one of the question's numbers, so that it cannot be copied.

    Raises:
        ValueError: The template's ranges do not allow any fair problem.
    """
    a = dice.pick(NAMES)
    b = dice.pick([name for name in NAMES if name != a])
    words = {"a": a, "b": b} | {name: dice.pick(pool) for name, pool in POOLS.items()}
    for _ in range(_MOST_TRIES):
        numbers: dict[str, Fraction] = {}
        for name, how in template.draws.items():
            numbers[name] = _draw(how, numbers, dice)
        steps = work(template, numbers, words)
        if _is_fair(template, numbers, steps):
            shown = {name: _Shown(value) for name, value in numbers.items()}
            question = template.question.format(**shown, **words)
            return Problem(question, steps, template.unit.format(**words), template, numbers, words)
    raise ValueError(f"no fair numbers for: {template.question}")


def work(
    template: Template,
    numbers: dict[str, Fraction],
    words: dict[str, str],
    slip_at: int = -1,
    slip_to: str = "",
) -> tuple[WorkedStep, ...]:
    """Compute the steps. In step `slip_at`, replace the operator by `slip_to` or add it to the result."""
    known = dict(numbers)
    steps = []
    for place, (lead, expression, name, tail) in enumerate(template.steps):
        left, op, right = expression.split()
        x, y = _value(left, known), _value(right, known)
        value = _apply(x, op, y)
        if place == slip_at and slip_to in {"+", "-", "*", "/"}:
            op, value = slip_to, _apply(x, slip_to, y)
        elif place == slip_at:
            value += Fraction(slip_to)
        known[name] = value
        steps.append(WorkedStep(lead.format(**words), x, op, y, value, tail.format(**words)))
    return tuple(steps)


def slip(problem: Problem, dice: Dice) -> tuple[WorkedStep, ...]:
    """Return the steps with one plausible slip and a different answer.

    A slip is a miscalculated step, a wrong operation, or a missing last step.
    """
    if len(problem.steps) > 1 and dice.chance(0.25):
        cut = problem.steps[:-1]
        if cut[-1].value != problem.answer:
            return cut
    for _ in range(_MOST_TRIES):
        place = dice.between(0, len(problem.steps) - 1)
        size = 10 if problem.steps[place].value >= 100 and dice.chance(0.6) else 1
        amount = str(dice.pick([-2, -1, 1, 2, 3]) * size)
        to = dice.pick(["+", "-", "*"]) if dice.chance(0.4) else amount
        steps = work(problem.template, problem.numbers, problem.words, place, to)
        answer = steps[-1].value
        if all(_is_plausible(step.value, problem) for step in steps) and answer != problem.answer:
            return steps
    raise ValueError(f"no slip for: {problem.question}")


def _is_plausible(value: Fraction, problem: Problem) -> bool:
    largest = max(step.value for step in problem.steps)
    return 0 < value <= 100 * largest and (value * 100).denominator == 1


def _draw(how: Draw, known: dict[str, Fraction], dice: Dice) -> Fraction:
    if isinstance(how, str):
        left, op, right = how.split()
        return _apply(_value(left, known), op, _value(right, known))
    low, high, step, divisor = (*how, *(1, 1)[len(how) - 2 :])
    return Fraction(dice.between(low, high, step), divisor)


def _value(term: str, known: dict[str, Fraction]) -> Fraction:
    return Fraction(int(term)) if term.isdigit() else known[term]


def _apply(x: Fraction, op: str, y: Fraction) -> Fraction:
    if op == "+":
        return x + y
    if op == "-":
        return x - y
    return x * y if op == "*" else x / y


def _is_fair(template: Template, numbers: dict[str, Fraction], steps: tuple[WorkedStep, ...]) -> bool:
    values = [step.value for step in steps]
    if min(values) <= 0 or len(set(values)) < len(values):
        return False
    if any((value * 100).denominator != 1 for value in (*values, *numbers.values())):
        return False
    in_question = {value for name, value in numbers.items() if "{" + name in template.question}
    if values[-1] in in_question or min(in_question) <= 0:
        return False
    computed = (value for name, value in numbers.items() if isinstance(template.draws[name], str))
    if any(value.denominator != 1 for value in computed if value in in_question):
        return False
    return template.unit in {"$", "km", "hours", "litres"} or values[-1].denominator == 1


class _Shown:
    """A number in a question: `{n}` plain, `{n:,}` with thousands separators, `{n:m}` as money."""

    def __init__(self, value: Fraction) -> None:
        self._value = value

    def __format__(self, form: str) -> str:
        if form == "," and self._value.denominator == 1:
            return f"{self._value.numerator:,}"
        if form == "m" and self._value.denominator != 1:
            return f"{float(self._value):.2f}"
        return show(self._value)
