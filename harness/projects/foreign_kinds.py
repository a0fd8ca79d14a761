"""Recognizes from the source which platform a Python function was written for, and its parameters."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from harness.projects.handler_names import looks_like_handler
from harness.projects.reached_code import Function
from harness.projects.syntax import dotted

__all__ = ["KINDS_OF_PYTHON", "Callables", "Parameters", "is_grader_class", "kind_of", "parameters_of"]

Callables: TypeAlias = Function | ast.Lambda

KINDS_OF_PYTHON = {
    "lambda": "an AWS Lambda handler (event, context)",
    "trl": "a TRL reward function (completions, **kwargs)",
    "verl": "a verl scoring function (data_source, solution_str, ground_truth)",
    "eval-protocol": "an eval-protocol @reward_function",
    "llm-eval-kit": "an llm-eval-kit @grader",
    "openai": "an OpenAI python grader (sample, item)",
}
"""The platforms that a function may be written for, each with a description of its functions."""

_EVAL_PROTOCOL = ("eval_protocol", "reward_kit")
_DECORATORS = ("reward_function", "evaluation_test")


@dataclass(frozen=True, slots=True)
class Parameters:
    """A function's parameters."""

    names: tuple[str, ...]
    """Parameters that can be passed by name."""
    needed: tuple[str, ...]
    """Parameters without a default."""
    by_place: tuple[str, ...]
    """Positional-only parameters."""
    rest: str | None
    """The name of the function's `**kwargs`."""


def parameters_of(node: Callables) -> Parameters:
    """Return a function's parameters."""
    given = node.args
    listed = [each.arg for each in [*given.posonlyargs, *given.args]]
    needed = listed[: len(listed) - len(given.defaults)][len(given.posonlyargs) :]
    needed += [
        each.arg for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None
    ]
    return Parameters(
        tuple(each.arg for each in [*given.args, *given.kwonlyargs]),
        tuple(needed),
        tuple(each.arg for each in given.posonlyargs),
        None if given.kwarg is None else given.kwarg.arg,
    )


def kind_of(name: str, node: ast.stmt, function: Callables, imports: Mapping[str, str]) -> str | None:
    """Recognize a function's platform from its decorators, its file's imports and its parameters.

    Args:
        name: The function's name.
        node: The statement that binds the name.
        function: The function's definition.
        imports: The full names of the file's imports.
    """
    for decorator in getattr(node, "decorator_list", []):
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        module, _, last = (dotted(called, imports) or "").rpartition(".")
        if last in _DECORATORS and _is_eval_protocol(module):
            return "eval-protocol"
        if last == "grader" and module.partition(".")[0] == "llm_eval_kit":
            return "llm-eval-kit"
    given = parameters_of(function)
    names = (*given.by_place, *given.names)
    if names[:2] == ("messages", "ground_truth") and any(
        module.startswith("llm_eval_kit") for module in imports.values()
    ):
        return "llm-eval-kit"
    if "completions" in names or ("completion_ids" in names and given.rest):
        return "trl"
    if {"solution_str", "solution_strs"} & {*names} or (
        name == "compute_score" and {"ground_truth", "ground_truths"} & {*names}
    ):
        return "verl"
    if names == ("sample", "item"):
        return "openai"
    if looks_like_handler(node) or (isinstance(node, ast.AsyncFunctionDef) and name == "lambda_handler"):
        return "lambda"
    if isinstance(node, ast.Assign) and names[:1] == ("event",) and len(names) == 2:
        return "lambda"
    return None


def is_grader_class(base: ast.expr, imports: Mapping[str, str]) -> bool:
    """Return True if a base class is llm-eval-kit's `Grader`.

    Args:
        base: The base class.
        imports: The full names of the file's imports.
    """
    name = dotted(base, imports) or ""
    return name.startswith("llm_eval_kit.") and name.endswith(".Grader")


def _is_eval_protocol(module: str) -> bool:
    return module.lstrip(".").partition(".")[0] in _EVAL_PROTOCOL or (
        module.startswith(".") and module.rpartition(".")[2] in ("typed_interface", "reward_function")
    )
