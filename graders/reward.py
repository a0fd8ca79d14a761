"""The results that scoring functions return and the outcomes of samples.

A scoring function returns a number, a `Reward` or an `Abstain`. `settle` converts the result to the sample's
outcome: a `Reward` with finite numbers in range, or a `Failure`. A failure is never a reward. Only `wire`
writes a failure as a number, because the contract accepts only numbers.
"""

from __future__ import annotations

from math import isfinite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import SupportsFloat, TypeAlias

    Number: TypeAlias = float | SupportsFloat
    Outcome: TypeAlias = "float | Reward | Failure"

KINDS = ("exception", "timeout", "abstain", "record", "value")
"""Kinds of failure."""

RESERVED = "grader_error"
"""Prefix of the metric names that are reserved for the library."""


class Reward:
    """A reward and the numbers that explain it.

    Args:
        value: The number to train on, within the grader's range.
        metrics: Other numbers to report.
        components: The parts of a combined reward, by name.
        reason: A one-sentence explanation for people. An in-process replay stores it, but it is never sent to
            a service or a log.
    """

    __slots__ = ("components", "metrics", "reason", "value")

    def __init__(
        self,
        value: Number,
        *,
        metrics: Mapping[str, Number] | None = None,
        components: Mapping[str, Number] | None = None,
        reason: str | None = None,
    ) -> None:
        # A caller may pass other number types. In rewards from a grader, `settle` has made them floats.
        self.value: float = value  # type: ignore[assignment]
        self.metrics: Mapping[str, float] = metrics or {}  # type: ignore[assignment]
        self.components: Mapping[str, float] = components or {}  # type: ignore[assignment]
        self.reason = reason

    def __eq__(self, other: object) -> bool:
        """Compare the values, metrics and components but not the reasons."""
        if not isinstance(other, Reward):
            return NotImplemented
        mine = (self.value, self.metrics, self.components)
        return mine == (other.value, other.metrics, other.components)

    def __hash__(self) -> int:
        """Hash the compared values. Do not change a Reward that is in a set."""
        return hash((self.value, frozenset(self.metrics.items()), frozenset(self.components.items())))

    def __float__(self) -> float:
        """Return the number to train on."""
        return float(self.value)

    def __bool__(self) -> bool:
        """Return True if the value is not 0, so that `if correct(sample):` works."""
        return bool(self.value)

    def __repr__(self) -> str:
        parts = [repr(self.value)]
        for name in ("metrics", "components", "reason"):
            if getattr(self, name):
                parts.append(f"{name}={getattr(self, name)!r}")
        return f"Reward({', '.join(parts)})"


class Abstain:
    """Returned by a scoring function that cannot give a sample an honest reward.

    For example, a judge refused to answer or the tests cannot be run.

    Args:
        reason: A one-sentence explanation for people.
    """

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __eq__(self, other: object) -> bool:
        return self.reason == other.reason if isinstance(other, Abstain) else NotImplemented

    def __hash__(self) -> int:
        return hash((Abstain, self.reason))

    def __repr__(self) -> str:
        return f"Abstain({self.reason!r})"


class Failure:
    """The outcome of a sample that did not get a reward.

    Args:
        kind: One of `KINDS`.
        message: The cause. It may quote the sample, so it is logged only if content may be logged.
        origin: Type and location of the error, such as `ValueError at my_grader.py:12`, without content.
    """

    __slots__ = ("cause", "kind", "message", "origin")

    def __init__(self, kind: str, message: str, origin: str = "") -> None:
        self.kind = kind
        self.message = message
        self.origin = origin or kind
        # Set only when a single sample is graded. An error keeps the objects in its traceback alive. In a
        # batch, these would be the objects of all samples.
        self.cause: BaseException | None = None

    @property
    def place(self) -> str:
        """File and line in the user's code where the error was raised, or an empty string if unknown."""
        return self.origin.rpartition(" at ")[2] if " at " in self.origin else ""

    def __eq__(self, other: object) -> bool:
        """Compare the kinds and messages but not the origins, which change when the user edits the file."""
        if not isinstance(other, Failure):
            return NotImplemented
        return (self.kind, self.message) == (other.kind, other.message)

    def __hash__(self) -> int:
        return hash((Failure, self.kind, self.message))

    def __repr__(self) -> str:
        return f"Failure({self.kind!r}, {self.message!r})"


