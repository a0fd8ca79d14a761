"""A check that compares a completion's JSON value, or some of its fields, with the reference."""

from __future__ import annotations

import json

from ..errors import DecorationError, RecordError
from ..extract import Missing
from ..extract._json import exact_json, json_block
from ._answers import comparing, take_option, text_of
from ._field_table import compared_fields
from ._json_values import FieldShares, equal
from ._options import flag_options, number_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Literal, TypeAlias

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Find, Take
    from ._json_objects import ObjectOfFields

    FieldOptions: TypeAlias = Sequence[str] | Mapping[str, str | Mapping[str, Any]]


def json_fields(
    *,
    fields: FieldOptions | None = None,
    partial: bool = False,
    extra: Literal["ignore", "wrong"] | float = "ignore",
    coerce: bool = False,
    repair: bool = False,
    repaired_reward: float = 0.5,
    take: Take | None = None,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the completion's JSON value equals the reference's.

    `graders.extract.json_block` finds the value in a completion. The reference is a string that contains
    JSON, or an object or array in the record. `1` equals `1.0`, `true` does not equal `1`, and the order of
    an object's keys does not matter. Numbers are compared as Python ints and floats. A completion without a
    value or with a duplicate key is unread. The metrics `unread` and `repaired` are 1 or 0.

    With `fields`, the check compares only the given fields and reports how well each field matches, from 0 to
    1, as the metric `field.NAME`. `docs/json.md` describes the kinds of fields and their settings.

    It rewards the right value even after wrong reasoning. It also rewards it despite a denial whose
    wording it does not recognize, such as `{"a": 1} or I will not give an answer`. `take="tag"` makes this
    less likely. With `partial=True`, it also rewards fields that are the same in most records, because a
    model can fill them in without reading the prompt. Compare the fields that matter for the task, and give
    fields that rarely vary a small weight.

    Args:
        fields: The fields to compare: a list of names, or a table that maps each name to the kind of its
            value (`exact`, `text`, `number`, `date`, `one_of`, `list`, `set`), or to a table with `kind`,
            `weight`, `optional` and the kind's settings. A name is a path such as `customer.name`. The
            reference must have every field that is not optional. None compares the whole value, in which an
            extra field is wrong.
        partial: Whether to reward each right field according to its weight. Without `fields`, the fields of
            both objects have equal weights, and arrays are compared item by item.
        extra: The penalty for fields that are not in `fields`: `ignore` for none, `wrong` for the loss of the
            whole reward, or a number that is subtracted from the reward for each of them.
        coerce: Whether a string counts as the number or boolean that it spells, such as `"5"` as `5`.
        repair: Whether to accept common deviations from JSON, such as trailing commas. See `json_block`.
        repaired_reward: The fraction of the reward that a repaired value earns.
        take: Extracts the part of a completion that contains the value. None searches the whole completion. A
            reference that is valid JSON is used as is.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = json_fields(fields={"total": "number", "customer.name": "text"}, partial=True)
        >>> said = '{"total": 72.0, "customer": {"name": "Eve"}}'
        >>> check(make_sample(said, {"total": 72, "customer": {"name": "Ada"}})).value
        0.5
    """
    flag_options(partial=partial, coerce=coerce, repair=repair)
    number_option("repaired_reward", repaired_reward, 0, 1)
    compared = None if fields is None else compared_fields(fields, partial=partial, coerce=coerce)
    cost = _extra_option(extra)
    if compared is None and (coerce or cost):
        raise DecorationError("extra= and coerce= need fields=: name the fields")
    check = _JsonCheck(compared, partial, cost, repaired_reward if repair else None, take_option(take))
    what = "JSON" if compared is None else "JSON with the compared fields"
    return comparing(check.read, check.same, what=what, references=_reference_json, metrics=check.metrics)


class _ReadValue:
    """A parsed value and the comparison results of its fields."""

    __slots__ = ("repaired", "shares", "value")

    def __init__(self, value: Any, repaired: bool = False) -> None:
        self.value = value
        self.repaired = repaired
        self.shares = FieldShares()


class _JsonCheck:
    """Parses, compares and reports values according to the options."""

    __slots__ = ("compared", "cost", "find", "partial", "repaired_reward")

    def __init__(
        self,
        compared: ObjectOfFields | None,
        partial: bool,
        cost: float,
        repaired_reward: float | None,
        find: Find | None,
    ) -> None:
        self.compared = compared
        self.partial = partial
        self.cost = cost
        self.repaired_reward = repaired_reward
        self.find = find

    def read(self, text: str, strict: bool) -> _ReadValue | Missing:
        """Return the value in a completion, or the expected values of a reference."""
        if strict:
            return self._asked(self._reference(text))
        part = self._part_of(text)
        if isinstance(part, Missing):
            return part
        value = json_block(part)
        if not isinstance(value, Missing):
            return _ReadValue(value)
        mended = value if self.repaired_reward is None else json_block(part, repair=True)
        return value if isinstance(mended, Missing) else _ReadValue(mended, repaired=True)

    def same(self, answer: _ReadValue, right: _ReadValue) -> float:
        if self.compared is None:
            share = _share(answer.value, right.value)
        else:
            share = self.compared.compare(right.value, answer.value, answer.shares)
        if share < 1 and not self.partial:
            return 0.0
        if answer.shares.extra:
            share = max(0.0, share - self.cost * answer.shares.extra)
        return share * (self.repaired_reward or 0.0) if answer.repaired else share

    def metrics(self, answer: _ReadValue | None) -> dict[str, float]:
        """Return the metrics to report with the reward."""
        told = {"repaired": float(answer is not None and answer.repaired)}
        if self.cost:
            told["extra"] = float(answer.shares.extra) if answer else 0.0
        for name in self.compared.names if self.compared else ():
            share = answer.shares.mean(name) if answer else 0.0
            if share is not None:
                told[f"field.{name}"] = share
        return told

    def _part_of(self, text: str) -> str | Missing:
        return text_of(self.find(text)) if self.find else text

    def _reference(self, text: str) -> Any:
        """Return the value in a reference, parsing the whole reference if possible.

        `take` is tried second because strings in a JSON reference may contain boxes and tags.
        """
        value = exact_json(text)
        part = self._part_of(text) if isinstance(value, Missing) else Missing()
        return value if isinstance(part, Missing) else exact_json(part)

    def _asked(self, value: Any) -> _ReadValue | Missing:
        """Return the expected values in a reference, or `Missing` if it contains nothing to compare."""
        if isinstance(value, Missing):
            return value
        if value in ({}, ""):
            return Missing("it is empty")
        if self.compared is None:
            return _ReadValue(value)
        asked = self.compared.expect(value)
        if isinstance(asked, Missing):
            return asked
        wanted = self.compared.asks(asked)
        return _ReadValue(asked) if wanted else Missing("it has none of the fields that count")


def _extra_option(extra: object) -> float:
    """Return the penalty for each field that is not in `fields`.

    Raises:
        DecorationError: The option is invalid.
    """
    if extra == "ignore":
        return 0.0
    if extra == "wrong":
        return 1.0
    if isinstance(extra, str):
        raise DecorationError(f"extra={extra!r}: write 'ignore', 'wrong', or the cost of each such field")
    return number_option("extra", extra, 0, 1)


def _reference_json(sample: Sample[Any]) -> Sequence[str]:
    """Return the reference as a JSON string.

    Raises:
        RecordError: The record has no reference or JSON cannot represent the reference.
    """
    value = sample.reference_answer
    if not isinstance(value, (dict, list, bool)):
        return (sample.reference_text,)
    try:
        return (json.dumps(value, allow_nan=False),)
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordError(f"reference_answer cannot be written as JSON: {error}") from None


def _share(answer: Any, right: Any) -> float:
    """Return the fraction of right fields or array items. Any other value is either right or wrong."""
    if equal(answer, right):
        return 1.0
    if isinstance(answer, dict) and isinstance(right, dict):
        names = answer.keys() | right.keys()
        hits = (name in answer and name in right and equal(answer[name], right[name]) for name in names)
        return sum(hits) / len(names)
    if isinstance(answer, list) and isinstance(
        right, list
    ):  # not both are empty, because two empty lists are equal
        return sum(map(equal, answer, right)) / max(len(answer), len(right))
    return 0.0
