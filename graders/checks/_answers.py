"""Compares the answer in a completion with the record's reference.

A reader is a function `read(text, strict)` that returns an answer, or `Missing` if it cannot parse one
exactly. It parses references strictly and completions leniently. An unread reference raises `RecordError`,
because no completion could be right. An unread completion gets a reward of 0. Every reward has a metric
`unread` (1 or 0) that distinguishes wrong answers from unreadable ones.
"""

from __future__ import annotations

from ..errors import ConfigurationError, DecorationError, RecordError
from ..extract import Missing, after_marker, boxed, code_block, tag
from ..reward import Abstain, Reward
from ._options import text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, TypeAlias, TypeVar

    from ..sample import Sample

    Answer = TypeVar("Answer")
    Find: TypeAlias = Callable[[str], str | Missing | None]
    Take: TypeAlias = Find | Literal["after_marker", "boxed", "code_block", "tag"]
    Reader: TypeAlias = Callable[[str, bool], Answer | Missing]
    _Expected: TypeAlias = tuple[object, Reader[Answer], Answer, list[Answer]]
    Check: TypeAlias = Callable[[Sample[Any]], float | Reward | Abstain]

TAKES: dict[str, Find] = {"after_marker": after_marker, "boxed": boxed, "code_block": code_block, "tag": tag}
"""Functions that extract an answer, by the names used on the command line and in configuration files."""

_KEPT = 256


def comparing(
    read: Reader[Answer] | None,
    same: Callable[[Answer, Answer], float],
    *,
    what: str,
    take: Take | None = None,
    references: Callable[[Sample[Any]], Sequence[str]] | None = None,
    field: str | None = None,
    reading: Callable[[object], Reader[Answer]] | None = None,
    metrics: Callable[[Answer | None], dict[str, float]] | None = None,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that compares the completion's answer with one or more references.

    Args:
        read: Parses the answer in a string, strictly if its second argument is True. None if `reading` is
            given.
        same: Scores a completion's answer against a reference's answer, from 0 to 1.
        what: Description of a valid reference for error messages, such as `one number`.
        take: Extracts the part of a completion or reference that contains the answer. If it finds nothing in
            a reference, the whole reference is used.
        references: Returns all of a sample's accepted references. None if there is only the record's
            reference.
        field: Record field that `references` or `reading` uses in addition to `reference_answer`.
        reading: Creates a record's reader from that field.
        metrics: Returns additional metrics for a completion's answer. Receives None if the answer is unread.

    Raises:
        DecorationError: `take` is neither a function nor the name of one.
    """
    find = take_option(take)
    texts = references or reference_text
    known: dict[str, _Expected[Answer]] = {}  # a cache, because each record has several completions

    def expected(sample: Sample[Any], reference: Any, given: object) -> _Expected[Answer]:
        reader: Any = read if reading is None else reading(given)
        first, *others = [_reference(text, find, reader, what) for text in texts(sample)]
        made = (given, reader, first, others)
        if type(reference) is str:
            if len(known) >= _KEPT:
                known.clear()
            known[reference] = made
        return made

    def is_right(sample: Sample[Any]) -> Reward:
        reference = sample.reference_answer
        given = None if field is None else sample.fields.get(field)
        kept = known.get(reference) if type(reference) is str else None
        if kept is None or (field is not None and kept[0] != given):
            kept = expected(sample, reference, given)
        _, reader, right, others = kept
        if find is None:
            part: str | Missing = sample.completion
        else:
            found = find(sample.completion)
            part = found if type(found) is str and found else text_of(found)
        answer = part if isinstance(part, Missing) else reader(part, False)
        if isinstance(answer, Missing):
            return reward(0.0, 1.0, metrics and metrics(None))
        best = same(answer, right)
        for right in others:
            best = max(best, same(answer, right))
        return reward(best + 0.0, 0.0, metrics and metrics(answer))

    return is_right


def reward(value: float, unread: float, more: dict[str, float] | None = None) -> Reward:
    """Create a reward with the metric `unread`.

    Bypasses the `Reward` constructor, which would slow down the checks.

    Args:
        value: The reward.
        unread: 1.0 if the completion is unread, else 0.0.
        more: Additional metrics.
    """
    metrics = {"unread": unread}
    if more:
        metrics.update(more)
    made = _new(Reward)
    made.value, made.metrics, made.components, made.reason = value, metrics, {}, None
    return made


_new = Reward.__new__


def take_option(take: Take | None) -> Find | None:
    """Return the function that extracts the answer, or None if the whole completion is the answer.

    Raises:
        DecorationError: `take` is neither a function nor the name of one.
    """
    if take is None or callable(take):
        return take
    find = TAKES.get(take) if isinstance(take, str) else None
    if find is None:
        raise DecorationError(
            f"take={take!r}: pass a function that takes a string, or write one of {', '.join(TAKES)}"
        )
    return find


def text_of(found: object) -> str | Missing:
    """Return the string that `take` finds, or `Missing` if it finds nothing.

    Raises:
        ConfigurationError: `take` returned another type, which is the function's fault and not the sample's.
    """
    if (type(found) is str and found) or type(found) is Missing:
        return found
    if found is None or (isinstance(found, str) and not found):
        return Missing("`take` found nothing")
    if isinstance(found, str):
        return str(found)
    raise ConfigurationError(
        f"`take` returned a {type(found).__name__}: return a string, or None if there is no answer"
    )


def accepted_texts(sample: Sample[Any]) -> Sequence[str]:
    """Return the accepted answers: the reference, or its items if it is a list of strings.

    Raises:
        RecordError: The record has no reference, or the reference is neither a string nor a list of strings.
    """
    reference = sample.reference_answer
    if isinstance(reference, list) and reference and all(isinstance(one, str) for one in reference):
        return reference
    return (sample.reference_text,)


def alternatives_option(field: str | None) -> Callable[[Sample[Any]], Sequence[str]]:
    """Return a function that lists a record's accepted answers: its reference and the strings in a field.

    Raises:
        DecorationError: The field's name is invalid.
    """
    if field is None:
        return accepted_texts
    name = text_option("alternatives", field)

    def texts(sample: Sample[Any]) -> Sequence[str]:
        given = sample.fields.get(name)
        others = [given] if isinstance(given, str) else given
        if not isinstance(others, list) or not all(isinstance(one, str) for one in others):
            raise RecordError(
                f"the record's {name} is not a list of strings: list the accepted alternatives there"
            )
        return (*accepted_texts(sample), *others)

    return texts


def is_unread(answer: object) -> bool:
    """Return True if a check reported the completion as unread."""
    return isinstance(answer, Reward) and answer.metrics.get("unread") == 1


def reference_text(sample: Sample[Any]) -> Sequence[str]:
    """Return the reference as the only accepted answer.

    Raises:
        RecordError: The record has no reference, or the reference is not a string.
    """
    return (sample.reference_text,)


def _reference(
    text: str, find: Find | None, read: Callable[[str, bool], Answer | Missing], what: str
) -> Answer:
    """Parse the part of a reference that `take` finds, or the whole reference if it finds nothing."""
    part = text_of(find(text)) if find else text
    if isinstance(part, Missing) and part.kind == "none":
        part = text
    answer = part if isinstance(part, Missing) else read(part, True)
    if isinstance(answer, Missing):
        raise RecordError(
            f"the reference answer is not {what}: {answer.reason}. Correct the record, or tell the check "
            "what precedes the answer"
        )
    return answer
