"""Answers of the fine-tuning API, as names and types by operation, and strategies that distort them.

Source: OpenAI's OpenAPI document, version 2.3.0 (https://github.com/openai/openai-openapi), and the Lambda
grader and the example event in the Amazon Bedrock user guide. `support.published_requests` explains the
notation.
"""

from __future__ import annotations

import copy
from typing import Any, Final

from hypothesis import strategies as st

from support.published_requests import Type, anything, of_type

_TIME: Final = "time"
_NUMBERS: Final = {"n_epochs": "integer", "batch_size": "integer", "learning_rate_multiplier": "number"}

JOB: Final[Type] = {
    "id!": "id",
    "object!": ("fine_tuning.job",),
    "created_at!": _TIME,
    "finished_at!": _TIME,
    "status!": ("validating_files", "queued", "running", "succeeded", "failed", "cancelled"),
    "model!": "string",
    "fine_tuned_model!": "string",
    "training_file!": "string",
    "validation_file": "string",
    "hyperparameters!": _NUMBERS,
    "method": {
        "type!": ("reinforcement",),
        "reinforcement!": {
            "grader!": {"type!": ("lambda",), "lambda!": {"function!": "string"}},
            "hyperparameters": _NUMBERS,
        },
    },
    "error": {"code!": "string", "message!": "string", "param": "string"},
    "organization_id!": "string",
    "result_files!": ["string"],
    "seed!": "integer",
    "trained_tokens!": "integer",
    "estimated_finish": _TIME,
    "integrations": [{"type!": ("wandb",)}],
    "metadata": {"key": "string"},
}
EVENT: Final[Type] = {
    "id!": "id",
    "object!": ("fine_tuning.job.event",),
    "created_at!": _TIME,
    "level!": ("info", "warn", "error"),
    "message!": "string",
    "type": ("message", "metrics"),
    "data": {
        "step": "integer",
        "total_steps": "integer",
        "critic_rewards_mean": "number",
        "actor_entropy": "number",
    },
}
CHECKPOINT: Final[Type] = {
    "id!": "id",
    "object!": ("fine_tuning.job.checkpoint",),
    "created_at!": _TIME,
    "fine_tuned_model_checkpoint!": "string",
    "fine_tuning_job_id!": "string",
    "metrics!": {"step": "number", "full_valid_loss": "number", "full_valid_mean_token_accuracy": "number"},
    "step_number!": "integer",
}
FILE: Final[Type] = {
    "id!": "id",
    "object!": ("file",),
    "bytes!": "integer",
    "created_at!": _TIME,
    "expires_at": _TIME,
    "filename!": "string",
    "purpose!": ("fine-tune",),
    "status!": ("uploaded", "processed", "error"),
    "status_details": "string",
}
DELETION: Final[Type] = {"id!": "id", "object!": ("file",), "deleted!": "boolean"}
_USAGE: Final = {"prompt_tokens!": "integer", "completion_tokens!": "integer", "total_tokens!": "integer"}
_FINISH: Final = ("stop", "length", "tool_calls", "content_filter", "function_call")
_CALL: Final = {
    "id!": "string",
    "type!": ("function",),
    "function!": {"name!": "string", "arguments!": "string"},
}
CHAT: Final[Type] = {
    "id!": "id",
    "object!": ("chat.completion",),
    "created!": _TIME,
    "model!": "string",
    "choices!": [
        {
            "index!": "integer",
            "finish_reason!": _FINISH,
            "message!": {
                "role!": ("assistant",),
                "content!": "string",
                "refusal": "string",
                "tool_calls": [_CALL],
                "function_call": {"name!": "string", "arguments!": "string"},
                "reasoning_content": "string",
            },
        }
    ],
    "usage": _USAGE,
}
COMPLETION: Final[Type] = {
    "id!": "id",
    "object!": ("text_completion",),
    "created!": _TIME,
    "model!": "string",
    "choices!": [{"index!": "integer", "finish_reason!": _FINISH, "text!": "string"}],
    "usage": _USAGE,
}
RESPONSE: Final[Type] = {
    "id!": "id",
    "object!": ("response",),
    "created_at!": _TIME,
    "status": ("completed", "failed", "in_progress", "cancelled", "queued", "incomplete"),
    "error": {"code!": "string", "message!": "string"},
    "incomplete_details": {"reason": ("max_output_tokens", "content_filter")},
    "model!": "string",
    "output!": [
        {
            "type!": ("message", "reasoning", "function_call"),
            "id!": "string",
            "role": ("assistant",),
            "status": ("completed", "incomplete"),
            "name": "string",
            "content": [
                {"type!": ("output_text", "refusal"), "text": "string", "refusal": "string"},
            ],
        }
    ],
}

_KNOWN: Final = {"id": "ftjob-1", "time": 1_771_442_218}
_TWISTS: Final = ("nothing", "value", "value", "missing", "extra", "wrapped", "null")


@st.composite
def answers(draw: st.DrawFn, kind: Type) -> Any:
    """Draw an answer of a published type, usually distorted in one to three places."""
    found = draw(of_type(kind, _KNOWN))
    for _ in range(draw(st.integers(0, 3))):
        found = _twisted(draw, found)
    return found


@st.composite
def pages(draw: st.DrawFn, kind: Type) -> list[Any]:
    """Draw one to three pages of a list. Each may announce more pages, be empty, or be distorted."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        data = draw(st.lists(answers(kind), max_size=3))
        for number, element in enumerate(data):
            if isinstance(element, dict) and draw(st.booleans()):
                element["id"] = f"{draw(st.sampled_from('ab'))}-{number}"
        page = {"object": "list", "data": data, "has_more": draw(st.booleans())}
        found.append(_twisted(draw, page) if draw(st.integers(0, 4)) == 0 else page)
    return found


def _twisted(draw: st.DrawFn, found: Any) -> Any:
    """Return a copy with one place changed."""
    places = list(_places(found))
    if not places or draw(st.integers(0, 9)) == 0:
        return draw(anything)
    found = copy.deepcopy(found)
    holder, key = draw(st.sampled_from(list(_places(found))))
    twist = draw(st.sampled_from(_TWISTS))
    if twist == "value":
        holder[key] = draw(anything)
    elif twist == "null":
        holder[key] = None
    elif twist == "missing":
        del holder[key]
    elif twist == "wrapped":
        holder[key] = draw(st.sampled_from(([holder[key]], {"value": holder[key]}, [[]], {})))
    elif twist == "extra" and isinstance(holder, dict):
        holder[draw(st.sampled_from(["error", "detail", "", "Message"]))] = draw(anything)
    return found


def _places(value: Any) -> Any:
    """Yield every field and item, as its container and its name or index."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])
