"""Handles idempotency keys, so that repeating a request with the same key creates no second object."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from starlette.requests import Request

from harness.emulator.api_errors import invalid
from harness.emulator.state import Store

__all__ = ["Retry"]

_HEADER = "Idempotency-Key"
_LONGEST = 255


class Retry(NamedTuple):
    """A request with an idempotency key."""

    key: str
    """The request's path and key."""
    digest: str
    """A digest of the request's contents."""

    @classmethod
    def of(cls, request: Request, asked: Any) -> Retry | None:
        """Return the request's key with a digest of its contents, or None if it has no key.

        Raises:
            ApiError: The key is too long.
        """
        key = request.headers.get(_HEADER)
        if not key:
            return None
        if len(key) > _LONGEST:
            raise invalid(f"{_HEADER} must have at most {_LONGEST} characters.", _HEADER)
        content = json.dumps(asked, sort_keys=True).encode()
        return cls(f"{request.url.path.rsplit('/v1/', 1)[-1]} {key}", hashlib.sha256(content).hexdigest())

    def known(self, store: Store) -> str | None:
        """Return the ID of the object created under the key, or None for a new key.

        Raises:
            ApiError: The key was used for a different request.
        """
        found = store.retry(self.key)
        if found is None:
            return None
        digest, name = found
        if digest != self.digest:
            raise invalid(
                f"{_HEADER} was used for a different request, which created {name}. Send a new key.",
                _HEADER,
                code="idempotency_key_reused",
            )
        return name

    def keep(self, store: Store, name: str) -> None:
        """Store the ID of the object created under the key."""
        store.add_retry(self.key, self.digest, name)
