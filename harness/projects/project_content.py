"""The parts in which projects differ: files, templates, and words in the common templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ProjectContent"]


@dataclass(frozen=True, slots=True)
class ProjectContent:
    """The parts of one project that differ from those of other projects."""

    words: Mapping[str, str]
    """Words to replace in templates, including `@HANDLER@`."""
    templates: str
    """The folder of templates for such projects only."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The project's own files by path, such as samples other than the shipped ones. Empty files are not
    written.
    """
    may_be_left_out: bool = False
    """Whether to leave out a file whose name a file of the project has; otherwise it is an error."""
