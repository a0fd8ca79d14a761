"""Runs OpenAI's model graders, in which a judge model scores or labels a completion.

A model grader inserts the completion into its prompt template, so a completion may pretend to be part of the
prompt. Only the control tokens of chat templates are made harmless. `graders.checks.judge`, in contrast,
keeps the completion separate from the question.
"""

from __future__ import annotations

import json

from .._runtime.held_questions import held_back
from ..checks._judge_question import as_asked
from ..checks._judge_service import Question
from ..checks._judge_verdict import object_schema
from ..checks._visible import says_something, visible
from ..errors import SampleError
from ..extract import Missing
from ..extract._json import exact_json
from ._openai_json import exact, number_of
from ._openai_models import JudgeModels
from ._openai_scores import GradeFault, GraderScore, ModelTokens, RecordFault, passed, unread_score
from ._openai_spec import ScoreModel

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Any

    from ..checks._judge_service import Reply
    from ._openai_scores import Scope, Scoring
    from ._openai_spec import LabelModel

SYSTEM = ("system", "developer")
_FORM = (
    "Answer with one JSON object alone. Write `steps` first: a list of objects, each with a `description` of "
    "what you look at and your `conclusion` from it. Then write `result`: {result}."
)
_BEGIN = "A conversation follows."
_END = "Give your answer now."
_MOST_REASON = 2_000


def model_scoring(
    node: ScoreModel | LabelModel, models: Mapping[str, Any] | str | os.PathLike[str] | None
) -> Scoring:
    """Build the scoring function of a `score_model` or a `label_model` grader.

    Args:
        node: The grader.
        models: The models to use in place of OpenAI's, in the form that `JudgeModels` accepts.

    Raises:
        OpenAISpecError: The table has no entry for the grader's model.
        DecorationError: The table is invalid.
        ConfigurationError: The table cannot be read, or the package of the service is not installed.
    """
    service = JudgeModels(models).service(node)
    answers: _Scores | _Labels = _Scores(node) if isinstance(node, ScoreModel) else _Labels(node)

    async def scored(scope: Scope) -> GraderScore:
        question = question_of(node, scope, answers)
        if isinstance(question, Missing):
            return unread_score(question, scope, answers.worst, {"judge_calls": 0.0})
        if _says_nothing(node, scope):
            return GraderScore(answers.worst, unread=True, metrics={"judge_calls": 0.0})
        if held_back():
            raise GradeFault("other_error", "the judge was not asked", "abstain")
        try:
            reply = await service.ask(question)
        except SampleError as error:
            raise GradeFault("model_grader_server_error", error.message, error.kind, error.origin) from None
        tokens = {node.model: ModelTokens(reply.tokens_in, reply.tokens_out, reply.tokens_cached)}
        try:
            value, metrics, reason = answers.read(reply)
        except GradeFault as fault:
            fault.tokens = tokens
            raise
        return GraderScore(
            value,
            metrics={**metrics, **service.metrics([reply])},
            tokens=tokens,
            reason=reason[:_MOST_REASON].encode("utf-8", "replace").decode(),
        )

    return scored


def question_of(
    node: ScoreModel | LabelModel, scope: Scope, answers: _Scores | _Labels
) -> Question | Missing:
    """Build the prompt that asks a judge about a completion.

    System and developer messages are joined. The other messages become alternating turns that begin and end
    with a user turn, as Converse requires.

    Args:
        node: The grader.
        scope: The values for the grader's templates.
        answers: The format of the answer.

    Returns:
        The question, or `Missing` if the completion lacks a value that the prompt uses.

    Raises:
        GradeFault: The record lacks a value that the prompt uses, or the whole prompt is blank.
    """
    system: list[str] = []
    turns: list[tuple[str, str]] = []
    unread: Missing | None = None
    for turn in node.turns:
        written = [part.written(scope, as_asked) for part in turn.parts.values()]
        unread = unread or next((text for text in written if isinstance(text, Missing)), None)
        text = "\n".join(text for text in written if isinstance(text, str))
        if not visible(text):
            continue  # Converse rejects a blank text
        if turn.role in SYSTEM:
            system.append(text)
        elif turns and turns[-1][0] == turn.role:
            turns[-1] = turn.role, f"{turns[-1][1]}\n\n{text}"
        else:
            turns.append((turn.role, text))
    if isinstance(unread, Missing):
        return unread
    if not turns and not system:
        raise RecordFault("invalid_variable_error", "the judge's prompt is blank for this record")
    if not turns:
        system, turns = [], [("user", "\n\n".join(system))]
    if turns[0][0] != "user":
        turns.insert(0, ("user", _BEGIN))
    if turns[-1][0] != "user":
        turns.append(("user", _END))
    rubric = "\n\n".join([*system, _FORM.format(result=answers.wanted)])
    return Question(rubric, turns, answers.schema, is_shared=not system or is_shared(node))


