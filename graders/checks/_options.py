"""Validates the options of the factories in this package.

An invalid option raises a `DecorationError` that says what to write instead.
"""

from __future__ import annotations

from ..errors import DecorationError
from ._visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST = 1e300
"""Largest allowed value for an option. It keeps sums of options finite."""
LONGEST = 10_000
"""Default maximum length of a completion, in characters, for checks that use the whole completion."""


def number_option(name: str, value: object, low: float, high: float | None = None) -> float:
    """Return the option if it is a number within its bounds.

    Raises:
        DecorationError: The value is not a number or is out of bounds.
    """
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST
    if not fits or value < low or (high is not None and value > high):  # type: ignore[operator]
        bounds = f"{low:g} or more" if high is None else f"a number from {low:g} to {high:g}"
        raise DecorationError(f"{name}={value!r}: write {bounds}")
    return value  # type: ignore[return-value]


def share_option(name: str, value: object) -> float:
    """Return the option if it is a number from 0 to less than 1.

    With a relative tolerance of 1, the answer 0 would match every number.

    Raises:
        DecorationError: The value is not a number from 0 to less than 1.
    """
    share = number_option(name, value, 0)
    if share >= 1:
        raise DecorationError(
            f"{name}={value!r}: write a fraction from 0 to below 1, such as 0.05 for 5 percent"
        )
    return share


def count_option(name: str, value: object, low: int = 1, high: int | None = None, more: str = "") -> int:
    """Return the option if it is an integer within its bounds.

    Args:
        name: The option's name.
        value: The given value.
        low: The smallest valid integer.
        high: The largest valid integer. None if there is no upper bound.
        more: Alternatives to an integer, appended to the error message.

    Raises:
        DecorationError: The value is not an integer or is out of bounds.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):  # type: ignore[operator]
        bounds = f", {low} or more" if high is None else f" from {low} to {high}"
        raise DecorationError(f"{name}={value!r}: write a whole number{bounds}{more}")
    return value  # type: ignore[return-value]


def text_option(name: str, value: object) -> str:
    """Return the option if it is a string with at least one visible character.

    Raises:
        DecorationError: The value is not a string, has no visible character, or contains a lone surrogate.
    """
    if not isinstance(value, str) or not visible(value).strip():
        raise DecorationError(f"{name}={value!r}: write a string that is not blank")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise DecorationError(
            f"{name}={value!r}: it contains half of a surrogate pair: write whole characters"
        )
    return value


def flag_options(**flags: object) -> None:
    """Check that every flag is True or False.

    Raises:
        DecorationError: A flag is neither True nor False.
    """
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise DecorationError(f"{name}={value!r}: write True or False")


def function_option(name: str, value: object) -> None:
    """Check that an option is callable.

    Raises:
        DecorationError: The value is not callable.
    """
    if not callable(value):
        raise DecorationError(f"{name}={value!r}: pass a function")


def choice_option(name: str, value: object, choices: Sequence[str]) -> None:
    """Check that an option is one of the allowed strings.

    Raises:
        DecorationError: The option is not one of the choices.
    """
    if not isinstance(value, str) or value not in choices:
        raise DecorationError(f"{name}={value!r}: write one of {', '.join(map(repr, choices))}")


def names_option(name: str, value: object) -> tuple[str, ...]:
    """Return the option if it is a list of distinct names. The list may be empty.

    Raises:
        DecorationError: The value is not a list of distinct names.
    """
    if not isinstance(value, (list, tuple)):
        raise DecorationError(f"{name}={value!r}: write a list of names")
    names = tuple(text_option(name, one) for one in value)
    if len(set(names)) < len(names):
        raise DecorationError(f"{name}={value!r}: write each name once")
    return names
