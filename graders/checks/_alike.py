"""Builds the similarity checks, whose reward is the answer's similarity to the reference."""

from __future__ import annotations

from .._invisible import composed
from ..errors import DecorationError
from ..extract import Missing
from ._answers import alternatives_option, comparing, reward
from ._options import count_option, number_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Reader, Take

    Answer = TypeVar("Answer")


def alike(
    read: Reader[Answer],
    score: Callable[[Answer, Answer], float],
    *,
    take: Take | None,
    alternatives: str | None,
    at_least: float,
    max_chars: int,
    most_chars: int,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check whose reward is the answer's similarity to the closest accepted reference.

    Args:
        read: Extracts the value to compare from a string in composed Unicode form.
        score: Returns the similarity of two such values, from 0 to 1.
        take: The check's `take` option.
        alternatives: The check's `alternatives` option.
        at_least: Minimum similarity for a reward above 0. The metric `similarity` reports lower values too.
        max_chars: Maximum length of an answer or reference, in characters. Longer ones are unread.
        most_chars: Largest `max_chars` for which comparisons are fast enough.

    Raises:
        DecorationError: An option is invalid.
    """
    number_option("at_least", at_least, 0, 1)
    if count_option("max_chars", max_chars) > most_chars:
        raise DecorationError(f"max_chars={max_chars}: write a whole number up to {most_chars}")

    def short(text: str, strict: bool) -> Answer | Missing:
        if len(text) > max_chars:
            return Missing(f"it is longer than max_chars={max_chars}", "not exact")
        return read(composed(text), strict)

    check = comparing(
        short,
        score,
        what="a string to compare with",
        take=take,
        references=alternatives_option(alternatives),
        field=alternatives,
    )

    def is_alike(sample: Sample[Any]) -> Reward:
        found = check(sample)
        similarity = found.value
        paid = similarity if similarity >= at_least else 0.0
        return reward(paid, found.metrics["unread"], {"similarity": similarity})

    return is_alike
