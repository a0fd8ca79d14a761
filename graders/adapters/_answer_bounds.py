"""Bounds on what functions of others are given of a model's answer.

Data sent to a separate process is bounded, and a model's answer can have any size. So that no answer
can fail its own sample, what is beyond the bounds is left out of it before it is given to anybody.
"""

from __future__ import annotations

from ..checks._code_values import DEEPEST
from ..sample import ASSISTANTS, Sample, item_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST = 1_000_000
"""Characters of all texts in a value."""
MOST_VALUES = 100_000
"""Parts of a value, those of its parts included."""
LEVELS = DEEPEST - 20
"""How deep parts may lie in each other; the others are for what an answer is wrapped in."""


def is_bounded(value: object) -> bool:
    """Return whether a value from a model's answer is within the bounds, whatever it is nested in."""
    level, parts, characters = [value], MOST_VALUES, LONGEST
    for _ in range(LEVELS):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, str):
                characters -= len(one)
            elif isinstance(one, dict):
                inner += [*one, *one.values()]
            elif isinstance(one, (list, tuple)):
                inner += one
            if characters < 0 or len(inner) > parts:
                return False
        if not inner:
            return True
        level, parts = inner, parts - len(inner)
    return False


def bounded(sample: Sample[Any]) -> Sample[Any]:
    """Return a sample without what the model's turns hold beyond the bounds.

    A turn whose content is beyond them has an empty text instead, and its other fields are left out. What
    other roles say is the record's, and stays.
    """
    turns = [_bounded_turn(turn) for turn in sample.messages]
    if all(kept is turn for kept, turn in zip(turns, sample.messages, strict=True)):
        return sample
    item = item_of(sample)
    return Sample({**item, "messages" if "messages" in item else "prompt": turns})


def _bounded_turn(turn: Any) -> Any:
    """A message; without what is beyond the bounds where the model wrote it."""
    if not isinstance(turn, dict) or turn.get("role") not in ASSISTANTS:
        return turn
    beyond = [name for name, value in turn.items() if not is_bounded(value)]
    if not beyond:
        return turn
    kept = {name: value for name, value in turn.items() if name not in beyond}
    return {**kept, "content": ""} if "content" in beyond else kept