def _says_nothing(node: ScoreModel | LabelModel, scope: Scope) -> bool:
    """Return True if the completion, or every part of it that the prompt includes, is empty."""
    if not scope.tools and not says_something(visible(scope.text)):
        return True
    values = [
        value for part in node.templates.values() for value in part.values if value.namespace == "sample"
    ]
    texts = [value.written(scope) for value in values]
    return bool(texts) and not any(says_something(visible(text)) for text in texts if isinstance(text, str))


def is_shared(node: ScoreModel | LabelModel) -> bool:
    """Return True if the grader's system messages are the same for all samples and can be cached."""
    told = [part for turn in node.turns if turn.role in SYSTEM for part in turn.parts.values()]
    return not any(part.values for part in told)


class _Scores:
    """The answer format for a `score_model` grader: a number."""

    def __init__(self, node: ScoreModel) -> None:
        self._low, self._high = node.low, node.high
        self._threshold = node.pass_threshold
        self.worst = node.low
        self.wanted = f"a number from {exact(node.low)} to {exact(node.high)}"
        self.schema = _schema({"type": "number"})

    def read(self, reply: Reply) -> tuple[float, dict[str, float], str]:
        """Extract the score, metrics and reason from a reply.

        Raises:
            GradeFault: The reply is not a valid answer.
        """
        result, reason = _answer(reply)
        score = number_of(result)
        if score is None:
            raise _unread("its `result` is not a number")
        value = min(max(score, self._low), self._high)
        metrics = {"clipped": float(value != score), **passed(value, self._threshold)}
        return value, metrics, reason


class _Labels:
    """The answer format for a `label_model` grader: a label."""

    def __init__(self, node: LabelModel) -> None:
        self._labels, self._passing = node.labels, node.passing_labels
        self.worst = 0.0
        self.wanted = f"one of {json.dumps(node.labels, ensure_ascii=False)}, spelled exactly like this"
        self.schema = _schema({"type": "string", "enum": [*node.labels]})

    def read(self, reply: Reply) -> tuple[float, dict[str, float], str]:
        """Return 1 for a reply with a passing label, else 0, along with metrics and the reason.

        Raises:
            GradeFault: The reply is not a valid answer.
        """
        result, reason = _answer(reply)
        if not isinstance(result, str) or result not in self._labels:
            raise _unread("its `result` is not one of the labels")
        return float(result in self._passing), {}, f"{result}: {reason}" if reason else result


def _schema(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema for an answer. The steps come first so that the model reasons before it decides."""
    step = object_schema({"description": {"type": "string"}, "conclusion": {"type": "string"}})
    return object_schema({"steps": {"type": "array", "items": step}, "result": dict(result)})


def _answer(reply: Reply) -> tuple[Any, str]:
    """Extract the result and the reason from a reply.

    Raises:
        GradeFault: The reply does not follow the schema.
    """
    if reply.ended == "refused":
        raise GradeFault(
            "model_grader_refusal_error", "the judge, or a filter around it, refused to answer", "abstain"
        )
    if reply.ended == "cut":
        raise GradeFault(
            "model_grader_parse_error",
            "the judge's reply was cut off by its token limit: raise max_tokens in the table of models, or "
            "max_completions_tokens in the grader",
            "abstain",
        )
    if reply.ended != "whole":
        raise _unread(reply.ended)
    said = exact_json(reply.text)
    if isinstance(said, Missing):
        raise _unread(said.reason)
    if not isinstance(said, dict) or set(said) != {"steps", "result"} or not isinstance(said["steps"], list):
        raise _unread("it is not an object with exactly `steps` and `result`")
    reasons = []
    for step in said["steps"]:
        if not isinstance(step, dict) or set(step) != {"description", "conclusion"}:
            raise _unread("one of its steps is not an object with `description` and `conclusion`")
        if not all(isinstance(text, str) for text in step.values()):
            raise _unread("one of its steps holds something other than texts")
        reasons.append(f"{step['description']}: {step['conclusion']}")
    return said["result"], "; ".join(reasons)


def _unread(why: str) -> GradeFault:
    return GradeFault("model_grader_parse_error", f"the judge's reply is unread: {why}", "abstain")
