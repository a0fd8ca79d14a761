"""Removes secrets from messages about a judge: keys, and the user name, password and query in a URL."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN = "***"
_SHORTEST = 4
"""Minimum length of a key to redact. A shorter key is a placeholder and could be part of any word."""
# The searched strings come from outside, so the search must not take quadratic time: a run of characters
# without the marker of a secret is either short or consumed whole.
_USER = re.compile(r"""([a-z][a-z0-9+.-]{0,30}://)(?:[^\s"'<>]*@|([^\s"'<>]*))""", re.IGNORECASE)
_QUERY = re.compile(
    r"""([a-z][a-z0-9+.-]{0,30}://[^\s"'<>?#)]*)(?:[?#][^\s"'<>)]*)?""",
    re.IGNORECASE,
)
# Key prefixes of services, JSON web tokens, and long strings of mixed characters other than words and model
# names.
_KEY = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|ghp|pplx|nvapi|r8|key|api[-_]?key|bedrock-api-key)[-_](?=[\w*.-]{0,200}[\d*])[\w*.-]{8,}"
    r"|\b(?:sk|gsk|bedrock-api-key)[-_][\w*.-]{6,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bAIza[\w-]{20,}|\beyJ[\w-]{10,2000}\.[\w.-]+"
    r"|\b(?=[A-Za-z_]*\d)(?=[a-z0-9_]*[A-Z])(?=[A-Z0-9_]*[a-z])\w{32,}",
)
_BEARER = re.compile(r"\b(bearer|basic)\s+(?!token|auth|key)[\w.~+/*=-]{8,}", re.IGNORECASE)
_AWS_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_BEARER_TOKEN_BEDROCK")


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """Redact secrets in a message so that it is safe to show and store.

    Args:
        text: A message from a service or its library, or an option's value.
        secrets: Values to redact, regardless of their form.
    """
    text = without_values(text, secrets)
    text = _QUERY.sub(r"\1", _USER.sub(r"\1\2", text))
    return _KEY.sub(HIDDEN, _BEARER.sub(rf"\1 {HIDDEN}", text))


def without_values(text: str, secrets: Iterable[str], shortest: int = _SHORTEST) -> str:
    """Redact the given values in a string, except where a value is part of a word.

    Args:
        text: The string.
        secrets: Values to redact.
        shortest: Minimum length of a value to redact, in characters.
    """
    for secret in sorted({*secrets}, key=len, reverse=True):
        if len(secret) >= shortest and secret in text:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])", HIDDEN, text)
    return text


def looks_like_key(text: str) -> bool:
    """Return True if a string looks like a key rather than a name."""
    return bool(_KEY.search(text))


def aws_secrets() -> list[str]:
    """Return the AWS credentials in the environment."""
    return [value for name in _AWS_SECRETS if (value := os.environ.get(name))]


__all__ = ["HIDDEN", "aws_secrets", "looks_like_key", "without_secrets", "without_values"]
