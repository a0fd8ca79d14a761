"""Validates judges' options: labels, scores, criteria and checklist points."""

from __future__ import annotations

import re

from ..errors import DecorationError
from ..reward import RESERVED
from ._judge_verdict import Criterion, LabelScale, NumberScale, WeightedCriteria
from ._options import count_option, number_option, text_option
from ._visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from ..errors import RecordError
    from ._judge_verdict import Scale

_PAID = '{"good": 1, "poor": 0}'
_OF_CRITERIA = ("ask", "weight", "labels", "low", "high", "anchors")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_TAKEN = ("unread", "met", "steps", "reason", "label", "score")
_MOST_STEPS = 100
_MOST_POINTS = 50
_MOST_CRITERIA = 50


def labels_option(name: str, labels: object, anchored: str, anchors: object) -> LabelScale:
    """Return a scale made of the labels, with their rewards and meanings.

    Raises:
        DecorationError: The labels are invalid.
    """
    if not isinstance(labels, dict) or len(labels) < 2:
        raise DecorationError(
            f"{name}={labels!r}: write two or more labels and the reward of each, such as {_PAID}"
        )
    values = {
        _label(name, label): number_option(f"{name}[{label!r}]", pays, 0, 1) for label, pays in labels.items()
    }
    if len({*map(str.casefold, values)}) < len(values):
        raise DecorationError(f"{name}={labels!r}: write labels that differ in more than case")
    if len({*values.values()}) < 2:
        raise DecorationError(f"{name}={labels!r}: give labels different rewards, or nothing is judged")
    return LabelScale(
        {label: float(pays) for label, pays in values.items()}, _anchors(anchored, anchors, values)
    )


def _label(name: str, label: object) -> str:
    """Return the label in a form that a judge can repeat exactly."""
    text = text_option(name, label)
    if visible(text) != text or " ".join(text.split()) != text:
        raise DecorationError(
            f"{name}: {label!r}: write a label on one line, without invisible characters or outer spaces"
        )
    return text


def scores_option(prefix: str, low: object, high: object, anchored: str, anchors: object) -> NumberScale:
    """Return a scale of the integers from `low` to `high`, with their meanings.

    Raises:
        DecorationError: The numbers or their meanings are invalid.
    """
    least = count_option(f"{prefix}low", low, -1000, 1000)
    most = count_option(f"{prefix}high", high, least + 1, least + _MOST_STEPS)
    known = {str(number): number for number in range(least, most + 1)}
    if isinstance(anchors, dict):  # keys in a configuration file are strings
        anchors = {str(key) if type(key) is int else key: meaning for key, meaning in anchors.items()}
    meanings = _anchors(anchored, anchors, known)
    return NumberScale(least, most, {known[key]: meaning for key, meaning in meanings.items()})


def _anchors(name: str, anchors: object, known: Collection[str]) -> dict[str, str]:
    if anchors is None:
        return {}
    if not isinstance(anchors, dict):
        raise DecorationError(f"{name}={anchors!r}: write a table of what each one means")
    if unknown := [key for key in anchors if key not in known]:
        raise DecorationError(f"{name} has {unknown[0]!r}: write one of {', '.join(known)}")
    return {key: text_option(f"{name}[{key!r}]", meaning) for key, meaning in anchors.items()}


def criteria_option(criteria: object) -> WeightedCriteria:
    """Return the criteria and their weights.

    Raises:
        DecorationError: The criteria are invalid.
    """
    if not isinstance(criteria, dict) or not 1 <= len(criteria) <= _MOST_CRITERIA:
        raise DecorationError(
            f"criteria={criteria!r}: write 1 to {_MOST_CRITERIA} tables by name, each with `ask`, and "
            "`labels` or `low` and `high`"
        )
    made, weights = {}, {}
    for name, given in criteria.items():
        where = f"criteria[{name!r}]"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise DecorationError(
                f"{where}: name a criterion with letters, digits and underscores, 64 at most"
            )
        if name in _TAKEN or name.startswith((RESERVED, "judge_")):
            raise DecorationError(f"{where}: the name is taken: give the criterion another one")
        if not isinstance(given, dict) or "ask" not in given:
            raise DecorationError(
                f"{where}={given!r}: write a table with `ask`, and `labels` or `low` and `high`"
            )
        if unknown := [key for key in given if key not in _OF_CRITERIA]:
            raise DecorationError(f"{where} has no option {unknown[0]}; it has {', '.join(_OF_CRITERIA)}")
        if "labels" in given and ("low" in given or "high" in given):
            raise DecorationError(f"{where}: it has both labels and a scale of numbers: leave one out")
        anchors = given.get("anchors")
        scale: Scale
        if "labels" in given:
            scale = labels_option(f"{where}.labels", given["labels"], f"{where}.anchors", anchors)
        else:
            low, high = given.get("low", 1), given.get("high", 5)
            scale = scores_option(f"{where}.", low, high, f"{where}.anchors", anchors)
        made[name] = Criterion(text_option(f"{where}.ask", given["ask"]), scale)
        weights[name] = number_option(f"{where}.weight", given.get("weight", 1), 0)
    if not any(weights.values()):
        raise DecorationError("criteria: give at least one a weight above 0")
    return WeightedCriteria(made, weights)


def points_option(where: str, given: object, error: type[DecorationError | RecordError]) -> tuple[str, ...]:
    """Return the points of a checklist, which come from the option or the record.

    Raises:
        DecorationError: The option's points are invalid.
        RecordError: The record's points are invalid.
    """
    points = given if isinstance(given, (list, tuple)) else ()
    told = all(isinstance(one, str) and visible(one) for one in points)
    if not told or not 1 <= len(points) <= _MOST_POINTS or len({*points}) < len(points):
        raise error(f"{where} is not a list of 1 to {_MOST_POINTS} different points: write each as a string")
    return tuple(points)
