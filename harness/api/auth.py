"""API keys for the fine-tuning API.

Keys are never logged, printed or written to a file. A key generated from AWS credentials is sent only to
Amazon Bedrock hosts, over TLS.

Source: "Create and manage fine-tuning jobs … using OpenAI APIs" names OPENAI_API_KEY; the Bedrock user guide
names AWS_BEARER_TOKEN_BEDROCK; short-term keys come from aws-bedrock-token-generator.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from harness.api.endpoint import Endpoint
from harness.clock import Clock, SystemClock
from harness.errors import InputError

__all__ = ["Credential", "ShortTermKey", "find_credential"]

# botocore renews refreshable credentials at least 10 minutes before they expire, and a short-term key expires
# with the credentials that it was made from. A key that is remade every 5 minutes is therefore always valid
# for about 5 more minutes.
_REMAKE_AFTER_S = 300.0
_KEY_LIFETIME = timedelta(hours=12)


class Credential:
    """A key supplied by the user, which cannot be renewed. Clients ask for the token before every request.

    Args:
        key: The key.
        source: Where the key came from, in a form that is safe to print.
    """

    def __init__(self, key: str, source: str) -> None:
        if not key.isascii() or not key.isprintable() or " " in key:
            raise InputError("the key has invalid characters", fix="Copy it again.", place=source)
        self._key = key
        self.source = source

    def token(self) -> str:
        """Return the key. Never log it."""
        return self._key

    def renew(self) -> bool:
        """Discard the current key after a 401. Return True if the next `token()` call generates a new key."""
        return False

    def __repr__(self) -> str:
        return f"{type(self).__name__}(source={self.source!r})"


class ShortTermKey(Credential):
    """A key generated from AWS credentials, cached for five minutes and regenerated before it can expire.

    Args:
        make: Generates a key. It takes about 20 ms and may read files or use the network.
        clock: Clock used to measure the key's age; the system clock if None.
    """

    def __init__(self, make: Callable[[], str], clock: Clock | None = None) -> None:
        super().__init__("", "AWS credentials (short-term key)")
        self._make = make
        self._clock = clock or SystemClock()
        self._made_at = 0.0
        self._lock = threading.Lock()

    def token(self) -> str:
        """Return the key, generating a new one if the current key is older than five minutes."""
        with self._lock:
            now = self._clock.monotonic()
            if not self._key or not 0 <= now - self._made_at < _REMAKE_AFTER_S:
                self._key = self._make()
                self._made_at = now
            return self._key

    def renew(self) -> bool:
        """Discard the key so that the next `token()` call generates a new one."""
        with self._lock:
            self._key = ""
        return True


def find_credential(
    endpoint: Endpoint, environment: Mapping[str, str], inference: Endpoint | None = None
) -> Credential:
    """Choose the API key for an endpoint.

    OPENAI_API_KEY is sent to whatever host the base URL names. AWS_BEARER_TOKEN_BEDROCK and keys generated
    from AWS credentials are sent only to Amazon Bedrock hosts. The local emulator accepts any key, so it
    never receives a real AWS key.

    Args:
        endpoint: The endpoint that receives the requests.
        environment: The environment variables.
        inference: A second endpoint that receives the same key.

    Returns:
        The credential. No AWS call has been made yet.

    Raises:
        InputError: No available key may be sent to this endpoint.
    """
    key = environment.get("OPENAI_API_KEY", "").strip()
    if key:
        return Credential(key, "OPENAI_API_KEY")
    places = [endpoint] if inference is None else [endpoint, inference]
    if all(place.loopback for place in places):
        return Credential("local", "this machine needs no key")
    if other := next((place for place in places if not place.aws), None):
        raise InputError(
            "no key for this base URL",
            fix="Set OPENAI_API_KEY: keys made from AWS credentials only go to Amazon Bedrock over https.",
            place=other.base_url,
        )
    bearer = environment.get("AWS_BEARER_TOKEN_BEDROCK", "").strip()
    if bearer:
        return Credential(bearer, "AWS_BEARER_TOKEN_BEDROCK")
    if endpoint.region is None:
        raise InputError("the base URL does not show the Region of the key", fix="Add --region.")
    return ShortTermKey(partial(_generate, endpoint.region))


_SIGN_IN = (
    "Set OPENAI_API_KEY to an Amazon Bedrock API key, or sign in to AWS:"
    " `aws sts get-caller-identity` must work."
)


def _generate(region: str) -> str:
    """Generate a short-term key for a Region from the default AWS credentials."""
    # Importing botocore takes about 300 ms, so only users of AWS credentials pay for it.
    from aws_bedrock_token_generator import provide_token
    from botocore.session import Session

    try:
        # Use a new session each time, so that a renewed SSO login or credentials file is noticed.
        if Session().get_credentials() is None:
            raise InputError("no key, and no AWS credentials", fix=_SIGN_IN)
        return str(provide_token(region=region, expiry=_KEY_LIFETIME))
    except InputError:
        raise
    except Exception as error:  # botocore has dozens of error classes, for profiles, SSO and so on
        raise InputError(
            f"no key, and no usable AWS credentials ({type(error).__name__})", fix=_SIGN_IN
        ) from error
