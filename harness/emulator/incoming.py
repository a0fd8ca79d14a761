"""Parses a request's JSON body, query string or upload, with size limits."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from harness.emulator.api_errors import ApiError, invalid
from harness.emulator.request_fields import Table, read_fields

__all__ = ["Upload", "read_json", "read_query", "read_upload"]

_JSON_BYTES: Final = 16 * 1024 * 1024
_FORM_BYTES: Final = 64 * 1024
_JSON_TYPES: Final = ("application/json", "application/x-www-form-urlencoded", "")
"""Content types accepted as JSON, including a form's, which curl and urllib send by default."""
_DEEPEST: Final = 64
_READ_TO_THE_END: Final = 4
"""The server reads and discards a body that is too large, up to this multiple of the limit.

Otherwise, the client would see a broken connection instead of the response.
"""


class Upload(NamedTuple):
    """An uploaded file and the form's other fields. The file's content is stored on disk."""

    file: UploadFile
    fields: dict[str, Any]


async def read_json(request: Request, table: Table) -> dict[str, Any]:
    """Parse a body that must be a JSON object. An empty body counts as `{}`.

    Raises:
        ApiError: The body is not a JSON object, or a field has an invalid value.
    """
    read_query(request, {})
    content = bytearray()
    bounded = Request(request.scope, _Bounded(request, _JSON_BYTES).receive)
    async for piece in bounded.stream():
        content += piece
    if content:
        _refuse_other_types(request)
    try:
        body = json.loads(content, parse_constant=_no_constant) if content else {}
    except (ValueError, RecursionError) as error:
        raise invalid("We could not parse the JSON body of your request.", None) from error
    _refuse_odd_values(body)
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.", None)
    return read_fields(table, body)


def read_query(request: Request, table: Table) -> dict[str, Any]:
    """Parse a query string. If `metadata` is refused, so is a filter such as `metadata[a]=b`.

    Raises:
        ApiError: A name is unknown or repeated, or a value is invalid.
    """
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        base = name.split("[", 1)[0]
        # The error then gives the reason why the whole field is refused.
        name = base if base in table and table[base].why else name
        if name in given:
            raise invalid(f"{name} is given twice.", name)
        given[name] = value
    return read_fields(table, given)


@asynccontextmanager
async def read_upload(request: Request, table: Table, most: int) -> AsyncIterator[Upload]:
    """Parse a form with a part `file`, whose content stays on disk until the `with` block ends.

    Args:
        request: The request.
        table: The form's other fields.
        most: Maximum file size in bytes.

    Raises:
        ApiError: The form cannot be parsed, the file is missing or too large, or a field has an invalid
            value.
    """
    read_query(request, {})
    bounded = Request(request.scope, _Bounded(request, most + _FORM_BYTES).receive)
    try:
        form = await bounded.form(max_files=1, max_fields=16, max_part_size=_FORM_BYTES)
    except (ApiError, ClientDisconnect):
        raise
    except Exception as error:  # every error of the multipart parser comes from an invalid request
        raise invalid(f"The body must be multipart/form-data ({_reason(error)}).", None) from error
    try:
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise invalid("file is required, as a part of multipart/form-data with a filename.", "file")
        fields: dict[str, Any] = {}
        for name, value in form.multi_items():
            if name in fields or (name != "file" and isinstance(value, UploadFile)):
                raise invalid(f"{name} must be one plain field of the form.", name)
            fields[name] = value
        del fields["file"]
        _refuse_odd_values([upload.filename, fields])
        yield Upload(upload, read_fields(table, fields))
    finally:
        await form.close()


class _Bounded:
    """Receives a request's body and rejects one longer than `most` bytes."""

    def __init__(self, request: Request, most: int) -> None:
        self._source = request.receive
        self._most = most
        self._seen = 0

    async def receive(self) -> Message:
        """Return the next message of the request.

        Raises:
            ApiError: The body was too long and has been discarded.
        """
        message = await self._source()
        self._seen += len(message.get("body", b""))
        if self._seen <= self._most:
            return message
        while message.get("more_body") and self._seen <= self._most * _READ_TO_THE_END:
            message = await self._source()
            self._seen += len(message.get("body", b""))
        raise ApiError(
            413,
            f"The body is larger than {self._most:,} bytes, this emulator's limit for it.",
            code="request_too_large",
            headers={"connection": "close"},
        )


def _refuse_other_types(request: Request) -> None:
    given = request.headers.get("content-type", "")
    if given.split(";", 1)[0].strip().lower() not in _JSON_TYPES:
        raise ApiError(
            415,
            f"Unsupported content type: {given[:100]!r}. Send application/json.",
            code="unsupported_content_type",
        )


def _refuse_odd_values(value: Any) -> None:
    """Reject a JSON value that is nested too deeply or contains a string that is not valid Unicode."""
    level = [value]
    for _ in range(_DEEPEST):
        inside: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inside += one.keys()
                inside += one.values()
            elif isinstance(one, list):
                inside += one
            elif isinstance(one, str) and not one.isascii():
                try:
                    one.encode()
                except UnicodeEncodeError as error:
                    raise invalid(
                        "A text with half of a surrogate pair is not valid Unicode.", None
                    ) from error
        if not inside:
            return
        level = inside
    raise invalid(f"The body is nested more than {_DEEPEST} levels deep.", None)


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _reason(error: Exception) -> str:
    if isinstance(
        error, HTTPException
    ):  # Starlette raises this for a MultiPartException inside an application
        return error.detail
    return str(error) or type(error).__name__
