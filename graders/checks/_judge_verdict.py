"""Defines the verdicts that a judge can give and parses them strictly.

A verdict is a JSON object that follows a schema given to the judge. The reason comes first in the schema, so
that the model writes it before it decides. The whole reply must be that object. Prose is not searched for
verdicts, because it may quote one from the completion.
"""

from __future__ import annotations

from ..extract import Missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol, TypeAlias

    Scale: TypeAlias = "LabelScale | NumberScale"

    class VerdictForm(Protocol):
        """A question to a judge and the format of its answer."""

        schema: dict[str, Any]
        """JSON schema of an answer."""
        parts: Mapping[str, str]
        """Parts of the question that differ between records, by name. They are sent with the sample."""

        def rubric(self, turn: int, /) -> str:
            """Return the question. The order of its labels depends on `turn`."""
            ...

        def read(self, said: Any, turn: int, /) -> Judgment | Missing:
            """Return the judgment in an answer, or `Missing` if the answer does not match the schema."""
            ...


class Judgment:
    """One parsed reply from a judge.

    Args:
        value: The reward, from 0 to 1.
        reason: The judge's reason.
        components: Reward for each criterion, by name.
        choices: Chosen labels, each paired with the label that was listed first in its question.
        metrics: Additional metrics.
    """

    __slots__ = ("choices", "components", "metrics", "reason", "value")

    def __init__(
        self,
        value: float,
        reason: str,
        components: Mapping[str, float] | None = None,
        choices: Sequence[tuple[str, str]] = (),
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        self.value = value
        self.reason = reason
        self.components = components or {}
        self.choices = choices
        self.metrics = metrics or {}


class LabelScale:
    """A scale of labels from which the judge chooses one.

    Args:
        values: Reward for each label, from 0 to 1.
        anchors: Meaning of each label that has one.
    """

    __slots__ = ("anchors", "values")

    key = "label"

    def __init__(self, values: Mapping[str, float], anchors: Mapping[str, str]) -> None:
        self.values = values
        self.anchors = anchors

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of a label. Their order is fixed because services compile each new schema."""
        return {"type": "string", "enum": [*self.values]}

    def listed(self, turn: int) -> str:
        """Return the labels as shown to the judge. In each turn, the list starts with another label."""
        lines = [_entry(label, self.anchors.get(label)) for label in self._order(turn)]
        return "\n".join(["Choose one label, spelled exactly so:", *lines])

    def value(self, said: object) -> float | None:
        """Return the reward for an answer, or None if the answer is not a label."""
        return self.values.get(said) if isinstance(said, str) else None

    def choices(self, said: object, turn: int) -> tuple[tuple[str, str], ...]:
        """Return the chosen label and the label that was listed first."""
        return ((str(said), self._order(turn)[0]),)

    def _order(self, turn: int) -> list[str]:
        labels = [*self.values]
        at = turn % len(labels)
        return labels[at:] + labels[:at]


class NumberScale:
    """A scale of integers. The reward is the position between the lowest and the highest score.

    Args:
        low: The worst score.
        high: The best score.
        anchors: Meaning of each score that has one.
    """

    __slots__ = ("anchors", "high", "low")

    key = "score"

    def __init__(self, low: int, high: int, anchors: Mapping[int, str]) -> None:
        self.low = low
        self.high = high
        self.anchors = anchors

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of a score. It lists all values because some services ignore bounds in schemas."""
        return {"type": "integer", "enum": [*range(self.low, self.high + 1)]}

    def listed(self, _turn: int) -> str:
        """Return the scale as shown to the judge."""
        lines = [_entry(str(number), self.anchors[number]) for number in sorted(self.anchors)]
        between = f"Give a whole number from {self.low} (worst) to {self.high} (best)"
        return "\n".join([f"{between}:" if lines else f"{between}.", *lines])

    def value(self, said: object) -> float | None:
        """Return the reward for an answer, or None if the answer is not a number on the scale."""
        score = _whole(said)
        if score is None or not self.low <= score <= self.high:
            return None
        return (score - self.low) / (self.high - self.low)

    def choices(self, _said: object, _turn: int) -> tuple[tuple[str, str], ...]:
        """Return an empty tuple because the order of scores does not vary."""
        return ()


class Criterion:
    """One question whose answer is a label or a score.

    Args:
        ask: The question.
        scale: Labels or scores to choose from.
    """

    __slots__ = ("ask", "parts", "scale", "schema")

    def __init__(self, ask: str, scale: Scale) -> None:
        self.ask = ask
        self.scale = scale
        self.parts: Mapping[str, str] = {}
        self.schema = object_schema({"reason": {"type": "string"}, scale.key: scale.schema})

    def rubric(self, turn: int) -> str:
        return f"{self.ask}\n\n{self.scale.listed(turn)}"

    def read(self, said: Any, turn: int) -> Judgment | Missing:
        key = self.scale.key
        if fault := _fault(said, ("reason", key)):
            return Missing(fault)
        value = self.scale.value(said[key])
        if value is None:
            return Missing(f"its {key} is not on the scale")
        return Judgment(value, said["reason"], choices=self.scale.choices(said[key], turn))


class WeightedCriteria:
    """Several criteria that are answered together in one reply.

    Args:
        criteria: Criteria by name.
        weights: Weight of each criterion.
    """

    __slots__ = ("criteria", "parts", "schema", "weights")

    def __init__(self, criteria: Mapping[str, Criterion], weights: Mapping[str, float]) -> None:
        self.criteria = criteria
        self.weights = weights
        self.parts: Mapping[str, str] = {}
        self.schema = object_schema({name: each.schema for name, each in criteria.items()})

    def rubric(self, turn: int) -> str:
        intro = "Judge each of these criteria on its own. The answer has an object for each, by its name."
        pieces = [f"## {name}\n{each.rubric(turn)}" for name, each in self.criteria.items()]
        return "\n\n".join([intro, *pieces])

    def read(self, said: Any, turn: int) -> Judgment | Missing:
        """Return the judgment in an answer. If one criterion is unread, so is the whole answer."""
        if fault := _fault(said, tuple(self.criteria)):
            return Missing(fault)
        made: dict[str, Judgment] = {}
        for name, criterion in self.criteria.items():
            read = criterion.read(said[name], turn)
            if isinstance(read, Missing):
                return Missing(f"{name}: {read.reason}")
            made[name] = read
        components = {name: each.value for name, each in made.items()}
        total = sum(self.weights[name] * value for name, value in components.items())
        reason = "; ".join(f"{name}: {each.reason}" for name, each in made.items())
        choices = [choice for each in made.values() for choice in each.choices]
        return Judgment(min(1.0, total / sum(self.weights.values())), reason, components, choices)


class Checklist:
    """A checklist of points, each of which is either met or not.

    Args:
        points: The points.
        partial: Whether the reward is the fraction of points that are met. Otherwise, all points must be met.
        own: Whether the points come from the record. If so, they are sent with the sample instead of in the
            rubric.
    """

    __slots__ = ("_numbered", "partial", "parts", "points", "schema")

    def __init__(self, points: Sequence[str], partial: bool, own: bool) -> None:
        self.points = points
        self.partial = partial
        # The lines of a point are indented, so that no line looks like another point.
        inner = ("\n   ".join(point.splitlines()) for point in points)
        self._numbered = [f"{number}. {point}" for number, point in enumerate(inner, 1)]
        self.parts: Mapping[str, str] = {"points": "\n".join(self._numbered)} if own else {}
        # The schema is the same for any number of points, because a service compiles each new schema.
        point = {"point": {"type": "integer"}, "reason": {"type": "string"}, "met": {"type": "boolean"}}
        self.schema = object_schema({"points": {"type": "array", "items": object_schema(point)}})

    def rubric(self, _turn: int) -> str:
        """Return the question, including the points if they are the same for all records."""
        where = "of the part `points`" if self.parts else "below"
        intro = (
            f"Say of each point {where} whether the completion meets it. The answer's `points` has an object "
            "for each, in their order, with the number of the `point`, the `reason`, and `met`, which is "
            "true only where the point is met in full."
        )
        return intro if self.parts else "\n".join([intro, "", *self._numbered])

    def read(self, said: Any, _turn: int) -> Judgment | Missing:
        """Return the judgment in an answer, which must contain every point exactly once, in order."""
        if fault := _fault(said, ("points",)):
            return Missing(fault)
        rows = said["points"]
        if not isinstance(rows, list) or len(rows) != len(self.points):
            return Missing(f"it does not answer {len(self.points)} points")
        met, reasons = 0, []
        for number, row in enumerate(rows, 1):
            if fault := _fault(row, ("point", "reason", "met")):
                return Missing(fault)
            if _whole(row["point"]) != number or not isinstance(row["met"], bool):
                return Missing(f"it does not say of point {number} whether it is met")
            met += row["met"]
            reasons.append(f"{number}. {'met' if row['met'] else 'not met'}: {row['reason']}")
        share = met / len(rows)
        value = share if self.partial else float(met == len(rows))
        return Judgment(value, "; ".join(reasons), metrics={"met": share})


def _entry(name: str, meaning: str | None) -> str:
    return f"- {name}: {meaning}" if meaning else f"- {name}"


def object_schema(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with exactly the given properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def _fault(said: object, keys: Sequence[str]) -> str:
    """Return why a value is not an object with these keys and a string `reason`, or an empty string."""
    if not isinstance(said, dict) or set(said) != set(keys):
        return f"it is not an object of exactly {', '.join(keys)}"
    return "" if isinstance(said.get("reason", ""), str) else "its reason is not a string"


def _whole(said: object) -> int | None:
    """Return the value as an integer, even if written as `4.0`, or None if it is not one."""
    if isinstance(said, bool) or not isinstance(said, (int, float)) or said != said // 1:
        return None
    return int(said)
