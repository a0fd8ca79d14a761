"""Checks of what an answer takes from its sources: its quotations and its citations.

They do not check whether the answer is right, so combine them with a check of the answer by
`graders.combine.gated`. The sources are the record's: a field of it, or the prompt. A record without sources
is a `RecordError`, whatever the completion.
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
    """Make a check that the answer's quotations appear in the record's sources, word for word.

    A quotation stands between double quotation marks of any kind, or is a Markdown block quote; code is
    passed over. It counts from `min_words` words on, so that names and titles are let alone. Case, white
    space, dashes and the punctuation around words do not count. `...` and `[...]` leave something out: each
    part needs `min_words` words then, and all have to stand in one source in that order. A quotation that is
    not closed is unread. The metrics `quotations` and `ungrounded` count them, each once.

    It pays for any sentence copied from a source, whatever was asked, and for a quotation out of its context;
    what is not quoted, or is shorter than `min_words`, is not looked at. With `partial` many true quotations
    outweigh a false one. Where the prompt is the source, its question may be quoted too.

    Args:
        sources: Field of the record that holds the source texts: a text, a list of texts, or texts by id.
            None takes the prompt.
        min_words: The fewest words of a quotation that counts; characters in scripts without spaces.
        partial: Whether to pay the share of quotations that stand in a source, instead of all or nothing.
        required: Whether an answer without a quotation earns nothing. Otherwise it earns all.
        take: Finds the part of a completion that is looked at; None takes all of it.
        max_chars: A longer answer is unread.

    Raises:
        DecorationError: An option cannot be meant.

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
        """Whether the quotations stand in the sources."""
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
    """Make a check that the answer cites only existing sources, or exactly those that the record expects.

    `[1]`, `[2, 3]`, `[1-3]`, `[doc-2]` and `【1†...】` cite. What stands in brackets cites if it is a
    source's id, or holds a digit, as `[2024]` does; code is passed over. A source is cited once however
    often. The metrics `citations` and `unknown` count; with `expected`, `precision` and `recall` compare the
    citations with it.

    It pays for ids alone and does not check whether a source supports the claim. Without `expected`, one
    citation of any source earns full reward, and so does a citation of every source. With `expected` and
    `partial` a citation of every source earns `2 * expected / (sources + expected)`.

    Args:
        sources: Field of the record that holds the sources: a list, whose texts have the ids 1, 2, 3 and
            whose objects may have an `id`; or texts by id. None takes the ids that stand in brackets in the
            prompt.
        expected: Field of the record that lists the ids to cite, or `reference_answer`, which lists or cites
            them. The answer has to cite all of them and no others; an empty list wants none.
        partial: Whether to pay the share of citations that exist, or with `expected` the F1, instead of all
            or nothing.
        required: Whether an answer that cites nothing earns nothing, and not all. `expected` decides instead
            where it is given.
        take: Finds the part of a completion that is looked at; None takes all of it.
        max_chars: A longer answer is unread.

    Raises:
        DecorationError: An option cannot be meant.

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
        """Whether the citations are those of sources."""
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


_searchable = lru_cache(_KEPT)(searchable)  # the completions of one record follow each other


def _texts(sample: Sample[Any], field: str | None) -> list[str]:
    """The source texts of a record.

    Raises:
        RecordError: There is none, or one is no text.
    """
    found = sources_of(sample, field)
    for name, text in found:
        if text is None:
            raise RecordError(f"source {name!r} of the record's {field} has no text: write it under `text`")
    return [text for _, text in found if text is not None]


def _words(part: str) -> int:
    return part.count(" ") - 1


def _is_grounded(parts: Sequence[str], texts: list[str], least: int) -> bool:
    """Whether a source holds a quotation, of which no part is too short to mean anything."""
    if len(parts) > 1 and any(_words(part) < least for part in parts):
        return False
    return any(holds(text, parts) for text in texts)


def _known(sample: Sample[Any], field: str | None) -> Collection[str]:
    """The ids of a record's sources, in lower case.

    Raises:
        RecordError: There is none.
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
    """The ids that a record wants to be cited; an empty list wants none.

    Raises:
        RecordError: They are no list of ids, or one is no source's.
    """
    given = sample.reference_answer if field == "reference_answer" else sample.fields.get(field)
    if isinstance(given, str) and field == "reference_answer":
        given = cited(given, known) or None
    if isinstance(given, (str, int)) and not isinstance(given, bool):
        given = [given]
    if not isinstance(given, list) or not all(type(one) in (str, int) for one in given):
        raise RecordError(f"the record's {field} is no list of ids: list there which sources to cite")
    ids = {str(one).strip().casefold() for one in given}
    strange = sorted(ids.difference(known))
    if strange:
        raise RecordError(f"the record's {field} names {strange[0]!r}, which is the id of no source")
    return ids


def _is_said(text: str) -> bool:
    """Whether a text says something besides its citations."""
    return any(map(str.isalpha, without_citations(text)))


def _metrics(found: list[str], known: Collection[str], right: set[str] | None) -> dict[str, float]:
    metrics = {"citations": float(len(found)), "unknown": float(sum(one not in known for one in found))}
    if right is not None:
        hits = len(right.intersection(found))
        metrics["precision"] = hits / len(found) if found else 0.0
        metrics["recall"] = hits / len(right) if right else 1.0
    return metrics
