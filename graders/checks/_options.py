"""Checks the options of the factories in this package, and reads what all of them read from a sample.

An option that cannot be meant is a `DecorationError` that says what to write instead; a record without a
reference is a `RecordError`.
"""

from __future__ import annotations

from math import isfinite

from ..errors import DecorationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from ..extract import Missing
    from ..reward import Abstain, Reward
    from ..sample import Sample

    Take: TypeAlias = Callable[[str], str | Missing | None]
    Check: TypeAlias = Callable[[Sample[Any]], float | Reward | Abstain]

LONGEST = 10_000
"""Characters of a completion that checks of a whole text read unless they are told otherwise."""


def number_option(name: str, value: object, low: float, high: float | None = None) -> float:
    """Return the option if it is a finite number within its bounds.

    Raises:
        DecorationError: It is not.
    """
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
    if not fits or value < low or (high is not None and value > high):  # type: ignore[operator]
        bounds = f"{low:g} or more" if high is None else f"a number from {low:g} to {high:g}"
        raise DecorationError(f"{name}={value!r}: write {bounds}")
    return value  # type: ignore[return-value]


def count_option(name: str, value: object, low: int = 1) -> int:
    """Return the option if it is a whole number, `low` or more.

    Raises:
        DecorationError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise DecorationError(f"{name}={value!r}: write a whole number, {low} or more")
    return value


def text_option(name: str, value: object) -> str:
    """Return the option if it is a text that is not blank.

    Raises:
        DecorationError: It is not.
    """
    if not isinstance(value, str) or not value.strip():
        raise DecorationError(f"{name}={value!r}: write a text that is not blank")
    return value


def flag_options(**flags: object) -> None:
    """Refuse flags that are neither True nor False, by name.

    Raises:
        DecorationError: One of them is something else.
    """
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise DecorationError(f"{name}={value!r}: write True or False")


def function_option(name: str, value: object) -> None:
    """Refuse what cannot be called, a factory's missing parentheses being the usual reason.

    Raises:
        DecorationError: It cannot be called.
    """
    if not callable(value):
        raise DecorationError(f"{name}={value!r}: pass a function")


def take_option(take: Take | None) -> Take:
    """Return the function that finds the answer in a text: the given one, or one that takes the text itself.

    Where it finds nothing, its answer is false.

    Raises:
        DecorationError: It cannot be called.
    """
    if take is None:
        return str.strip
    function_option("take", take)
    return take


def accepted(sample: Sample[Any], take: Take) -> list[str]:
    """The answers that count as right: the reference, or each of them when it is a list of texts.

    Args:
        sample: The sample.
        take: Finds the answer in a text; a reference that it finds nothing in counts as a whole.

    Raises:
        RecordError: There is no reference. The caller checks that no item of a list is blank.
    """
    reference = sample.reference_answer
    if isinstance(reference, list) and reference and all(isinstance(one, str) for one in reference):
        texts = reference
    else:
        texts = [sample.reference_text]
    return [take(text) or text.strip() for text in texts]
