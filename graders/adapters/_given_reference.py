"""Passes the reference to third-party functions unless an empty answer could match it."""

from __future__ import annotations

from ..checks._visible import visible
from ..errors import RecordError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..sample import Sample

_LABELS = ("role", "type")
"""Keys of an object, such as a message, whose values are not content."""


def given_reference(sample: Sample[Any], column: str) -> dict[str, Any]:
    """Return the keyword arguments that pass the record's reference to a third-party function.

    Third-party functions compare strings as they are, so a blank reference, or one that lists a blank answer,
    would make them reward an empty answer.

    Args:
        sample: The sample.
        column: The function's name for the reference. If the record has a field with this name, that field is
            passed instead, as on the function's platform, and the reference is passed as `reference_answer`.

    Raises:
        RecordError: The reference is blank or lists a blank answer.
    """
    own, answer = sample.fields.get(column), sample.reference_answer
    found = {column: answer} if own is None else {column: own, "reference_answer": answer}
    for value in found.values():
        if value is not None and _may_equal_nothing(value):
            name = "reference_answer" if value is answer else column
            raise RecordError(
                f"the record's {name} is blank or lists a blank text, which an empty answer would equal: "
                f"write the right answer, or leave {name} out if the function does not need it"
            )
    return {name: value for name, value in found.items() if value is not None}


def _may_equal_nothing(reference: Any) -> bool:
    """Return True if the reference is blank or is a list of right answers with a blank one."""
    while isinstance(reference, dict) and len(reference) == 1:
        [reference] = reference.values()
    if isinstance(reference, list):
        if any(isinstance(one, str) and not _says(one) for one in reference):
            return True
        if None in reference and all(one is None or isinstance(one, str) for one in reference):
            return True
    waiting = [reference]
    while waiting:  # not recursive, because the reference may be deeply nested
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [one for name, one in value.items() if name not in _LABELS]
        elif isinstance(value, (list, tuple)):
            waiting += value
        elif _says(value):
            return False
    return True


def _says(value: Any) -> bool:
    """Return True if a single value has content. Data frames represent a missing value as NaN."""
    if isinstance(value, str):
        return bool(visible(value))
    return value is not None and not (isinstance(value, float) and value != value)
