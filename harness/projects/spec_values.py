"""Finds the values in records and completions that the JSON of an OpenAI grader uses and compares."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from graders.adapters.openai import TextTemplate, openai_graders
from harness.projects.syntax import key_of

__all__ = ["ReadPath", "SpecValues", "part_of", "read_spec_values", "value_at", "written"]

ReadPath: TypeAlias = tuple[str | int, ...]
"""Keys of objects and indexes of lists."""


@dataclass(frozen=True, slots=True)
class SpecValues:
    """The values that a grader's JSON uses."""

    fields: tuple[ReadPath, ...]
    """Fields of a record that the grader uses."""
    parts: tuple[ReadPath, ...]
    """Parts of a completion's JSON that the grader uses."""
    reads_json: bool
    """True if the grader parses completions as JSON."""
    compared: tuple[tuple[TextTemplate, TextTemplate], ...]
    """Pairs of templates that the grader compares, each an input and its reference."""
    models: Mapping[str, str]
    """The models that the grader calls, by the JSON pointer of the model's name."""
    asks: bool
    """True if the grader calls a model or a network address."""
    sources: Mapping[str, str]
    """The grader's Python sources, by JSON pointer."""
    similar: bool
    """True if the grader needs the package for fuzzy matches."""

    @property
    def runs_code(self) -> bool:
        """True if the grader runs Python code."""
        return bool(self.sources)


def written(template: TextTemplate, record: Mapping[str, Any]) -> str:
    """Fill a template with values of a record and leave the completion's values out.

    Args:
        template: The template.
        record: The record's fields.
    """
    return "".join(
        piece
        if isinstance(piece, str)
        else _text(value_at(record, piece.path) if piece.namespace == "item" else "")
        for piece in template.pieces
    )


def part_of(template: TextTemplate) -> ReadPath | None:
    """Return the first part of a completion's JSON that a template names, or None if it names none.

    Args:
        template: The template.
    """
    for each in template.values:
        if each.namespace == "sample" and each.path[0] == "output_json":
            return each.path[1:]
    return None


def read_spec_values(document: Mapping[str, Any]) -> SpecValues:
    """Find the values that a grader uses.

    Args:
        document: The JSON, which is known to be a grader or to contain one.
    """
    read: dict[tuple[str, ReadPath], None] = {}
    compared: dict[tuple[str, str], tuple[TextTemplate, TextTemplate]] = {}
    models, sources = {}, {}
    asks = similar = False
    for node in openai_graders(document):
        for template in node.templates.values():
            read |= dict.fromkeys((each.namespace, each.path) for each in template.values)
        if node.type == "string_check" or node.type == "text_similarity":
            compared[node.input.text, node.reference.text] = node.input, node.reference
            similar = similar or (node.type == "text_similarity" and node.metric == "fuzzy_match")
        elif node.type == "score_model" or node.type == "label_model":
            models[f"{node.pointer}/model"] = node.model
        elif node.type == "python":
            sources[f"{node.pointer}/source"] = node.source
            read |= dict.fromkeys(_of_source(node.source))
        asks = asks or node.type in ("score_model", "label_model", "endpoint")
    in_json = [path[1:] for space, path in read if space == "sample" and path[0] == "output_json"]
    return SpecValues(
        fields=tuple(path for space, path in read if space == "item" and path[0] not in ("messages", "id")),
        parts=tuple(path for path in in_json if path),
        reads_json=bool(in_json),
        compared=tuple(compared.values()),
        models=models,
        asks=asks,
        sources=sources,
        similar=similar,
    )


def value_at(value: Any, path: ReadPath) -> Any:
    """Return the value at a place in a record or an answer, or an empty string if there is no such place."""
    for step in path:
        try:
            value = value[step]
        except (TypeError, KeyError, IndexError):
            return ""
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of_source(source: str) -> Iterator[tuple[str, ReadPath]]:
    """Yield the keys that the source of a Python grader accesses, in any of its functions."""
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
    """Return the object and the keys that an expression such as `item["a"].get("b")` accesses."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.BoolOp):
        return _chain(node.values[0], known)
    key = key_of(node)
    if key is None:
        return None
    base = node.value if isinstance(node, ast.Subscript) else node.func.value  # type: ignore[attr-defined]
    found = _chain(base, known)
    return None if found is None else (found[0], (*found[1], key))
