"""Rewards for form rather than correctness: length, repetition, tags and markers, script.

Each reward is between 0 and 1. `cosine_length` and `overlong` include a check of the answer. The other
functions ignore the answer, so combine them with `graders.combine.gated`, which rewards form only to the
extent that the answer is correct.

Invisible characters (zero-width characters, direction marks, variation selectors, fillers) are never counted,
and a completion without a letter or a digit earns nothing for its form. A word is a run of characters between
white space. In Chinese, Japanese, Thai, Lao, Tibetan, Burmese and Khmer, each character is a word. In a long
run without spaces, each character except the last 40 is also a word. Lengths are not measured in the model's
tokens, because a grader cannot know them.
"""

from __future__ import annotations

import re
from itertools import islice
from math import cos, pi

from .._reasoning import names_reasoning
from ..combine import gated, penalized
from ..errors import DecorationError
from ..extract import tag as content_of
from ..extract._blocks import marked_line
from ..reward import Abstain, Reward
from ..sample import reasoning_blocks
from ._options import count_option, flag_options, function_option, names_option, number_option
from ._visible import says_something, visible, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, TypeAlias

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
    """Create a reward for short completions: 1 up to `full`, falling linearly to 0 at `zero`.

    It rewards even a single letter in full, so gate it with a check of the answer.

    Args:
        full: The maximum length that earns full reward, in `unit`.
        zero: The minimum length that earns nothing. It must be greater than `full`.
        unit: `characters` or `words`.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> reward = length(full=100, zero=200)
        >>> [reward(make_sample("x" * size)) for size in (50, 150, 250)]
        [1.0, 0.5, 0.0]
    """
    measure = _measure(unit)
    if count_option("full", full) >= count_option("zero", zero):
        raise DecorationError(f"zero={zero}: write a length above full={full}")

    def is_short(sample: Sample[Any]) -> float:
        text = visible(sample.completion)
        return 1.0 - _excess(measure(text), full, zero) if says_something(text) else 0.0

    return is_short


def overlong(
    correctness: Check, longest: int, cache: int, *, unit: Unit = "characters"
) -> Callable[[Sample[Any]], Reward | Abstain]:
    """Create DAPO's reward: the answer's correctness minus a soft penalty as the length approaches the limit.

    The reward is the correctness plus the soft overlong punishment of arXiv:2503.14476 (section 3.4). For a
    length L, with L_max = `longest` and L_cache = `cache`, the punishment is:

        0                                  L <= L_max - L_cache
        ((L_max - L_cache) - L) / L_cache  L_max - L_cache < L <= L_max
        -1                                 L_max < L

    The reward is never below 0, so a long wrong answer loses no more than a short one. The paper measures
    lengths in the model's tokens, which a grader cannot know, so both lengths are in `unit` here. The length
    of the reasoning does not count.

    It rewards a padded answer as much as a short one, up to a length of L_max - L_cache.

    Args:
        correctness: The scoring function for the answer's correctness, from 0 to 1.
        longest: The length beyond which no answer earns a reward, in `unit`.
        cache: How far below `longest` the punishment starts. At most `longest`.
        unit: `characters` or `words`.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> from graders.checks.numbers import number
        >>> check = overlong(correctness=number(), longest=100, cache=50)
        >>> check(make_sample("72", "72")).value
        1.0
    """
    function_option("correctness", correctness)
    measure = _measure(unit)
    if count_option("cache", cache) > count_option("longest", longest):
        raise DecorationError(f"cache={cache}: write a length up to longest={longest}")

    def is_right_and_not_overlong(sample: Sample[Any]) -> Reward | Abstain:
        correct = correctness(sample)
        if isinstance(correct, Abstain):
            return correct
        size = measure(visible(sample.completion))
        return penalized(correct if size else 0.0, {"overlong": _excess(size, longest - cache, longest)})

    return is_right_and_not_overlong


def cosine_length(
    correctness: Check, longest: int, *, share: float = 0.5, unit: Unit = "characters"
) -> Callable[[Sample[Any]], Reward | Abstain]:
    """Create a reward for correct answers that decreases along a cosine curve as they get longer.

    It follows the cosine reward for correct answers in arXiv:2502.03373 (section 4). Wrong answers earn
    nothing, whatever their length. The paper gives wrong answers a penalty that shrinks with length. That
    penalty is omitted, because it would reward rambling and because rewards here are never below 0.

    It rewards a right answer with no explanation most. The length of the reasoning does not count.

    Args:
        correctness: The scoring function for the answer's correctness, from 0 to 1.
        longest: The length at which a correct answer earns only `1 - share`, in `unit`.
        share: The fraction of the reward that depends on the length.
        unit: `characters` or `words`.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> from graders.checks.numbers import number
        >>> check = cosine_length(correctness=number(), longest=100)
        >>> check(make_sample("72".rjust(100), "72")).value > 0.9
        True
    """
    function_option("correctness", correctness)
    count_option("longest", longest)
    number_option("share", share, 0, 1)
    measure = _measure(unit)

    def is_right_and_short(sample: Sample[Any]) -> Reward | Abstain:
        correct = correctness(sample)
        if isinstance(correct, Abstain):
            return correct
        size = measure(visible(sample.completion))
        brevity = (1 + cos(pi * min(size / longest, 1.0))) / 2
        return gated(correct if size else 0.0, {"brevity": brevity}, share=share)

    return is_right_and_short


