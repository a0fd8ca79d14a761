"""Makes scoring functions from verl's `compute_score` functions, and the reverse.

verl (https://verl.readthedocs.io) calls `compute_score` with the keyword arguments `data_source`,
`solution_str`, `ground_truth` and `extra_info`, and any in its configuration. Checked against verl 0.9.
"""

from __future__ import annotations

from ..errors import DecorationError, RecordError, SampleError
from ..reward import RESERVED, Failure, Reward, number
from ..sample import final_text
from . import _verl_inside
from ._given_reference import given_reference
from ._in_trainer import GraderInTrainer, messages_of, plain, rollout_item
from ._placed import placed
from ._scoring_function import scoring_function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Any

    from ..decorator import Grader
    from ..sample import Sample
    from ._confined import ConfinedFunction
    from ._in_trainer import TrainerBatch

_VERLS = ("num_turns", "rollout_reward_scores")
"""Entries that verl itself adds to `extra_info`."""


def from_verl(
    function: Callable[..., Any] | ConfinedFunction, /, **reward_kwargs: Any
) -> Callable[[Sample[Any]], Any]:
    """Make a scoring function from a verl `compute_score`, sync or async, for one sample or for a batch.

    `solution_str` is the full text of the final message, including its reasoning. `ground_truth` is the
    reference, and `data_source` is the record's field with that name, or empty. `extra_info` contains the
    record's other fields, the contents of the `extra_info` field, and the prompt's messages as `prompt`. A
    function gets only the arguments that it accepts. A record with a blank reference fails, and so does a
    record without a reference unless `ground_truth` has a default.

    The result may be a number, a dict with a `score`, or a list that starts with the score, as returned by
    older functions. The other numbers in a dict become metrics.

    Args:
        function: The function, or a `confined` one.
        **reward_kwargs: The keyword arguments that verl's configuration would pass to the function.

    Raises:
        DecorationError: The value is not a function.

    Example:
        >>> from graders.testing import make_sample
        >>> def compute_score(data_source, solution_str, ground_truth, extra_info=None):
        ...     return {"score": float(solution_str == ground_truth), "length": len(solution_str)}
        >>> from_verl(compute_score)(make_sample("72", "72"))
        Reward(1.0, metrics={'length': 2.0})
    """
    if isinstance(function, type) or not callable(function) or hasattr(function, "grade_all"):
        raise DecorationError(
            f"from_verl was given {function!r}: give it a function such as verl's compute_score"
        )
    call = placed(function, _verl_inside)

    def steps(sample: Sample[Any]) -> Generator[Any, Any, Reward]:
        lacks, score, beside = yield call(_given(sample), reward_kwargs)
        if truth := next((name for name in lacks if name in ("ground_truth", "ground_truths")), None):
            raise RecordError(f"the record has no reference_answer, and the function needs {truth}")
        if lacks:
            raise TypeError(f"the function needs {' and '.join(lacks)}: pass it to from_verl as a keyword")
        return _reward(score, beside)

    return scoring_function(steps, [function])


def _given(sample: Sample[Any]) -> dict[str, Any]:
    """Return the arguments that verl would pass to a scoring function.

    Raises:
        RecordError: The record's `extra_info` is not an object or its reference is blank.
    """
    reference = given_reference(sample, "reference_answer").get("reference_answer")
    fields: dict[str, Any] = dict(sample.fields)
    source = fields.pop("data_source", "")
    inner = fields.pop("extra_info", None)
    if inner is not None and not isinstance(inner, dict):
        raise RecordError("the record's field 'extra_info' is not an object")
    return {
        "data_source": source,
        "solution_str": final_text(sample),
        # verl needs a reference, and a substitute such as "None" could occur in an answer.
        **({} if reference is None else {"ground_truth": reference}),
        "extra_info": {
            "prompt": sample.messages[:-1],
            **fields,
            **(inner or {}),
            "num_turns": None,
            "rollout_reward_scores": {},
        },
    }


def _reward(score: Any, beside: dict[str, Any]) -> Reward:
    """Extract the reward from a function's result.

    Raises:
        SampleError: The score is not a finite number or the result reports that the grader failed.
    """
    if beside.get(RESERVED):
        raise SampleError("exception", f"the function reported {RESERVED}: its grader failed")
    metrics = {}
    for name, value in beside.items():
        if not name.startswith(RESERVED):
            try:
                metrics[name] = number(value)
            except ValueError:  # verl's functions return NaN for a metric that a sample lacks
                continue
    try:
        return Reward(number(score), metrics=metrics)
    except ValueError as error:
        raise SampleError("value", f"the score: {error}") from None


