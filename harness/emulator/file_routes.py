"""Routes under /files: upload, list, retrieve, download and delete."""

from __future__ import annotations

import hashlib
import uuid
from typing import BinaryIO, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from harness.api.types import FileObject
from harness.emulator.api_errors import invalid, not_found
from harness.emulator.context import Components, emulator_of, list_body
from harness.emulator.incoming import Upload, read_query, read_upload
from harness.emulator.operations import LIST_FILES, NOTHING, UPLOAD
from harness.emulator.retries import Retry

__all__ = ["routes"]

_PIECE_BYTES: Final = 1024 * 1024


async def _create(request: Request) -> Response:
    parts = emulator_of(request)
    async with read_upload(request, UPLOAD, parts.config.max_file_bytes) as upload:
        return JSONResponse(await run_in_threadpool(_keep, parts, request, upload))


def _keep(parts: Components, request: Request, upload: Upload) -> FileObject:
    """Store an upload, or return the file that an earlier request with the same key created."""
    content = upload.file.file
    if not upload.file.size:
        raise invalid("The file is empty.", "file")
    asked = [_digest(content), upload.file.filename, upload.fields]
    retry = Retry.of(request, asked)
    with parts.store.transaction():
        if retry and (known := retry.known(parts.store)) and (made := parts.store.file(known)):
            return made
        file: FileObject = {
            "id": f"file-{uuid.uuid4()}",
            "object": "file",
            "bytes": upload.file.size,
            "created_at": int(parts.clock.time()),
            "filename": upload.file.filename or "file",
            "purpose": upload.fields["purpose"],
            "status": "processed",
        }
        parts.store.add_file(file, content)
        if retry:
            retry.keep(parts.store, file["id"])
        return file


def _digest(content: BinaryIO) -> str:
    whole = hashlib.sha256()
    while piece := content.read(_PIECE_BYTES):
        whole.update(piece)
    content.seek(0)
    return whole.hexdigest()


def _list(request: Request) -> Response:
    store, query = emulator_of(request).store, read_query(request, LIST_FILES)
    files = store.files()
    if query["order"] == "asc":
        files.reverse()
    if query["purpose"] is not None:
        files = [file for file in files if file["purpose"] == query["purpose"]]
    if query["after"] is not None:
        names = [file["id"] for file in files]
        after = store.resolve(query["after"])
        if after not in names:
            raise invalid(f"after: no such file: {after}.", "after")
        files = files[names.index(after) + 1 :]
    limit = query["limit"]
    return JSONResponse(list_body(files[:limit], len(files) > limit))


def _retrieve(request: Request) -> Response:
    return JSONResponse(_file(request))


def _content(request: Request) -> Response:
    pieces = emulator_of(request).store.file_pieces(_file(request)["id"])
    return StreamingResponse(pieces, media_type="application/octet-stream")


def _delete(request: Request) -> Response:
    file = _file(request)
    emulator_of(request).store.delete_file(file["id"])
    return JSONResponse({"id": file["id"], "object": "file", "deleted": True})


def _file(request: Request) -> FileObject:
    read_query(request, NOTHING)
    name = request.path_params["file"]
    file = emulator_of(request).store.file(name)
    if file is None:
        raise not_found("File object", name)
    return file


routes: list[Route] = [
    Route("/files", _create, methods=["POST"]),
    Route("/files", _list, methods=["GET"]),
    Route("/files/{file}", _retrieve, methods=["GET"]),
    Route("/files/{file}", _delete, methods=["DELETE"]),
    Route("/files/{file}/content", _content, methods=["GET"]),
]
