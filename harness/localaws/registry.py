"""Which functions, versions and aliases the local Invoke API knows, and the runtime behind each.

In comes a function's name, partial or full ARN and a qualifier, out goes the runtime that serves it; one is
started when it is first asked for. What is unknown is refused with Lambda's own error.

Source: the Lambda API reference (`FunctionName`, `Qualifier`; FunctionConfiguration, AliasConfiguration).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from harness.localaws.function import FunctionSpec
from harness.localaws.limits import Fault
from harness.localaws.runtime import InvokeRefused, LocalRuntime

__all__ = ["LATEST", "FunctionName", "Registry", "parse_function"]

LATEST = "$LATEST"

_NAME = re.compile(
    r"(?:(?P<arn>arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:)?(?P<account>\d{12}):function:)?"
    r"(?P<name>[a-zA-Z0-9_-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)


class FunctionName(NamedTuple):
    """A function as a caller names it."""

    name: str
    qualifier: str | None
    """A version's number, an alias or `$LATEST`."""
    arn: str | None
    """The full ARN with its qualifier, when the caller gave one."""


def parse_function(text: str, qualifier: str | None = None) -> FunctionName:
    """Take a name, a partial or a full ARN apart.

    Args:
        text: `FunctionName` of the Lambda API, with or without a qualifier.
        qualifier: `Qualifier` of the Lambda API.

    Raises:
        Refused: It is no function's name, or names another qualifier than `qualifier`.
    """
    match = _NAME.fullmatch(text)
    if match is None:
        raise InvokeRefused(Fault("ValidationException", f"'{text}' is no function name or ARN"), 400)
    own = match["qualifier"]
    if own and qualifier and own != qualifier:
        message = "The derived qualifier from the function name does not match the specified qualifier."
        raise InvokeRefused(Fault("InvalidParameterValueException", message), 400)
    chosen = own or qualifier
    arn = None
    if match["arn"]:
        arn = text if own or not chosen else f"{text}:{chosen}"
    return FunctionName(match["name"], chosen, arn)


@dataclass(slots=True)
class _Function:
    """One function's versions."""

    latest: FunctionSpec
    versions: dict[str, FunctionSpec] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)


class Registry:
    """Functions by name; safe for several threads.

    Args:
        start: Makes the runtime of a version.
    """

    def __init__(self, start: Callable[[FunctionSpec], LocalRuntime]) -> None:
        self._start = start
        self._functions: dict[str, _Function] = {}
        self._runtimes: dict[tuple[str, str], LocalRuntime] = {}
        self._lock = threading.Lock()

    def add(self, spec: FunctionSpec, version: str | None, aliases: tuple[str, ...]) -> None:
        """Register a function as `$LATEST` and as `version`; the aliases point to that version."""
        with self._lock:
            function = self._functions.setdefault(spec.name, _Function(spec))
            function.latest = replace(spec, version=LATEST)
            stale = [self._runtimes.pop((spec.name, LATEST), None)]
            if version is not None:
                function.versions[version] = replace(spec, version=version)
                stale.append(self._runtimes.pop((spec.name, version), None))
            function.aliases.update(dict.fromkeys(aliases, version or LATEST))
        for runtime in stale:
            if runtime is not None:
                runtime.close()

    def runtime(self, name: str, qualifier: str | None) -> tuple[LocalRuntime, str]:
        """The runtime that serves a qualifier, and the version that it is.

        Raises:
            Refused: There is no such function, version or alias.
        """
        with self._lock:
            spec = self._find(name, qualifier)
            key = (name, spec.version)
            if key not in self._runtimes:
                self._runtimes[key] = self._start(spec)
            return self._runtimes[key], spec.version

    def arn(self, name: str, qualifier: str | None) -> str:
        """The ARN of a function with its qualifier, if any."""
        with self._lock:
            arn = self._find(name, qualifier).arn
        return f"{arn}:{qualifier}" if qualifier else arn

    def configuration(self, name: str, qualifier: str | None) -> dict[str, Any]:
        """What GetFunctionConfiguration answers, as far as it is known here."""
        with self._lock:
            spec = self._find(name, qualifier)
        return {
            "FunctionName": spec.name,
            "FunctionArn": f"{spec.arn}:{qualifier}" if qualifier else spec.arn,
            "Runtime": spec.runtime,
            "Handler": spec.handler,
            "CodeSize": spec.code_bytes(),
            "CodeSha256": spec.code_sha256(),
            "Timeout": int(spec.timeout_s) or 1,
            "MemorySize": spec.memory_mb,
            "Version": spec.version,
            "Environment": {"Variables": dict(spec.environment)},
            "PackageType": "Zip",
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }

    def alias(self, name: str, alias: str) -> dict[str, Any]:
        """What GetAlias answers.

        Raises:
            Refused: There is no such function or alias.
        """
        with self._lock:
            function = self._functions.get(name)
            version = function.aliases.get(alias) if function is not None else None
            if function is None or version is None:
                raise _unknown(f"Alias not found: {_arn(name, function)}:{alias}")
            return {"AliasArn": f"{function.latest.arn}:{alias}", "Name": alias, "FunctionVersion": version}

    def close(self) -> None:
        """End every runtime."""
        with self._lock:
            runtimes = list(self._runtimes.values())
            self._runtimes.clear()
        for runtime in runtimes:
            runtime.close()

    def _find(self, name: str, qualifier: str | None) -> FunctionSpec:
        function = self._functions.get(name)
        version = qualifier or LATEST
        if function is not None:
            version = function.aliases.get(version, version)
            if version == LATEST:
                return function.latest
            if version in function.versions:
                return function.versions[version]
        raise _unknown(f"Function not found: {_arn(name, function)}{f':{qualifier}' if qualifier else ''}")


def _arn(name: str, function: _Function | None) -> str:
    return (
        function.latest.arn
        if function is not None
        else f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    )


def _unknown(message: str) -> InvokeRefused:
    return InvokeRefused(Fault("ResourceNotFoundException", message), 404)
