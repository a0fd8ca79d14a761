"""Describes a Lambda function to run: its artifact, handler and configuration.

A `FunctionSpec` is plain data. `harness.localaws.template` creates it from a template, and callers may create
one themselves.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import InputError

__all__ = ["PRESENT_RUNTIME", "FunctionSpec", "code_digest"]

PRESENT_RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""The Lambda runtime that matches the interpreter running this code."""

RESERVED = frozenset(
    """_HANDLER _X_AMZN_TRACE_ID AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION AWS_EXECUTION_ENV
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_VERSION
    AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_LAMBDA_RUNTIME_API
    AWS_REGION AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT""".split()
)
"""Variables that a function cannot set (Lambda developer guide, "reserved environment variables")."""

_MEMORY_MB = (128, 10_240)
_MOST_STORAGE_MB = 10_240
_TIMEOUT_S = (0.0, 900.0)


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class FunctionSpec:
    """One Lambda function and its configuration.

    Raises:
        InputError: The artifact is not a folder, the timeout or the memory exceeds Lambda's limits, or a
            variable has a reserved name.
    """

    name: str
    artifact: Path
    """The folder that `sam build` made: the handler's working directory, and its `/var/task` in Lambda."""
    handler: str
    """`module.function`."""
    runtime: str = PRESENT_RUNTIME
    """The Lambda runtime, such as `python3.12`. It selects the interpreter."""
    timeout_s: float = 3.0
    memory_mb: int = 128
    ephemeral_mb: int = 512
    """Size of /tmp, in MB."""
    architecture: str = "x86_64"
    """The deployment's architecture, `x86_64` or `arm64`."""
    declared: bool = True
    """True if the template states the runtime and the architecture; otherwise Lambda's are unknown."""
    image: bool = False
    """True if the function is deployed as a container image."""
    environment: Mapping[str, str] = field(default_factory=dict)
    version: str = "$LATEST"
    alias: str | None = None
    """The alias under which a deployment publishes each version."""
    region: str = "us-east-1"
    account: str = "123456789012"
    notes: tuple[str, ...] = ()
    """Messages about parts of the template that were left out, one sentence each."""

    def __post_init__(self) -> None:
        """Reject values that Lambda would reject."""
        if not self.artifact.is_dir():
            fix = "Run `sam build`, then name its output."
            raise InputError("the artifact is not a folder", place=str(self.artifact), fix=fix)
        if not _TIMEOUT_S[0] < self.timeout_s <= _TIMEOUT_S[1]:
            raise InputError(f"a timeout of {self.timeout_s} s: Lambda allows 1 to 900", place=self.name)
        if not _MEMORY_MB[0] <= self.memory_mb <= _MEMORY_MB[1]:
            raise InputError(f"{self.memory_mb} MB of memory: Lambda allows 128 to 10240", place=self.name)
        if not 0 < self.ephemeral_mb <= _MOST_STORAGE_MB:
            raise InputError(
                f"{self.ephemeral_mb} MB of storage: Lambda allows 512 to 10240", place=self.name
            )
        if taken := sorted(RESERVED & self.environment.keys()):
            text = f"Lambda reserves the variable {taken[0]}"
            raise InputError(text, place=self.name, fix="Rename it in the template.")

    @property
    def arn(self) -> str:
        """The function's unqualified ARN."""
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

    def code_sha256(self) -> str:
        """Return a digest of the names and contents of the artifact's files, in Lambda's encoding (base64).

        Equal artifacts have equal digests. Lambda's `CodeSha256` differs: it is the hash of the zip file.
        """
        files = sorted(path for path in self.artifact.rglob("*") if path.is_file())
        return code_digest((path.relative_to(self.artifact).as_posix(), path.read_bytes()) for path in files)

    def code_bytes(self) -> int:
        """Return the artifact's unzipped size, in bytes."""
        return sum(path.stat().st_size for path in self.artifact.rglob("*") if path.is_file())


def code_digest(files: Iterable[tuple[str, bytes]]) -> str:
    """Compute a digest of files' names and contents, in the encoding of Lambda's `CodeSha256` (base64).

    Args:
        files: Relative path and content of each file, ordered by the parts of their paths.
    """
    digest = hashlib.sha256()
    for path, content in files:
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    return base64.b64encode(digest.digest()).decode()
