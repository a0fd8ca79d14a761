"""Recognizes code that CPython can compile and whose annotations it can evaluate without errors.

Monty compiles some code that CPython rejects, and it does not evaluate annotations. So code whose annotations
use an undefined name or subscript a type that does not allow it would pass on Monty. Code that cannot be
judged with certainty is left to CPython.
"""

from __future__ import annotations

import ast

from ._code_names import parsed

_TYPES = frozenset("int float str bool complex bytes list dict set frozenset tuple object type".split())
# Number of types in the brackets of a generic type, 0 for any number.
_GENERIC = {"list": 1, "dict": 2, "set": 1, "frozenset": 1, "tuple": 0}
_TYPING = {"List": 1, "Dict": 2, "Set": 1, "FrozenSet": 1, "Tuple": 0, "Optional": 1, "Union": 0}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_DISPLAYS = (
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.ListComp,
    ast.Dict,
    ast.DictComp,
    ast.Set,
    ast.SetComp,
    ast.GeneratorExp,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.Lambda,
)
_LEAVES = (ast.Return, ast.Break, ast.Continue)


def is_compiled(source: str) -> bool:
    """Return True if CPython can compile a module and evaluate its annotations."""
    tree = parsed(source)
    if tree is None or any(_is_warned_of(node) for node in ast.walk(tree)) or not _are_evaluated(tree):
        return False
    try:
        compile(tree, "solution.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _is_warned_of(node: ast.AST) -> bool:
    """Return True if CPython would print a warning about a node on the grader's standard error."""
    if isinstance(node, ast.Assert):
        return isinstance(node.test, ast.Tuple)
    if isinstance(node, ast.Compare):
        return isinstance(node.left, _DISPLAYS) and any(
            isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops
        )
    if isinstance(node, ast.Call):
        return isinstance(node.func, _DISPLAYS)
    if isinstance(node, ast.Subscript):
        number = isinstance(node.slice, ast.Constant) and type(node.slice.value) is int
        return isinstance(node.value, _DISPLAYS) and isinstance(node.slice, _DISPLAYS) and not number
    if isinstance(node, ast.Try):
        return any(isinstance(inner, _LEAVES) for last in node.finalbody for inner in ast.walk(last))
    return False


def _are_evaluated(tree: ast.Module) -> bool:
    """Return True if every annotation is a type that uses only names defined before it."""
    known: set[str] = {*_TYPES}
    generic = dict(_GENERIC)
    if _TYPES & {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and type(node.ctx) is not ast.Load
    }:
        return False  # a built-in name is redefined: `list = 5`
    for statement in tree.body:
        for node in ast.walk(statement):
            for annotation in _annotations(node):
                if not _is_type(annotation, known, generic):
                    return False
        for name in _defined(statement):
            known.add(name)
            generic.pop(name, None)
        if isinstance(statement, ast.ImportFrom) and statement.module == "typing":
            generic |= {
                alias.name: _TYPING[alias.name]
                for alias in statement.names
                if alias.name in _TYPING and alias.asname is None
            }
    return True


def _annotations(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return [node.returns] if node.returns else []
    if isinstance(node, ast.arg):
        return [node.annotation] if node.annotation else []
    return [node.annotation] if isinstance(node, ast.AnnAssign) else []


def _is_type(node: ast.expr, known: set[str], generic: dict[str, int]) -> bool:
    """Return True if Python is certain to evaluate an annotation without an error."""
    if isinstance(node, ast.Constant):
        return node.value is None
    if isinstance(node, ast.Name):
        return node.id in known
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        right = isinstance(node.right, ast.Constant) or _is_sure(node.right)
        return (
            right
            and _is_sure(node.left)
            and all(_is_type(one, known, generic) for one in (node.left, node.right))
        )
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in generic:
        most = generic[node.value.id]
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return (not most or len(parts) == most) and all(_is_type(part, known, generic) for part in parts)
    return False


def _is_sure(node: ast.expr) -> bool:
    """Return True if an operand of `|` is certainly a type and not a variable of the module."""
    if isinstance(node, ast.Name):
        return node.id in _TYPES
    return isinstance(node, (ast.Subscript, ast.BinOp))


def _defined(statement: ast.stmt) -> list[str]:
    """Return the names that a top-level statement is certain to define."""
    if isinstance(statement, _DEFINITIONS):
        return [statement.name]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    return []
