"""Finds S3 objects by key, prefix or pattern, and reads them as sources.

Every request is pinned to the content that was found first. Reading an object that has since been replaced
raises an error, so old and new content are never mixed. After a broken connection, reading resumes at the
same byte.
"""

from __future__ import annotations

import fnmatch
import functools
import glob
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from harness.aws import AwsError, Denied, NotInAws, client, explained
from harness.clock import Backoff, Clock, SystemClock
from harness.data.packed import HEAD_BYTES
from harness.data.sources import S3_SCHEME, SourceFacts
from harness.errors import InputError, ServiceError

__all__ = ["S3Source", "s3_client", "s3_sources"]

_BUFFER = 1024 * 1024
_AT_ONCE = 16
"""Number of objects to look up in parallel."""
_TRIES = 10
"""Maximum number of consecutive requests that return no data. Their pauses add up to about a minute."""
_FIRST_PAUSE_S = 0.2
_AGAIN = "Run the command again on an object that does not change."


class Replaced(NotInAws):
    """Raised when an object was replaced after it was found."""


class S3Source:
    """An object in S3.

    Args:
        facts: Name of the object and the version that every request is pinned to.
        s3: The client.
        head: First bytes of the object, if already read.
    """

    def __init__(self, facts: SourceFacts, s3: Any, head: bytes = b"") -> None:
        self.name = facts.name
        self.size = facts.bytes
        self.seekable = True
        self.facts = (facts,)
        self.head = head
        self.clock: Clock = SystemClock()
        self._s3 = s3
        bucket, key = _split(facts.name)
        self._named = {"Bucket": bucket, "Key": key}

    def open(self, start: int = 0) -> io.BufferedReader:
        """Open the object at a byte offset. No request is sent before the first read.

        Raises:
            InputError: The object was replaced or deleted.
            ServiceError: S3 cannot be reached or the credentials do not allow reading the object.
        """
        return io.BufferedReader(_Body(self, start), _BUFFER)

    def changed(self) -> str | None:
        """Ask S3 if the content has changed. Return why it may have, or None if it is unchanged."""
        try:
            with _explained(self.name, self._s3):
                self._pinned(self._s3.head_object)
        except Replaced:
            return f"{self.name} was replaced in the meantime"
        except NotInAws as error:
            return f"{self.name}: {error.message}"
        return None

    def body(self, start: int) -> Any:
        """Request all bytes from an offset to the end, and return botocore's stream."""
        with _explained(self.name, self._s3):
            found = self._pinned(self._s3.get_object, Range=f"bytes={start}-")
        if not str(found.get("ContentRange", "bytes 0-")).startswith(f"bytes {start}-"):
            found["Body"].close()
            fix = "Read it from S3 itself, or copy it to this machine."
            raise ServiceError("the server does not support ranged requests", place=self.name, fix=fix)
        return found["Body"]

    def _pinned(self, ask: Callable[..., Any], **more: Any) -> Any:
        from botocore.exceptions import ClientError

        [facts] = self.facts
        pinned = {**self._named, "IfMatch": facts.etag, **more}
        if facts.version is None:
            return ask(**pinned)
        try:
            return ask(**pinned, VersionId=facts.version)
        except ClientError as error:
            # Permission to read an object may not include its versions. The ETag pins the content anyway.
            if _status(error) != 403:
                raise
            return ask(**pinned)

    def __str__(self) -> str:
        return self.name


class _Body(io.RawIOBase):
    """Reads an object sequentially. If the connection breaks, it requests the remaining bytes again."""

    def __init__(self, source: S3Source, start: int) -> None:
        self._source = source
        self._at = start
        self._body: Any = None
        self._backoff = Backoff(source.clock, first_s=_FIRST_PAUSE_S, tries=_TRIES)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        from botocore.exceptions import BotoCoreError, HTTPClientError, IncompleteReadError
        from urllib3.exceptions import HTTPError

        while self._at < self._source.size:
            try:
                if self._body is None:
                    self._body = self._source.body(self._at)
                read = self._body.read(min(len(buffer), self._source.size - self._at))
                if read:
                    buffer[: len(read)] = read
                    self._at += len(read)
                    self._backoff.reset()
                    return len(read)
                self._again("the data ended early")
            except (HTTPClientError, IncompleteReadError, HTTPError, OSError) as error:
                self._again(str(error))
            except AwsError as error:
                if not error.retryable:
                    raise
                self._again(error.message)
            except BotoCoreError as error:
                raise ServiceError(f"cannot continue reading: {error}", place=self._source.name) from error
        return 0

    def _again(self, why: str) -> None:
        self._drop()
        if not self._backoff.wait():
            raise ServiceError(
                f"reading failed {_TRIES} times at byte {self._at:,} ({' '.join(why.split())[:200]})",
                place=self._source.name,
                fix="Check the network and run the command again.",
            )

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def close(self) -> None:
        self._drop()
        super().close()


