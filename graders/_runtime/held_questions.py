"""Keeps graders from asking their judges, so that commands that only check records cost nothing.

A judge checks the record first, then calls its service. While questions are held back, a judge still reports
a fault in the record, but abstains instead of calling its service.
"""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token


class QuestionsHeldBack:
    """A context manager that holds back judges' questions and counts the samples that needed one."""

    __slots__ = ("_token", "count")

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> QuestionsHeldBack:
        """Start holding back questions."""
        self._token: Token[QuestionsHeldBack | None] = _holding.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Let judges ask again."""
        _holding.reset(self._token)


_holding: ContextVar[QuestionsHeldBack | None] = ContextVar("holding", default=None)


def held_back() -> bool:
    """Return whether questions are held back; if they are, count this sample."""
    holding = _holding.get()
    if holding is None:
        return False
    holding.count += 1
    return True
