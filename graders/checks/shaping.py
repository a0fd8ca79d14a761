"""Rewards for form: length, repetition, tags and markers, script. They say nothing about correctness.

Each pays from 0 to 1 and none looks at the reference, so each can be earned without answering anything:
combine them with `graders.combine.gated`, where form counts only as far as the answer is correct, or use
`cosine_length`, which has the check inside. An empty completion earns nothing from any of them.
"""

from __future__ import annotations

import re
from math import cos, pi

from ..combine import gated
from ..errors import DecorationError
from ..extract import after_marker
from ..extract import tag as content_of
from ..reward import Abstain, Reward
from ._options import count_option, function_option, number_option, text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, TypeAlias

    from ..extract import Missing
    from ..sample import Sample
    from ._answers import Check

    Unit: TypeAlias = Literal["characters", "words"]

_WORDS_READ = 20_000
_SCRIPTS = {
    "latin": r"A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff",
    "greek": r"\u0370-\u03ff\u1f00-\u1fff",
    "cyrillic": r"\u0400-\u052f",
    "hebrew": r"\u0590-\u05ff",
    "arabic": r"\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff",
    "devanagari": r"\u0900-\u097f",
    "thai": r"\u0e00-\u0e7f",
    "chinese": r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
    "japanese": r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff66-\uff9f",
    "korean": r"\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
}


def length(full: int, zero: int, *, unit: Unit = "characters") -> Callable[[Sample[Any]], float]:
    """Make a reward for not being too long: 1 up to `full`, falling in a straight line to 0 at `zero`.

    That is DAPO's soft overlong punishment (arXiv:2503.14476, section 3.4), moved from -1..0 to 0..1.

    Args:
        full: The greatest length that costs nothing, in `unit`.
        zero: The least length that earns nothing; more than `full`.
        unit: `characters` or `words`.

    Raises:
        DecorationError: An option cannot be meant.
    """
    measure = _measure(unit)
    if count_option("full", full) >= count_option("zero", zero):
        raise DecorationError(f"zero={zero}: write a length above full={full}")

    def is_short(sample: Sample[Any]) -> float:
        """How little too long the completion is."""
        size = measure(sample.completion)
        return min(1.0, max(0.0, (zero - size) / (zero - full))) if size else 0.0

    return is_short


def cosine_length(
    check: Check, longest: int, *, share: float = 0.5, unit: Unit = "characters"
) -> Callable[[Sample[Any]], Reward | Abstain]:
    """Make a reward that a short correct answer earns in full, and longer ones less of, along a cosine.

    After the cosine reward of arXiv:2502.03373 (section 4) for correct answers. Wrong answers earn nothing at
    any length: the paper's smaller penalty for long wrong answers pays for rambling, and this range ends at
    0.

    Args:
        check: The scoring function that says how correct the answer is, 0 to 1.
        longest: The length from which on a correct answer earns `1 - share`, in `unit`.
        share: The part of the reward that length decides.
        unit: `characters` or `words`.

    Raises:
        DecorationError: An option cannot be meant.
    """
    function_option("check", check)
    count_option("longest", longest)
    number_option("share", share, 0, 1)
    measure = _measure(unit)

    def is_right_and_short(sample: Sample[Any]) -> Reward | Abstain:
        """How correct the answer is, less for its length."""
        correct = check(sample)
        if isinstance(correct, Abstain):
            return correct
        size = measure(sample.completion)
        brevity = (1 + cos(pi * min(size / longest, 1.0))) / 2
        return gated(correct if size else 0.0, {"brevity": brevity}, share=share)

    return is_right_and_short


def repetition(n: int = 4) -> Callable[[Sample[Any]], float]:
    """Make a reward for not repeating oneself: the share of n-grams of words that are new, 1 when all are.

    Of a longer completion the first 20,000 words are read. Fewer than n words cannot repeat and earn 1.
    After the repetition penalty of arXiv:2502.03373, as 1 minus the penalty.

    Args:
        n: Words to a piece.

    Raises:
        DecorationError: n is no whole number above 0.
    """
    count_option("n", n)

    def is_varied(sample: Sample[Any]) -> float:
        """The share of n-grams that occur for the first time."""
        words = sample.completion.casefold().split(None, _WORDS_READ)[:_WORDS_READ]
        if len(words) < n:
            return 1.0 if words else 0.0
        pieces = list(zip(*(words[start:] for start in range(n)), strict=False))
        return len(set(pieces)) / len(pieces)

    return is_varied


def has_format(*, tags: Sequence[str] = (), markers: Sequence[str] = ()) -> Callable[[Sample[Any]], bool]:
    """Make a check that every tag and every marker is used exactly once, in order, and holds something.

    A leading `<think>` part never reaches a completion (it is `sample.reasoning`), so do not ask for it here.

    Args:
        tags: Names of tags, in the order in which they have to follow each other.
        markers: What has to stand before something, each once.

    Raises:
        DecorationError: Nothing is asked for, or a name cannot be meant.
    """
    if isinstance(tags, str) or isinstance(markers, str) or not (tags or markers):
        raise DecorationError("has_format() asks for nothing: name tags=['answer'] or markers=['####']")
    for marker in markers:
        text_option("markers", marker)
    for name in tags:
        try:
            content_of("", name)
        except (ValueError, TypeError) as error:
            raise DecorationError(f"tags: {error}") from None

    def is_formed(sample: Sample[Any]) -> bool:
        """Whether the form is kept."""
        text, at = sample.completion, 0
        for name in tags:
            opening, closing = f"<{name}>", f"</{name}>"
            start, end = text.find(opening, at), text.find(closing, at)
            if text.count(opening) != 1 or text.count(closing) != 1 or not at <= start < end:
                return False
            if not _says_something(content_of(text, name)):
                return False
            at = end + len(closing)
        return all(
            text.count(marker) == 1 and _says_something(after_marker(text, marker)) for marker in markers
        )

    return is_formed


def in_script(script: str, *, at_least: float = 0.9) -> Callable[[Sample[Any]], float]:
    """Make a reward for keeping to one script: 1 when the share `at_least` of the letters belongs to it.

    Below, the reward is the share of the letters divided by `at_least`. Without any letter it is 0.

    Args:
        script: One of latin, greek, cyrillic, hebrew, arabic, devanagari, thai, chinese, japanese, korean.
        at_least: The share of letters, above 0 and up to 1, that earns everything; names and formulas use
            the rest.

    Raises:
        DecorationError: The script is not one of these, or the share is not possible.
    """
    if script not in _SCRIPTS:
        raise DecorationError(f"script={script!r}: write one of {', '.join(_SCRIPTS)}")
    if not number_option("at_least", at_least, 0, 1):
        raise DecorationError("at_least=0: write a share above 0")
    own = re.compile(f"[{_SCRIPTS[script]}]+")

    def keeps_to_script(sample: Sample[Any]) -> float:
        """The share of letters in the script, up to the share that is asked for."""
        letters = "".join(filter(str.isalpha, sample.completion))
        if not letters:
            return 0.0
        return min(1.0, sum(map(len, own.findall(letters))) / len(letters) / at_least)

    return keeps_to_script


def _measure(unit: str) -> Callable[[str], int]:
    """A function that measures a text without the space around it."""
    if unit == "words":
        return lambda text: len(text.split())
    if unit == "characters":
        return lambda text: len(text.strip())
    raise DecorationError(f"unit={unit!r}: write 'characters' or 'words'")


def _says_something(text: str | Missing) -> bool:
    """Whether a text holds a letter or a digit."""
    return any(map(str.isalnum, text or ""))
