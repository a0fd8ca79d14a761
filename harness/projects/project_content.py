"""The content that differs between projects: files, templates, and words for the common templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ProjectContent"]


@dataclass(frozen=True, slots=True)
class ProjectContent:
    """The content of one project that differs from other projects."""

    words: Mapping[str, str]
    """Words to replace in templates, including `@HANDLER@`."""
    templates: str
    """Folder with the templates that only projects of this kind use."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Files of the project by path, such as samples other than the shipped ones. Empty files are not
    written.
    """
    may_be_left_out: bool = False
    """True to leave out a file whose name the project already uses. If False, such a file is an error."""
