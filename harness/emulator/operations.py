"""Declares which request fields each operation supports, ignores and refuses.

Source: OpenAI's published API, whose fields the SDKs send. Bedrock documents only a few of these fields.
Whether it accepts the others is *unverified*. `docs/emulator.md` lists the ignored and the refused fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from harness.api.types import FILE_PURPOSE, GRADER_TYPE, HYPERPARAMETERS, METHOD_TYPE
from harness.emulator.api_errors import invalid
from harness.emulator.request_fields import (
    Field,
    Kind,
    Table,
    boolean,
    digits,
    either,
    group,
    ignored,
    items,
    number,
    one_of,
    optional,
    pairs,
    read_fields,
    refused,
    required,
    text,
    unread,
    whole,
    written,
)
from harness.emulator.settings import FAULTS

__all__ = [
    "ALIAS",
    "CHAT",
    "CHECKPOINTS",
    "COMPLETIONS",
    "CREATE_JOB",
    "EVENTS",
    "FAULT_RATES",
    "LEARNED",
    "LIST_FILES",
    "LIST_JOBS",
    "MAX_PAGE",
    "NOTHING",
    "RESPONSES",
    "RUN_GRADER",
    "STEP",
    "UPLOAD",
    "VALIDATE_GRADER",
]

MAX_PAGE: Final = 10_000
"""Maximum number of elements on a page. The service's limit is not documented."""

NOTHING: Final[Table] = MappingProxyType({})
"""Table for an operation without fields."""

_NO_TOOLS: Final = "completions are drawn as recorded, whatever tools a request offers."
_NO_LOGPROBS: Final = "recorded completions have no token probabilities."
_NO_BIAS: Final = "recorded completions are returned as a whole, not sampled token by token."
_TEXT_ALONE: Final = "answers are always text."
_NOT_STORED: Final = "responses are not stored."
_NO_FORMAT: Final = "completions are drawn as recorded, so they cannot be made to follow a format."
_NOT_MODERATED: Final = "there is no moderation."
_PENALTY: Final = number(-2, 2)

_SAMPLING: Final[Mapping[str, Field]] = {
    "model": required(text()),
    "temperature": optional(number(0, 2), 1.0),
    "stream": optional(boolean(), False),
    "top_p": ignored(number(0, 1)),
    "user": ignored(text(empty=True)),
}
"""Fields of all three inference routes."""

_STORED: Final[Mapping[str, Field]] = {
    "store": ignored(boolean()),
    "service_tier": ignored(text()),
    "safety_identifier": ignored(text()),
    "prompt_cache_key": ignored(text()),
    "prompt_cache_retention": ignored(text()),
    "prompt_cache_options": refused("there is no cache."),
    "parallel_tool_calls": ignored(boolean()),
    "moderation": refused(_NOT_MODERATED),
}
"""Fields of chat completions and responses that affect how a service operates but not its answers."""

_CHOICES: Final[Mapping[str, Field]] = {
    "max_tokens": optional(whole(1)),
    "n": optional(whole(1, 128), 1),
    "seed": optional(whole()),
    "stop": optional(either(text(empty=True), items(text(empty=True), 4))),
    "stream_options": optional(
        group({"include_usage": optional(boolean(), False), "include_obfuscation": ignored(boolean())})
    ),
    "frequency_penalty": ignored(_PENALTY),
    "presence_penalty": ignored(_PENALTY),
    "logit_bias": refused(_NO_BIAS, {}),
}
"""Fields of chat completions and completions."""

_PART: Final = Kind("a part: an object with a type", lambda value, at: _part(value))
_CONTENT: Final = either(text(empty=True), items(_PART))
_TURN: Final[Table] = {
    "role": required(one_of("developer", "system", "user", "assistant", "tool", "function")),
    "content": required(_CONTENT),
    "name": optional(text()),
    "tool_call_id": optional(text()),
}
_ASSISTANTS_TURN: Final[Table] = {
    **_TURN,
    "content": optional(_CONTENT),
    "refusal": optional(text(empty=True)),
    "tool_calls": optional(items(unread(dict, "a call: an object"))),
    "function_call": optional(unread(dict, "an object")),
    "reasoning": optional(text(empty=True)),
    "reasoning_content": optional(text(empty=True)),
    "annotations": ignored(unread(list, "a list")),
    "audio": refused(_TEXT_ALONE),
}
_MESSAGE: Final = Kind(
    "a message: an object with a role and a content", lambda value, at: _message(value, at)
)
_VERBOSITY: Final = one_of("low", "medium", "high")
_EFFORT: Final = one_of("none", "minimal", "low", "medium", "high", "xhigh", "max")

