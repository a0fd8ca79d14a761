"""Builds the scoring functions of OpenAI graders."""

from __future__ import annotations

from ..errors import ConfigurationError, SampleError
from ..reward import drop
from ._openai_json import NoCounterpart
from ._openai_scores import GradeFault, GraderScore, ModelTokens
from ._openai_spec import EndpointGrader, LabelModel, MultiGrader, PythonCode, ScoreModel, StringCheck

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Mapping
    from typing import Any, Literal

    from ._openai_scores import Scope, Scoring
    from ._openai_spec import OpenAIGrader


class GradingOptions:
    """Settings for running a spec's graders.

    Args:
        models: A table that maps OpenAI model names to Bedrock models, or the path of a TOML file that
            contains such a table.
        seconds: Time limit of a Python grader, in seconds.
        memory_mb: Memory that a Python grader may use, in MB.
        protection: Protection for a Python grader, as for `confined`.
        zero_for_faults: True if a failed grader scores 0 with a flag, as at OpenAI. Otherwise, the error is
            raised.
    """

    __slots__ = ("memory_mb", "models", "protection", "seconds", "zero_for_faults")

    def __init__(
        self,
        models: Mapping[str, Any] | str | os.PathLike[str] | None = None,
        seconds: float = 5,
        memory_mb: int = 256,
        protection: Literal["full", "limits"] = "full",
        zero_for_faults: bool = False,
    ) -> None:
        self.models = models
        self.seconds = seconds
        self.memory_mb = memory_mb
        self.protection: Literal["full", "limits"] = protection
        self.zero_for_faults = zero_for_faults


def grading_of(node: OpenAIGrader, options: GradingOptions) -> Scoring:
    """Build the scoring function of a grader.

    Raises:
        OpenAISpecError: The grader cannot be run as written.
        ConfigurationError: The grader needs a package that is not installed.
    """
    scoring: Scoring
    try:
        scoring = _joined(node, options) if isinstance(node, MultiGrader) else _of_one(node, options)
    except (ConfigurationError, NoCounterpart) as error:  # a missing package is no fault of the grader
        if not options.zero_for_faults:
            raise
        scoring = _failing(error)
    return _with_zeros(scoring, _FLAGS.get(node.type, "other_error")) if options.zero_for_faults else scoring


def _of_one(node: OpenAIGrader, options: GradingOptions) -> Scoring:
    """Build the scoring function of a grader that is not a multi grader."""
    if isinstance(node, PythonCode):
        from ._openai_python import python_code

        return python_code(node, options.seconds, options.memory_mb, options.protection)
    if isinstance(node, ScoreModel | LabelModel):
        from ._openai_model import model_scoring

        return model_scoring(node, options.models)
    if isinstance(node, EndpointGrader):
        from ._openai_endpoint import endpoint_scoring

        return endpoint_scoring(node)
    from . import _openai_text

    if isinstance(node, StringCheck):
        return _openai_text.string_check(node)
    return _openai_text.text_similarity(node)  # type: ignore[arg-type]


_FLAGS = {
    "python": "python_grader_server_error",
    "score_model": "model_grader_server_error",
    "label_model": "model_grader_server_error",
}
"""Flags for faults that have no flag of their own, by grader type."""


def _joined(node: MultiGrader, options: GradingOptions) -> Scoring:
    """Build the scoring function of a multi grader."""
    scorings = {key: grading_of(each, options) for key, each in node.graders.items()}

    def scored(scope: Scope) -> GraderScore | Awaitable[GraderScore]:
        answers: dict[str, GraderScore | Awaitable[GraderScore]] = {}
        try:
            for key, scoring in scorings.items():
                answers[key] = scoring(scope)
        except BaseException:
            for answer in answers.values():
                drop(answer)
            raise
        known = {key: answer for key, answer in answers.items() if isinstance(answer, GraderScore)}
        return _total(node, known) if len(known) == len(answers) else _awaited(node, answers)

    return scored


async def _awaited(
    node: MultiGrader, answers: Mapping[str, GraderScore | Awaitable[GraderScore]]
) -> GraderScore:
    """Compute a multi grader's score, running its graders concurrently."""
    import asyncio

    async def one(answer: GraderScore | Awaitable[GraderScore]) -> GraderScore:
        return answer if isinstance(answer, GraderScore) else await answer

    tasks = [asyncio.ensure_future(one(answer)) for answer in answers.values()]
    try:
        scores = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return _total(node, dict(zip(answers, scores, strict=True)))


def _total(node: MultiGrader, scores: Mapping[str, GraderScore]) -> GraderScore:
    """Combine the scores of a multi grader's graders into its score."""
    parts = {key: score.value for key, score in scores.items()}
    try:
        value = float(node.computed(parts))
    except (ArithmeticError, ValueError) as error:
        with_ = ", ".join(f"{key} = {value:g}" for key, value in parts.items())
        raise GradeFault(
            "other_error", f"{node.formula!r} has no value with {with_}: {error}", "value"
        ) from None
    errors: dict[str, bool | str] = {}
    tokens: dict[str, ModelTokens] = {}
    for score in scores.values():
        errors.update(score.errors)
        for model, used in score.tokens.items():
            tokens[model] = tokens[model].plus(used) if model in tokens else used
    return GraderScore(
        value,
        unread=any(score.unread for score in scores.values()),
        metrics={
            f"{key}.{name}": number
            for key, score in scores.items()
            for name, number in {"unread": float(score.unread), **score.metrics}.items()
        },
        parts=parts,
        errors=errors,
        tokens=tokens,
        reason="; ".join(f"{key}: {score.reason}" for key, score in scores.items() if score.reason) or None,
    )


def _failing(error: Exception) -> Scoring:
    """Return a scoring function that always raises an error, for a grader that cannot run here."""

    def scored(scope: Scope) -> GraderScore:
        raise error

    return scored


def _with_zeros(scoring: Scoring, flag: str) -> Scoring:
    """Wrap a scoring function so that it returns 0 with a flag instead of raising an error."""

    def scored(scope: Scope) -> GraderScore | Awaitable[GraderScore]:
        try:
            answer = scoring(scope)
        except Exception as error:
            return _zero(error, flag)
        return _zero_if_lacking(answer) if isinstance(answer, GraderScore) else later(answer)

    async def later(answer: Awaitable[GraderScore]) -> GraderScore:
        try:
            return _zero_if_lacking(await answer)
        except Exception as error:
            return _zero(error, flag)

    return scored


def _zero_if_lacking(score: GraderScore) -> GraderScore:
    """Score 0, regardless of the grader's range, when the completion lacks a value that the grader uses."""
    if score.errors and not score.parts:
        score.value = 0.0
    return score


def _zero(error: Exception, flag: str) -> GraderScore:
    """Return the score that OpenAI documents for a failed grader."""
    if isinstance(error, GradeFault):
        fault = error
    elif isinstance(error, SampleError):
        fault = GradeFault(flag, error.message)
    elif isinstance(error, ConfigurationError | NoCounterpart):
        fault = GradeFault(flag, str(error))
    else:
        fault = GradeFault(flag, f"{type(error).__name__}: {error}")
    return GraderScore(0.0, errors=fault.errors, tokens=fault.tokens, reason=fault.message)
