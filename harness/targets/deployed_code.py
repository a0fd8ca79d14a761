"""Looks up a deployed function's settings, and the files in its zip.

The zip is downloaded from the address in the response of GetFunction, and checked against the function's
`CodeSha256`. The address is signed, so no message contains it. Files are hashed and discarded. Nothing is
unpacked or run.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any

from graders.configured import READY_HANDLER, READY_VARIABLE
from harness.aws import Denied, client, explained
from harness.errors import InputError
from harness.localaws.function import code_digest

__all__ = ["FunctionCode", "FunctionFacts", "canonical_name", "hash_zip", "look_up", "read_code"]

_MOST_BYTES = 250 << 20
"""Lambda's limit for unzipped code (quotas)."""
_CHUNK = 1 << 20
_DIST_INFO = re.compile(r"(?P<name>[^/]+?)-(?P<version>[^/-]+)\.dist-info/")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionFacts:
    """What AWS reports about a function."""

    arn: str
    """The ARN as requested."""
    version: str | None
    code_sha256: str
    handler: str | None
    runtime: str | None
    layers: int
    """Number of layers; their contents are not read."""
    location: str | None = field(repr=False)
    """The signed address of the function's zip; None if AWS gave none."""
    unread: str
    """Reason why the address is missing if `location` is None."""
    memory_mb: int | None = None
    architecture: str | None = None
    check: str | None = None
    """Ready check that the handler is configured to run; None for any other handler."""


@dataclass(frozen=True, slots=True)
class FunctionCode:
    """The contents of a function's zip."""

    files: dict[str, str]
    """SHA-256 by path."""
    digest: str
    """The value of `FunctionSpec.code_sha256` for a folder with the same files."""
    packages: dict[str, str]
    """Versions of the distributions in the zip, by canonical name."""


def look_up(arn: str) -> FunctionFacts:
    """Look up a function in AWS.

    Args:
        arn: The function's ARN, with the qualifier that a job uses.

    Raises:
        InputError: The function does not exist, or boto3 is not configured.
        ServiceError: AWS cannot be reached, or these credentials may not read the function.
    """
    # Short timeouts, because the result is only a note.
    functions = client("lambda", arn.split(":")[3], connect_timeout=3, retries={"total_max_attempts": 2})
    try:
        answer, unread = _asked(functions, arn)
    finally:
        functions.close()
    found, code = answer["Configuration"], answer.get("Code") or {}
    if found.get("PackageType") == "Image" or "ImageUri" in code:
        unread = "it is a container image"
    variables = (found.get("Environment") or {}).get("Variables") or {}
    return FunctionFacts(
        arn=arn,
        version=found.get("Version"),
        code_sha256=found["CodeSha256"],
        handler=found.get("Handler"),
        runtime=found.get("Runtime"),
        layers=len(found.get("Layers") or ()),
        location=None if unread else code.get("Location"),
        unread=unread or "AWS gave no address for its code",
        memory_mb=found.get("MemorySize"),
        architecture=next(iter(found.get("Architectures") or ()), None),
        check=variables.get(READY_VARIABLE) if found.get("Handler") == READY_HANDLER else None,
    )


def read_code(facts: FunctionFacts) -> FunctionCode:
    """Download a function's zip and hash its files.

    Args:
        facts: The result of `look_up`. Its address is valid for ten minutes.

    Raises:
        InputError: The code cannot be downloaded, or does not have its CodeSha256.
    """
    if facts.location is None:
        raise InputError(facts.unread, place=facts.arn)
    with tempfile.TemporaryFile() as scratch:
        if _download(facts.location, scratch, facts.arn) != facts.code_sha256:
            raise InputError("the downloaded code does not match its CodeSha256", place=facts.arn)
        return hash_zip(scratch, facts.arn)


def _asked(functions: Any, arn: str) -> tuple[dict[str, Any], str]:
    """Return AWS's response and, if the response does not include the code, the reason."""
    try:
        with explained(arn):
            answer: dict[str, Any] = functions.get_function(FunctionName=arn)
            _ = answer["Configuration"]["CodeSha256"]  # fails for a proxy's page, which has no fields
            return answer, ""
    except Denied as denied:
        with explained(arn):
            found = functions.get_function_configuration(FunctionName=arn)
            _ = found["CodeSha256"]
        return {"Configuration": found}, denied.message


def _download(address: str, into: IO[bytes], arn: str) -> str:
    """Save a zip and return its hash in Lambda's encoding."""
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError, HTTPClientError
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies
    from urllib3.exceptions import HTTPError

    failed = "its code could not be downloaded"
    # botocore's session uses the configured proxies and certificates.
    session = URLLib3Session(
        verify=os.environ.get("AWS_CA_BUNDLE") or True, proxies=get_environ_proxies(address), timeout=30
    )
    digest, size = hashlib.sha256(), 0
    try:
        response = session.send(AWSRequest("GET", address, stream_output=True).prepare())
        if response.status_code != 200:
            raise InputError(f"{failed} (HTTP {response.status_code})", place=arn)
        for part in response.raw.stream(_CHUNK):
            size += len(part)
            if size > _MOST_BYTES:
                raise InputError(f"{failed}: it is larger than Lambda allows", place=arn)
            digest.update(part)
            into.write(part)
    except (BotoCoreError, HTTPClientError, HTTPError, OSError, ValueError) as error:
        # The messages of these errors contain the signed address.
        raise InputError(f"{failed} ({type(error).__name__})", place=arn) from None
    finally:
        session.close()
    return base64.b64encode(digest.digest()).decode()


def hash_zip(zipped: IO[bytes], arn: str) -> FunctionCode:
    """Hash the files in a function's zip.

    Args:
        zipped: The zip.
        arn: The function, for messages.

    Raises:
        InputError: The file is not a zip, or is larger than Lambda allows.
    """
    files: dict[str, str] = {}

    def contents() -> Iterator[tuple[str, bytes]]:
        for path, entry in sorted(entries.items()):
            content = archive.read(entry)
            files[path.as_posix()] = hashlib.sha256(content).hexdigest()
            yield path.as_posix(), content

    try:
        with zipfile.ZipFile(zipped) as archive:
            # If two entries have the same name, unpacking keeps the last.
            entries = {PurePosixPath(each.filename): each for each in archive.infolist() if not each.is_dir()}
            if sum(each.file_size for each in entries.values()) > _MOST_BYTES:
                raise InputError("its code is larger than Lambda allows", place=arn)
            digest = code_digest(contents())
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        raise InputError("its code is not a readable zip file", place=arn) from None
    return FunctionCode(files, digest, _packages(files))


def _packages(files: Iterable[str]) -> dict[str, str]:
    found = (_DIST_INFO.match(path) for path in files)
    return {canonical_name(each["name"]): each["version"] for each in found if each}


def canonical_name(name: str) -> str:
    """Normalize a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
