"""Joins the results of a batch with the prompts in its input file (`--requests FILE`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.batch_rows import OPENAI_BATCH
from harness.data.formats.importer import Converted, Importer, RowError
from harness.data.json_lines import Line, LineError, numbered_lines, parse
from harness.data.sources import DataFile
from harness.errors import InputError

__all__ = ["with_requests"]

_FIX: Final = "Pass the file that the batch was made from."


def with_requests(importer: Importer, file: DataFile) -> Importer:
    """Return an importer that joins each batch result with its request by `custom_id`.

    All requests are kept in memory. OpenAI accepts at most 50,000 requests and 200 MB per batch.

    Args:
        importer: The importer for batch results.
        file: The batch's input file.

    Raises:
        InputError: The importer is not for batch results, the file cannot be read, a line is not a request,
            or two requests have the same `custom_id`.
    """
    if importer.name != OPENAI_BATCH.name:
        what = f"{importer.title} already have their prompts; only {OPENAI_BATCH.title} need this option"
        raise InputError(what, place="--requests", fix="Leave it out.")
    requests: dict[str, dict[str, Any]] = {}
    for line in numbered_lines(file):
        if line.text.strip():
            name, body = _request(line)
            if name in requests:
                what = f"an earlier request has the same custom_id {name!r}"
                raise InputError(what, place=line.place, fix="Give each request its own custom_id.")
            requests[name] = body

    def convert(row: Mapping[str, Any]) -> Converted:
        name = row.get("custom_id")
        body = requests.get(name) if isinstance(name, str) else None
        if body is None:
            raise RowError(f"{file} has no request with its `custom_id`")
        return importer.convert({**row, "request": {"body": body}})

    return Importer(importer.name, importer.title, importer.recognizes, convert, importer.advice)


def _request(line: Line) -> tuple[str, dict[str, Any]]:
    try:
        value = parse(line.text)
    except LineError as error:
        raise InputError(str(error), place=line.place, fix=_FIX) from None
    name, body = (value.get("custom_id"), value.get("body")) if isinstance(value, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(body, dict):
        what = "the line is not a request: it needs a `custom_id` and a `body`"
        raise InputError(what, place=line.place, fix=_FIX)
    return name, body
