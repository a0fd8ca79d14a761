"""Runs OpenAI's Python graders and checks their source code and imports."""

from __future__ import annotations

import ast
import sys
import warnings

from ..errors import ConfigurationError, SampleError
from ..reward import number
from ._answer_bounds import LONGEST, is_bounded
from ._openai_scores import GradeFault, GraderScore, passed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Literal

    from ._openai_scores import Scope, Scoring
    from ._openai_spec import PythonCode

FUNCTION = "grade"
_PARSED = "output_json"
"""The sample field that exists only if the completion is JSON."""
IMAGE_PACKAGES: dict[str, tuple[str, str | None]] = {
    "numpy": ("numpy", "2.2.4"),
    "scipy": ("scipy", "1.15.2"),
    "sympy": ("sympy", "1.13.3"),
    "pandas": ("pandas", "2.2.3"),
    "rapidfuzz": ("rapidfuzz", "3.10.1"),
    "sklearn": ("scikit-learn", "1.6.1"),
    "rouge_score": ("rouge-score", "0.1.2"),
    "deepdiff": ("deepdiff", "8.4.2"),
    "jsonschema": ("jsonschema", "4.23.0"),
    "pydantic": ("pydantic", "2.10.6"),
    "yaml": ("pyyaml", "6.0.2"),
    "nltk": ("nltk", "3.9.1"),
    "sqlparse": ("sqlparse", "0.5.3"),
    "rdkit": ("rdkit", "2024.9.6"),
    "skbio": ("scikit-bio", "0.6.3"),
    "ast_grep_py": ("ast-grep-py", "0.36.2"),
    # Dependencies of the packages above; the versions of these are not documented.
    "annotated_types": ("annotated-types", None),
    "attr": ("attrs", None),
    "attrs": ("attrs", None),
    "dateutil": ("python-dateutil", None),
    "joblib": ("joblib", None),
    "mpmath": ("mpmath", None),
    "pydantic_core": ("pydantic-core", None),
    "pytz": ("pytz", None),
    "referencing": ("referencing", None),
    "regex": ("regex", None),
    "six": ("six", None),
    "tqdm": ("tqdm", None),
    "typing_extensions": ("typing_extensions", None),
}
"""Package and version of each module in the 2025-05-08 image, excluding the standard library."""
_HINTS = {
    OSError: "a Python grader can open no file and no connection",
    ModuleNotFoundError: "a Python grader may import packages that are in OpenAI's image and installed here",
}
"""Hints for exceptions. Their wording holds wherever a grader runs."""
_NOT_OF_TEXT = (
    *("NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError", "MemoryError"),
    *("OSError", "PermissionError", "FileNotFoundError"),
)
_WRITE = "write def grade(sample, item)"


class PythonImport:
    """A module outside the standard library that a grader's source code imports.

    Args:
        module: The name in the import statement, up to its first dot.
        line: The first line that imports the module.
        guarded: True if every import of the module is in a `try` or an `if`, so the code may work without it.
    """

    __slots__ = ("guarded", "line", "module")

    def __init__(self, module: str, line: int, guarded: bool) -> None:
        self.module = module
        self.line = line
        self.guarded = guarded


def python_code(
    node: PythonCode, seconds: float, memory_mb: int, protection: Literal["full", "limits"]
) -> Scoring:
    """Build the scoring function of a `python` grader, which runs in a separate process.

    Raises:
        ConfigurationError: The code imports a package that is not in OpenAI's image or not installed.
    """
    from ._confined import ConfinedFunction

    if fault := node.unknown_import():
        raise ConfigurationError(f"{node.pointer}/source: {fault}")
    grade = ConfinedFunction.of_text(
        node.source,
        FUNCTION,
        place=f"{node.pointer}/source",
        packages=node.packages,
        seconds=seconds,
        memory_mb=memory_mb,
        protection=protection,
        hints={**_HINTS, MemoryError: f"it may use {memory_mb} MB of memory here"},
    )
    grade.check()

    async def scored(scope: Scope) -> GraderScore:
        if not is_bounded(scope.text):
            why = f"the completion has more than {LONGEST:,} characters"
            return GraderScore(0.0, unread=True, errors={"other_error": True}, reason=why)
        try:
            returned = await grade(scope.sample, scope.item)
        except SampleError as error:
            flag = "python_grader_server_error" if error.kind == "timeout" else "python_grader_runtime_error"
            place = error.origin.partition(" at ")[2]
            details = "timeout" if error.kind == "timeout" else f"{error.message} ({place or grade.place})"
            fault = GradeFault(flag, error.message, error.kind, error.origin, details)
            about = error.kind == "exception" and error.origin.partition(" at ")[0] not in _NOT_OF_TEXT
            if about and _PARSED in node.source and _PARSED not in scope.sample:
                why = f"{_PARSED}: the completion is not JSON, and grade raised {error.message}"
                return GraderScore(0.0, unread=True, errors=fault.errors, reason=why)
            raise fault from None
        try:
            value = number(returned)
        except ValueError:
            kind = type(returned).__name__
            what = {"float": repr(returned), "int": "too large a number"}.get(kind, f"a {kind}")
            message = f"grade returned {what}: return one finite number"
            raise GradeFault(
                "python_grader_runtime_error", message, "value", f"value at {grade.place}"
            ) from None
        return GraderScore(value, metrics=passed(value, node.pass_threshold))

    return scored


def python_fault(source: str) -> str | None:
    """Return the reason why source code is not a valid grader, with the fix, or None if it is valid."""
    try:
        tree = _parsed(source)
    except SyntaxError as error:
        return f"line {error.lineno or 1}: {error.msg}: correct the Python"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"is not valid Python: {str(error) or type(error).__name__}"
    found: ast.FunctionDef | ast.AsyncFunctionDef | None = None
    for node in _at_top(tree.body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == FUNCTION:
            found = node
        elif FUNCTION in _bound(node):
            return None  # the value of this name is known only when the source runs
    if found is None:
        return f"defines no function grade: {_WRITE}"
    if isinstance(found, ast.AsyncFunctionDef):
        return f"line {found.lineno}: grade is async: {_WRITE}"
    given = found.args
    if len(given.posonlyargs + given.args) != 2 or given.vararg or given.kwarg or given.kwonlyargs:
        return f"line {found.lineno}: grade does not take exactly two parameters: {_WRITE}"
    return None


def python_imports(source: str) -> tuple[PythonImport, ...]:
    """Return the distinct modules outside the standard library that source code imports."""
    found: dict[str, PythonImport] = {}
    tree = _parsed(source)
    optional = [node for node in ast.walk(tree) if isinstance(node, ast.Try | ast.TryStar | ast.If)]
    guarded = {id(inner) for node in optional for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = ["." * node.level + (node.module or "")]
        else:
            continue
        for name in names:
            top = name.partition(".")[0] or name
            if top not in sys.stdlib_module_names:
                each = found.setdefault(top, PythonImport(top, node.lineno, True))
                each.guarded = each.guarded and id(node) in guarded
    return tuple(found.values())


def _parsed(source: str) -> ast.Module:
    """Parse source code while suppressing Python's warnings, which are meant for the code's author."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _at_top(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, including those inside `if`, `try` and `with`."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try, ast.With)):
            blocks = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
            blocks += [handler.body for handler in getattr(node, "handlers", [])]
            for block in blocks:
                yield from _at_top(block)


def _bound(node: ast.stmt) -> set[str]:
    """Return the names that an assignment or an import binds."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}
