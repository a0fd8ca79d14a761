"""What one project has and another has not: its files, its templates, and words in those of all projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ProjectContent"]


@dataclass(frozen=True, slots=True)
class ProjectContent:
    """What differs between projects."""

    words: Mapping[str, str]
    """What to replace in templates, `@HANDLER@` among them."""
    templates: str
    """The folder of the templates that only such projects have."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Files of its own, by path in the project; its samples where those are not the shipped ones
    (empty ones are not written)."""
    may_be_left_out: bool = False
    """Whether a file is left out that has the name of one of the project's; it is an error otherwise."""
