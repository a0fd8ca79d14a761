"""Internal code that grades events. Private to the library.

The names in `__all__` are for the harness, which imports nothing else from this package. They are not covered
by the stability promise.
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
    """Import rarely needed names on first use."""
    if name == "score_stream":
        from .streaming import score_stream

        return score_stream
    if name not in ("captured_in", "shape"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import event_shape

    return getattr(event_shape, name)
