"""What a judge is asked and what it answers, whichever service its model stands behind."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol

    class JudgeService(Protocol):
        """A model that can be asked."""

        async def ask(self, question: Question) -> Reply:
            """Ask once; whatever can be tried again is tried again within the sample's time.

            Raises:
                ConfigurationError: No question can be answered until the set-up is fixed, or the model stays
                    throttled.
                SampleError: This question got no answer.
            """
            ...

        def metrics(self, replies: Sequence[Reply]) -> dict[str, float]:
            """What the replies to one sample's questions took, for the sample's reward.

            Returns:
                `judge_calls`, `judge_tokens_in`, `judge_tokens_out` and `judge_tokens_cached`, summed, and
                `judge_usd` where prices are known. What the service does not say is left out.
            """
            ...


class Question:
    """One question for a judge.

    Args:
        rubric: What is the same for every sample: the task, the scale, how to answer. A service may cache it.
        sample: What differs: the prompt, the completion, the reference, each delimited.
        schema: The JSON schema of the verdict, an object.
        repeat: Which of several identical questions this is, from 0.
    """

    __slots__ = ("repeat", "rubric", "sample", "schema")

    def __init__(self, rubric: str, sample: str, schema: Mapping[str, Any], repeat: int = 0) -> None:
        self.rubric = rubric
        self.sample = sample
        self.schema = schema
        self.repeat = repeat


class Reply:
    """What a service answered.

    Args:
        text: The verdict as the model wrote it, the whole JSON object as text; empty where it wrote none.
        ended: How the answer ended: `whole`, `cut` (by its token limit), or `refused` (by the model or a
            filter).
        tokens_in: Tokens of the question; None where the service does not say.
        tokens_out: Tokens of the answer; None where the service does not say.
        tokens_cached: Tokens of the question that came from the service's cache.
    """

    __slots__ = ("ended", "text", "tokens_cached", "tokens_in", "tokens_out")

    def __init__(
        self,
        text: str,
        ended: str = "whole",
        tokens_in: int | None = None,
        tokens_out: int | None = None,
        tokens_cached: int = 0,
    ) -> None:
        self.text = text
        self.ended = ended
        self.tokens_in = tokens_in
        self.tokens_out = tokens_out
        self.tokens_cached = tokens_cached
