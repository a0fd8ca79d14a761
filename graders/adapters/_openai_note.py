"""A note on what becomes of a part of a grader of OpenAI's."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    How: TypeAlias = Literal["mapped", "approximated", "unsupported"]


class SpecNote:
    """What becomes of a part of a spec.

    Args:
        pointer: Its place, as a JSON pointer; empty for all of it.
        how: `mapped` (as documented), `approximated` (differs, is not documented, or deserves a look), or
            `unsupported` (ignored).
        what: What is done, and what differs.
    """

    __slots__ = ("how", "pointer", "what")

    def __init__(self, pointer: str, how: How, what: str) -> None:
        self.pointer = pointer
        self.how: How = how
        self.what = what

    def __repr__(self) -> str:
        """A call that would make it again."""
        return f"SpecNote({self.pointer!r}, {self.how!r}, {self.what!r})"
