r"""Checks that compare an answer with the reference as text, or match it against a pattern.

The option `take` extracts the answer from the completion and the reference, for example with a function from
`graders.extract`: `exact(take=boxed)`, `exact(take=after_marker)` or `exact(take=lambda text: tag(text,
"name"))`. A completion from which `take` extracts nothing earns 0. If a reference is a list of strings, any
of them is accepted. Texts are compared in composed Unicode form, without invisible characters and with
straight quotes.
"""

from __future__ import annotations

import re

from ..errors import DecorationError, RecordError, SampleError
from ..extract import Missing, boxed
from ..extract._blocks import is_retracted
from ..extract._denials import is_denied
from ..reward import Abstain, Reward
from ..reward import number as finite
from ._answers import alternatives_option, comparing, is_unread, reward, take_option, text_of
from ._awaiting import run_steps
from ._options import LONGEST, count_option, flag_options, function_option, text_option
from ._re2_patterns import paired, re2_pattern
from ._spelling import spelling
from ._whole_words import splits_name, splits_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Any, Literal, TypeAlias

    from ..sample import Sample
    from ._answers import Take

    Engine: TypeAlias = Literal["re", "re2"]


def exact(
    *,
    take: Take | None = None,
    ignore_case: bool = False,
    ignore_space: bool = False,
    nfkc: bool = False,
    alternatives: str | None = None,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the answer equals the reference, character by character.

    It rewards only the reference's wording. A right answer in other words earns nothing.

    Args:
        take: Extracts the answer from a completion or a reference. None uses the whole text, stripped.
        ignore_case: Whether to ignore case.
        ignore_space: Whether every run of white space counts as one space.
        nfkc: Whether to convert compatibility characters to their plain forms (NFKC), such as full-width
            letters and ligatures, but also `2²` to `22`.
        alternatives: The record field that lists other accepted answers.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = exact()
        >>> [check(make_sample(text, "Paris")).value for text in ("Paris", "It is Paris.")]
        [1.0, 0.0]
    """
    return _comparing(take, spelling(ignore_case, ignore_space, False, nfkc), str.__eq__, alternatives)


def normalized(
    *, take: Take | None = None, nfkc: bool = False, alternatives: str | None = None
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the answer equals the reference, ignoring case, white space and outer punctuation.

    `**New York.**` equals `new york`, but `-5` does not equal `5`, and `3.5` does not equal `35`. Dashes
    count as hyphens, and HTML entities as the characters they encode. Trademark signs are ignored. Accents
    are not.

    It rewards only the reference's wording. A right answer in other words earns nothing.

    Args:
        take: Extracts the answer from a completion or a reference. None uses the whole text.
        nfkc: Whether to convert compatibility characters to their plain forms (NFKC), such as full-width
            letters and ligatures, but also `2²` to `22`.
        alternatives: The record field that lists other accepted answers.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = normalized()
        >>> [check(make_sample(text, "New York")).value for text in ("**new york.**", "York")]
        [1.0, 0.0]
    """
    return _comparing(take, spelling(True, True, True, nfkc), str.__eq__, alternatives)


def contains(
    *,
    take: Take | None = None,
    ignore_case: bool = True,
    max_chars: int = LONGEST,
    alternatives: str | None = None,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the completion contains the reference as whole words.

    In scripts without spaces, such as Chinese, Japanese and Thai, whole words are not required. An occurrence
    does not count if the text denies it (`not Paris`, `Paris is wrong`) or later takes it back. Hyphens join
    words: `Objective-C` does not contain `C`. However, `Paris-based` does contain `Paris`, because `Paris` is
    more than one letter.

    It rewards a list of every conceivable answer, and a denial whose wording it does not recognize. For
    training, prefer `exact` with a `take`.

    Args:
        take: Extracts the answer from a completion or a reference. None uses the whole text.
        ignore_case: Whether to ignore case.
        max_chars: The maximum length of a completion, in characters. Longer completions earn 0.
        alternatives: The record field that lists other accepted answers.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = contains()
        >>> [check(make_sample(text, "York")).value for text in ("It is York.", "Yorkshire")]
        [1.0, 0.0]
    """
    count_option("max_chars", max_chars)
    find = take_option(take)

    def short(text: str) -> str | Missing:
        found = text_of(find(text)) if find else text.strip()
        return found if len(text) <= max_chars else Missing("it is longer than max_chars", "not exact")

    return _comparing(short, spelling(ignore_case, True, False), _holds, alternatives)


def starts_with(
    *, take: Take | None = None, ignore_case: bool = True, alternatives: str | None = None
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the answer starts with the reference, as whole words.

    It rewards any text after the reference, even a retraction that it does not recognize (`York. Actually
    London.`).

    Args:
        take: Extracts the answer from a completion or a reference. None uses the whole text.
        ignore_case: Whether to ignore case.
        alternatives: The record field that lists other accepted answers.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = starts_with()
        >>> [check(make_sample(text, "York")).value for text in ("York, I think", "It is York")]
        [1.0, 0.0]
    """
    return _comparing(take, spelling(ignore_case, True, False), _begins, alternatives)


def matches(
    pattern: str,
    *,
    take: Take | None = None,
    whole: bool = False,
    ignore_case: bool = False,
    engine: Engine = "re",
    max_chars: int = LONGEST,
) -> Callable[[Sample[Any]], Reward]:
    r"""Create a check that the answer matches a regular expression.

    The reference is ignored. With Python's `re`, a pattern with nested repetition, such as `(a+)+$`, can take
    exponential time on some texts, and a model will find such a text. `max_chars` does not prevent this. The
    grader's `timeout_s` interrupts the search if it runs on the main thread, and the sample fails. Avoid such
    patterns or use `engine="re2"`, which takes linear time for every pattern. The engine depends only on this
    option, not on the installed packages, so replay and Lambda match the same texts. `docs/answers.md` lists
    the patterns that RE2 interprets differently.

    It rewards every text of that form, whatever the text says. Gate it with a check of the answer.

    Args:
        pattern: A regular expression in the engine's syntax. It must not match the empty string.
        take: Extracts the answer from a completion. None uses the whole completion, stripped.
        whole: Whether the pattern must match the whole answer rather than part of it.
        ignore_case: Whether to ignore case.
        engine: `re`, or `re2`, which needs the `regex` extra.
        max_chars: The maximum length of an answer, in characters. Longer answers earn 0.

    Raises:
        DecorationError: The engine rejects the pattern, the pattern matches the empty string, or an option is
            invalid.
        ConfigurationError: The RE2 package is not installed.

    Example:
        >>> check = matches(pattern=r"\d{4}-\d{2}-\d{2}")
        >>> [check(make_sample(text)).value for text in ("2026-11-26", "today")]
        [1.0, 0.0]
    """
    text_option("pattern", pattern)
    flag_options(whole=whole, ignore_case=ignore_case)
    count_option("max_chars", max_chars)
    find = take_option(take)
    compiled = _compiled(pattern, ignore_case, engine)
    fits = compiled.fullmatch if whole else compiled.search
    if fits(""):
        raise DecorationError(f"pattern={pattern!r} matches the empty text: require at least one character")

    def matches_pattern(sample: Sample[Any]) -> Reward:
        found = find(sample.completion) if find else sample.completion.strip()
        answer = found if type(found) is str and found else text_of(found)
        if isinstance(answer, Missing):
            return reward(0.0, 1.0)
        if len(answer) > max_chars:
            return reward(0.0, 0.0)
        if engine == "re2":
            answer = paired(answer)
        return reward(1.0 if fits(answer) else 0.0, 0.0)

    return matches_pattern


def _compiled(pattern: str, ignore_case: bool, engine: object) -> Any:
    """Compile a pattern with the given engine.

    Raises:
        DecorationError: The engine rejects the pattern or is unknown.
    """
    if engine == "re":
        try:
            return re.compile(pattern, re.IGNORECASE if ignore_case else 0)
        except (re.error, OverflowError, RecursionError) as error:
            raise DecorationError(f"pattern={pattern!r}: Python's re rejects it ({error})") from None
    if engine != "re2":
        raise DecorationError(f"engine={engine!r}: write 're' or 're2'")
    return re2_pattern(f"pattern={pattern!r}", pattern, ignore_case, "engine='re'")


def any_of(*checks: Callable[[Sample[Any]], Any]) -> Callable[[Sample[Any]], Any]:
    """Create a check whose reward is the best reward of several checks.

    Checks that cannot grade the record are skipped, so `any_of(number(), exact())` grades a data set of
    numbers and names. If one check abstains, the whole check abstains.

    It rewards a completion as much as its most lenient check does.

    Args:
        *checks: Scoring functions or graders, sync or async. If one is async, the whole check is async.

    Raises:
        DecorationError: No checks are given, or one of them is not callable.

    Example:
        >>> from graders.checks.numbers import number
        >>> check = any_of(number(), exact())
        >>> [check(make_sample(text, text)).value for text in ("72", "Rome")]
        [1.0, 1.0]
    """
    if not checks:
        raise DecorationError("any_of() has no checks: pass scoring functions")
    for check in checks:
        function_option("any_of", check)

    def best_of(sample: Sample[Any]) -> Any:
        return run_steps(_best(sample, checks))

    return best_of


def _best(sample: Sample[Any], checks: Sequence[Callable[[Sample[Any]], Any]]) -> Generator[Any, Any, Any]:
    """Return the best result of the checks. The caller awaits each yielded result and sends it back."""
    best: float | Reward | None = None
    refusal: RecordError | SampleError | None = None
    for check in checks:
        try:
            answer = yield check(sample)
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


def _comparing(
    take: Take | None,
    spell: Callable[[str], str],
    agree: Callable[[str, str], bool],
    alternatives: str | None = None,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the normalized answer matches one of the normalized references."""

    def read(text: str, strict: bool) -> str | Missing:
        if text.startswith("\\boxed{"):
            content = boxed(text)
            if isinstance(content, Missing):
                return content
            text = content if content == text[7:-1].strip() else text
        return spell(text) or Missing("nothing is left after normalization")

    texts = alternatives_option(alternatives)
    return comparing(read, agree, what="a string", take=take, references=texts, field=alternatives)


def _holds(answer: str, wanted: str) -> bool:
    """Return True if an answer contains a text as whole words without denying it or taking it back."""
    at = answer.rfind(wanted)
    while at >= 0:
        end = at + len(wanted)
        if _is_said(answer, at, end):
            return not is_retracted(wanted, answer[end:])
        at = answer.rfind(wanted, 0, end - 1)
    return False


def _begins(answer: str, wanted: str) -> bool:
    """Return True if an answer starts with a text as whole words without denying it or taking it back."""
    end = len(wanted)
    return answer.startswith(wanted) and _is_said(answer, 0, end) and not is_retracted(wanted, answer[end:])


def _is_said(text: str, start: int, end: int) -> bool:
    """Return True if an occurrence consists of whole words and is not denied by the text around it."""
    if _joined(text, start) or _joined(text, end) or _is_compound(text, start, end):
        return False
    return not is_denied(text, start, end)


# Thai, Lao, Tibetan, Burmese, Khmer, kana and Han have no spaces between words. Korean attaches particles.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)


def _joined(text: str, at: int) -> bool:
    """Return True if a position is inside a word or a number: `3.5`, `1,000`, `-5`, `2^72`, `C#`, `R&D`."""
    before = text[at - 1 : at] if at else ""
    after = text[at : at + 1]
    if not before or not after:
        return False
    if not after.isascii() and _is_mark(after):
        return True
    if after.isalnum() and (before.isalnum() or (not before.isascii() and _is_mark(before))):
        return not (_UNSPACED.match(before) or _UNSPACED.match(after))
    return splits_number(text, at) or splits_name(text, at)


def _is_compound(text: str, start: int, end: int) -> bool:
    """Return True if a hyphen joins the occurrence to a word before it, or one letter to a word after it."""
    before, lone = text[start - 2 : start] if start > 1 else "", end - start == 1 and text[start].isalpha()
    if before[-1:] == "-" and before[0].isalnum() and not _UNSPACED.match(before):
        return not _UNSPACED.match(text, start)
    return lone and text[end : end + 1] == "-" and text[end + 1 : end + 2].isalnum()


def _is_mark(sign: str) -> bool:
    """Return True for a character that combines with the one before it, such as an accent."""
    from unicodedata import category

    return category(sign)[0] == "M"


def _worth(answer: float | Reward) -> tuple[float, bool]:
    """Return the sort key for a result: the reward, then True if the check could parse an answer."""
    return finite(answer.value if isinstance(answer, Reward) else answer), not is_unread(answer)
