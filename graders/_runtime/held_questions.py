"""Stops judges from calling their services so that checking records costs nothing.

While questions are held back, a judge still reports faults in a record but otherwise abstains.
"""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token


class QuestionsHeldBack:
    """Context manager that holds back questions to judges and counts the samples that needed a judge."""

    __slots__ = ("_token", "count")

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> QuestionsHeldBack:
        self._token: Token[QuestionsHeldBack | None] = _holding.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _holding.reset(self._token)


_holding: ContextVar[QuestionsHeldBack | None] = ContextVar("holding", default=None)


def held_back() -> bool:
    """Return True if questions are held back, and count the current sample if so."""
    holding = _holding.get()
    if holding is None:
        return False
    holding.count += 1
    return True
