"""The reference that a function of others is given: never one that an empty answer would equal."""

from __future__ import annotations

from ..checks._visible import visible
from ..errors import RecordError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..sample import Sample

_LABELS = ("role", "type")
"""Keys whose values say what something is, such as a message, and nothing of what it holds."""


def given_reference(sample: Sample[Any], column: str) -> dict[str, Any]:
    """What a function is given of a record's reference, by the names of its arguments; nothing without one.

    Functions of others compare texts as they are, so that an empty answer would be paid for a blank
    reference, and a list of right answers with a blank one among them would pay it too.

    Args:
        sample: The sample.
        column: What the function calls it. A field of this name is what its platform would pass, and comes
            before `reference_answer`, which is given beside it then.

    Raises:
        RecordError: It is blank.
    """
    own, answer = sample.fields.get(column), sample.reference_answer
    found = {column: answer} if own is None else {column: own, "reference_answer": answer}
    for value in found.values():
        if value is not None and _may_equal_nothing(value):
            name = "reference_answer" if value is answer else column
            raise RecordError(
                f"the record's {name} is blank or lists a blank text, which an empty answer would equal: "
                f"write the right answer, or leave {name} out where the function needs none"
            )
    return {name: value for name, value in found.items() if value is not None}


def _may_equal_nothing(reference: Any) -> bool:
    """Whether nothing in it says anything, or it lists right answers of which one says nothing."""
    while isinstance(reference, dict) and len(reference) == 1:
        [reference] = reference.values()
    if isinstance(reference, list):
        if any(isinstance(one, str) and not _says(one) for one in reference):
            return True
        if None in reference and all(one is None or isinstance(one, str) for one in reference):
            return True
    waiting = [reference]
    while waiting:  # not by recursion: it may be nested deeply
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [one for name, one in value.items() if name not in _LABELS]
        elif isinstance(value, (list, tuple)):
            waiting += value
        elif _says(value):
            return False
    return True


def _says(value: Any) -> bool:
    """Whether a value that holds no others says something; a NaN is how data frames write a missing one."""
    if isinstance(value, str):
        return bool(visible(value))
    return value is not None and not (isinstance(value, float) and value != value)
