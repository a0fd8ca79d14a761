"""Finds what stands after a marker, such as the `####` before a final answer.

In goes text, out comes a line of it, or None. Import `after_marker` from `graders.extract`, whose answer can
be compared without a thought.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


def line_after(text: str, marker: str = "####", which: Literal["last", "first"] = "last") -> str | None:
    r"""Return what stands after a marker: the rest of its line, else the next line that holds something.

    A line of nothing but a fence, `\[` or `$$` holds nothing. The marker is matched as it is written, in its
    case, anywhere in the text.

    Args:
        text: The text to look in.
        marker: What announces the answer.
        which: Which occurrence of the marker counts.

    Returns:
        The line without space around it; None when there is no marker, or nothing after it.
    """
    if which == "last":
        at = text.rfind(marker)
    elif which == "first":
        at = text.find(marker)
    else:
        raise ValueError(f"which={which!r}: write 'last' or 'first'")
    if not marker:
        raise ValueError("the marker is empty: write what stands before the answer, such as '####'")
    if at < 0:
        return None
    start = at + len(marker)
    end = text.find("\n", start)
    line = (text[start:] if end < 0 else text[start:end]).strip()
    if line and line[0] not in "`\\$":
        return line
    return _next_line(line, text[end:] if end >= 0 else "")


def _next_line(line: str, rest: str) -> str | None:
    """The line, or the first of the rest that holds something; only a few empty fences are skipped."""
    for _ in range(4):
        fence = line.startswith("```") and "`" not in line[3:]
        if line and not fence and line not in ("\\[", "$$"):
            return line
        rest = rest.lstrip()
        line, _, rest = rest.partition("\n")
        line = line.rstrip()
    return None
