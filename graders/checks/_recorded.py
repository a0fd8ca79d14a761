"""Looks up a field of a record or its reference by name."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..sample import Sample


def recorded(sample: Sample[Any], name: str) -> Any:
    """Return a field of the record, or of its reference if the record does not have the field.

    Return None if neither has the field.
    """
    reference = sample.reference_answer
    if name == "reference_answer":
        return reference
    found = sample.fields.get(name)
    return reference.get(name) if found is None and isinstance(reference, dict) else found
