r"""Find the answer inside a completion: after a marker, in a box, in a tag, in a fenced block.

Every function returns the part of the text that answers, or `Missing`, which is false and equal to nothing,
so that what is missing in the completion and in the reference never compares equal. None of them raises on a
completion, whatever it holds, and all take time linear in the text. The last answer counts everywhere: naming
several never pays more than guessing.
"""

from __future__ import annotations

from ._blocks import after_marker, boxed, code_block, tag
from ._choices import choice_letter
from ._claims import last_number
from ._compared import reference_number, same_number
from ._json import json_block
from ._missing import Missing
from ._numbers import parse_number

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