CHAT: Final[Table] = {
    **_SAMPLING,
    **_CHOICES,
    **_STORED,
    "messages": required(items(_MESSAGE)),
    "max_completion_tokens": optional(whole(1)),
    "metadata": ignored(pairs(16, 64, 512)),
    "reasoning_effort": ignored(_EFFORT),
    "verbosity": ignored(_VERBOSITY),
    # If a record has tools, its recorded completions were generated with them.
    "tools": ignored(unread(list, "a list of tools")),
    "tool_choice": ignored(either(one_of("none", "auto", "required"), unread(dict, "an object"))),
    "functions": refused(_NO_TOOLS, []),
    "function_call": refused(_NO_TOOLS, "auto", "none"),
    "response_format": refused(_NO_FORMAT, {"type": "text"}),
    "logprobs": refused(_NO_LOGPROBS, False),
    "top_logprobs": refused(_NO_LOGPROBS, 0),
    "modalities": refused(_TEXT_ALONE, ["text"]),
    "audio": refused(_TEXT_ALONE),
    "prediction": refused("nothing is generated that a prediction could speed up."),
    "web_search_options": refused("there is no search."),
}
"""POST /chat/completions."""

COMPLETIONS: Final[Table] = {
    **_SAMPLING,
    **_CHOICES,
    "prompt": required(either(text(), items(text(), 128))),
    "best_of": refused("there are no probabilities to select the best answer by.", 1),
    "echo": refused("the prompt is not repeated.", False),
    "logprobs": refused(_NO_LOGPROBS),
    "suffix": refused("nothing is generated between two texts."),
}
"""POST /completions."""

_INPUT: Final = group(
    {
        "type": optional(one_of("message")),
        "role": required(one_of("developer", "system", "user", "assistant")),
        "content": required(_CONTENT),
        "id": ignored(text()),
        "status": ignored(text()),
        "phase": ignored(text()),
    },
    "a message: an object with a role and a content",
    as_sent=True,
)

RESPONSES: Final[Table] = {
    **_SAMPLING,
    **_STORED,
    "input": required(either(text(), items(_INPUT))),
    "instructions": optional(text(empty=True)),
    "max_output_tokens": optional(whole(1)),
    "metadata": optional(pairs(16, 64, 512)),
    "stream_options": ignored(group({"include_obfuscation": ignored(boolean())})),
    "reasoning": ignored(
        group(
            {
                "effort": ignored(_EFFORT),
                "summary": ignored(text()),
                "generate_summary": ignored(text()),
                "context": ignored(text()),
                "mode": ignored(text()),
            }
        )
    ),
    "text": ignored(
        group({"format": refused(_NO_FORMAT, {"type": "text"}), "verbosity": ignored(_VERBOSITY)})
    ),
    "truncation": ignored(one_of("auto", "disabled")),
    "max_tool_calls": ignored(whole(1)),
    "include": refused("a response contains only text, with nothing to include.", []),
    "tools": refused(_NO_TOOLS, []),
    "tool_choice": refused(_NO_TOOLS, "auto", "none"),
    "top_logprobs": refused(_NO_LOGPROBS, 0),
    "background": refused("a response is completed within its request.", False),
    "background_options": refused("a response is completed within its request."),
    "previous_response_id": refused(_NOT_STORED),
    "conversation": refused(_NOT_STORED),
    "prompt": refused("there are no stored prompts."),
    "context_management": refused("contexts are used in full."),
    "image": refused(_TEXT_ALONE),
    "access_programs": refused("there are none here."),
    "moderation": refused(_NOT_MODERATED),
}
"""POST /responses."""

# botocore's pattern for the native API's lambdaArn, which is unverified for this API.
_ARN: Final = (
    r"arn:aws[a-zA-Z-]*:lambda:[a-z]{2}(-[a-z]+)+-\d:\d{12}:function:[a-zA-Z0-9_.-]+"
    r"(:(\$LATEST|[a-zA-Z0-9_-]+))?"
)
_AUTO: Final = one_of("auto")


def _hyperparameter(name: str) -> Field:
    spec = HYPERPARAMETERS[name]
    kind = whole(above=int(spec.above)) if spec.whole else number(above=int(spec.above))
    return optional(either(kind, _AUTO))


