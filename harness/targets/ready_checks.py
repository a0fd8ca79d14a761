"""Describes each ready check from its docstring: its options, example, known weaknesses and extra.

A check is described only in its docstring. The first line states its purpose, the paragraph that starts with
`It rewards` lists unwanted completions that get a reward, `Args:` lists the options, and `Example:` has a
working call. A check needs its family's extra if its `Raises:` section names a `ConfigurationError`.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import Distribution, PackageNotFoundError, distribution, requires
from math import isfinite
from typing import Any

from graders.configured import factories, families
from harness.errors import InputError
from harness.installed import owners

__all__ = [
    "CheckOption",
    "FamilyCost",
    "ReadyCheck",
    "cost_of",
    "find_check",
    "ready_checks",
    "toml_of",
]

_SECTION = re.compile(r"^(Args|Returns|Raises|Example):$", re.M)
_OPTION = re.compile(r"^    \*?(\w+): ", re.M)
_PAYS = "It rewards "
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+).*extra == ['\"](.+?)['\"]")
_NEED = re.compile(r"([A-Za-z0-9._-]+)(?!.*\bextra ==)")
_WIDTH = 100
_TIMEOUT_S = 5.0  # `timeout_s` of `@grader`


@dataclass(frozen=True, slots=True)
class CheckOption:
    """One option of a ready check."""

    name: str
    meaning: str
    required: bool
    default: Any = None
    """The default value; None for a required option."""


@dataclass(frozen=True, slots=True)
class ReadyCheck:
    """One ready check."""

    name: str
    """The check's full name, such as `checks.numbers:number`."""
    purpose: str
    """One line that states which completions the check looks for or rewards."""
    text: str
    """Description of how the check compares; empty if the first line is enough."""
    pays: str
    """Unwanted completions to which the check gives a reward."""
    options: tuple[CheckOption, ...]
    example: str
    """An interactive Python session with the check."""
    given: dict[str, Any]
    """Options in the example; a nested check is a table."""
    extra: str | None
    """The extra that the check needs; None if it needs none."""
    timeout_s: float
    """Default time limit per sample in seconds."""

    @property
    def family(self) -> str:
        """The check's module, such as `numbers`."""
        return self.name.partition(":")[0].removeprefix("checks.")


@dataclass(frozen=True, slots=True)
class FamilyCost:
    """Size and import time that a family of checks adds to a Lambda function, measured on this machine."""

    import_ms: float | None
    """Import time of the family's modules and packages in milliseconds; None if a package is missing."""
    package_bytes: int | None
    """Size of the loaded packages, without bytecode; None if a package is missing."""
    packages: tuple[str, ...]
    """The loaded packages with their versions, such as `sqlglot==30.30.0`."""


@cache
def ready_checks() -> tuple[ReadyCheck, ...]:
    """Return every ready check, grouped by family, in source order."""
    return tuple(check for family in families() for check in _family(family))


def find_check(name: str) -> ReadyCheck:
    """Look up one ready check by name.

    Args:
        name: `checks.numbers:number`, `numbers:number`, or `number`.

    Raises:
        InputError: No check has that name.
    """
    known = {check.name.partition(":")[2]: check for check in ready_checks()}
    known |= {spelling: check for check in ready_checks() for spelling in (check.name, check.name[7:])}
    asked = name.strip().removeprefix("graders.").partition("(")[0]
    if asked in known:
        return known[asked]
    near = get_close_matches(asked, known, 3)
    fix = f"Did you mean {' or '.join(near)}? " if near else ""
    raise InputError(f"there is no ready check {name!r}", fix=f"{fix}`rft graders` lists all of them.")


