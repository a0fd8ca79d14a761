"""TRL's reward functions as scoring functions, and graders as TRL's reward functions.

TRL (https://huggingface.co/docs/trl) calls `reward_funcs` with keywords for a whole batch: `prompts`,
`completions`, `completion_ids`, every other column of its data set, and what the trainer adds. Checked
against TRL 1.16.
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
"""What TRL passes beside the columns of its data set."""


def from_trl(
    functions: RewardFunction | Sequence[RewardFunction],
    *,
    weights: Sequence[float] | None = None,
    reference: str = "reference_answer",
    conversational: bool = True,
) -> Callable[[Sample[Any]], Any]:
    """Make a scoring function from TRL's `reward_funcs`.

    Each function is called with one completion at a time. It gets the columns of the record: each of its
    fields, and its reference. A completion is the whole text of the final message, with the reasoning that is
    part of it, since TRL's functions look for `<think>`. There is no tokenizer here, so `completion_ids`
    numbers the words between white space, equal words alike: lengths and repetitions are those of words.
    `trainer_state` is that of a run before its first step. The numbers that a function logs with `log_metric`
    and `log_extra` become metrics. A record whose reference is blank fails, and so does one without a
    reference where a function has an argument of that name without a default.

    As in TRL, the reward is the weighted sum of what the functions return, without those that return None;
    where all do, the sample has no reward. With several functions each value is a component. Other than in
    TRL, a NaN is a failure.

    Args:
        functions: A reward function or several, sync or async; `confined` ones run in processes of their own.
        weights: A weight for each, as `reward_weights` of TRL's configuration; 1 each when None.
        reference: The column that the functions expect the reference in, such as `solution`. Where the record
            has a field of that name, the column is that field, and `reference_answer` is one of its own.
        conversational: Whether prompts and completions are lists of messages, as in most data sets; else they
            are texts, the prompt that of the last user turn.

    Raises:
        DecorationError: There is no function, or the weights are not one number for each.

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
            # NaN is how such functions say that they have nothing to log.
            metrics.update((word, one) for word, one in logged.items() if isfinite(one))
        if not values:
            return Abstain(f"{' and '.join(names)} returned None: this sample is none of theirs")
        total = sum(share * values[name] for name, share in zip(names, shares, strict=True) if name in values)
        if len(names) == 1:
            return Reward(total, metrics=metrics)
        free = {name if name not in values else f"{name}_logged": one for name, one in metrics.items()}
        return Reward(total, metrics=free, components=values)

    return scoring_function(steps, listed)


def _is_no_function(given: Any) -> bool:
    return isinstance(given, type) or not callable(given) or hasattr(given, "grade_all")


def _value(name: str, found: Any) -> float:
    """A function's value as a float.

    Raises:
        SampleError: It is no finite number.
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
    """A name for each function, as TRL's log has it; a second of the same name gets a number."""
    names: list[str] = []
    for one in functions:
        name = name_of(one)
        alike = sum(1 for other in names if other.partition("#")[0] == name)
        names.append(f"{name}#{alike + 1}" if alike else name)
    return names


def _columns(sample: Sample[Any], reference: str, conversational: bool) -> dict[str, list[Any]]:
    """What TRL would call a reward function with, for one completion.

    Raises:
        RecordError: A field of the record has a name that TRL uses itself, or the reference is blank.
    """
    fields: dict[str, Any] = dict(sample.fields)
    if taken := [name for name in _TRAINERS if name in fields]:
        raise RecordError(
            f"the record's field {taken[0]!r} has the name of an argument that TRL passes: rename the field"
        )
    fields.pop(reference, None)  # null, unless it is given
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
    """A message of the prompt, its content one text where it is blocks of text alone."""
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
    """Make a reward function for TRL's trainers of a grader: `GRPOTrainer(reward_funcs=as_trl(reward), ...)`.

    Each completion becomes the sample that the grader gets in a replay of it: the prompt's messages (a text
    is a user turn), the completion, the reference, and the other columns of the data set as fields. A column
    `id` is the sample's id, and what a column `metadata` holds are fields.

    A failure or an abstention returns None. Where this is the trainer's only reward function, GRPO and RLOO
    of TRL 1.16 leave such a completion out of the group's mean, and it gets no advantage. Beside other reward
    functions None counts as 0, since TRL adds up what the others return: a failure is a reward then. So give
    the trainer one function: join graders with `graders.combine.weighted` into one, and functions of TRL's
    with `from_trl`. Trainers that leave no completion out, such as TRL's experimental Online DPO, count None
    as 0 even where there is one function.

    Each kind of failure is said once on stderr, and their share of the batch is the metric
    `<name>/grader_error`. The grader's own `on_error` and `max_error_rate` hold as in Lambda: a grader that
    fails too often ends the training. The grader's metrics and components are logged as `<name>/<metric>`,
    except in a training of several processes, which TRL would block at the first metric that not all of them
    have.

    Time limits are kept in the main thread, where TRL calls reward functions, and those of async graders
    everywhere; where a limit cannot be kept, that is said once on stderr.

    Args:
        grader: A grader or a scoring function, sync or async.
        reference: The column of the data set that has the reference.
        name: What TRL's log calls it; the grader's own name when None.

    Raises:
        DecorationError: This is no grader and no scoring function.

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
    """A grader wrapped as a TRL reward function; made by `as_trl`.

    Args:
        graded: The grader.
        reference: The column that has the reference.
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
        """The rewards of a batch, in its order; None for a completion that has none.

        Args:
            prompts: A text or a list of messages each.
            completions: A text or a list of messages each, the last of them the assistant's.
            log_metric: Is told the batch's metrics.
            **columns: The data set's columns, and what else the trainer passes.

        Raises:
            ValueError: There are not as many completions as prompts, one is neither text nor messages, or a
                column has a name that a sample uses for something else.
            GraderError: The grader fails too often, or cannot grade at all.
        """
        count = len(prompts)
        if len(completions) != count:
            raise ValueError(f"{count} prompts came with {len(completions)} completions")
        fields = {name: values for name, values in columns.items() if name not in _TRAINERS}
        for name in [name for name, values in fields.items() if not _is_column(values, count)]:
            del fields[name]
            self._graded.say(name, f"{name} is no field here: it has not one value for each prompt")
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
                "as_trl(..., reference=) names the column that has the reference",
            )
        if log_metric is not None:
            for name, value in graded.metrics():
                log_metric(f"{self.__name__}/{name}", value)
        return graded.rewards

    def __repr__(self) -> str:
        """The grader's name."""
        return f"<TRL reward function {self.__name__}>"


def _is_column(values: Any, count: int) -> bool:
    if isinstance(values, str) or not (hasattr(values, "__len__") and hasattr(values, "__getitem__")):
        return False
    return len(values) == count


__all__ = ["TrlReward", "as_trl", "from_trl"]
