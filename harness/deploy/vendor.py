"""Installs a grader's packages into the artifact and removes files that Lambda never reads.

The packages come from requirements files or from the running environment. Only wheels are used, because a
source distribution would be built for this machine's platform.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path, PurePosixPath

from harness.errors import InputError, ServiceError
from harness.localaws.platforms import MACHINES, wheel_platforms
from harness.localaws.pythons import runtime_version

__all__ = ["POWERTOOLS", "copy_installed", "included_files", "install_here", "install_requirements"]

POWERTOOLS = ("aws-lambda-powertools", "jmespath", "typing-extensions")
"""Powertools and its requirements without extras, which are all pure Python."""

_INSTALL_TIMEOUT_S = 300
# pip's records of this installation contain paths of this machine. They would make the same artifact look
# changed on another machine, and would publish a needless version. METADATA and licenses are kept.
_RECORDS = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
# pip evaluates environment markers (`; python_version >= "3.13"`) for the Python that runs it, but a
# function's packages must match the function's Python and machine.
_PIP = """
import sys
import pip._vendor.packaging.markers as markers
here, there = markers.default_environment, dict(word.split("=") for word in sys.argv.pop(1).split())
markers.default_environment = lambda: {**here(), **there}
from pip._internal.cli.main import main
sys.exit(main())
"""
_INCLUDES = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[\s=]*(?P<name>\S+)", re.MULTILINE)
_WANTED = re.compile(r"No matching distribution found for (?P<name>[\w.-]+)")
_SOURCE_ONLY = re.compile(r"Skipping link: No sources permitted for (?P<name>[\w.-]+)")
_OTHER_WHEEL = re.compile(
    r"Skipping link: none of the wheel's tags \((?!py2-)[^\n]*/(?P<name>[\w.]+)-[^\n/]*\.whl"
)
_CONFLICT = re.compile(r"The conflict is caused by:\n(?P<why>(?: {4}[^\n]+\n)+)")
_MAKE_WHEEL = (
    "Build a wheel of it: `pip wheel --no-deps --wheel-dir wheels %s` if it is pure Python, or the same "
    "in Lambda's container (public.ecr.aws/sam/build-python3.13) if not. Then add `--find-links wheels` to "
    "the requirements file. Pure-Python source can also go into a folder next to the grader."
)
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT[\d:,]+ ", re.MULTILINE)


def install_requirements(
    requirements: Sequence[Path], into: Path, *, runtime: str, architecture: str
) -> list[str]:
    """Install wheels from requirements files for a function's platform, regardless of this machine's.

    pip checks hashes for every file that contains a hash. A file never replaces a package installed by
    another file; different versions of a package conflict.

    Args:
        requirements: The requirements files. Files without any requirement are skipped.
        into: The artifact.
        runtime: The function's runtime, such as `python3.13`.
        architecture: The function's architecture, `x86_64` or `arm64`.

    Returns:
        The packages that were removed because they contain scripts (`bin`) but no module.

    Raises:
        InputError: A file does not exist, a hash differs, two files conflict, or a package has no wheel.
        ServiceError: The package index could not be reached.
    """
    dropped: list[str] = []
    hashed: list[Path] = []
    plain: list[Path] = []
    for file in requirements:
        text = _text(file)
        if any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
            (hashed if "--hash" in text else plain).append(file)
    for files in [*([file] for file in hashed), *([plain] if plain else [])]:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            _download(
                files,
                folder,
                [each for each in requirements if each not in files],
                into,
                runtime,
                architecture,
            )
            dropped += _unpack(folder, runtime, architecture)
            _merge(folder / "packages", into, files)
    return dropped


def install_here(requirements: Path, into: Path) -> None:
    """Install pinned packages for the running interpreter.

    Args:
        requirements: A requirements file with hashes.
        into: A folder to be put on `sys.path`.

    Raises:
        InputError: This Python has no pip or a package cannot be installed for it.
        ServiceError: The package index could not be reached.
    """
    command = [sys.executable, "-P", "-m", "pip", "install", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary", ":all:", "--require-hashes"]
    done = _run([*command, "--target", str(into), "--requirement", str(requirements)], str(requirements))
    if done.returncode:
        raise _refusal(done.stderr, "", [requirements], [])


def included_files(requirements: Path) -> list[Path]:
    """Return a requirements file and the local files that it includes with `-r` and `-c`, without duplicates.

    Args:
        requirements: The requirements file.
    """
    found: list[Path] = []
    waiting = [requirements]
    while waiting:
        file = waiting.pop(0)
        if file in found or not file.is_file():
            continue
        found.append(file)
        names = [match["name"] for match in _INCLUDES.finditer(_text(file))]
        waiting += [Path(os.path.normpath(file.parent / name)) for name in names]
    return found


def copy_installed(distributions: tuple[str, ...], into: Path) -> None:
    """Copy pure-Python distributions from the running environment, without using the network.

    Args:
        distributions: The distributions' names.
        into: The artifact.

    Raises:
        InputError: A distribution is not installed here or contains code compiled for this machine.
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
            if path.name in _RECORDS and path.parent.suffix == ".dist-info":
                continue
            target = into / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), target)


