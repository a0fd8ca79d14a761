"""Regular expressions that are compiled on first use.

Compiling all of this package's patterns takes longer than importing the rest of the library and would slow
down every cold start. Most answers need only a few of them.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def late(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return an object that behaves like `re.compile(pattern, flags)` but compiles the pattern on first use.

    Args:
        pattern: A regular expression.
        flags: Flags of `re`.
    """
    return LatePattern(pattern, flags)  # type: ignore[return-value]  # re.Pattern cannot be inherited from


class LatePattern:
    """A regular expression that is not compiled yet.

    Args:
        pattern: A regular expression.
        flags: Flags of `re`.
    """

    def __init__(self, pattern: str, flags: int) -> None:
        self._given = pattern, flags

    def __getattr__(self, name: str) -> Any:
        """Compile the pattern and store its method as an attribute so that later accesses find it."""
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found
