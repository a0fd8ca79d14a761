"""Checks the options of the factories in this package.

An option that cannot be meant is a `DecorationError` that says what to write instead.
"""

from __future__ import annotations

from ..errors import DecorationError
from ._visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST = 1e300
"""What an option may be: products and sums of these stay numbers."""
LONGEST = 10_000
"""Default limit, in characters, of a completion that checks of a whole text read."""


def number_option(name: str, value: object, low: float, high: float | None = None) -> float:
    """Return the option if it is a number within its bounds, and none so large that sums are infinite.

    Raises:
        DecorationError: It is not.
    """
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST
    if not fits or value < low or (high is not None and value > high):  # type: ignore[operator]
        bounds = f"{low:g} or more" if high is None else f"a number from {low:g} to {high:g}"
        raise DecorationError(f"{name}={value!r}: write {bounds}")
    return value  # type: ignore[return-value]


def share_option(name: str, value: object) -> float:
    """Return the option if it is a share of something, below all of it.

    A tolerance of all of a number or more would accept 0 for it.

    Raises:
        DecorationError: It is not.
    """
    share = number_option(name, value, 0)
    if share >= 1:
        raise DecorationError(
            f"{name}={value!r}: write a share from 0 to below 1, such as 0.05 for 5 percent"
        )
    return share


def count_option(name: str, value: object, low: int = 1, high: int | None = None, more: str = "") -> int:
    """Return the option if it is a whole number within its bounds.

    Args:
        name: The option's name.
        value: What was given.
        low: The smallest that can be meant.
        high: The largest; None for no bound.
        more: What the message says may be written beside such a number.

    Raises:
        DecorationError: It is not.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):  # type: ignore[operator]
        bounds = f", {low} or more" if high is None else f" from {low} to {high}"
        raise DecorationError(f"{name}={value!r}: write a whole number{bounds}{more}")
    return value  # type: ignore[return-value]


def text_option(name: str, value: object) -> str:
    """Return the option if it is a text in which something can be seen.

    Raises:
        DecorationError: It is not.
    """
    if not isinstance(value, str) or not visible(value).strip():
        raise DecorationError(f"{name}={value!r}: write a text that is not blank")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise DecorationError(f"{name}={value!r}: write whole characters: it holds half of a surrogate pair")
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


def choice_option(name: str, value: object, choices: Sequence[str]) -> None:
    """Refuse an option that is none of a few texts.

    Raises:
        DecorationError: It is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        raise DecorationError(f"{name}={value!r}: write one of {', '.join(map(repr, choices))}")


def names_option(name: str, value: object) -> tuple[str, ...]:
    """Return the option if it is a list of different names, or of none.

    Raises:
        DecorationError: It is not.
    """
    if not isinstance(value, (list, tuple)):
        raise DecorationError(f"{name}={value!r}: write a list of names")
    names = tuple(text_option(name, one) for one in value)
    if len(set(names)) < len(names):
        raise DecorationError(f"{name}={value!r}: write each name once")
    return names
