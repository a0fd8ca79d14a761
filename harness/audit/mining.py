"""Extracts literals, regular expressions and imports from a grader's source without executing it."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from harness.audit.folded import folded, named_constants

__all__ = ["Mined", "asks_a_service", "mine", "mine_for", "names_check"]

_REGEX_CALLS = frozenset(
    ("compile", "search", "match", "fullmatch", "findall", "finditer", "split", "sub", "subn")
)
_SERVICES = frozenset(("boto3", "botocore", "openai", "anthropic", "litellm", "cohere", "mistralai"))
_HTTP = frozenset(("requests", "httpx", "urllib3", "aiohttp", "urllib"))
_TAG = re.compile(r"<(/?)([A-Za-z][\w-]{0,30})>")
_LONGEST = 2_000
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Mined:
    """The literals and names found in source files, without duplicates and in file order."""

    literals: tuple[str, ...] = ()
    """Strings that may be compared with a completion, excluding docstrings and regular expressions."""
    patterns: tuple[str, ...] = ()
    """Regular expressions, as written in the source."""
    numbers: tuple[str, ...] = ()
    """Numbers, written as in a completion."""
    tags: tuple[str, ...] = ()
    """Names of tags in strings and regular expressions, such as `answer` for `<answer>`."""
    keys: tuple[str, ...] = ()
    """Keys that the source looks up, as in `obj["answer"]`, `obj.get("answer")`, `"answer" in obj`."""
    values: tuple[tuple[str, str | int | float | bool | None], ...] = ()
    """Keys and the values they are compared with, as in `obj["state"] == "done"`."""
    imports: frozenset[str] = field(default_factory=frozenset)
    """Names of imported top-level packages."""
    hashes: bool = False
    """Whether the source uses sets or `hash`, whose order or values differ between processes."""


class _Part(NamedTuple):
    """A module-level statement, with the names that it defines and uses."""

    defines: frozenset[str]
    uses: frozenset[str]
    mined: Mined


def mine(sources: Sequence[Path]) -> Mined:
    """Collect literals and names from source files.

    Args:
        sources: Python files. Files that cannot be read or parsed are skipped.
    """
    return _joined([part.mined for part in _parts(tuple(sources))])


def mine_for(sources: Sequence[Path], name: str) -> Mined:
    """Collect literals and names from the statements that a function uses, directly or indirectly.

    Args:
        sources: Python files.
        name: The function's name. If no file defines the function, all statements are used.
    """
    parts = _parts(tuple(sources))
    wanted, reached = {name}, list[_Part]()
    while True:
        more = [part for part in parts if part.defines & wanted and part not in reached]
        if not more:
            break
        reached += more
        wanted |= {each for part in more for each in part.uses}
    return _joined([part.mined for part in parts if part in reached] or [part.mined for part in parts])


def asks_a_service(sources: Sequence[Path]) -> bool:
    """Return True if a grader imports a network client or configures a judge."""
    if names_check(sources, "checks.judge:"):
        return True
    mined = mine(sources)
    addressed = any(text.startswith(("http://", "https://")) for text in mined.literals)
    return bool(mined.imports & _SERVICES or (addressed and mined.imports & _HTTP))


def names_check(sources: Sequence[Path], check: str) -> bool:
    """Return True if a grader's TOML file names a ready check.

    Args:
        sources: The grader's own files.
        check: The check's name, or a prefix such as `checks.code:`.
    """
    for path in sources:
        try:
            if path.suffix == ".toml" and check in path.read_text("utf-8", errors="replace"):
                return True
        except OSError:
            continue
    return False


def _joined(several: Sequence[Mined]) -> Mined:
    def once(name: str) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(each for one in several for each in getattr(one, name)))

    return Mined(
        literals=once("literals"),
        patterns=once("patterns"),
        numbers=once("numbers"),
        tags=once("tags"),
        keys=once("keys"),
        values=once("values"),
        imports=frozenset().union(*(one.imports for one in several)),
        hashes=any(one.hashes for one in several),
    )


@lru_cache(maxsize=16)
def _parts(sources: tuple[Path, ...]) -> tuple[_Part, ...]:
    return tuple(
        _Part(frozenset(_defined(node)), frozenset(_used(node)), _mined(node, names))
        for tree in _trees(sources)
        for names in (named_constants(tree),)
        for node in tree.body
    )


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                yield each.id


def _used(node: ast.stmt) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
            yield each.id
        elif isinstance(each, ast.Attribute):
            yield each.attr


def _mined(root: ast.stmt, names: Mapping[str, ast.expr]) -> Mined:
    literals: dict[str, None] = {}
    patterns: dict[str, None] = {}
    numbers: dict[str, None] = {}
    keys: dict[str, None] = {}
    values: dict[tuple[str, str | int | float | bool | None], None] = {}
    imports: set[str] = set()
    hashes = False
    skipped = {id(each) for each in _docstrings(root)}
    for node in ast.walk(root):
        if isinstance(node, ast.Call):
            for given in _patterns_of(node):
                whole = folded(given, names)
                pieces = [part for part in ast.walk(given) if _is_text(part)]
                if whole is not None:
                    patterns[whole] = None
                else:  # try each part of a concatenation
                    patterns |= dict.fromkeys(str(folded(part, names)) for part in pieces)
                skipped |= {id(part) for part in pieces}
    for node in ast.walk(root):
        imports |= _imported(node)
        hashes = hashes or isinstance(node, ast.Set | ast.SetComp) or _names_a_set(node)
        keys |= dict.fromkeys(_keys_of(node))
        values |= dict.fromkeys(_values_of(node))
        if isinstance(node, ast.JoinedStr | ast.BinOp) and (text := folded(node, names)):
            (patterns if _is_pattern(text) else literals)[text] = None
        if isinstance(node, ast.Constant) and id(node) not in skipped:
            if isinstance(node.value, str) and 0 < len(node.value) <= _LONGEST:
                (patterns if _is_pattern(node.value) else literals)[node.value] = None
            elif isinstance(node.value, int | float) and not isinstance(node.value, bool):
                numbers[f"{node.value:g}" if isinstance(node.value, float) else str(node.value)] = None
    tags = dict.fromkeys(name for text in (*literals, *patterns) for _, name in _TAG.findall(text))
    return Mined(
        *(tuple(literals), tuple(patterns), tuple(numbers), tuple(tags), tuple(keys), tuple(values)),
        frozenset(imports),
        hashes,
    )


def _trees(sources: Iterable[Path]) -> Iterator[ast.Module]:
    for path in sources:
        if path.suffix != ".py":
            continue
        try:
            if path.stat().st_size <= _MOST_BYTES:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # warnings about syntax that will change
                    tree = ast.parse(path.read_bytes())
                yield tree
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue


def _docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield constants that are whole statements, such as docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def _patterns_of(call: ast.Call) -> Iterator[ast.expr]:
    """Yield the regular expression passed to `re` or a compatible module."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name in _REGEX_CALLS and isinstance(owner, ast.Name) and owner.id in ("re", "regex", "re2"):
        yield from call.args[:1]
        yield from (each.value for each in call.keywords if each.arg == "pattern")


