"""The URL and headers of an endpoint grader, in which `${NAME}` refers to an environment variable."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from ..checks._judge_address import address_fault
from ..errors import ConfigurationError

VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}", re.ASCII)
"""Pattern for an environment variable in a header or URL."""
SCHEME = re.compile(r"(bearer|basic|key|token)\s+", re.IGNORECASE)
"""Words that may precede a key in a header, such as `Bearer`. They are not part of the key."""
OWN_HEADERS = (
    *("content-type", "content-length", "host", "transfer-encoding", "connection", "accept-encoding"),
)
"""Headers that are set on every request. A spec's values for them are not sent."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_NO_NAME = "it holds ${ without a variable's name: write ${NAME}, with letters, digits and underscores"


def url_fault(url: str) -> str | None:
    """Return the reason why a URL cannot be called, or None if it can. The reason does not quote the URL.

    Args:
        url: The URL. A URL with a variable before the query string cannot be checked until the variable is
            filled in.
    """
    if "${" in VARIABLE.sub("", url):
        return _NO_NAME
    if VARIABLE.search(url.partition("?")[0]):
        return None
    url = VARIABLE.sub("x", url)
    if not (url.isascii() and url.isprintable()) or " " in url or "#" in url:
        return "it holds a space, a fragment or a character that no address has"
    if fault := address_fault(url.partition("?")[0]):
        return fault
    parts = urlsplit(url)
    if "@" in parts.netloc:
        return "it holds a user name: write a header such as Authorization instead"
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        return "it begins with http://, which sends keys and completions unencrypted: write https://"
    return None


def header_fault(name: str, value: object) -> str | None:
    """Return the reason why a header cannot be sent, or None if it can. The reason does not quote its value.

    Args:
        name: The header's name.
        value: The header's value, which may contain `${NAME}`.
    """
    if not _HEADER_NAME.fullmatch(name):
        return "it is not a valid header name"
    if not isinstance(value, str):
        return "write its value as a string"
    if not value.isascii() or not value.isprintable():
        return "its value holds a line break or another character that no header has"
    return _NO_NAME if "${" in VARIABLE.sub("", value) else None


def filled(text: str, what: str, secrets: list[str]) -> str:
    """Replace the variables in a header or URL with their values.

    Args:
        text: The header or URL.
        what: Description of the text for messages.
        secrets: List to which the values are added so that they can be removed from messages.

    Raises:
        ConfigurationError: A variable is not set or its value cannot be sent.
    """

    def value_of(found: re.Match[str]) -> str:
        value = os.environ.get(found[1], "").strip()
        secrets.append(value)
        if not value:
            raise ConfigurationError(
                f"{found[1]} is not set: set this variable to the value that {what} needs"
            )
        if not value.isascii() or not value.isprintable():
            raise ConfigurationError(
                f"{found[1]} holds a line break or another character that {what} cannot have: copy it again"
            )
        return value

    return VARIABLE.sub(value_of, text)


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host == "::1" or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
