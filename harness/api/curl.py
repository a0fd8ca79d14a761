"""Shows requests of the API's client as `curl` commands in place of sending them.

No key is shown: the shell fills in `$OPENAI_API_KEY`.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import httpx2

from harness.api.types import FILE_PURPOSE

__all__ = ["PLACEHOLDER_KEY", "NotSent", "ShowTransport", "curl_command"]

PLACEHOLDER_KEY = "$OPENAI_API_KEY"


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
        """The file that the next multipart request carries, and the name it is given."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Turn the request into a command.

        Args:
            request: What would have been sent.

        Raises:
            NotSent: Always.
        """
        form = request.headers.get("content-type", "").startswith("multipart/")
        body = None if form else request.read()
        raise NotSent(
            curl_command(request.method, str(request.url), body=body, upload=self.upload if form else None)
        )


def curl_command(
    method: str, url: str, *, body: bytes | None = None, upload: tuple[Path, str] | None = None
) -> str:
    """Write a request as a shell command.

    Args:
        method: The HTTP method.
        url: The whole URL.
        body: A JSON body, empty or None for none.
        upload: A file to send as a form, and the name it gets on the service.

    Returns:
        A command for a POSIX shell, over several lines.
    """
    parts = ["curl --fail-with-body"]
    if method not in ("GET", "POST") or (method == "POST" and not body and upload is None):
        parts[0] += f" -X {method}"
    parts[0] += f" {shlex.quote(url)}"
    # Double quotes, so that the shell fills the key in.
    parts.append('-H "Authorization: Bearer $OPENAI_API_KEY"')
    if upload is not None:
        path, name = upload
        parts.append(f"-F purpose={FILE_PURPOSE}")
        parts.append(f"-F {shlex.quote(f'file=@{_form(str(path))};filename={_form(name)}')}")
    elif body:
        parts.append("-H 'Content-Type: application/json'")
        text = json.dumps(json.loads(body), ensure_ascii=False, indent=2)
        # curl would read a file for a body that starts with @; JSON never does.
        parts.append(f"--data-raw {shlex.quote(text)}")
    return " \\\n  ".join(parts)


def _form(value: str) -> str:
    """A value of curl's --form, quoted where it holds what curl would read as its own syntax."""
    if any(character in value for character in ';,"\\') or value != value.strip():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return value
