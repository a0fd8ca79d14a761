"""Determines from a grading function's source which fields of a record it uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from harness.projects.foreign_function import ForeignFunction
from harness.projects.foreign_kinds import parameters_of
from harness.projects.reached_code import ReachedCode
from harness.projects.syntax import key_of

__all__ = ["ReadKeys", "read_keys", "record_parameters"]

REFERENCES = (
    "reference_answer reference ground_truth ground_truths solution answer answers target targets label "
    "labels gold expected expected_answer ref_answer correct_answer"
).split()
"""Names that records use for the right answer, the preferred column name first."""
_OF_TRAINERS = (
    "prompts prompt completions completion completion_ids trainer_state log_extra log_metric environments "
    "self"
).split()
_OF_FUNCTIONS = {
    "verl": ("data_source", "solution_str", "ground_truth", "extra_info"),
    "eval-protocol": ("messages", "ground_truth", "row", "rows", "rollouts_messages"),
    "llm-eval-kit": ("messages", "ground_truth"),
}
_OF_ITEMS = ("id", "my_key", "task_id", "messages", "prompt", "metadata", "role", "content", "type", "text")
_ITEMS = ("item", "sample", "row", "record", "rollout", "example", "trajectory", "data", "metadata")


@dataclass(frozen=True, slots=True)
class ReadKeys:
    """The fields of a record that a function uses."""

    reference: str = "reference_answer"
    """Name of the field or parameter with the reference."""
    reference_keys: tuple[str, ...] = ()
    """Keys of a reference object that the function uses."""
    fields: tuple[tuple[str, str], ...] = ()
    """Other fields, each with its type annotation, which may be empty."""
    extra: tuple[str, ...] = ()
    """Keys of the field `extra_info` that the function uses."""


def read_keys(code: ReachedCode, functions: tuple[ForeignFunction, ...]) -> ReadKeys:
    """Find the fields of a record that functions use.

    Args:
        code: The code that runs when the functions are called.
        functions: The functions, which must all be of one kind.
    """
    kind = functions[0].kind
    parameters = _columns(functions)
    keys = list(_keys(code))
    rest = {parameters_of(each.node).rest for each in functions if each.node is not None} - {None}
    by_name = {key: "" for base, key in keys if base in rest}
    read = {key for base, key in keys if base in REFERENCES}
    fields: dict[str, str] = {}
    if kind == "trl":
        fields = by_name | parameters
    elif kind in _OF_FUNCTIONS:
        fields = by_name | (parameters if kind != "verl" else {})
    else:
        fields = {key: "" for base, key in keys if base in _ITEMS if key not in (*_OF_ITEMS, *REFERENCES)}
        fields = {key: "" for key in fields if key not in read}
        if kind == "openai":
            fields = {key: "" for base, key in keys if base == "item" and key != "reference_answer"}
    reference = next((each for each in REFERENCES if each in fields), None) if kind == "trl" else None
    taken = (*_OF_TRAINERS, *_OF_FUNCTIONS.get(kind, ()), reference)
    return ReadKeys(
        reference or "reference_answer",
        tuple(sorted(read)),
        tuple((name, shape) for name, shape in fields.items() if name not in taken),
        tuple(sorted({key for base, key in keys if base == "extra_info" and kind == "verl"} - {"prompt"})),
    )


def record_parameters(function: ForeignFunction) -> frozenset[str]:
    """Return the parameters that receive only values of the record, not of the completion.

    Args:
        function: The function.
    """
    if function.node is None:
        return frozenset()
    given = parameters_of(function.node)
    if function.kind == "openai":
        return frozenset((*given.by_place, *given.names)[1:2])
    if function.kind == "trl":
        return frozenset(filter(None, (*given.needed, given.rest))) - {*_OF_TRAINERS}
    return frozenset(given.names) & {*REFERENCES, "extra_info", "extra_infos", "data_source"}


def _columns(functions: tuple[ForeignFunction, ...]) -> dict[str, str]:
    """Return the functions' parameters without a default, each with its type annotation."""
    found = {}
    for each in functions:
        if each.node is None:
            continue
        needed = parameters_of(each.node).needed
        given = each.node.args
        for arg in [*given.posonlyargs, *given.args, *given.kwonlyargs]:
            if arg.arg in needed:
                found[arg.arg] = ast.unparse(arg.annotation) if arg.annotation is not None else ""
    return found


def _keys(code: ReachedCode) -> Iterator[tuple[str, str]]:
    """Yield each access by key as a pair: the name or key of the object, and the key that is accessed."""
    for _, node in code.nodes():
        if isinstance(node, ast.Subscript | ast.Call) and (key := key_of(node)) is not None:
            base = node.value if isinstance(node, ast.Subscript) else node.func.value  # type: ignore[attr-defined]
            named = _name(base)
            if named is not None:
                yield named, key


def _name(base: ast.expr) -> str | None:
    """Return the name of an object that is accessed by key, or the last key on the way to it."""
    while True:
        if isinstance(base, ast.Name):
            return base.id
        if isinstance(base, ast.BoolOp):
            base = base.values[0]
            continue
        if isinstance(base, ast.Subscript | ast.Call):
            key = key_of(base)
            if key is not None:
                return key
        if isinstance(base, ast.Subscript):
            base = base.value
        elif isinstance(base, ast.Call) and base.args and not isinstance(base.func, ast.Attribute):
            base = base.args[0]
        else:
            return None