_HYPERPARAMETERS: Final[Table] = {
    **{name: _hyperparameter(name) for name in HYPERPARAMETERS},
    "eval_interval": optional(either(whole(above=0), _AUTO)),
    "eval_samples": optional(either(whole(above=0), _AUTO)),
    "compute_multiplier": optional(either(number(above=0), _AUTO)),
    "reasoning_effort": optional(one_of("default", "low", "medium", "high")),
}
_GRADER: Final[Table] = {
    "type": required(one_of(GRADER_TYPE)),
    GRADER_TYPE: required(group({"function": required(written("the ARN of a Lambda function", _ARN, 512))})),
}
_JOBS_GRADER: Final = Kind("an object", lambda value, at: _jobs_grader(value, at))
_OTHER_METHOD: Final = refused("only reinforcement jobs are supported.")
_METHOD: Final[Table] = {
    "type": required(one_of(METHOD_TYPE)),
    METHOD_TYPE: required(
        group({"grader": required(_JOBS_GRADER), "hyperparameters": optional(group(_HYPERPARAMETERS), {})})
    ),
    "supervised": _OTHER_METHOD,
    "dpo": _OTHER_METHOD,
}

CREATE_JOB: Final[Table] = {
    "model": required(text()),
    "training_file": required(text()),
    "method": required(group(_METHOD)),
    "validation_file": optional(text()),
    "seed": optional(whole(0, 2**31 - 1)),
    "metadata": optional(pairs(16, 64, 512)),
    "suffix": refused("Amazon's documentation says so."),
    "hyperparameters": refused(f"the job would not use it. Use method.{METHOD_TYPE}.hyperparameters.", {}),
    "integrations": refused("jobs do not report to other services.", []),
}
"""POST /fine_tuning/jobs."""


def _page(default: int) -> dict[str, Field]:
    return {"limit": optional(digits(1, MAX_PAGE), default), "after": optional(text(empty=True))}


LIST_JOBS: Final[Table] = {**_page(20), "metadata": refused("jobs are not filtered by metadata.")}
"""GET /fine_tuning/jobs."""


EVENTS: Final[Table] = _page(20)
"""GET /fine_tuning/jobs/JOB/events."""

CHECKPOINTS: Final[Table] = _page(10)
"""GET /fine_tuning/jobs/JOB/checkpoints."""


UPLOAD: Final[Table] = {
    "purpose": required(one_of(FILE_PURPOSE)),
    "expires_after[anchor]": refused("files do not expire."),
    "expires_after[seconds]": refused("files do not expire."),
}
"""The form fields of POST /files in addition to the file."""

LIST_FILES: Final[Table] = {
    **_page(MAX_PAGE),
    "order": optional(one_of("asc", "desc"), "desc"),
    "purpose": optional(text()),
}
"""GET /files."""

_OPENAI_GRADER: Final = Kind("a grader: an object with a type", lambda value, at: _grader(value))

VALIDATE_GRADER: Final[Table] = {"grader": required(_OPENAI_GRADER)}
"""POST /fine_tuning/alpha/graders/validate. `graders.adapters` checks the contents of the grader."""

RUN_GRADER: Final[Table] = {
    **VALIDATE_GRADER,
    "model_sample": required(text(empty=True)),
    "item": optional(unread(dict, "an object"), {}),
}
"""POST /fine_tuning/alpha/graders/run."""

# --- the admin routes

STEP: Final[Table] = {"count": optional(whole(0, 1 << 30), 1), "until": optional(one_of("idle"))}
FAULT_RATES: Final[Table] = {
    name: optional(number(0) if name == "slow-start" else number(0, 1)) for name in FAULTS
}
_ID: Final = written("an id of at most 200 letters, digits and ._:/-", r"[A-Za-z0-9][A-Za-z0-9._:/-]*", 200)
ALIAS: Final[Table] = {"alias": required(_ID), "id": required(_ID)}
LEARNED: Final[Table] = {"grade": optional(one_of("true", "false"), "true")}


def _jobs_grader(value: object, at: str) -> Any:
    """Parse a job's grader. The error for an OpenAI grader explains how to convert it."""
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind != GRADER_TYPE:
        hint = "`rft import` converts a grader of OpenAI's or Azure's into a Lambda function."
        raise invalid(f'{at}.type must be "{GRADER_TYPE}". {hint}', f"{at}.type")
    return group(_GRADER).take(value, at)


def _grader(value: object) -> object:
    """Return a grader unchanged, because its contents are checked elsewhere."""
    if not isinstance(value, dict) or "type" not in value:
        raise ValueError
    return value


def _part(value: object) -> object:
    """Return a message part unchanged. Parts other than text only help to identify the prompt."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise ValueError
    if not isinstance(value.get("text", ""), str):
        raise ValueError
    return value


def _message(value: object, at: str) -> object:
    """Return a message unchanged. Only assistant messages may have no content."""
    if not isinstance(value, dict):
        raise ValueError
    read_fields(_ASSISTANTS_TURN if value.get("role") == "assistant" else _TURN, value, f"{at}.")
    return value
