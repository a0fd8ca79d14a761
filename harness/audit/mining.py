"""What a grader's source files say: their literals, regular expressions and imports; nothing is executed."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

__all__ = ["Mined", "asks_a_service", "mine"]

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
    """What was found in source files, each in the order of the files and once."""

    literals: tuple[str, ...] = ()
    """Texts that may be compared with a completion: no docstrings, and no regular expressions."""
    patterns: tuple[str, ...] = ()
    """Regular expressions, as they are written."""
    numbers: tuple[str, ...] = ()
    """Numbers, as a completion would write them."""
    tags: tuple[str, ...] = ()
    """Names of tags in texts and regular expressions: `answer` for `<answer>`."""
    keys: tuple[str, ...] = ()
    """Texts by which something is looked up: `obj["answer"]`, `obj.get("answer")`, `"answer" in obj`."""
    imports: frozenset[str] = field(default_factory=frozenset)
    """The packages that are imported, by the first part of their names."""
    hashes: bool = False
    """Whether sets or `hash` are used, whose order and value change from process to process."""


def mine(sources: Sequence[Path]) -> Mined:
    """Read source files.

    Args:
        sources: Python files; what cannot be read or parsed is left out.
    """
    return _mine(tuple(sources))


def asks_a_service(sources: Sequence[Path]) -> bool:
    """Whether a grader imports a client of a network service, as judges do."""
    mined = mine(sources)
    addressed = any(text.startswith(("http://", "https://")) for text in mined.literals)
    return bool(mined.imports & _SERVICES or (addressed and mined.imports & _HTTP))


@lru_cache(maxsize=16)
def _mine(sources: tuple[Path, ...]) -> Mined:
    literals: dict[str, None] = {}
    patterns: dict[str, None] = {}
    numbers: dict[str, None] = {}
    keys: dict[str, None] = {}
    imports: set[str] = set()
    hashes = False
    for tree in _trees(sources):
        skipped = {id(each) for each in _docstrings(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                for pattern in _patterns_of(node):
                    patterns[str(pattern.value)] = None
                    skipped.add(id(pattern))
        for node in ast.walk(tree):
            imports |= _imported(node)
            hashes = hashes or isinstance(node, ast.Set | ast.SetComp) or _names_a_set(node)
            keys |= dict.fromkeys(_keys_of(node))
            if isinstance(node, ast.Constant) and id(node) not in skipped:
                if isinstance(node.value, str) and 0 < len(node.value) <= _LONGEST:
                    (patterns if _is_pattern(node.value) else literals)[node.value] = None
                elif isinstance(node.value, int | float) and not isinstance(node.value, bool):
                    numbers[f"{node.value:g}" if isinstance(node.value, float) else str(node.value)] = None
    tags = dict.fromkeys(name for text in (*literals, *patterns) for _, name in _TAG.findall(text))
    return Mined(
        *(tuple(literals), tuple(patterns), tuple(numbers), tuple(tags), tuple(keys)),
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
                    warnings.simplefilter("ignore")  # of what a later Python will read otherwise
                    tree = ast.parse(path.read_bytes())
                yield tree
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Texts that stand alone as statements."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def _patterns_of(call: ast.Call) -> Iterator[ast.Constant]:
    """The regular expression of a call of `re`, or of what may be one."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name not in _REGEX_CALLS or not isinstance(owner, ast.Name) or owner.id not in ("re", "regex", "re2"):
        return
    for given in (*call.args[:1], *(each.value for each in call.keywords if each.arg == "pattern")):
        for node in ast.walk(given):  # pieces put together are worth trying each
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node


def _is_pattern(text: str) -> bool:
    """Whether a text elsewhere is written like a regular expression."""
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


def _names_a_set(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("set", "frozenset", "hash")


def _imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {each.name.partition(".")[0] for each in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return {node.module.partition(".")[0]}
    return set()
