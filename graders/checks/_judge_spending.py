"""Tracks the cost of a judge's answers, with metrics for each sample and limits for each process."""

from __future__ import annotations

from ..errors import ConfigurationError, DecorationError
from ._options import count_option, number_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._judge_service import Reply

_MILLION = 1_000_000
_MOST = 10**9
"""More tokens than any question or answer contains."""


class Spending:
    """One check's spending in this process.

    Args:
        input_price: USD per million tokens of questions, or None if unknown.
        output_price: USD per million tokens of answers.
        cached_price: USD per million tokens of questions that come from the service's cache. Defaults to
            `input_price`.
        ceiling_usd: Maximum amount to spend, in USD. None for no limit.
        ceiling_tokens: Maximum total number of tokens to use in questions and answers.

    Raises:
        DecorationError: An option is invalid.
    """

    def __init__(
        self,
        input_price: float | None,
        output_price: float | None,
        cached_price: float | None,
        ceiling_usd: float | None,
        ceiling_tokens: int | None,
    ) -> None:
        given = {"input_price": input_price, "output_price": output_price, "cached_price": cached_price}
        for name, price in given.items():
            if price is not None:
                number_option(name, price, 0)
        if (input_price is None) != (output_price is None) or (
            cached_price is not None and input_price is None
        ):
            raise DecorationError("write both input_price= and output_price=, in USD per million tokens")
        if ceiling_usd is not None:
            number_option("ceiling_usd", ceiling_usd, 0)
            if input_price is None:
                raise DecorationError(
                    f"ceiling_usd={ceiling_usd!r} needs input_price= and output_price=, in USD per million "
                    "tokens: no price is built in"
                )
        if ceiling_tokens is not None:
            count_option("ceiling_tokens", ceiling_tokens)
        self._prices = input_price, output_price, input_price if cached_price is None else cached_price
        self._ceilings = ceiling_usd, ceiling_tokens
        self._usd, self._tokens, self._calls, self._given_up = 0.0, 0, 0, 0
        self._most = 0.0, 0
        self._open = 0

    @property
    def is_measured(self) -> bool:
        """Whether the cost of answers is known, or not needed because there is no limit."""
        return self._calls > 0 or self._ceilings == (None, None)

    def begin(self) -> None:
        """Count a question before it is sent. The caller must call `end` or `give_up` afterward.

        A question that is still open or was answered too late counts as much as the most expensive one so
        far.

        Raises:
            ConfigurationError: The question might exceed the remaining budget.
        """
        ceiling_usd, ceiling_tokens = self._ceilings
        usd, tokens = self._most
        lost = self._given_up
        more = lost + self._open + 1
        if (ceiling_usd is not None and self._usd + more * usd > ceiling_usd) or (
            ceiling_tokens is not None and self._tokens + more * tokens > ceiling_tokens
        ):
            given = {"ceiling_usd": ceiling_usd, "ceiling_tokens": ceiling_tokens}
            named = ", ".join(f"{name}={value:g}" for name, value in given.items() if value is not None)
            spent = "" if self._prices[0] is None else f"{self._usd + lost * usd:.6g} USD and "
            counts = {"answered": self._calls, "too late": self._given_up, "not answered yet": self._open}
            asked = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
            raise ConfigurationError(
                f"the judge has reached its ceiling in this process ({named}): the questions so far "
                f"({asked}) took {spent}{self._tokens + lost * tokens} tokens. Raise the "
                "ceiling, or grade fewer samples"
            )
        self._open += 1

    def end(self, reply: Reply) -> None:
        """Add the cost of an answered question.

        Raises:
            ConfigurationError: A limit is set but the service does not report the cost of an answer.
        """
        self._open -= 1
        self._calls += 1
        if reply.tokens_in is None or reply.tokens_out is None:
            if self._ceilings != (None, None):
                raise ConfigurationError(
                    "the judge's service reports no token counts for an answer, or impossible ones, so no "
                    "ceiling can be enforced: leave out ceiling_usd= and ceiling_tokens="
                )
            return
        usd, tokens = self.usd(reply) or 0.0, reply.tokens_in + reply.tokens_out
        self._usd, self._tokens = self._usd + usd, self._tokens + tokens
        self._most = max(self._most[0], usd), max(self._most[1], tokens)

    def give_up(self, answers: int) -> None:
        """Count a question that was abandoned or not answered.

        Args:
            answers: Number of answers that the service may charge for. Each counts as much as the most
                expensive one so far.
        """
        self._open -= 1
        self._given_up += answers

    def usd(self, reply: Reply) -> float | None:
        """Return the cost of a reply in USD, or None if unknown."""
        price_in, price_out, price_cached = self._prices
        if price_in is None or price_out is None or price_cached is None:
            return None
        if reply.tokens_in is None or reply.tokens_out is None:
            return None
        cached = reply.tokens_cached or 0
        fresh = reply.tokens_in - cached
        return (fresh * price_in + cached * price_cached + reply.tokens_out * price_out) / _MILLION

    def metrics(self, replies: Sequence[Reply]) -> dict[str, float]:
        """Return a sample's metrics. Figures that are missing from any reply are omitted."""
        found: dict[str, float | None] = {
            "judge_calls": float(len(replies)),
            "judge_tokens_in": _sum([reply.tokens_in for reply in replies]),
            "judge_tokens_out": _sum([reply.tokens_out for reply in replies]),
            "judge_tokens_cached": _sum([reply.tokens_cached for reply in replies]),
            "judge_usd": _sum([self.usd(reply) for reply in replies]),
        }
        return {name: value for name, value in found.items() if value is not None}


def usage_of(
    question: Sequence[object], answer: object, cached: object = 0
) -> tuple[int | None, int | None, int | None]:
    """Validate a service's token counts for an answer.

    If one count is impossible, all of them are unknown, because the limits need all of them.

    Args:
        question: Tokens in the question, as the parts that the service counts separately.
        answer: Tokens in the answer.
        cached: Tokens in the question that came from the service's cache.

    Returns:
        The numbers of tokens in the question, in the answer and from the cache. All are None if one is
        invalid.
    """
    counts = [count for count in (*question, answer, cached) if type(count) is int and 0 <= count < _MOST]
    if len(counts) < len(question) + 2:
        return None, None, None
    *fresh, out, from_cache = counts
    total = sum(fresh)
    return (total, out, from_cache) if from_cache <= total < _MOST else (None, None, None)


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(sum(known)) if len(known) == len(values) else None
