"""/files: upload, list, retrieve, download, delete."""

from __future__ import annotations

import uuid

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.api.types import FILE_PURPOSE, FileObject
from harness.emulator.api_errors import invalid, not_found
from harness.emulator.context import emulator_of, list_body, page_limit

__all__ = ["routes"]


async def _create(request: Request) -> Response:
    parts = emulator_of(request)
    try:
        form = await request.form()
    except Exception as error:  # whatever the multipart parser trips over is the request's fault
        raise invalid(f"The body must be multipart/form-data ({error}).", None) from error
    upload, purpose = form.get("file"), form.get("purpose")
    if not isinstance(upload, UploadFile):
        raise invalid("file is required, as a part of multipart/form-data with a filename.", "file")
    if purpose != FILE_PURPOSE:
        raise invalid(f'purpose must be "{FILE_PURPOSE}".', "purpose")
    content = await upload.read()
    if not content:
        raise invalid("The file is empty.", "file")
    retry = request.headers.get("idempotency-key")
    with parts.store.transaction():
        if retry and (known := parts.store.file(f"retry:files:{retry}")) is not None:
            return JSONResponse(known)
        file: FileObject = {
            "id": f"file-{uuid.uuid4()}",
            "object": "file",
            "bytes": len(content),
            "created_at": int(parts.clock.time()),
            "filename": upload.filename or "file",
            "purpose": FILE_PURPOSE,
            "status": "processed",
            "status_details": None,
            "expires_at": None,
        }
        parts.store.add_file(file, content)
        if retry:
            parts.store.set_alias(f"retry:files:{retry}", file["id"])
    return JSONResponse(file)


def _list(request: Request) -> Response:
    files = emulator_of(request).store.files()
    purpose, after = request.query_params.get("purpose"), request.query_params.get("after")
    if request.query_params.get("order", "desc") == "asc":
        files.reverse()
    if purpose is not None:
        files = [file for file in files if file["purpose"] == purpose]
    if after is not None:
        names = [file["id"] for file in files]
        after = emulator_of(request).store.resolve(after)
        if after not in names:
            raise invalid(f"after: no such file: {after}.", "after")
        files = files[names.index(after) + 1 :]
    limit = page_limit(request, 10_000)
    return JSONResponse(list_body(files[:limit], len(files) > limit))


def _retrieve(request: Request) -> Response:
    return JSONResponse(_file(request))


def _content(request: Request) -> Response:
    file = _file(request)
    content = emulator_of(request).store.file_content(file["id"])
    return Response(content, media_type="application/octet-stream")


def _delete(request: Request) -> Response:
    file = _file(request)
    emulator_of(request).store.delete_file(file["id"])
    return JSONResponse({"id": file["id"], "object": "file", "deleted": True})


def _file(request: Request) -> FileObject:
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
