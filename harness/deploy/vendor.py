"""Put the packages that a grader needs in Lambda into the artifact, and take out what no Lambda reads.

The packages come from a requirements file, or from the running environment. Only wheels are taken, nothing
is compiled, and nothing that was fetched is run: a source distribution would run its build on this machine
and for this machine's platform.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path, PurePosixPath

from harness.errors import InputError, ServiceError

__all__ = ["POWERTOOLS", "copy_installed", "install_requirements", "remove_leftovers"]

POWERTOOLS = ("aws-lambda-powertools", "jmespath", "typing-extensions")
"""Powertools and what it requires without extras: all pure Python."""

_INSTALL_TIMEOUT_S = 300
# Amazon Linux 2023, which Lambda's current Python runtimes stand on, has glibc 2.34.
_PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux2014")
# pip's own records of this installation. They hold paths of this machine, so they would also make the same
# artifact look changed on another one, and publish a version for nothing. METADATA and licences stay.
_RECORDS = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})


def install_requirements(requirements: Path, into: Path, *, runtime_version: str, machine: str) -> None:
    """Install the wheels of a requirements file for Lambda's platform, whatever this machine is.

    Args:
        requirements: What to install; where it has hashes, pip requires them of every package.
        into: The artifact.
        runtime_version: `3.13`.
        machine: `x86_64` or `aarch64`, as wheels spell it.

    Raises:
        InputError: The file does not exist, a hash differs, or a package has no wheel for Lambda.
        ServiceError: The package index could not be reached.
    """
    if not requirements.is_file():
        raise InputError("no such requirements file", place=str(requirements))
    command = [sys.executable, "-P", "-m", "pip", "install", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check"]
    command += ["--no-compile", "--only-binary", ":all:", "--implementation", "cp"]
    command += ["--python-version", runtime_version, "--target", str(into)]
    command += ["--requirement", str(requirements)]
    for platform in _PLATFORMS:
        command += ["--platform", f"{platform}_{machine}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S)
    except subprocess.TimeoutExpired as slow:
        raise ServiceError(
            f"pip took longer than {_INSTALL_TIMEOUT_S} s", place=str(requirements), fix="Run it again."
        ) from slow
    if done.returncode:
        raise _refusal(done.stderr, requirements)


def _refusal(said: str, requirements: Path) -> InputError | ServiceError:
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR")]
    message = f"pip could not install it: {' '.join(errors[-2:]) or said.strip()[-300:] or 'it said nothing'}"
    if "No module named pip" in said:
        return InputError("this Python has no pip", place=sys.executable, fix="python -m ensurepip adds it.")
    if "Connection" in said or "Retrying" in said or "timed out" in said:
        return ServiceError(message, place=str(requirements), fix="The package index is not reachable.")
    return InputError(
        message,
        place=str(requirements),
        fix="Every package needs a wheel for Lambda and, where one has a hash, its hashes.",
    )


def copy_installed(distributions: tuple[str, ...], into: Path) -> None:
    """Copy pure-Python distributions of the running environment: the artifact is built without the network.

    Args:
        distributions: Their names.
        into: The artifact.

    Raises:
        InputError: One is not installed here, or holds compiled code, which is this machine's.
    """
    for name in distributions:
        try:
            files = metadata.files(name)
        except metadata.PackageNotFoundError as missing:
            fix = "pip install 'rft-graders[telemetry]', or take them from a requirements file."
            raise InputError(f"{name} is not installed here", place=sys.prefix, fix=fix) from missing
        for file in files or ():
            path = PurePosixPath(file)
            if path.is_absolute() or ".." in path.parts or "__pycache__" in path.parts:
                continue
            if path.suffix in {".so", ".pyd", ".dylib"}:
                raise InputError(f"{name} has code compiled for this machine ({path})", place=sys.prefix)
            target = into / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), target)


def remove_leftovers(artifact: Path) -> None:
    """Remove scripts, bytecode and pip's records: nothing in Lambda reads them.

    Args:
        artifact: The folder that the packages stand in.
    """
    shutil.rmtree(artifact / "bin", ignore_errors=True)
    for cache in list(artifact.rglob("__pycache__")):
        shutil.rmtree(cache)
    for file in list(artifact.rglob("*.py[co]")):
        file.unlink()
    for information in artifact.glob("*.dist-info"):
        for file in information.iterdir():
            if file.name in _RECORDS:
                file.unlink()
