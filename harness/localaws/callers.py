"""Distinguishes requests of programs on this machine from requests of web pages.

Every page in the engineer's browser can reach a server on loopback. A page may send a form or plain text to
any address without permission, and its host name may resolve to 127.0.0.1 (DNS rebinding). Browsers send
headers about the origin of a request and programs do not, so a request with a foreign origin is refused.

Sources: the Fetch standard (`Origin`, sent with every POST), the W3C's Fetch Metadata (`Sec-Fetch-Site`, sent
with every request of a page to a loopback address), RFC 9110, 7.2 (`Host`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["why_refused"]

_OWN_HOST = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?", re.ASCII)
_OWN_SITES = frozenset({"same-origin", "none"})


def why_refused(headers: Iterable[tuple[str, str]]) -> str | None:
    """Return the reason for refusing a request, as a sentence; None if a program on this machine sent it.

    Args:
        headers: Pairs of lowercase name and value. A repeated header appears each time that it was sent.

    Example:
        >>> why_refused([("host", "127.0.0.1:8080")])
        >>> why_refused([("host", "evil.example:8080")])
        'Only requests to 127.0.0.1 or localhost are answered, and this one names another host.'
    """
    given = [(name, value.strip().lower()) for name, value in headers]
    hosts = {value for name, value in given if name == "host"}
    if len(hosts) > 1 or not all(not host or _OWN_HOST.fullmatch(host) for host in hosts):
        return "Only requests to 127.0.0.1 or localhost are answered, and this one names another host."
    own = {f"http://{host}" for host in hosts}
    if any(value not in own for name, value in given if name == "origin"):
        return "Requests from web pages of other sites are refused: `Origin` names another site."
    if any(value not in _OWN_SITES for name, value in given if name == "sec-fetch-site"):
        return "Requests from web pages of other sites are refused: `Sec-Fetch-Site` says so."
    return None
