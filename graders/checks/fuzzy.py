"""A check for the spelling similarity between the answer and the reference, as computed by rapidfuzz.

Use it for names, titles and short answers that may contain typing errors. For several sentences, use
`graders.checks.similarity`. If there are several references, the most similar one counts.
"""

from __future__ import annotations

from ..errors import DecorationError
from ..extract import Missing
from ._alike import alike
from ._optional import optional
from ._spelling import spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, TypeAlias

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take

    Method: TypeAlias = Literal["ratio", "token_sort_ratio", "WRatio"]
    Process: TypeAlias = Literal["normalized", "default_process", "none"]

EXTRA = "similarity"
# rapidfuzz cannot be interrupted. WRatio slides one text along the other, which takes 0.8 s for texts of
# 5,000 and 3,000 characters, and 6 s for texts twice as long. The other two methods take 0.3 s for 100,000
# characters.
_LONGEST = 2_000
_MOST_CHARS = {"ratio": 100_000, "token_sort_ratio": 100_000, "WRatio": 5_000}


def fuzzy(
    *,
    method: Method = "ratio",
    process: Process = "normalized",
    take: Take | None = None,
    alternatives: str | None = None,
    at_least: float = 0.8,
    max_chars: int = _LONGEST,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check whose reward is the spelling similarity of the answer and the reference, from 0 to 1.

    An answer that is empty or longer than `max_chars` is unread and earns nothing. Answers are never
    truncated. The metric `similarity` is the value before `at_least` is applied.

    It rewards answers that differ from the reference in letters that matter: `Austria` for `Australia` earns
    0.88, `John Smith` for `Jane Smith` 0.8, and `It is not in Paris` almost as much as `It is in Paris`. In
    500 comparisons of unrelated GSM8K sentences, `ratio` was 0.35 on average and at most 0.49, so `at_least`
    defaults to 0.8. `WRatio` gives 0.6 or 0.9 for a part of the reference, even a single letter, and 0.86 for
    more than half of the unrelated solutions. Use it only to reproduce another system's figures.

    Args:
        method: The `rapidfuzz.fuzz` function to use: `ratio`, `token_sort_ratio` (ignores word order) or
            `WRatio` (also matches parts of the reference).
        process: The differences to ignore: `normalized` (case, white space, and outer punctuation, like
            `checks.text.normalized`), `default_process` (as in rapidfuzz, every character except letters and
            digits, so `-5` equals `5` and `C++` equals `C`) or `none` (only outer white space).
        take: Extracts the answer from a completion or a reference. None uses the whole text.
        alternatives: The record field that lists other accepted answers. The most similar one counts.
        at_least: The minimum similarity that earns a reward.
        max_chars: The maximum length of an answer, in characters, up to 100,000, or up to 5,000 with
            `WRatio`.

    Raises:
        DecorationError: An option is invalid.
        ConfigurationError: rapidfuzz is not installed.

    Example:
        >>> check = fuzzy()
        >>> round(check(make_sample("Gabriel Garcia Marques", "Gabriel Garcia Marquez")).value, 4)
        0.9545
        >>> check(make_sample("Pablo Neruda", "Gabriel Garcia Marquez")).value
        0.0
    """
    most = _MOST_CHARS.get(method) if isinstance(method, str) else None
    if most is None:
        raise DecorationError(f"method={method!r}: write one of {', '.join(_MOST_CHARS)}")
    compared = getattr(optional("rapidfuzz.fuzz", EXTRA), method)
    processes = {
        "normalized": spelling(True, True, True),
        "default_process": optional("rapidfuzz.utils", EXTRA).default_process,
        "none": str.strip,
    }
    spell = processes.get(process) if isinstance(process, str) else None
    if spell is None:
        raise DecorationError(f"process={process!r}: write one of {', '.join(processes)}")
    return alike(
        lambda text, strict: spell(text) or Missing("nothing is left to compare"),
        lambda answer, right: compared(answer, right) / 100,
        take=take,
        alternatives=alternatives,
        at_least=at_least,
        max_chars=max_chars,
        most_chars=most,
    )
