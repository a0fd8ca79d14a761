"""Reads what a record says beside its reference: a field by its name."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..sample import Sample


def recorded(sample: Sample[Any], name: str) -> Any:
    """A field of the record, or of a reference that is an object; None where neither has it."""
    reference = sample.reference_answer
    if name == "reference_answer":
        return reference
    found = sample.fields.get(name)
    return reference.get(name) if found is None and isinstance(reference, dict) else found
