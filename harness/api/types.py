"""Objects and constants of the fine-tuning API, spelled as in the service.

The client and the local emulator share these definitions, but no behavior.

Sources: "Create and manage fine-tuning jobs for open-weight models using OpenAI APIs" (Amazon Bedrock user
guide), the example event in AWS's walkthrough, and OpenAI's fine-tuning reference where AWS documents
nothing. Facts without an AWS source are marked *unverified*.
"""

from __future__ import annotations

from typing import Any, Final, Generic, Literal, NamedTuple, NotRequired, TypedDict, TypeVar

Element = TypeVar("Element")

# --- Files

FILE_PURPOSE: Final = "fine-tune"


class FileObject(TypedDict):
    """An uploaded file. Ids are opaque: `file-abc123` in the documentation, but bare UUIDs also occur."""

    id: str
    object: Literal["file"]
    bytes: int
    created_at: int
    filename: str
    purpose: str
    status: NotRequired[str]  # uploaded | processed | error; unverified on Bedrock
    status_details: NotRequired[str | None]
    expires_at: NotRequired[int | None]


# --- Jobs

METHOD_TYPE: Final = "reinforcement"
GRADER_TYPE: Final = "lambda"


class LambdaFunction(TypedDict):
    """The value of a grader's `lambda` key: the function ARN."""

    function: str


# `lambda` is a Python keyword, so this type needs the functional syntax.
LambdaGrader = TypedDict("LambdaGrader", {"type": Literal["lambda"], "lambda": LambdaFunction})


class Hyperparameters(TypedDict):
    """The three documented hyperparameters. The service may return others, or the value "auto"."""

    n_epochs: NotRequired[int]
    batch_size: NotRequired[int]
    learning_rate_multiplier: NotRequired[float]


class Reinforcement(TypedDict):
    """The body of the reinforcement method."""

    grader: LambdaGrader
    hyperparameters: NotRequired[Hyperparameters]


class Method(TypedDict):
    """The training method, which is always reinforcement."""

    type: Literal["reinforcement"]
    reinforcement: Reinforcement


class JobRequest(TypedDict):
    """The body of POST /fine_tuning/jobs. `suffix` is documented as not supported."""

    training_file: str
    model: str
    method: Method


class JobError(TypedDict):
    """The reason a job failed."""

    code: str
    message: str
    param: str | None


class Job(TypedDict):
    """A fine-tuning job."""

    id: str
    object: Literal["fine_tuning.job"]
    created_at: int
    finished_at: int | None
    status: str  # validating_files | queued | running | paused | …; others must be tolerated (unverified)
    model: str
    fine_tuned_model: str | None
    training_file: str
    validation_file: NotRequired[str | None]
    method: NotRequired[Method]
    hyperparameters: NotRequired[dict[str, Any]]
    error: NotRequired[JobError | None]
    organization_id: NotRequired[str]
    result_files: NotRequired[list[str]]
    seed: NotRequired[int | None]
    trained_tokens: NotRequired[int | None]
    estimated_finish: NotRequired[int | None]
    integrations: NotRequired[list[Any] | None]
    metadata: NotRequired[dict[str, str] | None]


NOT_RECORDED: Final = "[emulator: no recorded completion for this prompt]"
"""The local emulator's response to a prompt that has no recorded completions. No model generated it."""

FINAL_STATUSES: Final[frozenset[str]] = frozenset({"succeeded", "failed", "cancelled"})
"""Final statuses. A job with any other status, even an unknown one, counts as running."""

# --- Events

STEP: Final = "step"
TOTAL_STEPS: Final = "total_steps"
REWARD_MEAN: Final = "critic_rewards_mean"
ADVANTAGES_MEAN: Final = "critic_advantages_mean"
ENTROPY: Final = "actor_entropy"
POLICY_LOSS: Final = "actor_pg_loss"
GRAD_NORM: Final = "actor_grad_norm"
RESPONSE_LENGTH_MEAN: Final = "response_length_mean"