def _download(
    files: Sequence[Path], scratch: Path, others: Sequence[Path], into: Path, runtime: str, architecture: str
) -> None:
    """Download wheels for the function's Python version, which may differ from that of this process."""
    version = ".".join(map(str, runtime_version(runtime)))
    markers = f"python_version={version} python_full_version={version}.0 implementation_version={version}.0"
    markers += " implementation_name=cpython platform_python_implementation=CPython os_name=posix"
    markers += f" sys_platform=linux platform_system=Linux platform_machine={MACHINES[architecture]}"
    pinned, log = scratch / "installed.txt", scratch / "pip.log"
    pinned.write_text("".join(f"{each}\n" for each in _installed(into)), "utf-8")
    command = [sys.executable, "-P", "-c", _PIP, markers, "download", *_for_function(runtime, architecture)]
    command += ["--dest", str(scratch / "wheels"), "--log", str(log), "--constraint", str(pinned)]
    for file in files:
        command += ["--requirement", str(file)]
    done = _run(command, str(files[0]))
    if done.returncode:
        said = _STAMP.sub("", log.read_text("utf-8", "replace")) if log.is_file() else ""
        raise _refusal(done.stderr, said, files, others)


def _unpack(scratch: Path, runtime: str, architecture: str) -> list[str]:
    """Install the downloaded wheels into `packages` and return the packages that contain only scripts."""
    packages = scratch / "packages"
    packages.mkdir()
    if wheels := sorted(map(str, (scratch / "wheels").glob("*.whl"))):
        command = [sys.executable, "-P", "-m", "pip", "install", *_for_function(runtime, architecture)]
        command += ["--no-compile", "--no-deps", "--no-index", "--ignore-requires-python"]
        done = _run([*command, "--target", str(packages), *wheels], wheels[0])
        if done.returncode:
            raise _refusal(done.stderr, "", [Path(wheel) for wheel in wheels], [])
    dropped = [folder.name.removesuffix(".dist-info") for folder in _scripts_alone(packages)]
    _remove_leftovers(packages)
    return dropped


def _scripts_alone(packages: Path) -> list[Path]:
    """Return the `.dist-info` folders of packages that have only scripts and require no other package."""
    found = []
    for information in sorted(packages.glob("*.dist-info")):
        record = information / "RECORD"
        text = record.read_text("utf-8") if record.is_file() else ""
        parts = [PurePosixPath(line[0]).parts for line in csv.reader(text.splitlines()) if line]
        held = [tuple(part for part in each if part != "..") for each in parts]
        held = [each for each in held if each and each[0] != information.name]
        scripts = all(each[0] == "bin" and not _is_program(packages.joinpath(*each)) for each in held)
        if held and scripts and "\nRequires-Dist: " not in _metadata(information):
            found.append(information)
    return found


def _metadata(information: Path) -> str:
    file = information / "METADATA"
    return file.read_text("utf-8", "replace") if file.is_file() else ""


def _is_program(file: Path) -> bool:
    """Return True for a program compiled for Linux and False for a script that starts Python."""
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(4) == b"\x7fELF"