def toml_of(check: ReadyCheck) -> str:
    """Return a grader.toml to start from, with the example's options set and all others commented out.

    Args:
        check: The check.
    """
    lines = [*_comment(check.purpose), *_comment(check.pays), "", f'check = "{check.name}"']
    tables = []
    for option in check.options:
        given = check.given.get(option.name, option.default)
        if option.name in check.given and _is_table(given):
            tables += ["", *_comment(option.meaning), *_table(_toml_key(option.name), given)]
            continue
        written = None if given is None else _toml_value(given)
        sign = "" if option.name in check.given else "# "
        lines += ["", *_comment(option.meaning), f"{sign}{option.name} = {written or '...'}"]
    lines += [*tables, "", "# [grader]", f"# timeout_s = {check.timeout_s}  # seconds for one sample"]
    return "\n".join(lines) + "\n"


def _is_table(value: Any) -> bool:
    """Return True if a value needs its own header in TOML because it is a table or a list of tables."""
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)
    )


def _table(path: str, value: Any) -> Iterator[str]:
    """Yield the lines of a table or a list of tables, with nested tables last."""
    for table in value if isinstance(value, list) else [value]:
        inner = {key: each for key, each in table.items() if _is_table(each)}
        if len(inner) < len(table) or not table or isinstance(value, list):
            yield f"[[{path}]]" if isinstance(value, list) else f"[{path}]"
        for key, each in table.items():
            if key not in inner:
                yield f"{_toml_key(key)} = {_toml_value(each) or '...'}"
        for key, each in inner.items():
            yield from _table(f"{path}.{_toml_key(key)}", each)


