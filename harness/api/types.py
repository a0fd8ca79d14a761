"""The fine-tuning API's objects and constants, in the service's spelling.

The client and the local emulator share these definitions, but no behavior.

Sources: "Create and manage fine-tuning jobs for open-weight models using OpenAI APIs" (Amazon Bedrock user
guide), the example event in AWS's walkthrough, and, for what these omit, OpenAI's fine-tuning reference.
Facts without an AWS source are marked *unverified*.
"""

from __future__ import annotations

from typing import Any, Final, Generic, Literal, NamedTuple, NotRequired, TypedDict, TypeVar

Element = TypeVar("Element")

# --- Files

FILE_PURPOSE: Final = "fine-tune"


class FileObject(TypedDict):
    """An uploaded file. Ids are opaque: documented as `file-abc123`, seen as a bare UUID."""

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
    """The value of a grader's key `lambda`: the function's ARN."""

    function: str


# `lambda` is a Python keyword, so this type needs the functional syntax.
LambdaGrader = TypedDict("LambdaGrader", {"type": Literal["lambda"], "lambda": LambdaFunction})


class Hyperparameters(TypedDict):
    """The three documented hyperparameters. The service may return more, or the value "auto"."""

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
    """The reason why a job failed."""

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
"""The local emulator's answer to a prompt without recorded completions. It is not an answer from a model."""

FINAL_STATUSES: Final[frozenset[str]] = frozenset({"succeeded", "failed", "cancelled"})
"""Final statuses. A job with any other status, known or not, counts as still running."""

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
"""The numbers in the `data` of an event of type `metrics`, besides `step` and `total_steps`."""


class Event(TypedDict):
    """One event of a job. Lists are newest first (as in OpenAI's API; unverified on Bedrock)."""

    id: str
    object: Literal["fine_tuning.job.event"]
    created_at: int
    level: str  # info | warn | error
    message: str
    type: NotRequired[str]  # message | metrics; others must be tolerated
    data: NotRequired[dict[str, Any] | None]


# --- Checkpoints


class Checkpoint(TypedDict):
    """A model saved during training, which can be used like the tuned model.

    The names of the metrics are unverified: the documentation says "validation loss and accuracy", and
    OpenAI's keys are `full_valid_loss`, `full_valid_mean_token_accuracy`, `step`, `train_loss`, …
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
    """A page of a list. The next page is requested with `after`, the id of this page's last element."""

    object: Literal["list"]
    data: list[Element]
    has_more: NotRequired[bool]
    first_id: NotRequired[str | None]
    last_id: NotRequired[str | None]


class ErrorBody(TypedDict):
    """The value of the key `error` in an answer with a status of 400 or more."""

    message: str
    type: str
    param: str | None
    code: str | None


# --- Models and hyperparameters


class Model(NamedTuple):
    """A model for which reinforcement fine-tuning is documented, with the documented Regions."""

    id: str
    name: str
    regions: tuple[str, ...]


MODELS: Final[tuple[Model, ...]] = (
    Model("openai.gpt-oss-20b", "gpt-oss-20B", ("us-west-2",)),
    Model("qwen.qwen3-32b", "Qwen3 32B", ("us-west-2",)),
    Model("qwen.qwen3-32b-v1:0", "Qwen3 32B, as AWS's notebook spells it (unverified)", ("us-west-2",)),
)
"""Known models of the OpenAI-compatible API. Nova is tuned through the native Bedrock API, not this one."""

NATIVE_PREFIX: Final = "amazon.nova"
"""The prefix of ids of models that only the native Bedrock API tunes."""

DEFAULT_REGION: Final = "us-west-2"


class Range(NamedTuple):
    """The allowed values of one hyperparameter.

    `low` and `high` bound the sensible range. No AWS source publishes ranges for this API, so all of them are
    *unverified*, and a value outside gets a warning. A value that is not larger than `above` can never work
    and is refused.
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
"""Documented for open-weight models; an AWS blog post gives 10,000."""

GENERATE_S: Final = 600.0
"""The timeout for a model's answer, in seconds. No limit is documented."""

PAGE_SIZE: Final = 100
"""The page size in the documentation's example of paging. The maximum `limit` is unverified."""
