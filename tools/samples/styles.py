"""Writes completions for a problem in a given style, which are right or wrong by construction.

A right completion has exactly one number after the last `####`, and it equals the answer. The styles differ
in words, marks and length, as do completions of real models. Careful styles are usually right. Sloppy ones
are rarely or never right, because some do not settle on one answer.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from tools.samples.problems import Dice, Problem, WorkedStep, show, slip

__all__ = ["CAREFUL", "MARKER", "SLOPPY", "STYLES", "StyledCompletion", "complete", "reference"]

MARKER = "####"


class StyledCompletion(NamedTuple):
    """A completion from a synthetic model."""

    text: str
    style: str
    is_right: bool


Writer = Callable[[Problem, tuple[WorkedStep, ...], Dice], str]


def reference(problem: Problem, dice: Dice) -> str:
    """Return the solution in the style of GSM8K: one step per line with `<<3*4=12>>`, then `#### 12`."""
    final = _plain(problem, problem.answer)
    if problem.answer >= 1000 and problem.answer.denominator == 1 and dice.chance(0.4):
        final = f"{problem.answer.numerator:,}"
    return "\n".join((*(_annotated(step) for step in problem.steps), f"{MARKER} {final}"))


def complete(problem: Problem, style: str, is_right: bool, dice: Dice) -> StyledCompletion:
    """Write one completion.

    Args:
        problem: The problem to answer.
        style: A name in `STYLES`.
        is_right: True if the steps lead to the answer. A style without a single answer is never right.
        dice: Chooses the words and the slip.
    """
    steps = problem.steps if is_right else slip(problem, dice)
    text = STYLES[style](problem, steps, dice)
    return StyledCompletion(text, style, is_right and style not in _NEVER_RIGHT)


def _worked(problem: Problem, steps: tuple[WorkedStep, ...], dice: Dice) -> str:
    lines = [_annotated(step) for step in steps]
    return "\n".join((*lines, f"{MARKER} {_form(problem, steps[-1].value, dice)}"))


def _steps(problem: Problem, steps: tuple[WorkedStep, ...], dice: Dice) -> str:
    lines = [f"**Step {number}:** {_spelled(step)}" for number, step in enumerate(steps, 1)]
    return "\n".join(("Let's solve it step by step.", *lines, _final(problem, steps, dice)))


def _checked(problem: Problem, steps: tuple[WorkedStep, ...], dice: Dice) -> str:
    lines = [f"- {_spelled(step)}" for step in steps]
    last = steps[-1]
    back = {"+": "-", "-": "+", "*": "/", "/": "*"}[last.op]
    check = f"Check: {show(last.value)} {_SIGNS[back]} {show(last.right)} = {show(last.left)}, which fits."
    start = "First, what is given and what is asked."
    return "\n".join((start, *lines, check, _final(problem, steps, dice)))


def _bare(problem: Problem, steps: tuple[WorkedStep, ...], dice: Dice) -> str:
    return f"{MARKER} {_form(problem, steps[-1].value, dice)}"


def _guess(problem: Problem, steps: tuple[WorkedStep, ...], dice: Dice) -> str:
    start = dice.pick(
        ("Probably", "I guess", "Off the top of my head,", "Quick estimate:", "Maybe", "Sounds like")
    )
    thing = "something like this" if dice.chance(0.5) else "this, more or less"
    return f"{start} {thing}.\n{MARKER} {_form(problem, steps[-1].value, dice)}"


def _ramble(problem: Problem, steps: tuple[WorkedStep, ...], dice: Dice) -> str:
    parts = [dice.pick(_OPENINGS)]
    for step in steps:
        said = f"{show(step.left)} {step.op} {show(step.right)} is {show(step.value)}, I think."
        parts += [dice.pick(_DOUBTS), said]
    parts += dice.shuffled(list(_FILLERS))[: dice.between(1, 3)]
    return " ".join(parts) + f"\n{MARKER} {_form(problem, steps[-1].value, dice)}"


def _hedged(problem: Problem, steps: tuple[WorkedStep, ...], dice: Dice) -> str:
    first, second = (
        _plain(problem, steps[-1].value),
        _plain(problem, steps[-1].value + dice.pick([-2, 1, 10])),
    )
    start = dice.pick(("It could be either.", "I am not sure which.", "Depends on how you read it."))
    return f"{start}\n{MARKER} {first} {dice.pick(('or', 'or maybe', 'or else'))} {second}"


def _prose(problem: Problem, steps: tuple[WorkedStep, ...], dice: Dice) -> str:
    start = dice.pick(("So the answer would be", "That comes to", "All told it is", "I make it"))
    said = f"{_annotated(steps[0])} " if dice.chance(0.4) else ""
    return f"{said}{start} {_form(problem, steps[-1].value, dice)}."


def _cut(problem: Problem, steps: tuple[WorkedStep, ...], dice: Dice) -> str:
    text = _steps(problem, steps, dice)
    end = text.index(MARKER)
    return text[: dice.between(end // 3, end - 2)]


def _empty(problem: Problem, steps: tuple[WorkedStep, ...], dice: Dice) -> str:
    return dice.pick(("", "", "", " ", "\n"))


CAREFUL: dict[str, Writer] = {"worked": _worked, "steps": _steps, "checked": _checked}
"""Styles that show their steps and are usually right."""
SLOPPY: dict[str, Writer] = {
    "bare": _bare,
    "guess": _guess,
    "ramble": _ramble,
    "hedged": _hedged,
    "prose": _prose,
    "cut": _cut,
    "empty": _empty,
}
"""Styles that guess, ramble, or give no single answer, and are rarely or never right."""
STYLES: dict[str, Writer] = CAREFUL | SLOPPY
_NEVER_RIGHT = {"hedged", "prose", "cut", "empty"}

_SIGNS = {"+": "+", "-": "-", "*": "×", "/": "÷"}
_OPENINGS = (
    "Okay, so, hmm, this one looks familiar.",
    "Well, let me think aloud about it.",
    "Right, where do I begin?",
    "Honestly these always confuse me a little.",
    "Hmm, interesting, let us see where it leads.",
)
_DOUBTS = (
    "Wait, or was it the other way round?",
    "Hmm, actually, let me go back.",
    "Anyway, moving on,",
    "If I recall,",
    "No, hold on, that seems off, but whatever,",
    "I could be wrong here, still,",
)
_FILLERS = (
    "There may be more to it than that, but the wording leaves it open and I would not go round in circles.",
    "Some would do it in another order, and perhaps they would be right, it hardly matters here.",
    "I once saw a puzzle of the same kind and it ended quite differently, which makes me wonder.",
    "It all depends on what is meant, of course, and nobody tells us that.",
)


def _annotated(step: WorkedStep) -> str:
    sum_ = f"{show(step.left)}{step.op}{show(step.right)}"
    return f"{step.lead} {sum_} = <<{sum_}={show(step.value)}>>{show(step.value)} {step.tail}"


def _spelled(step: WorkedStep) -> str:
    sign = _SIGNS[step.op]
    return f"{step.lead} {show(step.left)} {sign} {show(step.right)} = {show(step.value)} {step.tail}"


def _final(problem: Problem, steps: tuple[WorkedStep, ...], dice: Dice) -> str:
    start = dice.pick(("", "", "The answer is below.\n", "So, finally:\n"))
    return f"{start}{MARKER} {_form(problem, steps[-1].value, dice)}"


def _plain(problem: Problem, value: Fraction) -> str:
    if problem.unit == "$" and value.denominator != 1:
        return f"{float(value):.2f}"
    return show(value)


def _form(problem: Problem, value: Fraction, dice: Dice) -> str:
    """Write a number as a model might. Every form contains only this number."""
    plain = _plain(problem, value)
    if dice.chance(0.55):
        return plain
    whole = value.denominator == 1
    forms = [f"**{plain}**", f"{plain}."]
    forms.append(f"${plain}" if problem.unit == "$" else f"{plain} {problem.unit}")
    forms.append(f"{plain} dollars" if problem.unit == "$" else plain)
    if whole:
        forms += [f"{value.numerator:,}"] * (3 if value >= 1000 else 0)
        forms.append(f"{plain}.00" if problem.unit == "$" else f"{plain}.0")
    return dice.pick(forms)
