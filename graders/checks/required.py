"""Checks for strings and patterns that a completion must or must not contain."""

from __future__ import annotations

from .._invisible import composed
from ..errors import DecorationError, RecordError
from ..extract import Missing
from ._answers import reward, take_option, text_of
from ._options import flag_options, text_option
from ._re2_patterns import paired, re2_pattern
from ._recorded import recorded
from ._spelling import spelling
from ._visible import says_something, unmarked, visible, without_emphasis
from ._whole_words import certain_words, whole_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, TypeAlias

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take

    Holds: TypeAlias = Callable[[str, str], bool]  # arguments: the text as written, and normalized

_KEPT = 256


def must_contain(
    *,
    texts: Sequence[str] = (),
    patterns: Sequence[str] = (),
    field: str | None = None,
    need: Literal["all", "any"] = "all",
    whole: bool = True,
    ignore_case: bool = True,
    partial: bool = False,
    take: Take | None = None,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the completion contains all or any of the given texts.

    Texts are compared as whole words. Runs of white space count as one space, and curly quotes count as
    straight quotes. A number must be the exact number: `$5` contains `5`, but `-5`, `5/6` and `5-6` do not.
    The metric `contained` is the fraction of the texts that the completion contains, and `reason` names the
    missing ones.

    It rewards the texts in any context, such as a list of the texts without an answer, or `no refund` if
    `refund` is required. `docs/required.md` shows both cases. Combine it with a check of the answer or a
    judge.

    Args:
        texts: Texts to require in every record's completions.
        patterns: Regular expressions, matched by RE2 in linear time. They require the `regex` extra.
        field: The record field that lists additional texts, such as `reference_answer`.
        need: Whether the completion must contain `all` of the texts or `any` of them.
        whole: Whether texts must be whole words. If True, `payment` does not contain `pay`.
        ignore_case: Whether to ignore case, including in patterns.
        partial: Whether to reward the fraction of the texts that the completion contains if all are required.
        take: Extracts the part of a completion that must contain the texts. None uses the whole completion.

    Raises:
        DecorationError: An option is invalid.
        ConfigurationError: Patterns are given but RE2 is not installed.

    Example:
        >>> check = must_contain(texts=["refund", "14 days"])
        >>> check(make_sample("You get a refund within 14 days.")).value
        1.0
        >>> check(make_sample("You get a refund.")).reason
        "it does not contain '14 days'"
    """
    flag_options(partial=partial)
    if need not in ("all", "any"):
        raise DecorationError(f"need={need!r}: write 'all' or 'any'")
    if partial and need == "any":
        raise DecorationError("partial=True: leave out need='any', where one text earns all")
    find = take_option(take)
    listed = _Listed(texts, patterns, field, whole, ignore_case, plain=False)

    def contains_what_is_asked(sample: Sample[Any]) -> Reward:
        wanted = listed.of(sample)
        text = _text(find, sample)
        said, shown = says_something(text), listed.shown(text, without_emphasis(text))
        found = [name for name, holds in wanted if said and any(holds(*each) for each in shown)]
        share = len(found) / len(wanted)
        value = share if partial else float(share == 1 or (need == "any" and share > 0))
        paid = reward(value, float(not said), {"contained": share})
        missing = [repr(name) for name, _ in wanted if name not in found]
        paid.reason = f"it does not contain {', '.join(missing)}" if value < 1 else None
        return paid

    return contains_what_is_asked


def must_not_contain(
    *,
    texts: Sequence[str] = (),
    patterns: Sequence[str] = (),
    field: str | None = None,
    whole: bool = True,
    ignore_case: bool = True,
    take: Take | None = None,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the completion contains none of the given texts.

    Texts are compared as whole words. Runs of white space count as one space, curly quotes count as straight
    quotes, and full-width letters count as plain letters. A text is found even if it contains Markdown markup
    or invisible characters. The metric `contained` is the number of forbidden texts in the completion, and
    `reason` names them.

    It rewards any other completion with a letter or a digit, on any topic, including a single word, a
    paraphrase, or a different spelling such as `gu4rantee` or `g-u-a-r-a-n-t-e-e`. Combine it with a check of
    the answer or a judge.

    Args:
        texts: Texts to forbid in every record's completions.
        patterns: Regular expressions, matched by RE2 in linear time. They require the `regex` extra.
        field: The record field that lists additional texts.
        whole: Whether only whole words count. If False, `guarantee` is found in `guaranteed`.
        ignore_case: Whether to ignore case, including in patterns.
        take: Extracts the part of a completion that must not contain the texts. None uses the whole
            completion.

    Raises:
        DecorationError: An option is invalid.
        ConfigurationError: Patterns are given but RE2 is not installed.

    Example:
        >>> check = must_not_contain(texts=["guarantee"])
        >>> check(make_sample("We will do our best.")).value
        1.0
        >>> check(make_sample("We guarantee it.")).reason
        "it contains 'guarantee'"
    """
    find = take_option(take)
    listed = _Listed(texts, patterns, field, whole, ignore_case, plain=True)

    def contains_nothing_forbidden(sample: Sample[Any]) -> Reward:
        forbidden = listed.of(sample)
        text = _text(find, sample)
        said = says_something(text)
        shown = listed.shown(text, unmarked(text))
        found = [repr(name) for name, holds in forbidden if any(holds(*each) for each in shown)]
        paid = reward(float(said and not found), float(not said), {"contained": float(len(found))})
        paid.reason = f"it contains {', '.join(found)}" if found else None
        return paid

    return contains_nothing_forbidden


class _Listed:
    """The texts and patterns that apply to every record, plus those of one record."""

    def __init__(
        self,
        texts: Sequence[str],
        patterns: Sequence[str],
        field: str | None,
        whole: bool,
        ignore_case: bool,
        *,
        plain: bool,
    ) -> None:
        flag_options(whole=whole)
        self._whole, self._ignore_case, self._forbidden = whole, ignore_case, plain
        self.spelled = spelling(ignore_case, True, False, plain)
        self._field = None if field is None else text_option("field", field)
        self._fixed = [(text, self._finder(text)) for text in _texts("texts", texts)]
        expressions = _texts("patterns", patterns)
        if expressions:
            self._fixed += _expressions(expressions, ignore_case)
        if not self._fixed and field is None:
            raise DecorationError(
                "it requires nothing: write texts=['...'], patterns, or a field of the record"
            )
        self._known: dict[
            str, list[tuple[str, Holds]]
        ] = {}  # the completions of a record are graded one after another

    def shown(self, *texts: str) -> list[tuple[str, str]]:
        """Return each distinct reading of a completion, as written and normalized."""
        return [(each, self.spelled(each)) for each in dict.fromkeys(texts)]

    def of(self, sample: Sample[Any]) -> list[tuple[str, Holds]]:
        """Return the name and search function of each text that applies to a record."""
        if self._field is None:
            return self._fixed
        found = recorded(sample, self._field)
        listed = [found] if isinstance(found, str) else found
        key = repr(listed)
        if key not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[key] = self._fixed + self._of(listed)
        return self._known[key]

    def _of(self, listed: Any) -> list[tuple[str, Holds]]:
        name = self._field
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise RecordError(f"the record's {name} is not a list of strings: list the strings there")
        if not listed and not self._fixed:
            raise RecordError(f"the record's {name} is empty: list the strings there")
        if not all(map(self.spelled, listed)):
            raise RecordError(f"the record's {name} lists a blank string")
        return [(text, self._finder(text)) for text in dict.fromkeys(listed)]

    def _finder(self, text: str) -> Holds:
        wanted = self.spelled(text)
        if not self._whole:
            return lambda text, spelled: wanted in spelled
        # A required number must be that number; a forbidden one also counts inside another number.
        find = whole_words(wanted, False).finditer if self._forbidden else certain_words(wanted, False)
        return lambda text, spelled: any(True for _ in find(spelled))


def _expressions(patterns: Sequence[str], ignore_case: bool) -> list[tuple[str, Holds]]:
    """Return each pattern with a function that searches a text for it.

    Raises:
        DecorationError: RE2 rejects a pattern or a pattern matches the empty string.
    """
    made: list[tuple[str, Holds]] = []
    for pattern in patterns:
        compiled = re2_pattern(f"patterns={pattern!r}", pattern, ignore_case)
        if compiled.search(""):
            raise DecorationError(
                f"patterns={pattern!r} matches the empty text: require at least one character"
            )
        made.append((pattern, _fits(compiled)))
    return made


def _fits(compiled: Any) -> Holds:
    return lambda text, spelled: compiled.search(paired(text)) is not None


def _texts(name: str, given: object) -> list[str]:
    """Return the distinct strings in the option, none of which may be blank.

    Raises:
        DecorationError: The option is not a list of strings or one of the strings is blank.
    """
    if not isinstance(given, (list, tuple)):
        raise DecorationError(f"{name}={given!r}: write a list of strings, such as ['refund']")
    return list(dict.fromkeys(text_option(name, one) for one in given))


def _text(find: Callable[[str], str | Missing | None] | None, sample: Sample[Any]) -> str:
    """Return the visible text that the check uses, or an empty string if there is none."""
    found = text_of(find(sample.completion)) if find else sample.completion
    return "" if isinstance(found, Missing) else composed(visible(found))
