r"""Checks of text against the reference: the same, contained, at the start, or of a given pattern.

`take` finds the answer first, in the completion and in the reference alike: `exact(take=boxed)`,
`exact(take=after_marker)`, `exact(take=lambda text: tag(text, "name"))`, with the functions of
`graders.extract`; a completion in which it finds nothing earns nothing. A reference that is a list of texts
accepts any of them. Unicode is compared in its composed form, without invisible characters, and with plain
quotes.
"""

from __future__ import annotations

import re

from ..errors import DecorationError, RecordError, SampleError
from ..extract import Missing
from ..reward import Abstain, Reward
from ..reward import number as finite
from ._answers import accepted_texts, comparing, is_unread, reward, take_option, text_of
from ._options import LONGEST, count_option, flag_options, function_option, text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..sample import Sample
    from ._answers import Check, Take

_FOREIGN = {
    **dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, 0xAD), ""),
    **dict.fromkeys((0x2018, 0x2019, 0x201B, 0x2032), "'"),
    **dict.fromkeys((0x201C, 0x201D, 0x201F, 0x2033), '"'),
}
# What may stand around an answer without changing it; signs, currencies and percents do change it.
_AROUND = " \t\r\n.,;:!?\"'`*_()[]{}"


def exact(
    *, take: Take | None = None, ignore_case: bool = False, ignore_space: bool = False
) -> Callable[[Sample[Any]], Reward]:
    """Make a check that the answer is the reference, character by character.

    Args:
        take: Finds the answer in a text; None takes all of it, without space around it.
        ignore_case: Whether capitals count as small letters.
        ignore_space: Whether every run of white space counts as one space.

    Raises:
        DecorationError: An option cannot be meant.
    """
    return _comparing(take, _spelling(ignore_case, ignore_space, False), str.__eq__)


def normalized(*, take: Take | None = None) -> Callable[[Sample[Any]], Reward]:
    """Make a check that the answer is the reference, but for case, white space and punctuation around it.

    `**New  York.**` is `new york`; `-5` is not `5`, and `3.5` is not `35`.

    Args:
        take: Finds the answer in a text; None takes all of it.

    Raises:
        DecorationError: An option cannot be meant.
    """
    return _comparing(take, _spelling(True, True, True), str.__eq__)


def contains(
    *, take: Take | None = None, ignore_case: bool = True, max_chars: int = LONGEST
) -> Callable[[Sample[Any]], Reward]:
    """Make a check that the completion contains the reference as whole words.

    It pays for a list of every conceivable answer, and for `not Paris`: for training prefer `exact` with a
    `take`.

    Args:
        take: Finds the answer in a text; None takes all of it.
        ignore_case: Whether capitals count as small letters.
        max_chars: A longer completion fails.

    Raises:
        DecorationError: An option cannot be meant.
    """
    count_option("max_chars", max_chars)
    find = take_option(take)

    def short(text: str) -> str | Missing:
        found = text_of(find(text)) if find else text.strip()
        return found if len(text) <= max_chars else Missing("it is longer than max_chars", "not exact")

    return _comparing(short, _spelling(ignore_case, True, False), _holds)


def starts_with(*, take: Take | None = None, ignore_case: bool = True) -> Callable[[Sample[Any]], Reward]:
    """Make a check that the answer starts with the reference, as whole words.

    Args:
        take: Finds the answer in a text; None takes all of it.
        ignore_case: Whether capitals count as small letters.

    Raises:
        DecorationError: An option cannot be meant.
    """
    return _comparing(take, _spelling(ignore_case, True, False), _begins)


