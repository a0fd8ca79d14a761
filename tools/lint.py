"""Checks house rules that no public linter checks. `python -m tools.lint` prints `file:line: message`.

Names must be descriptive and have one meaning. No file may name a package registry, a path on one particular
machine, or anything outside the project. Tests may neither read the clock nor sleep.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

__all__ = ["Complaint", "complaints", "main", "project_files"]


class Complaint(NamedTuple):
    """A broken rule, with its place and a message that names the fix."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        """Return the finding in the format that editors and terminals turn into a link."""
        return f"{self.file}:{self.line}: {self.message}"


# Split, so that this file does not break the rules itself.
_REGISTRIES = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "ana" + "conda.org")
# Lambda's home folder is the same everywhere.
_MACHINE = (
    "/wor" + "k",
    "/roo" + "t",
    r"/home/(?!sbx_)\w+",
    r"/Users/\w+",
    "/opt/py" + "pi",
    "/opt/whe" + "els",
)
_TEXT_RULES = (
    (
        re.compile("|".join(map(re.escape, _REGISTRIES)), re.IGNORECASE),
        "names a package registry: that belongs in pip's configuration",
    ),
    (
        re.compile(rf"(?<![\w.:/~<-])(?:{'|'.join(_MACHINE)})(?![\w-])"),
        "names a path of one machine: use a relative path or a temporary folder",
    ),
    (
        re.compile(r"(?:(?<![\w/-])|\.\./)shar" + r"ed/|BRI" + r"EF\.md", re.IGNORECASE),
        "names something outside the project",
    ),
)

# A docstring must first say what the module is for.
_FORMULA = re.compile(
    r"comes? in:|\bin comes?\b.*\bout goe?s?\b|\bcomes? in\b[^.]*\bgo(es)? out\b", re.DOTALL | re.IGNORECASE
)

_CODE = ("graders", "harness", "tools")
_SHAPELESS = {"util", "utils", "helper", "helpers", "common", "base", "manager", "managers", "misc"}
_NOT_COUNTED = {"__init__", "__main__", "conftest"}
# Each of the two packages has one tree of errors.
_ONE_A_PACKAGE = {"errors"}

_CLOCKS = {f"time.{name}{unit}" for name in ("time", "monotonic", "perf_counter") for unit in ("", "_ns")}
# Files that may read the clock or sleep, with the reason.
_MAY_READ_THE_CLOCK = {
    "tests/support/waiting.py": "waits for conditions, and gives up",
    "tests/support/deploy_local.py": "prints how long each step took",
    "tests/support/emulator_process.py": "gives up a process that does not start",
}
# Not tests, but graders written in other styles for audits to examine.
_GRADERS_OF_OTHERS = "tests/harness/audit/planted/"
_MAY_SLEEP = {
    "tests/support/waiting.py": "waits for conditions",
    "tests/graders/_runtime/test_timing.py": "its scoring functions are too slow on purpose",
}


def project_files(root: Path) -> list[PurePosixPath]:
    """Return a sorted list of the files that git tracks or would track after the next commit.

    Raises:
        OSError: git is not installed.
        subprocess.CalledProcessError: The folder is not a git checkout.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return sorted({PurePosixPath(name) for name in listed.split("\0") if name and (root / name).is_file()})


def complaints(root: Path, files: Iterable[PurePosixPath]) -> list[Complaint]:
    """Return all violations in the given files, in order.

    Args:
        root: The project's folder.
        files: Paths relative to the project's folder.
    """
    found: list[Complaint] = []
    trees: dict[PurePosixPath, ast.Module] = {}
    for file in files:
        text = (root / file).read_bytes().decode("utf-8", "replace")
        found += _in_text(file, text)
        if file.suffix == ".py":
            trees[file] = ast.parse(text, str(file))
            found += _shapeless(file)
            if _FORMULA.search(ast.get_docstring(trees[file]) or ""):
                found.append(
                    Complaint(str(file), 1, "say what the module is for, not what comes in and goes out")
                )
            if file.parts[0] == "tests":
                found += _in_test(file, trees[file])
    code = {file: tree for file, tree in trees.items() if file.parts[0] in _CODE}
    found += _twice("file", _file_names(code))
    found += _twice("class", _class_names(code))
    return sorted(found)


def _in_text(file: PurePosixPath, text: str) -> Iterator[Complaint]:
    for pattern, message in _TEXT_RULES:
        if pattern.search(text):
            for number, line in enumerate(text.splitlines(), 1):
                if match := pattern.search(line):
                    yield Complaint(str(file), number, f"`{match.group()}` {message}")


def _shapeless(file: PurePosixPath) -> Iterator[Complaint]:
    words = {word for part in file.with_suffix("").parts for word in part.strip("_").split("_")}
    for word in sorted(words & _SHAPELESS):
        yield Complaint(str(file), 1, f"`{word}` does not say what the file is about")


def _in_test(file: PurePosixPath, tree: ast.Module) -> Iterator[Complaint]:
    if str(file).startswith(_GRADERS_OF_OTHERS):
        return
    for line, name in _uses(tree):
        if name in _CLOCKS and str(file) not in _MAY_READ_THE_CLOCK:
            message = (
                f"{name}() in a test fails on a busy machine: count work in process_time, or pass a clock"
            )
            yield Complaint(str(file), line, message)
        if name == "time.sleep" and str(file) not in _MAY_SLEEP:
            yield Complaint(str(file), line, "sleeps: wait for what you need with support.waiting.until")


def _uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and full name of each use of an imported name."""
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            first, dot, rest = ast.unparse(node).partition(".")
            if first in imported:
                yield node.lineno, imported[first] + dot + rest


def _file_names(code: dict[PurePosixPath, ast.Module]) -> Iterator[tuple[str, PurePosixPath, int]]:
    """Yield file names, except those in the command line, where each file is named after its command."""
    for file in code:
        counted = file.parts[:2] != ("harness", "cli") and file.stem not in _NOT_COUNTED | _ONE_A_PACKAGE
        if counted and not file.stem.startswith("_"):
            yield file.stem, file, 1


def _class_names(code: dict[PurePosixPath, ast.Module]) -> Iterator[tuple[str, PurePosixPath, int]]:
    """Yield the names of classes and of type aliases, which are used like classes."""
    for file, tree in code.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                yield node.name, file, node.lineno
        for node in tree.body:
            alias = isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp | ast.Subscript)
            target = node.targets[0] if isinstance(node, ast.Assign) and alias else None
            if isinstance(target, ast.Name) and re.fullmatch(r"[A-Z]\w*[a-z]\w*", target.id):
                yield target.id, file, node.lineno


def _twice(kind: str, names: Iterable[tuple[str, PurePosixPath, int]]) -> Iterator[Complaint]:
    places: defaultdict[str, list[tuple[PurePosixPath, int]]] = defaultdict(list)
    for name, file, line in names:
        if not name.startswith("_"):
            places[name].append((file, line))
    for name, found in places.items():
        for file, line in found if len(found) > 1 else []:
            others = ", ".join(str(other) for other, at in found if (other, at) != (file, line))
            yield Complaint(
                str(file), line, f"the {kind} name `{name}` already stands for something else in {others}"
            )


def main() -> int:
    """Check the project that contains this file; return 1 if a rule is broken."""
    root = Path(__file__).resolve().parent.parent
    found = complaints(root, project_files(root))
    for complaint in found:
        sys.stdout.write(f"{complaint}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
