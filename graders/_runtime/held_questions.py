"""Whether judges may ask their services: what looks at records alone must cost nothing.

A judge looks at the record first, then asks. Where questions are held back it abstains instead of asking, so
that whatever is wrong with the record has been found by then.
"""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token


class QuestionsHeldBack:
    """Holds back every question of every judge while it is entered, and counts the samples concerned."""

    __slots__ = ("_token", "count")

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> QuestionsHeldBack:
        """Hold back questions from here on."""
        self._token: Token[QuestionsHeldBack | None] = _holding.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Let judges ask again."""
        _holding.reset(self._token)


_holding: ContextVar[QuestionsHeldBack | None] = ContextVar("holding", default=None)


def held_back() -> bool:
    """Whether a sample's questions are held back, which counts the sample."""
    holding = _holding.get()
    if holding is None:
        return False
    holding.count += 1
    return True
