r"""Find the answer in a completion: after a marker, in a box, in a tag or in a fenced block.

Every function returns the part of the text that contains the answer, or `Missing`. `Missing` is false and
equals nothing, so a missing answer in the completion never equals a missing one in the reference. The
functions never raise an error because of the completion, and their running time is linear in the length of
the text. By default, the last answer counts, so a model gains nothing by giving several answers.
"""

from __future__ import annotations

from ._blocks import after_marker, boxed, code_block, tag
from ._claims import last_number
from ._compared import reference_number, same_number
from ._missing import Missing
from ._numbers import parse_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._choices import choice_letter
    from ._json import json_block

__all__ = [
    "Missing",
    "after_marker",
    "boxed",
    "choice_letter",
    "code_block",
    "json_block",
    "last_number",
    "parse_number",
    "reference_number",
    "same_number",
    "tag",
]

_LATE = {"choice_letter": "_choices", "json_block": "_json"}

if not TYPE_CHECKING:

    def __getattr__(name):
        """Load a function on first use if its module would slow down every cold start."""
        if name not in _LATE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
        return found


def __dir__() -> list[str]:
    return __all__