def number(value: object) -> float:
    """Convert a number of any type to a float.

    Accepts int, float, bool, Decimal, Fraction, numpy scalars and zero-dimensional tensors. Rejects strings
    such as `"1"` because they usually indicate a bug in the scoring function.

    Raises:
        ValueError: The value is not a finite number.
    """
    kind = type(value)
    if kind is not float:
        if hasattr(kind, "__await__"):
            drop(value)
            raise ValueError(f"a {kind.__name__} is not a number: await it")
        if not hasattr(kind, "__float__") or getattr(value, "ndim", None):
            what = "None" if value is None else f"a {kind.__name__}"
            raise ValueError(f"{what} is not a number: return a float, a bool, a Reward or an Abstain")
        try:
            value = float(value)  # type: ignore[arg-type]
        except Exception as error:
            raise ValueError(f"this {kind.__name__} does not fit in a float: {error}") from None
    if not isfinite(value):  # type: ignore[arg-type]
        raise ValueError(f"{value} is not finite: decide what it is worth, or return Abstain(reason)")
    return value  # type: ignore[return-value]


def drop(awaitable: object) -> None:
    """Close a coroutine that will not run, and any coroutines in its arguments, to avoid a warning."""
    frame = getattr(awaitable, "cr_frame", None)
    held = [] if frame is None else [*frame.f_locals.values()]
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()
    for one in held:
        several = one.values() if isinstance(one, dict) else one if isinstance(one, (list, tuple)) else (one,)
        for each in several:
            # A coroutine that has started stays open, since another task may be awaiting it.
            if hasattr(each, "cr_frame") and not (each.cr_running or each.cr_suspended):
                drop(each)


def settle(answer: object, low: float, high: float) -> Reward | Failure:
    """Convert a scoring function's result to the sample's outcome.

    Args:
        answer: The scoring function's return value.
        low: Smallest reward allowed.
        high: Largest reward allowed.

    Returns:
        A Reward that contains only floats, or a Failure of kind `abstain` or `value`. A value outside the
        range is a failure because clipping it would make a bug look like the best possible answer.
    """
    if type(answer) is Reward:
        value = answer.value
        if type(value) is float and low <= value <= high:
            metrics, components = answer.metrics, answer.components
            if _are_plain(metrics) and (
                not components or (_are_plain(components) and components.keys().isdisjoint(metrics))
            ):
                # The dictionaries are copied, because a scoring function may reuse and refill them.
                copy = _new(Reward)
                copy.value, copy.metrics, copy.reason = value, dict(metrics), answer.reason
                copy.components = dict(components) if components else components
                return copy
    try:
        if isinstance(answer, Abstain):
            return Failure("abstain", str(answer.reason))
        if not isinstance(answer, Reward):
            answer = Reward(answer)  # type: ignore[arg-type]
        reward = number(answer.value)
        named, parts = _named(answer.metrics, "metric"), _named(answer.components, "component")
        if both := [name for name in named if name in parts]:
            raise ValueError(f"{both[0]!r} is both a metric and a component")
    except ValueError as error:
        return Failure("value", str(error))
    except Exception as error:  # the answer's own methods can raise anything
        return Failure("value", f"reading this answer raises a {type(error).__name__}")
    if not low <= reward <= high:
        return Failure(
            "value",
            f"{reward} is outside the range {low:g} to {high:g}: scale it, or declare @grader(range=...)",
        )
    return Reward(reward, metrics=named, components=parts, reason=answer.reason)


def _are_plain(numbers: object) -> bool:
    """Return True if the names are valid and the numbers are finite floats, as they usually are."""
    if type(numbers) is not dict:
        return False
    for name, value in numbers.items():
        if type(value) is not float or value - value != 0.0 or type(name) is not str:
            return False
        if not name or name.startswith(RESERVED):
            return False
    return True


_new = Reward.__new__


def _named(numbers: Mapping[str, Number], what: str) -> dict[str, float]:
    """Check names and numbers and return the numbers as floats."""
    if not numbers:
        return {}
    checked = {}
    try:
        pairs = list(numbers.items())
    except AttributeError:
        raise ValueError(
            f"the {what}s are a {type(numbers).__name__}: give a dict of name to number"
        ) from None
    for name, value in pairs:
        if not isinstance(name, str) or not name or name.startswith(RESERVED):
            raise ValueError(
                f"{name!r} cannot name a {what}: use a string that does not start with {RESERVED!r}"
            )
        try:
            checked[name] = number(value)
        except ValueError as error:
            raise ValueError(f"{what} {name!r}: {error}") from None
    return checked


__all__ = ["KINDS", "Abstain", "Failure", "Reward"]
