"""Lists the names that source code defines and the names that it uses, using Python's own parser.

The source code may be hostile and the parser cannot be interrupted, so only code within a size limit is
parsed. For longer code, no names are listed.
"""

from __future__ import annotations

import ast
import builtins
import re

LONGEST = 20_000
"""Maximum length of source code to parse, in characters."""

_LONGEST_LINE = 4_000
_ESCAPE = re.compile(r"\\([\\'\"\n])|\\")
_BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}
_PASSIVE = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Pass,
)


class CodeNames:
    """The names that source code defines and the names that it uses.

    Args:
        tree: Syntax tree of the code.
    """

    __slots__ = ("acts", "binds", "needs")

    def __init__(self, tree: ast.Module) -> None:
        bound, loaded = set[str](), set[str]()
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                (loaded if isinstance(node.ctx, ast.Load) else bound).add(node.id)
            else:
                bound.update(_bound(node))
        self.binds = frozenset(name for one in tree.body for name in _top(one))
        self.needs = frozenset() if "*" in bound else frozenset(loaded - bound - _BUILTINS)
        """Names that the code uses but does not bind, except built-ins. Empty if it contains `import *`."""
        self.acts = any(not _is_passive(one) for one in tree.body)
        """Whether the code does more than define names, as a program does."""


def parsed(source: str) -> ast.Module | None:
    """Parse source code. Return None if it is invalid or too long to parse.

    Backslashes are removed unless they escape a quote or a line break, because names do not contain them and
    Python warns about unknown escapes.
    """
    if len(source) > LONGEST or max(map(len, source.split("\n"))) > _LONGEST_LINE:
        return None
    try:
        return ast.parse(_ESCAPE.sub(lambda found: found[0] if found[1] else "", source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def code_names(source: str) -> CodeNames | None:
    """Return the names in source code, or None if it is not parsed."""
    tree = parsed(source)
    try:
        return None if tree is None else CodeNames(tree)
    except RecursionError:
        return None


def _bound(node: ast.AST) -> tuple[str, ...]:
    """Return the names bound directly by a node."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return (node.name,)
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return tuple((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    if isinstance(node, ast.arg):
        return (node.arg,)
    if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return (node.name,) if node.name else ()
    if isinstance(node, ast.MatchMapping):
        return (node.rest,) if node.rest else ()
    kind = type(node).__name__  # newer than the oldest supported Python
    return (node.name,) if kind in ("TypeVar", "ParamSpec", "TypeVarTuple") else ()  # type: ignore[attr-defined]


def _top(statement: ast.stmt) -> set[str]:
    """Return the names that a top-level statement binds in its module."""
    found: set[str] = set()
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        found.update(_bound(node))
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _is_passive(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, _PASSIVE)
