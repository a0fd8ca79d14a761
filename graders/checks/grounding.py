"""Checks that the quotations and citations in an answer match the sources.

These checks do not test if the answer is right, so combine them with a check of the answer, using
`graders.combine.gated`. The sources are in a record field or in the prompt. A record without sources raises a
`RecordError`, even if the completion quotes nothing.
"""

from __future__ import annotations

from functools import lru_cache

from ..errors import RecordError
from ..extract import Missing
from ._answers import reward, take_option, text_of
from ._options import LONGEST, count_option, flag_options, text_option
from ._sources import cited, holds, parts_of, quoted, searchable, sources_of, without_citations
from ._visible import says_something, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import Any

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take

_KEPT = 256


def quotations(
    *,
    sources: str | None = None,
    min_words: int = 3,
    partial: bool = False,
    required: bool = True,
    take: Take | None = None,
    max_chars: int = LONGEST,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the answer's quotations appear word for word in the record's sources.

    A quotation is text in double quotation marks of any kind or a Markdown block quote. Code is skipped. A
    quotation counts if it has at least `min_words` words, so names and titles are ignored. Case, white space,
    dashes and the punctuation around words are ignored. `...` and `[...]` mark omissions. Each part of a
    quotation with omissions needs `min_words` words, and all parts must be in the same source in that order.
    If a quotation is not closed, the answer is unread. The metrics `quotations` and `ungrounded` count
    distinct quotations.

    It rewards any sentence copied from a source, even one that does not answer the question, and
    quotations out of context. It ignores text that is not quoted and quotations shorter than `min_words`.
    With `partial`, many true quotations outweigh a false one. If the prompt is the source, the question in it
    may be quoted too.

    Args:
        sources: The record field that contains the sources: a string, a list of strings, or an object that
            maps IDs to strings. None uses the prompt.
        min_words: The minimum number of words for a quotation to count, or of characters in scripts without
            spaces.
        partial: Whether to reward the fraction of quotations that are in a source instead of all or nothing.
        required: Whether an answer without quotations earns nothing rather than full reward.
        take: Extracts the part of a completion to check. None checks the whole completion.
        max_chars: The maximum length of an answer, in characters. Longer answers are unread.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = quotations(sources="documents")
        >>> documents = ["The warranty covers two years.", "Batteries are excluded."]
        >>> check(make_sample('It "covers two years".', documents=documents)).value
        1.0
        >>> check(make_sample('It "covers three years".', documents=documents)).value
        0.0
    """
    field = None if sources is None else text_option("sources", sources)
    flag_options(partial=partial, required=required)
    least, longest, find = (
        count_option("min_words", min_words),
        count_option("max_chars", max_chars),
        take_option(take),
    )

    def is_quoted(sample: Sample[Any]) -> Reward:
        texts = [_searchable(text) for text in _texts(sample, field)]
        answer = text_of(find(sample.completion)) if find else sample.completion
        found = answer if isinstance(answer, Missing) or len(answer) > longest else quoted(answer)
        if not isinstance(found, list) or not says_something(visible(sample.completion)):
            return reward(0.0, 1.0, {"quotations": 0.0, "ungrounded": 0.0})
        once = dict.fromkeys(tuple(parts_of(one)) for one in found)
        counted = [parts for parts in once if sum(map(_words, parts)) >= least]
        grounded = sum(_is_grounded(parts, texts, least) for parts in counted)
        metrics = {"quotations": float(len(counted)), "ungrounded": float(len(counted) - grounded)}
        if not counted:
            return reward(0.0 if required else 1.0, 0.0, metrics)
        share = grounded / len(counted)
        return reward(share if partial else float(share == 1), 0.0, metrics)

    return is_quoted


def citations(
    *,
    sources: str | None = None,
    expected: str | None = None,
    partial: bool = False,
    required: bool = True,
    take: Take | None = None,
    max_chars: int = LONGEST,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the answer cites only existing sources, or exactly the ones the record expects.

    `[1]`, `[2, 3]`, `[1-3]`, `[doc-2]` and `【1†...】` are citations. Other text in brackets is a citation if
    it is a source's ID or contains a digit, as `[2024]` does. Code is skipped. Repeated citations of a source
    count once. The metric `citations` is the number of distinct citations, and `unknown` is the number of
    those that do not match a source. With `expected`, `precision` and `recall` are reported too.

    It rewards the right IDs even if a source does not support the claim. Without `expected`, citing any one
    source earns full reward, and so does citing all of them. With `expected` and `partial`, citing all
    sources earns `2 * expected / (sources + expected)`.

    Args:
        sources: The record field that contains the sources: a list of strings (whose IDs are 1, 2, 3), a list
            of objects that may have an `id`, or an object that maps IDs to strings. None uses the IDs in
            brackets in the prompt.
        expected: The record field that lists the IDs to cite, or `reference_answer`, which may list or cite
            them. The answer must cite all of them and no others. An empty list requires an answer without
            citations.
        partial: Whether to reward the fraction of citations that match a source (or, with `expected`, the F1
            score) instead of all or nothing.
        required: Whether an answer without citations earns nothing rather than full reward. Ignored if
            `expected` is given.
        take: Extracts the part of a completion to check. None checks the whole completion.
        max_chars: The maximum length of an answer, in characters. Longer answers are unread.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = citations(sources="documents", expected="relevant")
        >>> record = {"documents": ["Two years.", "No batteries."], "relevant": [1]}
        >>> [check(make_sample(text, **record)).value for text in ("Two years [1].", "Two years [1][2].")]
        [1.0, 0.0]
    """
    field = None if sources is None else text_option("sources", sources)
    wanted = None if expected is None else text_option("expected", expected)
    flag_options(partial=partial, required=required)
    longest, find = count_option("max_chars", max_chars), take_option(take)

    def is_cited(sample: Sample[Any]) -> Reward:
        known = _known(sample, field)
        right = None if wanted is None else _expected(sample, wanted, known)
        answer = text_of(find(sample.completion)) if find else sample.completion
        if isinstance(answer, Missing) or len(answer) > longest or not _is_said(sample.completion):
            return reward(0.0, 1.0, _metrics([], known, right))
        found = cited(answer, known)
        metrics = _metrics(found, known, right)
        if right:
            share = 2 * len(right.intersection(found)) / (len(right) + len(found))
        elif found:
            share = 0.0 if right is not None else 1 - metrics["unknown"] / len(found)
        else:
            share = 1.0 if right is not None or not required else 0.0
        return reward(share if partial else float(share == 1), 0.0, metrics)

    return is_cited


_searchable = lru_cache(_KEPT)(searchable)  # the completions of a record are graded one after another


def _texts(sample: Sample[Any], field: str | None) -> list[str]:
    """Return the source texts of a record.

    Raises:
        RecordError: The record has no sources or a source is not a string.
    """
    found = sources_of(sample, field)
    for name, text in found:
        if text is None:
            raise RecordError(f"source {name!r} of the record's {field} has no text: write it under `text`")
    return [text for _, text in found if text is not None]


def _words(part: str) -> int:
    return part.count(" ") - 1


def _is_grounded(parts: Sequence[str], texts: list[str], least: int) -> bool:
    """Return True if a source contains the quotation and no part of the quotation is too short."""
    if len(parts) > 1 and any(_words(part) < least for part in parts):
        return False
    return any(holds(text, parts) for text in texts)


def _known(sample: Sample[Any], field: str | None) -> Collection[str]:
    """Return the IDs of a record's sources, in lowercase.

    Raises:
        RecordError: The record has no sources.
    """
    if field is not None:
        return {name for name, _ in sources_of(sample, field)}
    found = cited(sample.prompt, ())
    if not found:
        raise RecordError(
            "the prompt numbers no sources in brackets, such as [1]: number them, or name a field"
        )
    return set(found)


def _expected(sample: Sample[Any], field: str, known: Collection[str]) -> set[str]:
    """Return the IDs that an answer must cite.

    Raises:
        RecordError: The field is not a list of IDs or an ID does not belong to a source.
    """
    given = sample.reference_answer if field == "reference_answer" else sample.fields.get(field)
    if isinstance(given, str) and field == "reference_answer":
        given = cited(given, known) or None
    if isinstance(given, (str, int)) and not isinstance(given, bool):
        given = [given]
    if not isinstance(given, list) or not all(type(one) in (str, int) for one in given):
        raise RecordError(f"the record's {field} is not a list of IDs: list the sources to cite there")
    ids = {str(one).strip().casefold() for one in given}
    strange = sorted(ids.difference(known))
    if strange:
        raise RecordError(f"the record's {field} names {strange[0]!r}, which is not the ID of a source")
    return ids


def _is_said(text: str) -> bool:
    """Return True if a text contains letters outside its citations."""
    return any(map(str.isalpha, without_citations(text)))


def _metrics(found: list[str], known: Collection[str], right: set[str] | None) -> dict[str, float]:
    metrics = {"citations": float(len(found)), "unknown": float(sum(one not in known for one in found))}
    if right is not None:
        hits = len(right.intersection(found))
        metrics["precision"] = hits / len(found) if found else 0.0
        metrics["recall"] = hits / len(right) if right else 1.0
    return metrics
