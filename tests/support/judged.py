"""Graders for tests of a judge's services. Each asks a plain question about a completion."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3  # noqa: F401  # importing these two takes longer than the time limits of some tests
import openai  # noqa: F401
import pytest

from graders import Abstain, Grader, Reward, Sample, grader
from graders.checks._judge_service import Question
from graders.checks._judge_services import known, service_of
from support.judge_endpoint import JudgeEndpoint, obliging

if TYPE_CHECKING:
    from graders.checks._judge_service import JudgeService

VERDICT = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "verdict": {"enum": ["good", "poor"]}},
    "required": ["reason", "verdict"],
    "additionalProperties": False,
}


def fresh(endpoint: JudgeEndpoint, monkeypatch: pytest.MonkeyPatch) -> JudgeEndpoint:
    """Send this process's judges to the endpoint, and reset the state that earlier tests left in both."""
    for name, value in endpoint.variables.items():
        monkeypatch.setenv(name, value)
    endpoint.script = obliging
    endpoint.seen.clear()
    endpoint.most_at_once = 0
    known.clear()
    return endpoint


def question(text: str, repeat: int = 0) -> Question:
    return Question("Say whether the text is good or poor.", text, VERDICT, repeat)


def judging(options: dict[str, Any] | None = None, repeats: int = 1, **declared: Any) -> Grader[Any, Any]:
    """Return a grader that gives 1 if the judge says `good`.

    Args:
        options: Options of the service.
        repeats: Number of times that each sample's question is asked.
        declared: Options of `@grader`.
    """
    service: JudgeService = service_of(**{"model": "judge", **(options or {})})

    @grader(**declared)
    async def judged(sample: Sample) -> Reward | Abstain:
        replies = [await service.ask(question(sample.completion, repeat)) for repeat in range(repeats)]
        if not all(reply.text for reply in replies):
            return Abstain(f"no verdict: {replies[0].ended}")
        good = [json.loads(reply.text)["verdict"] == "good" for reply in replies]
        return Reward(sum(good) / len(good), metrics=service.metrics(replies))

    return judged


def event(count: int) -> list[dict[str, Any]]:
    """Return an event with this many samples and the completions `text 0`, `text 1` and so on."""
    return [
        {"id": f"s{number}", "messages": [{"role": "assistant", "content": f"text {number}"}]}
        for number in range(count)
    ]