TRAINING_METRICS: Final[tuple[str, ...]] = (
    REWARD_MEAN,
    ENTROPY,
    POLICY_LOSS,
    GRAD_NORM,
    ADVANTAGES_MEAN,
    RESPONSE_LENGTH_MEAN,
)
"""The numbers that the `data` of a `metrics` event contains in addition to `step` and `total_steps`."""


class Event(TypedDict):
    """An event of a job. Lists of events are newest first (as in OpenAI's API; unverified on Bedrock)."""

    id: str
    object: Literal["fine_tuning.job.event"]
    created_at: int
    level: str  # info | warn | error
    message: str
    type: NotRequired[str]  # message | metrics; others must be tolerated
    data: NotRequired[dict[str, Any] | None]


# --- Checkpoints


class Checkpoint(TypedDict):
    """A model saved during training, which can be used in the same way as the final model.

    The metric names are unverified: the documentation says "validation loss and accuracy", and OpenAI's keys
    are `full_valid_loss`, `full_valid_mean_token_accuracy`, `step`, `train_loss`, …
    """

    id: str
    object: Literal["fine_tuning.job.checkpoint"]
    created_at: int
    fine_tuned_model_checkpoint: str
    fine_tuning_job_id: str
    metrics: dict[str, Any]
    step_number: int


# --- Pages


class Page(TypedDict, Generic[Element]):
    """One page of a list. To request the next page, pass the last element's id as `after`."""

    object: Literal["list"]
    data: list[Element]
    has_more: NotRequired[bool]
    first_id: NotRequired[str | None]
    last_id: NotRequired[str | None]


class ErrorBody(TypedDict):
    """The value of the `error` key in a response with a status of 400 or higher."""

    message: str
    type: str
    param: str | None
    code: str | None


# --- Models and hyperparameters


class Model(NamedTuple):
    """A model documented to support reinforcement fine-tuning, with its documented Regions."""

    id: str
    name: str
    regions: tuple[str, ...]


MODELS: Final[tuple[Model, ...]] = (
    Model("openai.gpt-oss-20b", "gpt-oss-20B", ("us-west-2",)),
    Model("qwen.qwen3-32b", "Qwen3 32B", ("us-west-2",)),
    Model("qwen.qwen3-32b-v1:0", "Qwen3 32B, as AWS's notebook spells it (unverified)", ("us-west-2",)),
)
"""Models that can be tuned through the OpenAI-compatible API. Nova is tuned through the native Bedrock API.
"""

NATIVE_PREFIX: Final = "amazon.nova"
"""Prefix of the ids of models that can only be tuned through the native Bedrock API."""

DEFAULT_REGION: Final = "us-west-2"


class Range(NamedTuple):
    """The allowed values of a hyperparameter.

    `low` and `high` bound the sensible range. AWS publishes no ranges for this API, so the bounds are
    *unverified*, and a value outside them only causes a warning. A value that is not greater than `above` can
    never work and is rejected.
    """

    default: float
    low: float
    high: float
    above: float
    whole: bool
    source: str


HYPERPARAMETERS: Final[dict[str, Range]] = {
    "n_epochs": Range(
        1, 1, 50, 0, True, "default documented; 1-50 is the native API's range (unverified here)"
    ),
    "batch_size": Range(
        4,
        1,
        512,
        0,
        True,
        "default documented; the native API says 16-512, but 4 is accepted here (unverified)",
    ),
    "learning_rate_multiplier": Range(
        1.0, 0.01, 10.0, 0, False, "default documented; the range is a guess (unverified)"
    ),
}

MIN_RECORDS: Final = 100
MAX_RECORDS: Final = 20_000
"""Limit documented for open-weight models. An AWS blog post says 10,000 instead."""

GENERATE_S: Final = 600.0
"""Timeout for inference requests, in seconds. No limit is documented."""

PAGE_SIZE: Final = 100
"""Page size from the pagination example in the documentation. The maximum `limit` is unverified."""