def cost_of(family: str) -> FamilyCost:
    """Measure a family's cost in a new process with the current interpreter.

    Args:
        family: The family's name, such as `numbers`.
    """
    extra = getattr(import_module(f"graders.checks.{family}"), "EXTRA", None)
    brought = _brought_by(extra) if extra else []
    tops = sorted(_modules_of(brought or []))
    program = (
        "import sys, time, json, graders.configured\n"
        "before, started = set(sys.modules), time.perf_counter()\n"
        f"for name in {[f'graders.checks.{family}', *tops]!r}: __import__(name)\n"
        "took = (time.perf_counter() - started) * 1000\n"
        "tops = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(json.dumps([took, sorted(tops - set(sys.stdlib_module_names))]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    if done.returncode or brought is None:
        return FamilyCost(None, None, ())
    took, loaded = json.loads(done.stdout)
    found = _distributions({name for name in loaded if name != "graders"})
    known = {each.name for each in found}
    # The import does not load a package that only contains a program, so such packages are added.
    found = sorted(
        [*found, *(each for each in brought if each.name not in known)], key=lambda each: each.name
    )
    size = sum(_size(each) for each in found)
    return FamilyCost(took, size, tuple(f"{each.name}=={each.version}" for each in found))


def _family(family: str) -> Iterator[ReadyCheck]:
    module = import_module(f"graders.checks.{family}")
    for name, factory in factories(module).items():
        yield _described(f"checks.{family}:{name}", factory, module)


def _described(name: str, factory: Callable[..., Any], module: Any) -> ReadyCheck:
    """Describe a check from its factory's docstring and signature."""
    parts = _SECTION.split(inspect.getdoc(factory) or "")
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    summary, _, rest = parts[0].partition("\n\n")
    paragraphs = [each.strip("\n") for each in rest.split("\n\n") if each.strip()]
    pays = [each for each in paragraphs if each.startswith(_PAYS)]
    meanings = _meanings(sections.get("Args", ""))
    example = textwrap.dedent(sections.get("Example", "")).strip()
    return ReadyCheck(
        name,
        re.sub(r"^Create (a check that )?", "", " ".join(summary.split())),
        "\n\n".join(each for each in paragraphs if each not in pays),
        " ".join(" ".join(pays).split()),
        tuple(_options(factory, meanings)),
        example,
        _given(example, factory),
        getattr(module, "EXTRA", None) if "ConfigurationError" in sections.get("Raises", "") else None,
        getattr(module, "TIMEOUT_S", _TIMEOUT_S),
    )


def _meanings(text: str) -> dict[str, str]:
    found = list(_OPTION.finditer(text))
    ends = [*(each.start() for each in found[1:]), len(text)]
    return {each[1]: " ".join(text[each.end() : end].split()) for each, end in zip(found, ends, strict=True)}


def _options(factory: Callable[..., Any], meanings: dict[str, str]) -> Iterator[CheckOption]:
    for option in inspect.signature(factory).parameters.values():
        required = option.default is option.empty
        default = None if required else option.default
        yield CheckOption(option.name, meanings.get(option.name, ""), required, default)


def _given(example: str, factory: Callable[..., Any]) -> dict[str, Any]:
    """Return the options of the first call in a check's example, in the form of a configuration file."""
    source = "\n".join(line[4:] for line in example.splitlines() if line.startswith((">>> ", "... ")))
    for node in ast.walk(ast.parse(source)):
        if _called(node) == factory.__name__:
            assert isinstance(node, ast.Call)
            given = {str(each.arg): _written(each.value) for each in node.keywords}
            if node.args:
                given[next(iter(inspect.signature(factory).parameters))] = [*map(_written, node.args)]
            return given
    return {}


def _called(node: ast.AST) -> str | None:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None


def _written(node: ast.expr) -> Any:
    """Convert a value in an example to its form in a configuration file, where a ready check is a table."""
    if isinstance(node, ast.Dict):
        keys = [ast.literal_eval(key) for key in node.keys if key is not None]
        return dict(zip(keys, map(_written, node.values), strict=True))
    if isinstance(node, ast.List):
        return [*map(_written, node.elts)]
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    options = {str(each.arg): _written(each.value) for each in node.keywords}
    return {"check": _names()[str(_called(node))], **options}


@cache
def _names() -> dict[str, str]:
    return {
        name: f"checks.{family}:{name}"
        for family in families()
        for name in factories(import_module(f"graders.checks.{family}"))
    }


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _toml_value(value: Any) -> str | None:
    """Return a value as TOML, or None if TOML cannot express it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int) or (isinstance(value, float) and isfinite(value)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        inner = [_toml_value(each) for each in value]
        return None if None in inner else f"[{', '.join(filter(None, inner))}]"
    if isinstance(value, dict):
        pairs = [(key, _toml_value(each)) for key, each in value.items()]
        if any(each is None for _, each in pairs):
            return None
        return f"{{{', '.join(f'{_toml_key(key)} = {each}' for key, each in pairs)}}}"
    return None


def _toml_key(key: object) -> str:
    text = str(key)
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else json.dumps(text, ensure_ascii=False)


def _named_by(extra: str) -> set[str]:
    found = [_REQUIREMENT.match(each) for each in requires("rft-graders") or ()]
    return {_spelled(each[1]) for each in found if each is not None and each[2] == extra}


def _spelled(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _brought_by(extra: str) -> list[Distribution] | None:
    """Return the distributions that an extra requires, and the dependencies of any without modules.

    Returns:
        None if a distribution is not installed.
    """
    found: list[Distribution] = []
    waiting = sorted(_named_by(extra))
    for name in waiting:
        try:
            one = distribution(name)
        except PackageNotFoundError:
            return None
        found.append(one)
        if not any(_spelled(one.name) in map(_spelled, names) for names in owners().values()):
            needs = [_NEED.match(each) for each in one.requires or ()]
            waiting += [each[1] for each in needs if each is not None and each[1] not in waiting]
    return found


def _modules_of(distributions: Iterable[Distribution]) -> set[str]:
    named = {_spelled(each.name) for each in distributions}
    return {
        module
        for module, names in owners().items()
        if named & set(map(_spelled, names)) and module.isidentifier() and module[0] != "_"
    }


def _distributions(modules: Iterable[str]) -> list[Distribution]:
    return [*map(distribution, sorted({name for module in modules for name in owners().get(module, ())}))]


def _size(distribution: Distribution) -> int:
    size = 0
    for file in distribution.files or ():
        path = distribution.locate_file(file)
        if "__pycache__" not in file.parts:
            try:
                size += path.stat().st_size  # type: ignore[attr-defined]
            except OSError:
                continue
    return size
