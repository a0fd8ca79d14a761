"""The value for an answer that is not there."""

from __future__ import annotations

from itertools import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, NoReturn, TypeAlias

    Kind: TypeAlias = Literal["none", "several", "not exact"]

_serial = count(1)


class Missing:
    """No answer was found: false, equal to nothing, and without a text.

    `None == None` and `"" == ""` are true, so a scoring function that compares what it found in the
    completion with what it found in the reference pays for two missing answers, the commonest exploit in
    published graders. A `Missing` closes every way there: it is not even equal to itself, cannot be hashed
    (so `table.get(answer)` finds nothing in common), and `str()` or `format()` of it raises. Test for it
    first:

        answer = tag(sample.completion)
        if not answer:              # or isinstance(answer, Missing), where 0 is an answer
            return 0.0

    Whatever else is done with it raises too, and costs the sample as any exception does.

    Args:
        reason: Why there is no answer, in words and without quoting the text.
        kind: The same for code: `none` where nothing in the text answers, `several` where different answers
            do, `not exact` where something does that cannot be read exactly (an empty box, mathematics still
            to be done).
    """

    __slots__ = ("kind", "reason")

    def __init__(self, reason: str = "no answer was found", kind: Kind = "none") -> None:
        self.reason = reason
        self.kind: Kind = kind

    def __eq__(self, other: object) -> bool:
        """Nothing is the same as an answer that is not there."""
        return False

    def __bool__(self) -> Literal[False]:
        """False, as an empty text would be; type checkers know what is left where the answer is true."""
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
        """For logs: why, under a new number each time, so that no two representations are equal either."""
        return f"<Missing {next(_serial)}: {self.reason}>"

    def _refusal(self, why: str) -> TypeError:
        return TypeError(
            f"there is no answer ({self.reason}), and {why}: test `if not answer:` first, "
            "or show answer.reason"
        )