def _for_function(runtime: str, architecture: str) -> list[str]:
    """Return pip arguments that select packages for the function's Python version and architecture."""
    words = ["--quiet", "--no-input", "--disable-pip-version-check", "--only-binary", ":all:"]
    words += ["--implementation", "cp", "--python-version", ".".join(map(str, runtime_version(runtime)))]
    for platform in wheel_platforms(runtime, architecture):
        words += ["--platform", platform]
    return words


def _run(command: list[str], place: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S)
    except subprocess.TimeoutExpired as slow:
        raise ServiceError(
            f"pip took longer than {_INSTALL_TIMEOUT_S} s", place=place, fix="Run it again."
        ) from slow


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        raise InputError("no such requirements file", place=str(file)) from None
    except (OSError, ValueError) as error:
        raise InputError(f"the requirements file cannot be read: {error}", place=str(file)) from error


def _installed(artifact: Path) -> list[str]:
    """Return the packages that an artifact already contains as pip constraints."""
    names = [folder.name.removesuffix(".dist-info") for folder in sorted(artifact.glob("*.dist-info"))]
    return [name.replace("-", "==", 1) for name in names]


def _refusal(said: str, log: str, files: Sequence[Path], others: Sequence[Path]) -> InputError | ServiceError:
    place = ", ".join(map(str, files))
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR")]
    message = f"pip could not install it: {' '.join(errors[-2:]) or said.strip()[-300:] or 'it said nothing'}"
    if "No module named 'pip" in said or "No module named pip" in said:
        return InputError(
            "this Python has no pip", place=sys.executable, fix="Add it with python -m ensurepip."
        )
    if "Connection" in said or "Retrying" in said or "timed out" in said:
        return ServiceError(message, place=place, fix="The package index is not reachable.")
    if (conflict := _CONFLICT.search(log)) is not None:
        why = "; ".join(line.strip() for line in re.sub(r"\(constraint\) ", "", conflict["why"]).splitlines())
        against = f" against {', '.join(map(str, others)) or 'what the artifact holds already'}"
        fix = "Require the same version in both: an artifact can contain only one version of a package."
        return InputError(f"its packages conflict{against}: {why}", place=place, fix=fix)
    if (wanted := _WANTED.search(said)) is not None:
        name = wanted["name"]
        if any(_same(found["name"], name) for found in _OTHER_WHEEL.finditer(log)):
            fix = f"Choose another version, Runtime or Architectures. {_MAKE_WHEEL % name}"
            return InputError(f"{name} has no wheel that the function can load", place=place, fix=fix)
        if any(_same(found["name"], name) for found in _SOURCE_ONLY.finditer(log)):
            text = f"{name} is published as source only (sdist), not as a wheel"
            return InputError(text, place=place, fix=_MAKE_WHEEL % name)
        return InputError(message, place=place, fix="Check the name, the version and the index.")
    fix = "Every package needs a wheel for Lambda, and hashes if any package has them."
    return InputError(message, place=place, fix=fix)


def _same(one: str, other: str) -> bool:
    """Return True if two spellings refer to the same package."""
    return re.sub(r"[-_.]+", "-", one).lower() == re.sub(r"[-_.]+", "-", other).lower()


def _remove_leftovers(packages: Path) -> None:
    """Remove scripts, bytecode and pip's records, which Lambda never reads.

    A compiled program in `bin` is kept because a module of its package may start it.
    """
    for file in [each for each in packages.glob("bin/**/*") if each.is_file() and not _is_program(each)]:
        file.unlink()
    for cache in list(packages.rglob("__pycache__")):
        shutil.rmtree(cache)
    for file in list(packages.rglob("*.py[co]")):
        file.unlink()
    for information in packages.glob("*.dist-info"):
        for file in information.iterdir():
            if file.name in _RECORDS:
                file.unlink()


def _merge(packages: Path, into: Path, files: Sequence[Path]) -> None:
    """Move new packages into the artifact. A file that exists in both must be identical."""
    for file in sorted(packages.rglob("*")):
        if not file.is_file():
            continue
        target = into / file.relative_to(packages)
        if target.exists() and target.read_bytes() != file.read_bytes():
            text = f"two packages contain different files at {target.relative_to(into)}"
            raise InputError(text, place=", ".join(map(str, files)), fix="Leave one of them out.")
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
