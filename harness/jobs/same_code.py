"""Compares the grader of a run with the code of the function that a job will call.

A run in the local runtime is compared by its artifact, file by file. An in-process run is compared by its
fingerprint: the user's files, package versions, and the handler. A run on a deployed function is compared by
`CodeSha256`. The result lists the parts that could not be compared.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

import graders
from graders.configured import READY_HANDLER, READY_VARIABLE
from harness.aws import NotInAws
from harness.errors import HarnessError
from harness.jobs.plan import SameCode
from harness.localaws.function import code_digest
from harness.runs.facts import DeployedFacts, GraderFacts, LocalRuntimeFacts, TargetFacts
from harness.runs.store import sha256
from harness.targets.deployed_code import FunctionCode, FunctionFacts, canonical_name, look_up, read_code
from harness.targets.grader_name import names_the_check

__all__ = [
    "CodeComparison",
    "GradedBy",
    "UnknownFunction",
    "compare_code",
    "compare_files",
    "look_at_function",
]

_SHOWN = 3


class GradedBy(Protocol):
    """A run or an audit, each of which records its grader and target."""

    @property
    def grader(self) -> GraderFacts:
        """The grader."""

    @property
    def target(self) -> TargetFacts:
        """The target that graded."""

    @property
    def versions(self) -> dict[str, str]:
        """Versions of Python and of packages at the time of grading."""


@dataclass(frozen=True, slots=True)
class UnknownFunction:
    """A function about which AWS provided no information."""

    arn: str
    why: str
    missing: bool = False
    """True if AWS reports that the function does not exist."""
    code_sha256: None = None


@dataclass(frozen=True, slots=True)
class CodeComparison:
    """The result of comparing a run's grader with a function's code."""

    same: SameCode
    why: tuple[str, ...] = ()
    """Differences, or reasons why the comparison proves nothing."""
    unchecked: tuple[str, ...] = ()
    """Parts that were not compared."""


def look_at_function(arn: str, *, local_service: bool) -> FunctionFacts | UnknownFunction:
    """Ask AWS about the function that a job will call.

    Args:
        arn: The function's ARN.
        local_service: True if the job's service runs on this machine. In this case AWS is called only if an
            endpoint is set in the environment, so that local work needs no network.

    Returns:
        AWS's description of the function, or the reason why there is none. AWS errors are not raised, because
        a job does not need the description.
    """
    if local_service and not (
        os.environ.get("AWS_ENDPOINT_URL_LAMBDA") or os.environ.get("AWS_ENDPOINT_URL")
    ):
        return UnknownFunction(arn, "the job's service is on this machine, so AWS was not asked")
    if not arn.startswith("arn:") or arn.count(":") < 6:
        return UnknownFunction(arn, "this is not the ARN of a function")
    try:
        return look_up(arn)
    except HarnessError as error:
        return UnknownFunction(arn, error.message, missing=isinstance(error, NotInAws))


def compare_code(facts: GradedBy, function: FunctionFacts | UnknownFunction) -> CodeComparison:
    """Compare the replayed grader with the function that a job will call.

    Args:
        facts: The run, or an audit.
        function: The result of `look_at_function`.
    """
    if isinstance(facts.target, DeployedFacts):
        return _with_deployed(facts.target, function)
    if isinstance(function, UnknownFunction):
        return CodeComparison("not proven", (function.why,))
    try:
        code = read_code(function)
    except HarnessError as error:
        return CodeComparison("not proven", (error.message,))
    return compare_files(facts, function, code)


def compare_files(facts: GradedBy, function: FunctionFacts, code: FunctionCode) -> CodeComparison:
    """Compare a grader that was replayed on this machine with the contents of a function's zip.

    Args:
        facts: The run, or an audit.
        function: AWS's description of the function.
        code: The contents of its zip.
    """
    comparing = _Comparing(function, code)
    comparing.handler(facts.grader.ref)
    if isinstance(facts.target, LocalRuntimeFacts):
        comparing.artifact(facts.target)
        if facts.target.note:
            comparing.unchecked.append(facts.target.note)
        return comparing.result()
    if not (facts.grader.files or comparing.by_line or comparing.differences):
        return CodeComparison("not proven", ("the run recorded no files of the grader",))
    comparing.files(facts.grader.files)
    comparing.packages(facts.grader.packages)
    comparing.python(facts.versions)
    if facts.grader.options is not None:  # a handwritten handler may not have this attribute
        comparing.library(facts.versions.get("rft-graders"))
    return comparing.result()


def _with_deployed(target: DeployedFacts, function: FunctionFacts | UnknownFunction) -> CodeComparison:
    # The function is the same if the replay called this version, or named this alias.
    other = target.arn != function.arn and (target.asked != function.arn or _is_version(function.arn))
    called = f"the replay called {target.arn}, the job would call {function.arn}"
    if _without_qualifier(target.arn) != _without_qualifier(function.arn):
        # Even with the same code, another function may grade differently, through its role, variables or
        # layers.
        return CodeComparison("different", (called,))
    if isinstance(function, FunctionFacts) and target.code_sha256 is not None:
        if function.code_sha256 != target.code_sha256:
            what = called if other else "the function's code changed since the replay"
            digests = f"CodeSha256 {target.code_sha256[:12]}, now {function.code_sha256[:12]}"
            return CodeComparison("different", (f"{what} ({digests})",))
        pinned = target.version not in (None, "$LATEST")
        alias = pinned and function.version == target.version
        settings = f"its settings with those of {target.arn}, which the replay called"
        return CodeComparison("proven", unchecked=(settings,) if other and not alias else ())
    if other:
        return CodeComparison("different", (called,))
    if _is_version(function.arn):  # a version never changes
        return CodeComparison("proven")
    why = function.why if isinstance(function, UnknownFunction) else "the replay could not read its code"
    return CodeComparison("not proven", (f"the ARN names no version, and {why}",))


def _is_version(arn: str) -> bool:
    return arn.count(":") == 7 and arn.rpartition(":")[2].isdigit()


def _without_qualifier(arn: str) -> str:
    return ":".join(arn.split(":")[:7])


class _Comparing:
    """Collects the differences found while a run is compared with a function's code."""

    def __init__(self, function: FunctionFacts, code: FunctionCode) -> None:
        self.function = function
        self.code = code
        self.differences: list[str] = []
        self.unproven: list[str] = []
        self.unchecked: list[str] = []

    def result(self) -> CodeComparison:
        if self.differences:
            return CodeComparison("different", (*self.differences, *self.unproven))
        if self.unproven:
            return CodeComparison("not proven", tuple(self.unproven))
        layers = self.function.layers
        what = [f"the content of its {layers} layer{'s' if layers > 1 else ''}"] if layers else []
        return CodeComparison("proven", unchecked=(*self.unchecked, *what))

    @property
    def by_line(self) -> bool:
        """True if the function grades with a ready check that is not configured in a TOML file."""
        return self.function.check is not None and not self.function.check.endswith(".toml")

    def handler(self, ref: str) -> None:
        """Compare the handlers, one of which may include more of the path."""
        if self.function.handler == READY_HANDLER:
            if not names_the_check(ref, self.function.check):
                what = f"its variable {READY_VARIABLE} is {self.function.check or 'not set'}"
                self.differences.append(f"{what}, and the replay graded with {ref}")
            return
        where, _, name = ref.partition(":")
        module, _, function = (self.function.handler or "").replace("/", ".").rpartition(".")
        parts = PurePosixPath(where.removesuffix(".py")).parts
        asked = ".".join(part for part in parts if part.strip("./"))
        alike = f".{asked}".endswith(f".{module}") or f".{module}".endswith(f".{asked}")
        if not alike or name not in ("", function):
            self.differences.append(
                f"its handler is {self.function.handler}, and the replay graded with {ref}"
            )
        elif not name:
            self.unchecked.append(f"which function of {ref} graded, as the replay named none")

    def artifact(self, target: LocalRuntimeFacts) -> None:
        """Compare the files with the replayed artifact, and name those that differ if it still exists."""
        if self.code.digest == target.code_sha256:
            return
        folder = target.template if target.handler else target.template.parent / target.function
        here: dict[str, str] = {}

        def contents() -> Iterator[tuple[str, bytes]]:
            for path in sorted(each for each in folder.rglob("*") if each.is_file()):
                name, content = path.relative_to(folder).as_posix(), path.read_bytes()
                here[name] = hashlib.sha256(content).hexdigest()
                yield name, content

        what = "its files are not those of the replayed artifact"
        inside = folder.resolve().is_relative_to(Path.cwd())  # a run may name any folder on this machine
        if inside and folder.is_dir() and code_digest(contents()) == target.code_sha256:
            there = self.code.files
            names = sorted(name for name in here.keys() | there if here.get(name) != there.get(name))
            what += f": {_list(names)}"
        self.differences.append(what)

    def files(self, files: Mapping[str, str]) -> None:
        """Check that the function contains the user's files, unchanged and in the right places."""
        root = self._root(files)
        changed, missing = [], []
        for path, content in files.items():
            place = self._place(PurePosixPath(path), content, root)
            if place is None:
                missing.append(os.path.relpath(path))
            elif self.code.files[place] != content:
                changed.append(os.path.relpath(path))
        if changed:
            self.differences.append(f"it has different content in {_list(changed)}")
        if missing and self.function.layers:
            self.unproven.append(f"it does not have {_list(missing)}, unless in a layer, which was not read")
        elif missing:
            self.differences.append(f"it does not have {_list(missing)}")

    def _root(self, files: Mapping[str, str]) -> PurePosixPath | None:
        """Use the handler's file to find the local folder that corresponds to the top of the zip."""
        module = (self.function.handler or "").replace(".", "/").rpartition("/")[0]
        for place in (f"{module}.py", f"{module}/__init__.py"):
            here = [path for path in files if path.endswith(f"/{place}")]
            if module and here:
                same = [path for path in here if files[path] == self.code.files.get(place)]
                return PurePosixPath(min(same or here, key=len).removesuffix(place))
        return None

    def _place(self, path: PurePosixPath, content: str, root: PurePosixPath | None) -> str | None:
        """Return a file's path in the zip. A build puts files from outside the folder at the top."""
        below = root is not None and path.is_relative_to(root)
        if root is not None and below and (exact := path.relative_to(root).as_posix()) in self.code.files:
            return exact
        ends = ("/".join(path.parts[start:]) for start in range(1, len(path.parts)))
        found = [end for end in ends if end in self.code.files and end != "__init__.py"]
        same = next((end for end in found if self.code.files[end] == content), None)
        return same or (found[0] if found and not below else None)

    def packages(self, packages: Mapping[str, str]) -> None:
        there = {name: self.code.packages.get(canonical_name(name)) for name in sorted(packages)}
        differing = {name: has for name, has in there.items() if has not in (None, packages[name])}
        if differing:
            versions = [f"{name} {has} (the replay: {packages[name]})" for name, has in differing.items()]
            self.differences.append(f"it has {_list(versions)}")
        if absent := [name for name, has in there.items() if has is None]:
            self.unchecked.append(f"the version of {_list(absent)}")

    def python(self, versions: Mapping[str, str]) -> None:
        here = "python" + ".".join(versions.get("python", "").split(".")[:2])
        if here != self.function.runtime:
            self.unchecked.append(f"how it grades under {self.function.runtime}, as the replay ran in {here}")

    def library(self, version: str | None) -> None:
        """Compare the `graders` package by version, if the zip states one, and by files."""
        packaged = self.code.packages.get("rft-graders", version)
        if packaged != version:
            self.differences.append(f"it has rft-graders {packaged} (the replay: {version})")
            return
        folder = Path(str(graders.__file__)).parent
        if version != graders.__version__ or "graders/__init__.py" not in self.code.files:
            self.unchecked.append("its version of rft-graders")
            return
        here = {f"graders/{path.relative_to(folder).as_posix()}": path for path in folder.rglob("*.py")}
        there = self.code.files
        other = [name for name, path in sorted(here.items()) if there.get(name, "") != sha256(path)]
        if other:
            self.differences.append(f"its rft-graders differs from the one here ({_list(other)})")


def _list(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
