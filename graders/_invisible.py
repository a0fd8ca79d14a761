"""Characters that a reader does not see, as the inside of a regular expression's brackets."""

from __future__ import annotations

INVISIBLE = (
    "\u00ad\u034f\u061c\u070f\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""What draws nothing and takes no room: Unicode's Default_Ignorable_Code_Point and other formats."""

BLANK = "\u115f\u1160\u2800\u3164\uffa0"
"""What draws nothing and takes room, as a space does: the fillers of Hangul, and the blank of Braille."""
