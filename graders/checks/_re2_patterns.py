"""Compiles patterns with RE2, whose running time is linear in the length of the text."""

from __future__ import annotations

import re

from ..errors import DecorationError
from ._optional import optional

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNPAIRED = re.compile("[\ud800-\udfff]")


def re2_pattern(option: str, pattern: str, ignore_case: bool, instead: str = "") -> Any:
    """Compile a pattern with RE2.

    Args:
        option: The option as shown in an error message, such as `pattern='('`.
        pattern: The pattern.
        ignore_case: True to ignore case.
        instead: An alternative to suggest if RE2 rejects the pattern, such as `engine='re'`.

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
    """Replace lone surrogates, which UTF-8 cannot encode, with replacement characters."""
    return text if text.isascii() else _UNPAIRED.sub("\ufffd", text)
