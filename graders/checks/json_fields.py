"""Checks of JSON: the completion's value against the reference's, all of it or named fields."""

from __future__ import annotations

import json

from ..errors import DecorationError, RecordError
from ..extract import Missing
from ..extract._json import exact_json, json_block
from ._answers import comparing, take_option, text_of
from ._options import flag_options, number_option, text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take

    Read: TypeAlias = tuple[Any, bool]  # a value, and whether it was repaired


def json_fields(
    *,
    fields: Sequence[str] | None = None,
    partial: bool = False,
    repair: bool = False,
    repaired_reward: float = 0.5,
    take: Take | None = None,
) -> Callable[[Sample[Any]], Reward]:
    """Make a check that the completion's JSON value equals the reference's.

    `graders.extract.json_block` finds the value in a completion. The reference is JSON as a whole: a text, or
    an object or array that the record holds as such. `1` equals `1.0`, `true` does not equal `1`, and the
    order of an object's keys does not count. Numbers are Python's ints and floats. A completion without a
    value, or with a key that stands twice, is unread. The metrics `unread` and `repaired` are 1 or 0.

    It pays for values alone, so the working may be wrong. With `partial=True` it also pays for fields that
    are the same in most records, which takes no reading of the prompt: name the fields of the task.

    Args:
        fields: The fields of the outermost object that are compared, and no others; the reference needs each
            of them. None compares all of the value, and a field too many is wrong.
        partial: Whether to pay the share of right fields. Without `fields`, the fields of both objects count;
            arrays are compared place by place.
        repair: Whether to read what models write for JSON, such as trailing commas; see `json_block`.
        repaired_reward: What a repaired value earns of the reward that it would earn without a repair.
        take: Finds the part of a completion that holds the value; None searches all of it. A reference that
            is JSON counts as a whole.

    Raises:
        DecorationError: An option cannot be meant.

    Example:
        >>> check = json_fields(fields=["total"])
        >>> check(make_sample('It is {"total": 72}', '{"total": 72}')).value
        1.0
    """
    names = _names(fields)
    flag_options(partial=partial, repair=repair)
    number_option("repaired_reward", repaired_reward, 0, 1)
    find = take_option(take)

    def part_of(text: str) -> str | Missing:
        return text_of(find(text)) if find else text

    def reference(text: str) -> Any:
        """The value of a reference: JSON is not searched, since its texts may hold boxes and tags."""
        value = exact_json(text)
        part = part_of(text) if isinstance(value, Missing) else Missing()
        return value if isinstance(part, Missing) else exact_json(part)

    def read(text: str, strict: bool) -> Read | Missing:
        if strict:
            return _comparable(reference(text), names)
        part = part_of(text)
        if isinstance(part, Missing):
            return part
        value = json_block(part)
        if not isinstance(value, Missing):
            return value, False
        mended = json_block(part, repair=True) if repair else value
        return value if isinstance(mended, Missing) else (mended, True)

    def same(answer: Read, right: Read) -> float:
        share = _share(answer[0], right[0], names)
        if share < 1 and not partial:
            return 0.0
        return share * repaired_reward if answer[1] else share

    def metrics(answer: Read | None) -> dict[str, float]:
        return {"repaired": float(answer is not None and answer[1])}

    what = "JSON" if names is None else "JSON with the fields that are compared"
    return comparing(read, same, what=what, references=_reference_json, metrics=metrics)


def _names(fields: Sequence[str] | None) -> tuple[str, ...] | None:
    """The fields that are compared; None for all.

    Raises:
        DecorationError: They are no list of different names.
    """
    if fields is None:
        return None
    if not isinstance(fields, (list, tuple)) or not fields:
        raise DecorationError(f"fields={fields!r}: write a list of names, such as ['total']")
    names = tuple(text_option("fields", name) for name in fields)
    if len(set(names)) < len(names):
        raise DecorationError(f"fields={fields!r}: write each name once")
    return names


def _reference_json(sample: Sample[Any]) -> Sequence[str]:
    """The reference as text, an object or an array too.

    Raises:
        RecordError: There is none, or it holds what JSON cannot.
    """
    value = sample.reference_answer
    if not isinstance(value, (dict, list, bool)):
        return (sample.reference_text,)
    try:
        return (json.dumps(value, allow_nan=False),)
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordError(f"reference_answer cannot be written as JSON: {error}") from None


def _comparable(value: Any, names: Sequence[str] | None) -> Read | Missing:
    """The value of a reference, unless it holds nothing to compare."""
    if isinstance(value, Missing):
        return value
    if value in ({}, ""):
        return Missing("it is empty")
    if names is not None and not isinstance(value, dict):
        return Missing("it is no object")
    lacking = next((name for name in names or () if name not in value), None)
    return (value, False) if lacking is None else Missing(f"it has no field {lacking!r}")


def _share(answer: Any, right: Any, names: Sequence[str] | None) -> float:
    """The share of fields, or of places of an array, that are right; other values are right or not."""
    if names is None and _equal(answer, right):
        return 1.0
    if isinstance(answer, dict) and isinstance(right, dict):
        counted = names if names is not None else answer.keys() | right.keys()
        hits = (name in answer and name in right and _equal(answer[name], right[name]) for name in counted)
        return sum(hits) / len(counted)
    if isinstance(answer, list) and isinstance(right, list):  # not both are empty: these are equal
        return sum(map(_equal, answer, right)) / max(len(answer), len(right))
    return 0.0


def _equal(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same; not by recursion, since a completion may nest them deeply."""
    pairs = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pairs += ((value, other[name]) for name, value in one.items())
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pairs += zip(one, other, strict=True)
        elif isinstance(one, bool) is not isinstance(other, bool) or one != other:
            return False
    return True
