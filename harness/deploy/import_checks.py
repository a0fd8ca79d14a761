"""Finds imports of missing modules that would fail only while the grader runs.

Importing the handler tests only the imports at the top of modules. An import inside a function runs when a
sample first reaches it, in the middle of a job. Therefore, this check parses the user's modules, starting
with the handler's, and looks up every import in the artifact. It skips installed packages because their
requirements cover their own imports.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.deploy.checklist import finding
from harness.findings import Finding, Place
from harness.localaws.function import FunctionSpec
from harness.localaws.pythons import runtime_version
from harness.localaws.template import NOT_IMITATED

__all__ = ["check_imports", "imported_files", "standard_library"]

# The runtime provides the SDK with its requirements, and Lambda's runtime client.
_RUNTIME = frozenset(
    "boto3 botocore dateutil jmespath s3transfer six urllib3"
    " awslambdaric runtime_client simplejson snapshot_restore_py".split()
)
# Modules that were added to or removed from the standard library, by minor version: "What's New in Python"
# 3.12 to 3.14.
_SINCE = {"annotationlib": 14, "compression": 14}
_UNTIL = {
    **dict.fromkeys("asynchat asyncore distutils imp smtpd".split(), 12),
    **dict.fromkeys(
        "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap nis nntplib ossaudiodev pipes sndhdr spwd"
        " sunau telnetlib uu xdrlib".split(),
        13,
    ),
}
_OTHER_SYSTEMS = frozenset("_overlapped _winapi msilib msvcrt nt winreg winsound".split())
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_IMPORTERS = frozenset({"import_module", "__import__"})
_SUFFIXES = (".py", ".pyc", ".so")


@dataclass(frozen=True, slots=True)
class _Import:
    name: str
    """Absolute dotted name of the imported module."""
    line: int
    optional: bool
    """Whether the import is conditional or the code catches its failure."""
    guess: bool = False
    """Whether the name may be an attribute of a module rather than a module."""


def standard_library(runtime: str) -> frozenset[str]:
    """Return the top-level names of a Lambda runtime's standard library.

    Args:
        runtime: The runtime, such as `python3.13`.
    """
    minor = runtime_version(runtime)[1]
    names = (sys.stdlib_module_names | _SINCE.keys() | _UNTIL.keys()) - _OTHER_SYSTEMS
    return frozenset(name for name in names if _SINCE.get(name, 0) <= minor < _UNTIL.get(name, 99))


def check_imports(spec: FunctionSpec, project: Path) -> Iterator[Finding]:
    """Look up the imports of the user's modules in a function's artifact.

    Args:
        spec: The function and its artifact's folder.
        project: The folder of the sources. A module in the artifact is the user's if it also exists in this
            folder.
    """
    artifact, module = spec.artifact, spec.handler.replace("/", ".").rpartition(".")[0]
    own = {entry.name.partition(".")[0] for entry in artifact.iterdir() if (project / entry.name).exists()}
    own = (own | {module.partition(".")[0]}) - {"graders", ""}
    known = standard_library(spec.runtime) | _RUNTIME | {"graders"}  # a missing handler is a separate finding
    missing: dict[str, Finding] = {}
    for source, imports in _reached(artifact, module, own):
        for one in imports:
            if one.guess or one.name.partition(".")[0] in known or _is_there(artifact, one.name, own):
                continue
            found = _finding(source, one, layered=NOT_IMITATED["Layers"] in spec.notes)
            if one.name not in missing or found.severity > missing[one.name].severity:
                missing[one.name] = found
    yield from (missing[name] for name in sorted(missing))


def imported_files(root: Path, module: str, packages: Collection[str]) -> list[Path]:
    """Return a sorted list of the files whose code may run when a module is imported or used.

    Args:
        root: The folder that module names are relative to.
        module: The first module.
        packages: Top-level names of the packages whose files are included.
    """
    return sorted(source for source, _ in _reached(root, module, packages))


def _reached(root: Path, module: str, packages: Collection[str]) -> Iterator[tuple[Path, list[_Import]]]:
    """Yield each file whose code may run when the module is imported or used, with the file's imports."""
    reached, waiting = set[Path](), [module]
    while waiting:
        name = waiting.pop()
        if name.partition(".")[0] not in packages:
            continue
        for source in _sources(root, name):
            if source not in reached:
                reached.add(source)
                imports = list(_imports(source, source.relative_to(root).parent.parts))
                waiting += [one.name for one in imports]
                yield source, imports


def _finding(source: Path, one: _Import, *, layered: bool) -> Finding:
    place = Place(file=str(source), line=one.line)
    if layered:
        return finding("D050", f"imports {one.name}, which only the function's layers can provide", place)
    if one.optional:
        return finding("D035", f"imports {one.name} conditionally; the artifact has no such module", place)
    return finding("D034", f"imports {one.name}, which the artifact lacks", place)


def _is_there(artifact: Path, name: str, own: Collection[str]) -> bool:
    """Return True if the artifact contains a module.

    An installed package may create modules at run time, as `six` creates `six.moves`, so only the top-level
    name of a package is looked up.
    """
    top, *rest = name.split(".")
    path = artifact.joinpath(top, *rest) if top in own else artifact / top
    if path.is_dir():
        return True
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    return any(file.name.partition(".")[0] == path.name and file.suffix in _SUFFIXES for file in beside)


def _sources(artifact: Path, name: str) -> Iterator[Path]:
    """Yield the files that run when a module is imported: those of parent packages, then its own."""
    path = artifact
    for part in name.split("."):
        path /= part
        yield from (file for file in (path / "__init__.py", path.with_name(f"{part}.py")) if file.is_file())


def _imports(source: Path, package: tuple[str, ...]) -> Iterator[_Import]:
    """Yield all imports in a source. Yield none if it is invalid, because another check reports that."""
    try:
        tree = ast.parse(source.read_bytes())
    except (SyntaxError, ValueError):
        return
    yield from _walk(tree, package, optional=False)


def _walk(node: ast.AST, package: tuple[str, ...], *, optional: bool) -> Iterator[_Import]:
    children: list[ast.AST] = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.If) and ast.unparse(node.test) in _NEVER:
        children = list(node.orelse)
    elif isinstance(node, ast.If | ast.IfExp):
        optional = True
    elif isinstance(node, ast.Try) and any(_catches_imports(one.type) for one in node.handlers):
        optional = True
    elif isinstance(node, ast.With) and any("suppress(" in ast.unparse(one) for one in node.items):
        optional = True
    for name, guess in _named(node, package):
        yield _Import(name, getattr(node, "lineno", 0), optional, guess)
    for child in children:
        yield from _walk(child, package, optional=optional)


_NEVER = frozenset({"TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'"})
"""Conditions whose branches never run in Lambda."""


def _named(node: ast.AST, package: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Yield the modules imported by a node. The flag is True if the name may be an attribute instead."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, False) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        start = package[: max(0, len(package) - node.level + 1)] if node.level else ()
        module = ".".join((*start, *filter(None, [node.module])))
        if module:
            yield module, False
            yield from ((f"{module}.{alias.name}", True) for alias in node.names)
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        name = node.args[0].value
        if called in _IMPORTERS and isinstance(name, str) and name.strip(".") == name != "":
            yield name, False


def _catches_imports(caught: ast.expr | None) -> bool:
    """Return True if an except clause catches a failed import. A bare clause does."""
    each = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(one is None or ast.unparse(one).rpartition(".")[2] in _IMPORT_ERRORS for one in each)