def _is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_pattern(text: str) -> bool:
    """Return True if a string outside a call to `re` looks like a regular expression."""
    if not re.search(r"\\[dswbDSWB]|\(\?[:iPsm]|\.\*|\.\+|\[\^|\)\?|\]\+", text):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(text)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _keys_of(node: ast.AST) -> Iterator[str]:
    found: ast.expr | None = None
    if isinstance(node, ast.Subscript):
        found = node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        found = node.args[0] if node.args else None
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):
        found = node.left
    if isinstance(found, ast.Constant) and isinstance(found.value, str) and 0 < len(found.value) <= 60:
        yield found.value


def _values_of(node: ast.AST) -> Iterator[tuple[str, str | int | float | bool | None]]:
    """Yield keys with the values they are compared with, or with a greater value for `>`."""
    if not isinstance(node, ast.Compare):
        return
    keys = [key for part in ast.walk(node) for key in _keys_of(part) if part is not node]
    constants = [part for part in (node.left, *node.comparators) if isinstance(part, ast.Constant)]
    for key in keys:
        for constant in constants:
            found = constant.value
            if isinstance(found, str | int | float | bool) or found is None:
                greater = isinstance(node.ops[0], ast.Gt) and isinstance(found, int | float)
                yield key, found + 1 if greater and isinstance(found, int | float) else found


def _names_a_set(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("set", "frozenset", "hash")


def _imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {each.name.partition(".")[0] for each in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return {node.module.partition(".")[0]}
    return set()
