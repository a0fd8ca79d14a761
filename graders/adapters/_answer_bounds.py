"""Limits the size of a completion that is passed to a third-party function.

The data sent to a separate process is limited in size. Any part of a completion beyond the limits is removed
first, so that a model cannot make its sample fail by generating a large completion.
"""

from __future__ import annotations

from ..checks._code_values import DEEPEST
from ..sample import ASSISTANTS, Sample, item_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST = 1_000_000
"""Maximum total number of characters in a value's strings."""
MOST_VALUES = 100_000
"""Maximum number of parts in a value, including nested parts."""
LEVELS = DEEPEST - 20
"""Maximum nesting depth of an answer, which leaves 20 levels for the objects around it."""


def is_bounded(value: object) -> bool:
    """Return True if a value from a completion, including its nested parts, is within the limits."""
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
    """Return a copy of a sample without the parts of the model's turns that exceed the limits.

    Content beyond the limits is replaced by an empty string, and other fields beyond the limits are removed.
    Turns with other roles come from the record and are not changed.
    """
    turns = [_bounded_turn(turn) for turn in sample.messages]
    if all(kept is turn for kept, turn in zip(turns, sample.messages, strict=True)):
        return sample
    item = item_of(sample)
    return Sample({**item, "messages" if "messages" in item else "prompt": turns})


def _bounded_turn(turn: Any) -> Any:
    if not isinstance(turn, dict) or turn.get("role") not in ASSISTANTS:
        return turn
    beyond = [name for name, value in turn.items() if not is_bounded(value)]
    if not beyond:
        return turn
    kept = {name: value for name, value in turn.items() if name not in beyond}
    return {**kept, "content": ""} if "content" in beyond else kept
