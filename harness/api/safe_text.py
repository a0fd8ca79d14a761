"""Makes service messages safe to print and ids safe to use in a URL.

The module imports no large package, so every command can use it.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from harness.errors import InputError

__all__ = ["in_path", "plain_text"]

_LONGEST_MESSAGE = 500
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SECRET = re.compile(r"bedrock-api-key-[A-Za-z0-9+/=]+|\bsk-[A-Za-z0-9_-]{8,}|\bABSK[A-Za-z0-9+/=]{8,}")


def plain_text(text: str) -> str:
    """Return a service's message as one short line, with control characters and keys removed.

    Args:
        text: Text from the network.

    Returns:
        At most 500 characters.
    """
    cleaned = _CONTROL.sub("", _SECRET.sub("[key]", text))
    cleaned = " ".join(cleaned.split())
    return cleaned if len(cleaned) <= _LONGEST_MESSAGE else cleaned[: _LONGEST_MESSAGE - 1] + "…"


def in_path(value: str, what: str = "id") -> str:
    """Encode an id as one segment of a URL path. Ids are opaque; ARNs, for example, contain slashes.

    Args:
        value: The id, from the user or the service.
        what: The kind of id, for the error message.

    Returns:
        The segment.

    Raises:
        InputError: The id is empty or contains control characters.
    """
    if not value.strip() or _CONTROL.search(value) or {"\n", "\t"} & set(value):
        raise InputError(
            f"{plain_text(value)!r} cannot be a {what}", fix="Copy the id as the service shows it."
        )
    segment = quote(value, safe=":@")
    # `.` and `..` mean folders in a path, unless they are encoded.
    return segment.replace(".", "%2E") if segment in (".", "..") else segment
