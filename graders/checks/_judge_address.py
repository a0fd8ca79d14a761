"""Checks the URL of a judge's service and lists the proxies and certificates used to reach it."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

from ._judge_secrets import without_secrets

RELAY = "GRADER_JUDGE_RELAY"
"""Environment variable with a URL to use in place of the service's own. Recorded answers rely on it."""

_PROXIES = {"http": ("HTTP_PROXY", "ALL_PROXY"), "https": ("HTTPS_PROXY", "ALL_PROXY")}
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


def address_secrets(address: str) -> list[str]:
    """Return the user name and password in a URL, both as written and as sent."""
    user, at, _ = address.partition("://")[2].rpartition("@")
    password = user.partition(":")[2]
    return [user, password, unquote(password)] if at else []


def address_fault(address: str) -> str | None:
    """Return the reason why a URL cannot be used, or None. The reason does not quote the URL."""
    if not address.isprintable() or " " in address:
        return "it contains a space or another character that no URL has"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"it is not a URL ({str(error).partition(':')[0]})"
    if parts.scheme not in ("http", "https"):
        return "it begins with neither http:// nor https://"
    if not host:
        return "it names no host"
    if parts.query or parts.fragment:
        return "it has a query, which cannot be followed by /chat/completions"
    return None


def shown_address(address: str) -> str:
    """Return a URL for use in messages, without its user name, password or query string."""
    scheme, separator, _ = address.rpartition("@")[0].partition("://")
    kept = f"{scheme}{separator}" if separator else ""
    return without_secrets(kept + address.rpartition("@")[2] if "@" in address else address)


def named_ways(address: str) -> str:
    """List the proxies and certificates that the environment sets for a URL. Empty if there are none."""
    scheme = "http" if address.startswith("http:") else "https"
    names = [given for name in _PROXIES[scheme] for given in (name, name.lower())]
    names += _CERTIFICATES if scheme == "https" else ()
    found = [f"{name}={shown_address(os.environ[name])}" for name in names if os.environ.get(name)]
    return f". It is asked with {', '.join(found)}" if found else ""


__all__ = ["RELAY", "address_fault", "address_secrets", "named_ways", "shown_address"]
