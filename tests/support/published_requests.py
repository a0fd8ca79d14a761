"""Requests to the fine-tuning API, as names and types by operation.

Source: OpenAI's OpenAPI document, version 2.3.0 (https://github.com/openai/openai-openapi), and the Lambda
grader in the Amazon Bedrock user guide. A type is a JSON Schema type, or the fields of an object or a list. A
name that ends in `!` is required.
"""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

Type = Any
"""A type: its name (`"string"`), a tuple of choices, a list with its items' type, or an object's fields."""

_GRADER: Final = {"type!": ("lambda",), "lambda!": {"function!": "arn"}}
_STRING_CHECK: Final = {
    "type!": ("string_check",),
    "name!": "string",
    "input!": "string",
    "reference!": "string",
    "operation!": ("eq", "ne", "like", "ilike"),
}
_HYPERPARAMETERS: Final = {
    "n_epochs": "integer",
    "batch_size": "integer",
    "learning_rate_multiplier": "number",
    "compute_multiplier": "number",
    "eval_interval": "integer",
    "eval_samples": "integer",
    "reasoning_effort": ("default", "low", "medium", "high"),
}
_MESSAGE: Final = {
    "role!": ("system", "user", "assistant"),
    "content!": "string",
    "name": "string",
}
_SAMPLING: Final = {
    "model!": "model",
    "temperature": "number",
    "top_p": "number",
    "user": "string",
    "stream": "boolean",
}
_CHOICES: Final = {
    "frequency_penalty": "number",
    "logit_bias": {},
    "max_tokens": "integer",
    "n": "integer",
    "presence_penalty": "number",
    "seed": "integer",
    "stop": ["string"],
    "stream_options": {"include_usage": "boolean", "include_obfuscation": "boolean"},
}
_STORED: Final = {
    "metadata": {"key": "string"},
    "parallel_tool_calls": "boolean",
    "prompt_cache_key": "string",
    "prompt_cache_retention": "string",
    "safety_identifier": "string",
    "service_tier": ("auto", "default", "flex", "priority"),
    "store": "boolean",
    "tool_choice": ("none", "auto", "required"),
    "tools": [{"type!": ("function",), "function!": {"name!": "string"}}],
    "top_logprobs": "integer",
}

BODIES: Final[dict[str, Type]] = {
    "/fine_tuning/jobs": {
        "model!": "model",
        "training_file!": "file",
        "hyperparameters": {"n_epochs": "integer", "batch_size": "integer"},
        "suffix": "string",
        "validation_file": "file",
        "integrations": [{"type!": ("wandb",), "wandb!": {"project!": "string"}}],
        "seed": "integer",
        "method!": {
            "type!": ("reinforcement",),
            "reinforcement!": {"grader!": _GRADER, "hyperparameters": _HYPERPARAMETERS},
        },
        "metadata": {"key": "string"},
    },
    "/fine_tuning/alpha/graders/run": {
        "grader!": _STRING_CHECK,
        "model_sample!": "string",
        "item": {"label": "string"},
    },
    "/fine_tuning/alpha/graders/validate": {"grader!": _STRING_CHECK},
    "/chat/completions": {
        **_SAMPLING,
        **_CHOICES,
        **_STORED,
        "messages!": [_MESSAGE],
        "audio": {"voice!": "string"},
        "function_call": ("none", "auto"),
        "functions": [{"name!": "string"}],
        "logprobs": "boolean",
        "max_completion_tokens": "integer",
        "modalities": ["string"],
        "prediction": {"type!": ("content",), "content!": "string"},
        "reasoning_effort": ("minimal", "low", "medium", "high"),
        "response_format": {"type!": ("text", "json_object")},
        "verbosity": ("low", "medium", "high"),
        "web_search_options": {},
    },
    "/completions": {
        **_SAMPLING,
        **_CHOICES,
        "prompt!": "string",
        "best_of": "integer",
        "echo": "boolean",
        "logprobs": "integer",
        "suffix": "string",
    },
    "/responses": {
        **_SAMPLING,
        **_STORED,
        "input!": "string",
        "background": "boolean",
        "conversation": "string",
        "include": ["string"],
        "instructions": "string",
        "max_output_tokens": "integer",
        "max_tool_calls": "integer",
        "previous_response_id": "string",
        "prompt": {"id!": "string"},
        "reasoning": {"effort": ("low", "medium", "high"), "summary": ("auto",)},
        "text": {"format": {"type!": ("text", "json_object")}},
        "truncation": ("auto", "disabled"),
    },
}
"""Request bodies of the operations that take JSON."""

QUERIES: Final[dict[str, Type]] = {
    "/files": {"purpose": "string", "limit": "integer", "order": ("asc", "desc"), "after": "string"},
    "/fine_tuning/jobs": {"after": "string", "limit": "integer", "metadata[key]": "string"},
    "/fine_tuning/jobs/{job}/events": {"after": "string", "limit": "integer"},
    "/fine_tuning/jobs/{job}/checkpoints": {"after": "string", "limit": "integer"},
}
"""Query parameters of the operations that list."""

ODD_TEXTS: Final = ("", "\x00", "\ud800", "../x", "a\x1b[2J", "é" * 300, "٣", "auto", "1", "null", "[]")
"""Strings that often break parsers."""

anything: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, -1, 1.0, 4.0, 1.5, 2**63, 10**30, 1e308, -0.0])
    | st.floats()
    | st.sampled_from(ODD_TEXTS)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "type", ""]), inner),
    max_leaves=5,
)
"""Any JSON value, and values that only Python's `json` writes: NaN, infinities, lone surrogates."""


def of_type(kind: Type, known: dict[str, str]) -> st.SearchStrategy[Any]:
    """Return a strategy for values of a type.

    `known` has a model's id, a file's id and an ARN that exist.
    """
    if isinstance(kind, tuple):
        return st.sampled_from(kind)
    if isinstance(kind, list):
        return st.lists(of_type(kind[0], known), min_size=1, max_size=2)
    if isinstance(kind, dict):
        must = {name[:-1]: of_type(one, known) for name, one in kind.items() if name.endswith("!")}
        may = {name: of_type(one, known) for name, one in kind.items() if not name.endswith("!")}
        return st.fixed_dictionaries(must, optional=may)
    named: dict[str, st.SearchStrategy[Any]] = {
        "string": st.text(st.characters(codec="utf-8"), max_size=5),
        "integer": st.integers(-1, 20) | st.sampled_from([1.0, 4.0]),
        "number": st.integers(0, 3) | st.floats(-3, 3),
        "boolean": st.booleans(),
    }
    return named[kind] if kind in named else st.just(known[kind])


@st.composite
def bodies(draw: st.DrawFn, fields: dict[str, Type], known: dict[str, str]) -> dict[str, Any]:
    """Draw a body with its required fields, some optional fields, and up to two invalid values."""
    names = [name for name in fields if not name.endswith("!")]
    chosen = draw(st.lists(st.sampled_from(names), max_size=3, unique=True)) if names else []
    kind = {name: one for name, one in fields.items() if name.endswith("!")}
    body = draw(of_type(kind, known)) | {name: draw(of_type(fields[name], known)) for name in chosen}
    places = st.sampled_from([name.removesuffix("!") for name in fields] + ["unknown", ""])
    wrong: dict[str, Any] = draw(st.dictionaries(places, anything, max_size=2))
    return body | wrong
