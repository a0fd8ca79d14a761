"""Compiles patterns with RE2, which takes time linear in the text for every pattern."""

from __future__ import annotations

import re

from ..errors import DecorationError
from ._optional import optional

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNPAIRED = re.compile("[\ud800-\udfff]")


def re2_pattern(option: str, pattern: str, ignore_case: bool, instead: str = "") -> Any:
    """Compile a pattern.

    Args:
        option: The name of the pattern in an error message: `pattern='('`.
        pattern: The pattern.
        ignore_case: Whether to ignore case.
        instead: The alternative that the error message suggests if RE2 rejects the pattern: `engine='re'`.

    Raises:
        DecorationError: RE2 rejects the pattern.
        ConfigurationError: RE2 is not installed.
    """
    re2 = optional("re2", "regex", "google-re2")
    options = re2.Options()
    options.case_sensitive, options.log_errors = not ignore_case, False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else error
        raise DecorationError(
            f"{option}: RE2 rejects it ({said}). It has no lookaround, no backreference, and no \\Z: "
            f"write the pattern without them{instead and f', or {instead}'}"
        ) from None


def paired(text: str) -> str:
    """Return a text with a replacement character for each lone surrogate, which UTF-8 cannot represent."""
    return text if text.isascii() else _UNPAIRED.sub("\ufffd", text)
