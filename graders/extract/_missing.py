"""The result of an extractor that finds no answer."""

from __future__ import annotations

from itertools import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, NoReturn, TypeAlias

    Kind: TypeAlias = Literal["none", "several", "not exact"]

_serial = count(1)


class Missing:
    """The result when no answer was found. It is false and equals nothing, and `str()` rejects it.

    `None == None` and `"" == ""` are true, so a scoring function that compares the completion's answer with
    the reference's answer gives a reward when both are missing. This is the most common exploit in published
    graders. `Missing` prevents it: it does not even equal itself, it cannot be hashed (so `table.get(answer)`
    never finds a match), and `str()` and `format()` raise an error for it. Test for it first:

    answer = tag(sample.completion) if not answer: # or isinstance(answer, Missing), where 0 is an answer
    return 0.0

    Any other use also raises an error, which fails the sample as any exception does.

    Args:
        reason: The reason why there is no answer. It does not quote the text.
        kind: The kind of reason: `none` if the text contains no answer, `several` if it contains different
            answers, or `not exact` if an answer cannot be read exactly (an empty box or an unfinished
            calculation).
    """

    __slots__ = ("kind", "reason")

    def __init__(self, reason: str = "no answer was found", kind: Kind = "none") -> None:
        self.reason = reason
        self.kind: Kind = kind

    def __eq__(self, other: object) -> bool:
        """Return False because nothing equals a missing answer."""
        return False

    def __bool__(self) -> Literal[False]:
        """Return False so that type checkers know that a true answer is not `Missing`."""
        return False

    def __hash__(self) -> NoReturn:
        raise self._refusal("it cannot be looked up in a dict or a set")

    def __str__(self) -> NoReturn:
        raise self._refusal("it has no text")

    def __format__(self, spec: str) -> NoReturn:
        raise self._refusal("it has no text")

    def __reduce__(self) -> tuple[type[Missing], tuple[str, Kind]]:
        return Missing, (self.reason, self.kind)

    def __repr__(self) -> str:
        """Show the reason with a new number each time so that two representations are never equal."""
        return f"<Missing {next(_serial)}: {self.reason}>"

    def _refusal(self, why: str) -> TypeError:
        return TypeError(
            f"there is no answer ({self.reason}), and {why}: test `if not answer:` first, "
            "or show answer.reason"
        )
