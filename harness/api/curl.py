"""Converts the API client's requests to `curl` commands instead of sending them.

The commands contain no key, because the shell fills in `$OPENAI_API_KEY`.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

import httpx2

from harness.api.types import FILE_PURPOSE

__all__ = ["PLACEHOLDER_KEY", "UPLOAD_TYPE", "NotSent", "ShowTransport", "curl_command", "shown_headers"]

PLACEHOLDER_KEY = "$OPENAI_API_KEY"
UPLOAD_TYPE = "application/jsonl"
"""The content type of a training file in an upload."""

# Headers that curl writes itself, or that only describe the sender.
_OWN = frozenset(
    {"accept-encoding", "authorization", "connection", "content-length", "host", "transfer-encoding"}
    | {"user-agent"}
)
_DESCRIBES_SENDER = "x-stainless-"


class NotSent(Exception):
    """Raised in place of sending a request.

    Args:
        command: The equivalent shell command.
    """

    def __init__(self, command: str) -> None:
        super().__init__(command)
        self.command = command


class ShowTransport(httpx2.BaseTransport):
    """An HTTP transport that raises `NotSent` for every request."""

    def __init__(self) -> None:
        self.upload: tuple[Path, str] | None = None
        """The file to send in the next multipart request, and the name to send it under."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Convert the request to a `curl` command.

        Args:
            request: The request to convert.

        Raises:
            NotSent: Always.
        """
        form = request.headers.get("content-type", "").startswith("multipart/")
        body = None if form else request.read()
        upload = self.upload if form else None
        command = curl_command(
            request.method, str(request.url), shown_headers(request.headers), body=body, upload=upload
        )
        raise NotSent(command)


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the request headers that can affect the response, without the key.

    Args:
        headers: All headers. The content type of a form is omitted because curl generates its own boundary.
    """
    return {
        name: value
        for name, value in headers.items()
        if name.lower() not in _OWN
        and not name.lower().startswith(_DESCRIBES_SENDER)
        and not value.startswith("multipart/")
    }


def curl_command(
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    body: bytes | None = None,
    upload: tuple[Path, str] | None = None,
) -> str:
    """Format a request as a shell command.

    Args:
        method: The HTTP method.
        url: The full URL.
        headers: The headers without the key.
        body: A JSON body, or None or empty if there is no body.
        upload: A file to send as a form (`-` for standard input) and its name on the service.

    Returns:
        A multi-line command for a POSIX shell.
    """
    parts = ["curl --fail-with-body"]
    if method not in ("GET", "POST") or (method == "POST" and not body and upload is None):
        parts[0] += f" -X {method}"
    parts[0] += f" {shlex.quote(url)}"
    # Double quotes let the shell insert the key.
    parts.append('-H "Authorization: Bearer $OPENAI_API_KEY"')
    parts += [f"-H {shlex.quote(_header(name, value))}" for name, value in headers.items()]
    if upload is not None:
        path, name = upload
        parts.append(f"-F purpose={FILE_PURPOSE}")
        file = f"file=@{_form(str(path))};filename={_form(name)};type={UPLOAD_TYPE}"
        parts.append(f"-F {shlex.quote(file)}")
    elif body:
        text = json.dumps(json.loads(body), ensure_ascii=False, indent=2)
        parts.append(f"--data-raw {shlex.quote(text)}")
    return " \\\n  ".join(parts)


def _header(name: str, value: str) -> str:
    """Return a value for curl's --header. A header with no value needs a semicolon, or curl drops it."""
    spelled = "-".join(part.capitalize() for part in name.split("-"))
    return f"{spelled}: {value}" if value else f"{spelled};"


def _form(value: str) -> str:
    """Return a value for curl's --form, quoted if it contains curl's own syntax."""
    if any(character in value for character in ';,"\\') or value != value.strip():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return value