def repetition(n: int = 4) -> Callable[[Sample[Any]], float]:
    """Create a reward for varied wording: the fraction of word n-grams that do not repeat an earlier one.

    Only the first 20,000 words of a completion are considered. A completion of fewer than n words contains no
    n-grams and earns 1. The reward is 1 minus the repetition penalty of arXiv:2502.03373.

    It rewards even a single letter and random words in full, but sound reasoning that repeats a phrase
    less. Gate it with a check of the answer, and make it a small share of the reward.

    Args:
        n: The number of words in an n-gram.

    Raises:
        DecorationError: n is not a positive integer.

    Example:
        >>> reward = repetition(n=2)
        >>> reward(make_sample("one two one two one two"))
        0.4
    """
    count_option("n", n)

    def is_varied(sample: Sample[Any]) -> float:
        text = visible(sample.completion)
        read = list(islice(words(text.casefold()), _WORDS_READ))
        if len(read) < n:
            return float(says_something(text))
        pieces = list(zip(*(read[start:] for start in range(n)), strict=False))
        return len(set(pieces)) / len(pieces) if says_something(text) else 0.0

    return is_varied


def has_format(
    *, tags: Sequence[str] = (), markers: Sequence[str] = (), reasoning: bool = False
) -> Callable[[Sample[Any]], bool]:
    """Create a check that every tag and marker occurs exactly once, with content, and the tags are in order.

    To require a leading `<think>` part, use `reasoning` rather than `tags`, because that part is in
    `sample.reasoning` and not in `sample.completion`.

    It rewards any content in the required form, such as `<answer>x</answer>`. Gate it with a check of the
    answer.

    Args:
        tags: The names of the tags, in the required order.
        markers: Strings that must each occur exactly once and be followed by text.
        reasoning: Whether exactly one block of reasoning must precede the answer, in any form that
            `sample.reasoning` recognizes, with no reasoning tags anywhere else.

    Raises:
        DecorationError: Nothing is required or a name is invalid.

    Example:
        >>> check = has_format(tags=["answer"])
        >>> [check(make_sample(text)) for text in ("<answer>72</answer>", "72")]
        [True, False]
    """
    flag_options(reasoning=reasoning)
    if isinstance(tags, str) or isinstance(markers, str) or not (tags or markers or reasoning):
        raise DecorationError(
            "has_format() requires nothing: name tags=['answer'] or markers=['####'], or reasoning=True"
        )
    names_option("markers", markers)
    for name in names_option("tags", tags):
        try:
            content_of("", name)
        except (ValueError, TypeError) as error:
            raise DecorationError(f"tags: {error}") from None

    def is_formed(sample: Sample[Any]) -> bool:
        text, at = visible(sample.completion), 0
        if not says_something(text) or (reasoning and not _reasons_once(sample)):
            return False
        for name in tags:
            opening, closing = f"<{name}>", f"</{name}>"
            start, end = text.find(opening, at), text.find(closing, at)
            if text.count(opening) != 1 or text.count(closing) != 1 or not at <= start < end:
                return False
            if not says_something(text[start + len(opening) : end]):
                return False
            at = end + len(closing)
        return all(
            text.count(marker) == 1 and says_something(marked_line(text, marker)[0] or "")
            for marker in markers
        )

    return is_formed


def in_script(script: str, *, at_least: float = 0.9) -> Callable[[Sample[Any]], float]:
    """Create a reward for text in one script: 1 if at least the fraction `at_least` of its letters are in it.

    Below that, the reward is the fraction divided by `at_least`. If there are no letters, it is 0.

    It rewards even a single letter in full and does not distinguish languages that share a script.

    Args:
        script: One of latin, greek, cyrillic, hebrew, arabic, devanagari, thai, chinese, japanese, korean.
        at_least: The fraction of letters, above 0 and up to 1, that earns full reward. A fraction below 1
            leaves room for names and formulas.

    Raises:
        DecorationError: The script is not in the list or the fraction is out of range.

    Example:
        >>> reward = in_script(script="cyrillic")
        >>> [reward(make_sample(text)) for text in ("Да, конечно", "yes")]
        [1.0, 0.0]
    """
    if not isinstance(script, str) or script not in _SCRIPTS:
        raise DecorationError(f"script={script!r}: write one of {', '.join(_SCRIPTS)}")
    if not number_option("at_least", at_least, 0, 1):
        raise DecorationError("at_least=0: write a fraction above 0")
    own = re.compile(f"[{_SCRIPTS[script]}]+")

    def keeps_to_script(sample: Sample[Any]) -> float:
        letters = "".join(filter(str.isalpha, visible(sample.completion)))
        if not letters:
            return 0.0
        return min(1.0, sum(map(len, own.findall(letters))) / len(letters) / at_least)

    return keeps_to_script


def _measure(unit: str) -> Callable[[str], int]:
    """Return the function that measures a text in the given unit."""
    if unit == "words":
        return lambda text: sum(1 for _ in words(text))
    if unit == "characters":
        return len
    raise DecorationError(f"unit={unit!r}: write 'characters' or 'words'")


def _excess(size: int, full: int, zero: int) -> float:
    """Return where a size lies between `full` (0) and `zero` (1)."""
    return min(1.0, max(0.0, (size - full) / (zero - full)))


def _reasons_once(sample: Sample[Any]) -> bool:
    """Return True if one block of reasoning precedes the answer, with no sign of another block."""
    blocks = reasoning_blocks(sample)
    return (
        len(blocks) == 1
        and says_something(visible(blocks[0]))
        and not names_reasoning(blocks[0])
        and not names_reasoning(sample.completion)
    )
