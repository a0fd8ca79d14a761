"""Stores parts in a folder in S3, whose objects are written once and never replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

from harness.aws import AwsError, Denied, client, explained
from harness.errors import ServiceError
from harness.replay.fan_out.part import PartPlace

__all__ = ["PartStore", "S3Parts"]

_MISSING: Final = ("404", "NoSuchKey")
_FORBIDDEN: Final = ("403", "AccessDenied")
_THERE: Final = "PreconditionFailed"
_AT_ONCE: Final = "ConditionalRequestConflict"
_BROKEN: Final = "IncompleteReadError"
_TRIES: Final = 5


class PartStore(Protocol):
    """Stores parts by name, relative to the run's folder."""

    place: str
    """Name of the folder, for error messages."""

    def metadata(self, key: str) -> Mapping[str, str] | None:
        """Return a part's metadata, or None if the part does not exist."""
        ...

    def put_once(self, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:
        """Store a part, or return False if a part with this name already exists."""
        ...

    def put(self, key: str, body: bytes) -> None:
        """Write an object that is not a part, replacing an existing one."""
        ...

    def get(self, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        """Return an object and its metadata, or None if it does not exist."""
        ...

    def keys(self, folder: str) -> Iterator[str]:
        """Yield the names of all objects in a folder, sorted."""
        ...


class S3Parts:
    """A part store in S3.

    Args:
        place: Bucket and folder.
        s3: An S3 client. None creates one from the environment.

    Raises:
        InputError: No region or credentials are configured.
    """

    def __init__(self, place: PartPlace, s3: Any = None) -> None:
        self.place = f"s3://{place.bucket}/{place.prefix}"
        self._bucket, self._prefix = place.bucket, f"{place.prefix}/"
        self._s3 = s3 or client("s3", read_timeout=60, max_pool_connections=16)
        # Older S3 models, such as a Lambda runtime's, lack the parameter, but S3 accepts the header.
        shape = self._s3.meta.service_model.operation_model("PutObject").input_shape
        self._knows = "IfNoneMatch" in shape.members

    def metadata(self, key: str) -> Mapping[str, str] | None:
        """Return a part's metadata. See `PartStore`."""
        found = self._asked(key, "head_object")
        return None if found is None else found["Metadata"]

    def get(self, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        """Return an object and its metadata. See `PartStore`."""
        for left in reversed(range(_TRIES)):
            try:
                found = self._asked(key, "get_object")
                with self._described(key):
                    return None if found is None else (found["Body"].read(), found["Metadata"])
            except AwsError as error:  # the connection may break while the body is read
                if not left or not (error.retryable or error.code == _BROKEN):
                    raise
        raise AssertionError("unreachable")

    def put_once(self, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:
        """Store a part unless it exists. See `PartStore`."""
        for _ in range(_TRIES):
            try:
                self._put_new(key, body, dict(metadata))
                return True
            except AwsError as error:
                if error.code == _THERE:
                    return False
                if error.code != _AT_ONCE:  # another writer stored an object at the same time, so check again
                    raise
            if self.metadata(key) is not None:
                return False
        fix = "The same command resumes."
        raise ServiceError("other workers kept writing this part", place=self._place(key), fix=fix)

    def put(self, key: str, body: bytes) -> None:
        """Write an object that is not a part. See `PartStore`."""
        with self._described(key):
            self._s3.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=body)

    def keys(self, folder: str) -> Iterator[str]:
        """Yield the names of all objects in a folder. See `PartStore`."""
        pages = self._s3.get_paginator("list_objects_v2")
        with self._described(folder):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + folder):
                for one in page.get("Contents", ()):
                    yield one["Key"].removeprefix(self._prefix)

    def _place(self, key: str) -> str:
        return f"{self.place}/{key}"

    @contextmanager
    def _described(self, key: str) -> Iterator[None]:
        """Name the permissions that may be missing, because a HEAD response has no body that names them."""
        try:
            with explained(self._place(key)):
                yield
        except AwsError as error:
            if error.code not in _FORBIDDEN:
                raise
            fix = f"Allow s3:GetObject, s3:PutObject and s3:ListBucket on {self.place}."
            what = "these credentials do not allow access to this folder"
            raise Denied(what, code=error.code, place=self._place(key), fix=fix) from error

    def _asked(self, key: str, operation: str) -> Any:
        """Run an operation on one object, or return None if the object does not exist."""
        try:
            with self._described(key):
                return getattr(self._s3, operation)(Bucket=self._bucket, Key=self._prefix + key)
        except AwsError as error:
            if error.code in _MISSING:
                return None
            raise

    def _put_new(self, key: str, body: bytes, metadata: dict[str, str]) -> None:
        """Call PutObject so that the request fails if an object with this name exists."""
        given: dict[str, Any] = {"IfNoneMatch": "*"} if self._knows else {}
        events = self._s3.meta.events
        if not self._knows:
            events.register("before-call.s3.PutObject", _only_if_new, _CONDITION)
        try:
            with self._described(key):
                self._s3.put_object(
                    Bucket=self._bucket, Key=self._prefix + key, Body=body, Metadata=metadata, **given
                )
        finally:
            if not self._knows:
                events.unregister("before-call.s3.PutObject", _only_if_new, _CONDITION)


_CONDITION: Final = "rft-put-once"


def _only_if_new(params: dict[str, Any], **_: Any) -> None:
    params["headers"]["If-None-Match"] = "*"
