"""How an event is graded: declaration, handler, scoring, timing, telemetry. Private to the library.

The names of `__all__` are for the harness, which imports them from here and nothing else from inside; no
promise covers them.
"""

from __future__ import annotations

from .scoring import score
from .timing import Context

__all__ = ["Context", "score"]
