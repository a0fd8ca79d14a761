"""Defines a judge's questions and answers in a form common to all services."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol

    class JudgeService(Protocol):
        """A model that questions can be sent to."""

        async def ask(self, question: Question) -> Reply:
            """Ask a question, retrying if possible within the sample's time limit.

            Raises:
                ConfigurationError: No question can be answered until the setup is fixed, or the model stays
                    throttled.
                SampleError: This question was not answered.
            """
            ...

        def metrics(self, replies: Sequence[Reply]) -> dict[str, float]:
            """Return the cost of the replies for one sample, as metrics for its reward.

            Returns:
                The totals `judge_calls`, `judge_tokens_in`, `judge_tokens_out` and `judge_tokens_cached`,
                plus `judge_usd` if prices are known. Figures that the service does not report are omitted.
            """
            ...


class Question:
    """One question for a judge.

    Args:
        rubric: System prompt with the task, the scale and the answer format. Not sent if empty.
        sample: The part that differs between samples, with delimiters. Either the text of a single user turn
            or several turns, each with a role (`user` or `assistant`) and text. Roles alternate, and the
            first and last turns are user turns.
        schema: JSON schema of the verdict, which is an object.
        repeat: Index of this question, starting at 0, among several identical ones.
        is_shared: Whether the rubric is the same for every sample, which allows a service to cache it.
    """

    __slots__ = ("is_shared", "repeat", "rubric", "schema", "turns")

    def __init__(
        self,
        rubric: str,
        sample: str | Sequence[tuple[str, str]],
        schema: Mapping[str, Any],
        repeat: int = 0,
        is_shared: bool = True,
    ) -> None:
        self.rubric = rubric
        self.turns = (("user", sample),) if isinstance(sample, str) else tuple(sample)
        self.schema = schema
        self.repeat = repeat
        self.is_shared = is_shared

    @property
    def sample(self) -> str:
        """The text of all turns."""
        return "\n\n".join(text for _, text in self.turns)


class Reply:
    """A service's answer.

    Args:
        text: The verdict as written by the model: a JSON object as a string. Empty if there is none.
        ended: `whole`, `cut` (by the token limit), `refused` (by the model or a filter), or another reason
            why the answer is not a single whole verdict.
        tokens_in: Number of tokens in the question, or None if the service does not report it.
        tokens_out: Number of tokens in the answer, or None if the service does not report it.
        tokens_cached: Number of the question's tokens that came from the service's cache, or None if the
            service does not report it.
    """

    __slots__ = ("ended", "text", "tokens_cached", "tokens_in", "tokens_out")

    def __init__(
        self,
        text: str,
        ended: str = "whole",
        tokens_in: int | None = None,
        tokens_out: int | None = None,
        tokens_cached: int | None = 0,
    ) -> None:
        self.text = text
        self.ended = ended
        self.tokens_in = tokens_in
        self.tokens_out = tokens_out
        self.tokens_cached = tokens_cached


def one_verdict(
    calls: Sequence[tuple[object, object]], texts: Sequence[object], tool: str
) -> tuple[str, str]:
    """Find the verdict in an answer, which must contain exactly one.

    Args:
        calls: The model's tool calls: each tool's name and its arguments as a string.
        texts: Text that the model wrote in addition to tool calls.
        tool: Name of the tool that takes the verdict.

    Returns:
        The verdict as a string and `whole`, or an empty string and the reason why the answer is not a single
        whole verdict. Text next to a tool call is ignored unless it contains an object.
    """
    written = [text for text in texts if isinstance(text, str) and text.strip()]
    if not calls:
        if len(written) > 1:
            return "", f"it has {len(written)} texts"
        return (written[0] if written else ""), "whole"
    if len(calls) > 1:
        return "", f"it has {len(calls)} tool calls"
    [(name, arguments)] = calls
    if name != tool:
        return "", f"it calls a tool {quoted(name)}, which it was not given"
    if any("{" in text for text in written):
        return "", "it has a tool call and text, and either may be the verdict"
    return (arguments if isinstance(arguments, str) else ""), "whole"


def quoted(word: object) -> str:
    """Quote text from a service for a message."""
    return repr(word[:40]) if isinstance(word, str) else "none" if word is None else "no text"
