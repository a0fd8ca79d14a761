"""Makes a service's messages safe to show, and checks ids before they become part of a URL.

It imports nothing heavy, so that every verb can afford it.
"""

from __future__ import annotations

import re

from harness.errors import InputError

__all__ = ["checked_id", "plain_text"]

_LONGEST_MESSAGE = 500
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SECRET = re.compile(r"bedrock-api-key-[A-Za-z0-9+/=]+|\bsk-[A-Za-z0-9_-]{8,}|\bABSK[A-Za-z0-9+/=]{8,}")
_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,255}$")


def plain_text(text: str) -> str:
    """A service's words, safe to show: one line, bounded, no control characters, no key.

    Args:
        text: Anything that came over the network.

    Returns:
        At most 500 characters.
    """
    cleaned = _CONTROL.sub("", _SECRET.sub("[key]", text))
    cleaned = " ".join(cleaned.split())
    return cleaned if len(cleaned) <= _LONGEST_MESSAGE else cleaned[: _LONGEST_MESSAGE - 1] + "…"


def checked_id(value: str, what: str = "id") -> str:
    """An id that may stand in a URL path.

    Args:
        value: What the user gave.
        what: What it should be, for the message.

    Returns:
        The value.

    Raises:
        InputError: It is empty or has characters that no id has.
    """
    if not _ID.fullmatch(value):
        raise InputError(f"{value!r} cannot be a {what}", fix="Ids are letters, digits and . _ : @ -")
    return value
