"""What an extractor answers where there is no answer.

`None == None` is true, and so a scoring function that compares what it found in the completion with what it
found in the reference pays for two missing answers: the commonest exploit in published graders. A `Missing`
is equal to nothing, not even to itself, and false.
"""

from __future__ import annotations


class Missing:
    """No answer was found; `not found` tells it, and so does `isinstance(found, Missing)`.

    Whatever else is done with it (arithmetic, a method of text) raises, and costs the sample as any
    exception does.
    """

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        """Never: nothing is the same as an answer that is not there."""
        return False

    def __bool__(self) -> bool:
        """False, as an empty text would be."""
        return False

    def __repr__(self) -> str:
        """Say so."""
        return "<no answer>"