def as_verl(
    grader: Grader[Any, Any] | Callable[[Sample[Any]], Any], *, metrics: Sequence[str] = ()
) -> Callable[..., Any]:
    """Make a verl scoring function from a grader.

    Put `compute_score = as_verl(reward)` in a file and set `reward.custom_reward_function.path` in verl's
    configuration to the file's path.

    The sample is the same as in a replay: it has the completion, `ground_truth` as the reference, and
    `data_source` and the contents of `extra_info` as fields, without the two entries that verl itself adds.
    An `id` in `extra_info` becomes the sample's id, and the contents of `metadata` become fields.

    verl does not pass the prompt. If `extra_info` has a `prompt` (a string or a list of messages), it becomes
    the sample's prompt. Otherwise, the sample has one empty user turn, so a grader that uses the prompt sees
    a different one than in a replay.

    verl cannot exclude a sample from training. A sample without a reward gets the lowest reward in the
    grader's range with a `grader_error` of 1, or fails the call if the grader was declared with
    `on_error="raise"`. The call also fails if the grader fails more often than its `max_error_rate` allows.
    Each kind of failure is reported once on stderr. verl calls scoring functions outside the main thread,
    where the time limit of a sync grader cannot be enforced. This is reported as well. If the grader is
    async, so is the scoring function, and many calls run concurrently.

    Args:
        grader: A grader or a scoring function, sync or async.
        metrics: Names of metrics and components to include in verl's log. verl needs the same keys for every
            sample, so a metric missing from a sample is NaN.

    Returns:
        `compute_score`, which returns `score`, `grader_error` (0 or 1) and the metrics.

    Raises:
        DecorationError: The value is neither a grader nor a scoring function.

    Example:
        >>> from graders import grader
        >>> @grader
        ... def right(sample):
        ...     return sample.completion == sample.reference_text
        >>> as_verl(right)(data_source="sums", solution_str="4", ground_truth="4")
        {'score': 1.0, 'grader_error': 0.0}
    """
    if isinstance(metrics, str):
        raise DecorationError(f"metrics={metrics!r}: give a list of names, such as [{metrics!r}]")
    graded = GraderInTrainer(grader, None)
    names = [name for name in metrics if name not in ("score", RESERVED)]

    def compute_score(
        data_source: Any, solution_str: str, ground_truth: Any = None, extra_info: Any = None, **_: Any
    ) -> dict[str, float]:
        item = _item(data_source, solution_str, ground_truth, extra_info, graded.wire)
        return _verdict(graded.grade([item]), graded, names)

    async def compute_score_async(
        data_source: Any, solution_str: str, ground_truth: Any = None, extra_info: Any = None, **_: Any
    ) -> dict[str, float]:
        item = _item(data_source, solution_str, ground_truth, extra_info, graded.wire)
        return _verdict(await graded.grade_here([item]), graded, names)

    return compute_score_async if graded.is_async else compute_score


def _item(data_source: Any, text: str, reference: Any, extra_info: Any, wire: str) -> dict[str, Any]:
    """Return the event element that a replay would send for the completion."""
    if not isinstance(extra_info, (dict, type(None))):
        raise ValueError(f"extra_info is a {type(extra_info).__name__}: pass a dict, or None")
    extra = {name: value for name, value in (extra_info or {}).items() if name not in _VERLS}
    turns = messages_of(plain(extra.pop("prompt", None)) or "", "user")
    for name, value in (("data_source", data_source or None), ("ground_truth", plain(reference))):
        if value is not None and plain(extra.setdefault(name, value)) != value:
            raise ValueError(
                f"extra_info holds a different {name} from the one that verl passes: rename it there"
            )
    return rollout_item(
        extra, "ground_truth", "sample", [*turns, {"role": "assistant", "content": text}], wire
    )


def _verdict(batch: TrainerBatch, graded: GraderInTrainer, names: Sequence[str]) -> dict[str, float]:
    """Return the result to give verl for a sample."""
    [outcome] = batch.outcomes
    value, found = graded.options.range[0], {}
    if isinstance(outcome, Reward):
        value, found = outcome.value, {**outcome.metrics, **outcome.components}
    return {
        "score": value,
        RESERVED: float(isinstance(outcome, Failure)),
        **{name: found.get(name, float("nan")) for name in names},
    }


__all__ = ["as_verl", "from_verl"]
