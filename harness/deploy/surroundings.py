"""Compares a grader's environments in two places, because they can make the same code grade differently."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.localaws.confinement import Confinement
from harness.localaws.function import FunctionSpec
from harness.localaws.interpreter import find_interpreter
from harness.localaws.variables import function_variables

__all__ = [
    "Surroundings",
    "causes",
    "own_source",
    "surroundings_deployed",
    "surroundings_here",
    "surroundings_of",
]

_SECONDS = 60
_LOOK = """
import importlib.metadata, json, locale, os, platform, sys, time
packages = {each.metadata["Name"]: each.version for each in importlib.metadata.distributions()}
print(json.dumps({
    "python": platform.python_version(),
    "architecture": {"AMD64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
    "time_zone": "/".join(dict.fromkeys(time.tzname)),
    "encoding": locale.getpreferredencoding(False).lower(),
    "variables": dict(os.environ),
    "packages": {str(name).lower().replace("_", "-"): version for name, version in packages.items()},
}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A grader's environment in one place. A field is None if its value is unknown."""

    python: str | None = None
    architecture: str | None = None
    time_zone: str | None = None
    encoding: str | None = None
    variables: Mapping[str, str] | None = None
    packages: Mapping[str, str] | None = None
    """Versions of the installed distributions, by name."""


def surroundings_here() -> Surroundings:
    """Describe the environment of this process."""
    done = subprocess.run([sys.executable, "-P", "-c", _LOOK], capture_output=True, timeout=_SECONDS)
    return _read(done.stdout)


def surroundings_of(spec: FunctionSpec) -> Surroundings:
    """Describe the environment of a function in the local Lambda runtime."""
    interpreter = find_interpreter(spec.runtime)
    with closing(Confinement(spec, interpreter)) as confinement:
        variables = function_variables(
            spec, api="", root=confinement.root, programs=interpreter.executable.parent, log_stream=""
        )
        command = confinement.command(_LOOK)
        done = subprocess.run(command, env=variables, capture_output=True, timeout=_SECONDS)
    return _read(done.stdout)


def surroundings_deployed(configuration: Mapping[str, Any]) -> Surroundings:
    """Describe the environment of a function in AWS, to the extent shown by its configuration.

    Args:
        configuration: The response of GetFunctionConfiguration, or an empty object if the credentials do not
            allow it.
    """
    if not configuration:
        return Surroundings()
    return Surroundings(
        python=str(configuration.get("Runtime", "")).removeprefix("python") or None,
        architecture=next(iter(configuration.get("Architectures") or ["x86_64"])),
        time_zone="UTC",
        variables=(configuration.get("Environment") or {}).get("Variables") or {},
    )


def causes(
    here: Surroundings, there: Surroundings, set_there: Mapping[str, str], source: str
) -> Iterator[str]:
    """Describe the differences between two places, one sentence per cause, most likely cause first.

    Args:
        here: This process.
        there: The other place.
        set_there: The variables set in the other place by the template or the function's configuration.
        source: Source code of the grader's own modules. The grader may read any variable named there.
    """
    yield from _variables(here.variables, there.variables, set_there, source)
    if here.python and there.python and not here.python.startswith(there.python):
        yield f"Python {here.python} here, {there.python} there"
    if here.architecture and there.architecture and here.architecture != there.architecture:
        yield f"{here.architecture} here, {there.architecture} there"
    if here.time_zone and there.time_zone and here.time_zone != there.time_zone:
        yield f"time zone {here.time_zone} here, {there.time_zone} there"
    if here.encoding and there.encoding and here.encoding != there.encoding:
        yield f"text encoding {here.encoding} here, {there.encoding} there"
    if here.packages is not None and there.packages is not None:
        both = sorted(here.packages.keys() & there.packages.keys())
        versions = [
            f"{name} {here.packages[name]} here, {there.packages[name]} there"
            for name in both
            if here.packages[name] != there.packages[name]
        ]
        if versions:
            yield f"package versions: {_listed(versions)}"


def _variables(
    here: Mapping[str, str] | None, there: Mapping[str, str] | None, set_there: Mapping[str, str], source: str
) -> Iterator[str]:
    """Describe the variables that differ, or only those mentioned in the grader's code if there are any."""
    if here is None:
        return
    quoted = set(re.findall("['\"]([A-Za-z_][A-Za-z0-9_]*)['\"]", source))
    other = {name for name, value in set_there.items() if here.get(name) != value}
    lacking = (here.keys() - set_there.keys() - (there or {}).keys()) & quoted
    if other & quoted or lacking:
        other &= quoted
    if other:
        yield f"variables that the function sets and this process does not: {_listed(sorted(other))}"
    if lacking:
        yield f"variables set only here that the grader's code mentions: {_listed(sorted(lacking))}"


def own_source(artifact: Path) -> str:
    """Return the source code of an artifact's top-level modules, which include the user's modules."""
    return "\n".join(path.read_text("utf-8", "replace") for path in sorted(artifact.glob("*.py")))


def _listed(items: list[str]) -> str:
    return ", ".join(items[:5]) + (f" and {len(items) - 5} more" if len(items) > 5 else "")


def _read(printed: bytes) -> Surroundings:
    """Parse the output of `_LOOK`. The result is empty if `_LOOK` could not run."""
    try:
        return Surroundings(**json.loads(printed))
    except ValueError:
        return Surroundings()
