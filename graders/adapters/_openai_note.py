"""The class for notes about converting OpenAI graders."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    How: TypeAlias = Literal["mapped", "approximated", "unsupported"]


class SpecNote:
    """A note about how one part of a spec is converted.

    Args:
        pointer: The location of the part, as a JSON pointer; empty for the whole spec.
        how: `mapped` (as documented), `approximated` (different, undocumented, or to be checked), or
            `unsupported` (ignored).
        what: The result of the conversion and how it differs from the original.
    """

    __slots__ = ("how", "pointer", "what")

    def __init__(self, pointer: str, how: How, what: str) -> None:
        self.pointer = pointer
        self.how: How = how
        self.what = what

    def __repr__(self) -> str:
        return f"SpecNote({self.pointer!r}, {self.how!r}, {self.what!r})"
