"""Makes scoring functions from TRL's reward functions and TRL reward functions from graders.

TRL (https://huggingface.co/docs/trl) calls `reward_funcs` with keyword arguments for a whole batch:
`prompts`, `completions`, `completion_ids`, every other column of the data set, and values that the trainer
adds. Checked against TRL 1.16.
"""

from __future__ import annotations

from math import isfinite

from ..errors import DecorationError, RecordError, SampleError
from ..reward import Abstain, Failure, Reward, number
from ..sample import final_text, turn_text, turn_thoughts
from . import _trl_inside
from ._given_reference import given_reference
from ._in_trainer import GraderInTrainer, messages_of, rollout_item
from ._placed import name_of, placed
from ._scoring_function import scoring_function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Any, TypeAlias

    from ..decorator import Grader
    from ..sample import Sample
    from ._confined import ConfinedFunction

    RewardFunction: TypeAlias = Callable[..., Any] | ConfinedFunction
    Answer: TypeAlias = Reward | Abstain

_TRAINERS = (
    *("prompts", "completions", "completion_ids", "trainer_state", "log_extra", "log_metric"),
    "environments",
)
"""Arguments that TRL passes in addition to the columns of its data set."""


def from_trl(
    functions: RewardFunction | Sequence[RewardFunction],
    *,
    weights: Sequence[float] | None = None,
    reference: str = "reference_answer",
    conversational: bool = True,
) -> Callable[[Sample[Any]], Any]:
    """Make a scoring function from TRL's `reward_funcs`.

    Each function is called with one completion at a time. It gets the record's columns: each field and the
    reference. A completion is the full text of the final message, including its reasoning, since TRL's
    functions look for `<think>`. Because there is no tokenizer, `completion_ids` has one number per word,
    with the same number for equal words, so functions measure lengths and repetitions in words.
    `trainer_state` is the state of a run before its first step. Numbers that a function logs with
    `log_metric` and `log_extra` become metrics. A record with a blank reference fails. So does a record
    without a reference if a function requires an argument with the reference's name.

    As in TRL, the reward is the weighted sum of the functions' values, ignoring None. If all values are None,
    the sample has no reward. With several functions, each value is also a component. Unlike in TRL, NaN is a
    failure.

    Args:
        functions: One or more reward functions, sync or async. `confined` functions run in separate
            processes.
        weights: A weight for each function, like `reward_weights` in TRL's configuration. All weights are 1
            by default.
        reference: The column in which the functions expect the reference, such as `solution`. If the record
            has a field with that name, the column contains that field, and `reference_answer` is a separate
            column.
        conversational: True to pass prompts and completions as lists of messages, as in most data sets.
            Otherwise, they are strings and the prompt is the last user turn.

    Raises:
        DecorationError: No function is given, or the weights do not consist of one number for each function.

    Example:
        >>> from graders.testing import make_sample
        >>> def brief(completions, **kwargs):
        ...     return [float(len(completion[0]["content"]) < 10) for completion in completions]
        >>> from_trl(brief)(make_sample("72"))
        Reward(1.0)
    """
    given: Any = functions
    listed: list[Any] = list(given) if hasattr(given, "__iter__") and not callable(given) else [given]
    if not listed or any(map(_is_no_function, listed)):
        raise DecorationError(
            f"from_trl was given {functions!r}: give it a reward function, or a list of them"
        )
    shares = _weights(weights, len(listed))
    names = _names(listed)
    calls = [placed(one, _trl_inside) for one in listed]

    def steps(sample: Sample[Any]) -> Generator[Any, Any, Answer]:
        columns = _columns(sample, reference, conversational)
        values: dict[str, float] = {}
        metrics: dict[str, float] = {}
        for name, call in zip(names, calls, strict=True):
            lacks, found, logged = yield call(columns)
            if lacks:
                raise RecordError(f"{name} needs {' and '.join(lacks)}, and the record has no such field")
            if found[0] is not None:
                values[name] = _value(name, found[0])
            # TRL functions log a NaN when they have no value to log.
            metrics.update((word, one) for word, one in logged.items() if isfinite(one))
        if not values:
            return Abstain(f"{' and '.join(names)} returned None: this sample is not one of theirs")
        total = sum(share * values[name] for name, share in zip(names, shares, strict=True) if name in values)
        if len(names) == 1:
            return Reward(total, metrics=metrics)
        free = {name if name not in values else f"{name}_logged": one for name, one in metrics.items()}
        return Reward(total, metrics=free, components=values)

    return scoring_function(steps, listed)


