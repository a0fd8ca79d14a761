"""Regular expressions that are compiled once a text needs them.

To compile the patterns of this package takes longer than to import all the rest of the library, and a cold
start waits for both. Most answers need few of them.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def late(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return what behaves as `re.compile(pattern, flags)`, and compiles on its first use.

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
        """Compile, and keep the method, which is found without this one from then on."""
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found