def s3_sources(name: str, s3: Any) -> list[S3Source]:
    """Find the objects for a name, sorted by key.

    Args:
        name: `s3://bucket/key`; `s3://bucket/prefix/` for everything under it; or a pattern such as
            `s3://bucket/data/*.jsonl`, where `**` also matches folders. Nothing is URL-decoded, and an object
            with exactly this key takes precedence over a pattern.
        s3: The client.

    Raises:
        InputError: No object matches the name or the name is invalid.
        ServiceError: S3 cannot be reached or the credentials do not allow reading.
    """
    bucket, key = _split(name)
    if key and not key.endswith("/"):
        try:
            return [_object(bucket, key, s3)]
        except (NotInAws, Denied) as error:
            if not glob.has_magic(key) or error.code == "NoSuchBucket":
                raise
    keys = sorted(_matching(bucket, key, s3))
    if not keys:
        what = "no object matches this pattern" if glob.has_magic(key) else "no object has this prefix"
        raise InputError(what, place=name, fix=f"List what is there: aws s3 ls {S3_SCHEME}{bucket}/")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(functools.partial(_object, bucket, s3=s3), keys))


def s3_client() -> Any:
    """Create an S3 client that can be shared by several threads."""
    return client("s3", max_pool_connections=_AT_ONCE)


def _split(name: str) -> tuple[str, str]:
    bucket, _, key = name.removeprefix(S3_SCHEME).partition("/")
    if not bucket:
        raise InputError("no bucket is given", place=name, fix=f"Write {S3_SCHEME}bucket/key.")
    return bucket, key


def _object(bucket: str, key: str, s3: Any) -> S3Source:
    """Find an object by requesting its first bytes, because errors from HeadObject give no cause."""
    from botocore.exceptions import ClientError

    name = f"{S3_SCHEME}{bucket}/{key}"
    with _explained(name, s3):
        try:
            found = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{HEAD_BYTES - 1}")
            head = found["Body"].read()
        except ClientError as error:
            if _status(error) != 416:  # an empty object has no first byte
                raise
            found, head = s3.head_object(Bucket=bucket, Key=key), b""
    size = (
        int(found["ContentRange"].rpartition("/")[2]) if "ContentRange" in found else found["ContentLength"]
    )
    version = found.get("VersionId")
    facts = SourceFacts(name, size, etag=found["ETag"], version=None if version == "null" else version)
    return S3Source(facts, s3, head)


def _matching(bucket: str, key: str, s3: Any) -> Iterator[str]:
    """Yield the keys under a prefix or matching a pattern, excluding folder markers."""
    pattern = key.split("/") if glob.has_magic(key) else None
    prefix = key[: min((key.index(sign) for sign in "*?[" if sign in key), default=len(key))]
    with _explained(f"{S3_SCHEME}{bucket}/{prefix}", s3):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                name = found["Key"]
                if name.endswith("/") and not found["Size"]:
                    continue
                if pattern is None or _matches(name.split("/"), pattern):
                    yield name


def _matches(names: list[str], pattern: list[str]) -> bool:
    """Match like `glob`: `*` within a folder, `**` across any number of folders."""
    if not pattern:
        return not names
    first, rest = pattern[0], pattern[1:]
    if first == "**":
        return any(_matches(names[skipped:], rest) for skipped in range(len(names) + 1))
    return bool(names) and fnmatch.fnmatchcase(names[0], first) and _matches(names[1:], rest)


@contextmanager
def _explained(name: str, s3: Any) -> Iterator[None]:
    """Translate errors that only S3 distinguishes. The shared table of AWS errors covers the others."""
    from botocore.exceptions import ClientError

    with explained(name):
        try:
            yield
        except ClientError as error:
            said = _said(error, name, s3)
            if said is not None:
                raise said from error
            raise


def _said(error: Any, name: str, s3: Any) -> AwsError | None:
    code, status = str(error.response["Error"].get("Code")), _status(error)
    bucket = _split(name)[0]
    if code == "NoSuchBucket":
        return NotInAws(f"there is no bucket {bucket}", code=code, place=name, fix="Check the name.")
    if code == "NoSuchKey" or status == 404:
        fix = f"List what is there: aws s3 ls {S3_SCHEME}{bucket}/. To read a whole prefix, end it with /."
        return NotInAws("there is no object with this key", code="NoSuchKey", place=name, fix=fix)
    if status == 412:
        return Replaced("the object was replaced during reading", code=code, place=name, fix=_AGAIN)
    headers = error.response["ResponseMetadata"].get("HTTPHeaders", {})
    region = headers.get("x-amz-bucket-region")
    if status in (301, 400) and region not in (None, s3.meta.region_name):
        fix = f"Set AWS_REGION={region}."
        return NotInAws(f"the bucket is in the Region {region}", code=code, place=name, fix=fix)
    if code == "InvalidObjectState":
        return NotInAws("the object is archived", code=code, place=name, fix="Restore it first.")
    if status == 403 and (code == "403" or "AccessDenied" in code) and "kms:" not in str(error):
        action = "s3:ListBucket" if error.operation_name.startswith("List") else "s3:GetObject"
        fix = f"Allow {action}, or check the key: without s3:ListBucket, S3 does not say that it is missing."
        return Denied(f"these credentials do not allow {action} here", code=code, place=name, fix=fix)
    return None


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