def _is_no_function(given: Any) -> bool:
    return isinstance(given, type) or not callable(given) or hasattr(given, "grade_all")


def _value(name: str, found: Any) -> float:
    """Return a function's value as a float.

    Raises:
        SampleError: The value is not a finite number.
    """
    try:
        return number(found)
    except ValueError as error:
        raise SampleError("value", f"{name}: {error}") from None


def _weights(weights: Sequence[float] | None, count: int) -> list[float]:
    if weights is None:
        return [1.0] * count
    try:
        listed = [number(weight) for weight in weights]
    except (TypeError, ValueError) as error:
        raise DecorationError(f"weights={weights!r}: {error}") from None
    if len(listed) != count:
        raise DecorationError(f"weights={weights!r}: give one for each of the {count} functions")
    return listed


def _names(functions: Sequence[RewardFunction]) -> list[str]:
    """Return the functions' names as in TRL's log. A number is added to repeated names."""
    names: list[str] = []
    for one in functions:
        name = name_of(one)
        alike = sum(1 for other in names if other.partition("#")[0] == name)
        names.append(f"{name}#{alike + 1}" if alike else name)
    return names


def _columns(sample: Sample[Any], reference: str, conversational: bool) -> dict[str, list[Any]]:
    """Return the arguments that TRL would pass to a reward function for one completion.

    Raises:
        RecordError: A field of the record has a name that TRL uses itself or the reference is blank.
    """
    fields: dict[str, Any] = dict(sample.fields)
    if taken := [name for name in _TRAINERS if name in fields]:
        raise RecordError(
            f"the record's field {taken[0]!r} has the name of an argument that TRL passes: rename the field"
        )
    fields.pop(reference, None)  # `given_reference` returns this field, unless it is null
    fields.update(given_reference(sample, reference))
    text = final_text(sample)
    prompt: Any = [_turn(message) for message in sample.messages[:-1]] if conversational else sample.prompt
    completion: Any = text
    if conversational:
        completion = [{**sample.messages[-1], "role": "assistant", "content": text}]
        if thoughts := turn_thoughts(sample.messages[-1]):
            field = completion[0].get("reasoning_content")
            completion[0]["reasoning_content"] = "\n".join(
                [field, *thoughts] if isinstance(field, str) else thoughts
            )
    words: dict[str, int] = {}
    return {
        **{name: [value] for name, value in fields.items()},
        "prompts": [prompt],
        "completions": [completion],
        "completion_ids": [[words.setdefault(word, len(words)) for word in text.split()]],
    }


def _turn(message: Any) -> Any:
    """Return a prompt message with its text blocks joined into one string."""
    blocks = message.get("content") if isinstance(message, dict) else None
    if isinstance(blocks, list) and all(
        isinstance(b, dict) and isinstance(b.get("text"), str) for b in blocks
    ):
        return {**message, "content": turn_text(message)}
    return message


