"""How an event is graded: declaration, handler, scoring, timing, telemetry. Private to the library.

The names of `__all__` are for the harness, which imports them from here and nothing else from inside; no
promise covers them.
"""

from __future__ import annotations

from .elsewhere import packages_elsewhere
from .held_questions import QuestionsHeldBack
from .scoring import place_of, score
from .timing import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .event_shape import captured_in, shape
    from .streaming import score_stream

__all__ = [
    "Context",
    "QuestionsHeldBack",
    "captured_in",
    "packages_elsewhere",
    "place_of",
    "score",
    "score_stream",
    "shape",
]


def __getattr__(name: str) -> Any:
    """What a handler needs only when an event is captured, and what it never needs."""
    if name == "score_stream":
        from .streaming import score_stream

        return score_stream
    if name not in ("captured_in", "shape"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import event_shape

    return getattr(event_shape, name)
