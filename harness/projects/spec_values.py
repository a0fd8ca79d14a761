"""What the JSON of an OpenAI grader reads of records and completions, and what it compares."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["ReadPath", "SpecValues", "read_spec_values"]

ReadPath: TypeAlias = tuple[str | int, ...]
"""Keys and places in lists."""

_VALUE = re.compile(r"\{\{\s*(?P<space>item|sample)(?P<path>(?:\.[^\s.\[\]{}\"']+|\[[^\]{}]+\])+)\s*\}\}")
_STEP = re.compile(r"\.(?P<name>[^\s.\[\]{}\"']+)|\[(?P<index>\d+)\]|\[[\"'](?P<key>[^\"']+)[\"']\]")
_COMPARED = ("string_check", "text_similarity")


@dataclass(frozen=True, slots=True)
class SpecValues:
    """What a grader's JSON reads."""

    fields: tuple[ReadPath, ...]
    """What it reads of a record."""
    parts: tuple[ReadPath, ...]
    """What it reads of a completion's JSON."""
    reads_json: bool
    """Whether it reads a completion's JSON, in parts or whole."""
    compared: tuple[tuple[str, str], ...]
    """Templates of what is compared: the input and its reference."""
    models: Mapping[str, str]
    """The models that it asks, by the pointer of where each is named."""
    asks: bool
    """Whether it asks a model or an address."""
    sources: Mapping[str, str]
    """The Python in it, by the pointer of each."""
    similar: bool
    """Whether it needs the package of fuzzy matches."""

    @property
    def runs_code(self) -> bool:
        """Whether it runs Python."""
        return bool(self.sources)

    def written(self, template: str, record: Mapping[str, Any]) -> str:
        """A template with values of a record; what is of the completion is left out.

        Args:
            template: The template.
            record: The record's fields.
        """
        return _VALUE.sub(lambda found: _text(_at(record, found)), template)

    def part_of(self, template: str) -> ReadPath | None:
        """The part of a completion's JSON that a template names first; None where it names none.

        Args:
            template: The template.
        """
        for space, path in _named(template):
            if space == "sample" and path[0] == "output_json":
                return path[1:]
        return None


def read_spec_values(document: Mapping[str, Any]) -> SpecValues:
    """Find what a grader reads.

    Args:
        document: Its JSON, which is known to be a grader, or to hold one.
    """
    read: dict[tuple[str, ReadPath], None] = {}
    compared: dict[tuple[str, str], None] = {}
    models, sources, kinds, metrics = {}, {}, set(), set()
    for pointer, node in _graders(document, ""):
        kind = node["type"]
        kinds.add(kind)
        metrics.add(node.get("evaluation_metric"))
        if kind in _COMPARED:
            compared[node["input"], node["reference"]] = None
        if kind in ("score_model", "label_model"):
            models[f"{pointer}/model"] = str(node.get("model"))
        if kind == "python":
            source = sources[f"{pointer}/source"] = str(node.get("source"))
            read |= dict.fromkeys(_of_source(source))
        else:
            texts = _texts({key: node.get(key) for key in ("input", "reference")})
            read |= dict.fromkeys(one for text in texts for one in _named(text))
    in_json = [path[1:] for space, path in read if space == "sample" and path[0] == "output_json"]
    return SpecValues(
        fields=tuple(path for space, path in read if space == "item" and path[0] not in ("messages", "id")),
        parts=tuple(path for path in in_json if path),
        reads_json=bool(in_json),
        compared=tuple(compared),
        models=models,
        asks=bool(models) or "endpoint" in kinds,
        sources=sources,
        similar="fuzzy_match" in metrics,
    )


def _graders(value: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object that is a grader's, with its place."""
    if isinstance(value, Mapping):
        kind = value.get("type")
        if kind in (*_COMPARED, "python", "score_model", "label_model", "endpoint"):
            yield pointer, value
            return
        for key, each in value.items():
            yield from _graders(each, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


def _named(text: str) -> Iterator[tuple[str, ReadPath]]:
    """The values that a template names."""
    for found in _VALUE.finditer(text):
        yield found["space"], _path(found["path"])


def _path(text: str) -> ReadPath:
    return tuple(
        int(step["index"]) if step["index"] else step["name"] or step["key"] for step in _STEP.finditer(text)
    )


def _at(record: Mapping[str, Any], found: re.Match[str]) -> Any:
    """The value of a record that a template names."""
    value: Any = record if found["space"] == "item" else None
    for step in _path(found["path"]):
        try:
            value = value[step]
        except (TypeError, KeyError, IndexError):
            return ""
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of_source(source: str) -> Iterator[tuple[str, ReadPath]]:
    """What a Python grader reads by keys that stand in its source, in whichever of its functions."""
    tree = ast.parse(source)
    grade = next(
        (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "grade"), None
    )
    given = [] if grade is None else [arg.arg for arg in [*grade.args.posonlyargs, *grade.args.args]][:2]
    known: dict[str, tuple[str, ReadPath]] = {"sample": ("sample", ()), "item": ("item", ())}
    known |= {name: (space, ()) for name, space in zip(given, ("sample", "item"), strict=False)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            if found := _chain(node.value, known):
                known.setdefault(node.targets[0].id, found)
    chains = {found for node in ast.walk(tree) if (found := _chain(node, known)) and found[1]}
    for space, path in sorted(chains, key=str):
        longer = (other for kind, other in chains if kind == space and len(other) > len(path))
        if not any(other[: len(path)] == path for other in longer):
            yield space, path


def _chain(node: ast.AST, known: Mapping[str, tuple[str, ReadPath]]) -> tuple[str, ReadPath] | None:
    """Of what an expression reads by which keys: `item["a"].get("b")`."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.BoolOp):
        return _chain(node.values[0], known)
    key: ast.expr | None = None
    base: ast.expr | None = None
    if isinstance(node, ast.Subscript):
        base, key = node.value, node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        base, key = node.func.value, node.args[0] if node.args else None
    if base is None or not isinstance(key, ast.Constant) or not isinstance(key.value, str):
        return None
    found = _chain(base, known)
    return None if found is None else (found[0], (*found[1], key.value))