def as_trl(
    grader: Grader[Any, Any] | Callable[[Sample[Any]], Any],
    *,
    reference: str = "reference_answer",
    name: str | None = None,
) -> TrlReward:
    """Make a TRL reward function from a grader: `GRPOTrainer(reward_funcs=as_trl(reward), ...)`.

    Each completion becomes the same sample as in a replay: the prompt's messages (a string becomes a user
    turn), the completion, the reference, and the data set's other columns as fields. An `id` column becomes
    the sample's id, and the contents of a `metadata` column become fields.

    The function returns None for a failure or an abstention. If it is the trainer's only reward function,
    GRPO and RLOO in TRL 1.16 exclude such a completion from the group's mean and give it no advantage. If
    there are other reward functions, None counts as 0, because TRL sums the other functions' values, so the
    failure becomes a reward. So give the trainer only one function: combine graders with
    `graders.combine.weighted` and TRL functions with `from_trl`. Trainers that never exclude a completion,
    such as TRL's experimental Online DPO, count None as 0 even with a single function.

    Each kind of failure is reported once on stderr, and the fraction of failures in the batch is logged as
    the metric `<name>/grader_error`. The grader's own `on_error` and `max_error_rate` apply as in Lambda: a
    grader that fails too often ends the training run. The grader's metrics and components are logged as
    `<name>/<metric>`, but only if a single process trains. With several processes, TRL would wait forever for
    a metric that one process does not have.

    Time limits are enforced in the main thread, where TRL calls reward functions. For async graders, they are
    enforced in any thread. A limit that cannot be enforced is reported once on stderr.

    Args:
        grader: A grader or a scoring function, sync or async.
        reference: The data set's column that contains the reference.
        name: The function's name in TRL's log. Defaults to the grader's own name.

    Raises:
        DecorationError: The value is neither a grader nor a scoring function.

    Example:
        >>> from graders import grader
        >>> @grader
        ... def right(sample):
        ...     return sample.completion == sample.reference_text
        >>> as_trl(right)(prompts=["2 + 2?", "2 + 3?"], completions=["4", "4"], reference_answer=["4", "5"])
        [1.0, 0.0]
    """
    return TrlReward(GraderInTrainer(grader, name), reference)


class TrlReward:
    """A TRL reward function made from a grader by `as_trl`.

    Args:
        graded: The grader.
        reference: The column that contains the reference.
    """

    def __init__(self, graded: GraderInTrainer, reference: str) -> None:
        self._graded = graded
        self._reference = reference
        self.__name__ = graded.name

    def __call__(
        self,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        *,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """Return the rewards for a batch, in order. The value is None for a completion without a reward.

        Args:
            prompts: A string or a list of messages for each prompt.
            completions: A string or a list of messages for each completion. The last message is the
                assistant's.
            log_metric: Called with the batch's metrics.
            **columns: The data set's columns, and other values that the trainer passes.

        Raises:
            ValueError: The numbers of completions and prompts differ, a completion or prompt is neither a
                string nor a list of messages, or a column has the name of a different property of a sample.
            GraderError: The grader fails too often or cannot grade any sample.
        """
        count = len(prompts)
        if len(completions) != count:
            raise ValueError(f"{count} prompts came with {len(completions)} completions")
        fields = {name: values for name, values in columns.items() if name not in _TRAINERS}
        for name in [name for name, values in fields.items() if not _is_column(values, count)]:
            del fields[name]
            self._graded.say(name, f"{name} cannot be a field: it does not have one value per prompt")
        items = [
            rollout_item(
                {name: values[at] for name, values in fields.items()},
                self._reference,
                str(at),
                [*messages_of(prompts[at], "user"), *messages_of(completions[at], "assistant")],
                self._graded.wire,
            )
            for at in range(count)
        ]
        graded = self._graded.grade(items)
        if self._reference not in columns and any(
            isinstance(outcome, Failure) and outcome.kind == "record" for outcome in graded.outcomes
        ):
            self._graded.say(
                "no reference",
                f"the data set has no column {self._reference!r}: "
                "as_trl(..., reference=) names the column that holds the reference",
            )
        if log_metric is not None:
            for name, value in graded.metrics():
                log_metric(f"{self.__name__}/{name}", value)
        return graded.rewards

    def __repr__(self) -> str:
        return f"<TRL reward function {self.__name__}>"


def _is_column(values: Any, count: int) -> bool:
    if isinstance(values, str) or not (hasattr(values, "__len__") and hasattr(values, "__getitem__")):
        return False
    return len(values) == count


__all__ = ["TrlReward", "as_trl", "from_trl"]
