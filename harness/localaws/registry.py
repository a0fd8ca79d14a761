"""Stores the functions, versions and aliases of the local Invoke API, and the runtime of each version.

Callers name a function as in AWS: by its name or a partial or full ARN, with or without a qualifier. A
version's runtime starts on the first call. Unknown or malformed names get Lambda's own error.

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

__all__ = ["LATEST", "FunctionName", "Registry", "invalid_choice", "parse_function"]

LATEST = "$LATEST"

_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?"
    r"(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
"""The pattern for function names, as Lambda documents it and quotes it in its error."""
_NAME = re.compile(_PATTERN)
_PLAIN = re.compile(r"[a-zA-Z0-9_-]+")
_QUALIFIER = re.compile(r"\$LATEST|[a-zA-Z0-9_-]+")
_LONGEST_NAME, _LONGEST_ARN, _LONGEST_QUALIFIER = 64, 256, 128


class FunctionName(NamedTuple):
    """A function's name as the caller gave it."""

    name: str
    qualifier: str | None
    """A version's number, an alias or `$LATEST`."""
    arn: str | None
    """The full ARN with its qualifier, if the caller gave one."""


def parse_function(text: str, qualifier: str | None = None) -> FunctionName:
    """Parse a function's name, or its partial or full ARN.

    Args:
        text: `FunctionName` of the Lambda API, with or without a qualifier.
        qualifier: `Qualifier` of the Lambda API.

    Raises:
        InvokeRefused: `text` is not a function's name, or its qualifier differs from `qualifier`.
    """
    if len(text) > _LONGEST_ARN:
        raise _invalid(text, "functionName", _at_most(_LONGEST_ARN))
    match = _NAME.fullmatch(text)
    name, own = (match[11], match[13]) if match is not None else ("", None)
    if match is None or not _PLAIN.fullmatch(name):
        raise _invalid(text, "functionName", f"Member must satisfy regular expression pattern: {_PATTERN}")
    if len(name) > _LONGEST_NAME:
        raise _invalid(name, "functionName", _at_most(_LONGEST_NAME))
    if qualifier is not None and not _QUALIFIER.fullmatch(qualifier):
        pattern = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
        raise _invalid(qualifier, "qualifier", f"Member must satisfy regular expression pattern: {pattern}")
    if len(own or qualifier or "") > _LONGEST_QUALIFIER:
        raise _invalid(own or qualifier or "", "qualifier", _at_most(_LONGEST_QUALIFIER))
    if own and qualifier and own != qualifier:
        message = "The derived qualifier from the function name does not match the specified qualifier."
        raise InvokeRefused(Fault("InvalidParameterValueException", message), 400)
    chosen = own or qualifier
    arn = None
    if match[1]:
        arn = text if own or not chosen else f"{text}:{chosen}"
    return FunctionName(name, chosen, arn)


def invalid_choice(value: str, parameter: str, choices: tuple[str, ...]) -> InvokeRefused:
    """Return Lambda's error for a value that a parameter does not accept."""
    return _invalid(value, parameter, f"Member must satisfy enum value set: [{', '.join(choices)}]")


def _invalid(value: str, parameter: str, constraint: str) -> InvokeRefused:
    text = f"Value '{value}' at '{parameter}' failed to satisfy constraint: {constraint}"
    return InvokeRefused(Fault("ValidationException", f"1 validation error detected: {text}"), 400)


def _at_most(length: int) -> str:
    return f"Member must have length less than or equal to {length}"


@dataclass(slots=True)
class _Function:
    latest: FunctionSpec
    versions: dict[str, FunctionSpec] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)


class Registry:
    """The functions of the local Invoke API, by name. Thread-safe.

    Args:
        start: Creates the runtime of a version.
    """

    def __init__(self, start: Callable[[FunctionSpec], LocalRuntime]) -> None:
        self._start = start
        self._functions: dict[str, _Function] = {}
        self._runtimes: dict[tuple[str, str], LocalRuntime] = {}
        self._lock = threading.Lock()

    def add(self, spec: FunctionSpec, version: str | None, aliases: tuple[str, ...]) -> None:
        """Register a function as `$LATEST` and as `version`, and point the aliases to that version."""
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
        """Return the runtime for a qualifier, and its version.

        Raises:
            InvokeRefused: The function, version or alias does not exist.
        """
        with self._lock:
            spec = self._find(name, qualifier)
            key = (name, spec.version)
            if key not in self._runtimes:
                self._runtimes[key] = self._start(spec)
            return self._runtimes[key], spec.version

    def arn(self, name: str, qualifier: str | None) -> str:
        """Return a function's ARN, followed by the qualifier if one is given."""
        with self._lock:
            arn = self._find(name, qualifier).arn
        return f"{arn}:{qualifier}" if qualifier else arn

    def configuration(self, name: str, qualifier: str | None) -> dict[str, Any]:
        """Return the response to GetFunctionConfiguration, with the fields that are known here."""
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
        """Return the response to GetAlias.

        Raises:
            InvokeRefused: The function or alias does not exist.
        """
        with self._lock:
            function = self._functions.get(name)
            version = function.aliases.get(alias) if function is not None else None
            if function is None or version is None:
                raise _unknown(f"Alias not found: {_arn(name, function)}:{alias}")
            return {"AliasArn": f"{function.latest.arn}:{alias}", "Name": alias, "FunctionVersion": version}

    def close(self) -> None:
        """Close every runtime."""
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