def matches(
    pattern: str,
    *,
    take: Take | None = None,
    whole: bool = False,
    ignore_case: bool = False,
    max_chars: int = LONGEST,
) -> Callable[[Sample[Any]], Reward]:
    """Make a check that the answer fits a regular expression; the reference is not looked at.

    A pattern with nested repeats, such as `(a+)+$`, takes time exponential in the text, and a model will find
    the text. The cap on the length does not help against it; the grader's `timeout_s` interrupts it on the
    main thread, at the price of a failed sample. Write patterns without.

    Args:
        pattern: A regular expression of `re`; it must not match the empty text.
        take: Finds the answer in a text; None takes all of it, without space around it.
        whole: Whether the pattern has to fit the whole answer rather than a part.
        ignore_case: Whether capitals count as small letters.
        max_chars: A longer answer fails.

    Raises:
        DecorationError: The pattern does not compile, or matches everything, or an option cannot be meant.
    """
    text_option("pattern", pattern)
    flag_options(whole=whole, ignore_case=ignore_case)
    count_option("max_chars", max_chars)
    find = take_option(take)
    try:
        compiled = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    except re.error as error:
        raise DecorationError(f"pattern={pattern!r}: {error}") from None
    fits = compiled.fullmatch if whole else compiled.search
    if fits(""):
        raise DecorationError(f"pattern={pattern!r} matches the empty text: require at least one character")

    def matches_pattern(sample: Sample[Any]) -> Reward:
        """Whether the answer fits the pattern."""
        answer = text_of(find(sample.completion) if find else sample.completion.strip())
        if isinstance(answer, Missing):
            return reward(0.0, 1.0)
        right = len(answer) <= max_chars and fits(answer) is not None
        return reward(float(right), 0.0)

    return matches_pattern


def any_of(*checks: Check) -> Callable[[Sample[Any]], float | Reward | Abstain]:
    """Make a check that answers what the best of several answers.

    A check that cannot grade the record is passed over; so `any_of(number(), exact())` grades a data set of
    numbers and names. When one abstains, all of it abstains.

    Args:
        *checks: Scoring functions or graders, not async ones.

    Raises:
        DecorationError: There is none, or one cannot be called.
    """
    if not checks:
        raise DecorationError("any_of() has nothing to choose from: pass scoring functions")
    for check in checks:
        function_option("any_of", check)

    def best_of(sample: Sample[Any]) -> float | Reward | Abstain:
        """The best answer of the checks."""
        best: float | Reward | None = None
        refusal: RecordError | SampleError | None = None
        for check in checks:
            try:
                answer = check(sample)
            except (RecordError, SampleError) as error:
                if isinstance(error, SampleError) and error.kind != "record":
                    raise
                refusal = error
                continue
            if isinstance(answer, Abstain):
                return answer
            if best is None or _worth(answer) > _worth(best):
                best = answer
        if best is None:
            raise refusal or RecordError("no check could grade the record")
        return best

    return best_of


def _comparing(
    take: Take | None, spell: Callable[[str], str], agree: Callable[[str, str], bool]
) -> Callable[[Sample[Any]], Reward]:
    """A check that the answer agrees with an accepted reference, both spelled alike."""

    def read(text: str, strict: bool) -> str | Missing:
        return spell(text) or Missing("nothing is left of it once it is normalized")

    return comparing(read, agree, what="a text", take=take, references=accepted_texts)


def _spelling(ignore_case: bool, ignore_space: bool, ignore_around: bool) -> Callable[[str], str]:
    """A function that spells alike what counts as the same."""
    flag_options(ignore_case=ignore_case, ignore_space=ignore_space)

    def spell(text: str) -> str:
        if not text.isascii():
            from unicodedata import normalize

            text = normalize("NFC", text.translate(_FOREIGN))
        if ignore_case:
            text = text.casefold()
        if ignore_space:
            text = " ".join(text.split())
        return text.strip(_AROUND) if ignore_around else text.strip()

    return spell


def _holds(answer: str, wanted: str) -> bool:
    """Whether the answer contains the wanted text, cutting no word in two."""
    at = answer.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if not _joined(answer, at) and not _joined(answer, end):
            return True
        at = answer.find(wanted, at + 1)
    return False


def _begins(answer: str, wanted: str) -> bool:
    """Whether the answer starts with the wanted text, cutting no word in two."""
    return answer.startswith(wanted) and not _joined(answer, len(wanted))


def _joined(text: str, at: int) -> bool:
    """Whether a place lies inside a word or a number, such as `3.5`, `1,000` or `-5`."""
    before = text[at - 1 : at] if at else ""
    after = text[at : at + 1]
    if before.isalnum() and after.isalnum():
        return True
    if after.isdigit():
        return before in _IN_NUMBERS
    return after in _IN_NUMBERS and before.isdigit() and text[at + 1 : at + 2].isdigit()


_IN_NUMBERS = frozenset(".,-+\u2212")


def _worth(answer: float | Reward) -> tuple[float, bool]:
    """What an answer is worth; at equal rewards, one that was read counts more."""
    return finite(answer.value if isinstance(answer, Reward) else answer), not is_unread(answer)
