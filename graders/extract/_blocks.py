r"""Finds answers that a completion marks: after a marker, in a box, in a tag or in a code block."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from ._late import late
from ._missing import Missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Literal, TypeAlias

    Which: TypeAlias = Literal["last", "first"]

_COMMANDS = ("\\boxed", "\\fbox")
# The rest of a command whose backslash and first letter were parsed as one control character.
_UNESCAPED = ("\x08oxed", "\x0cbox")
_CLOSING = " \t\r\n.$*_)]}`\"'"
TAKEN_BACK = Missing("the text takes it back", "several")
_BRACES = late(r"\\.|[{}]", re.DOTALL)
# The start of another element, whose text is not about this answer. Tags that only format words do not count.
_ELEMENT = late(r"<(?!(?:b|i|u|s|p|br|em|strong|code|span|div|sub|sup|small|mark)\b)[A-Za-z_]", re.IGNORECASE)
_TAG_NAME = late(r"[A-Za-z_][\w:.-]*\Z")


def after_marker(text: str, marker: str = "####", which: Which = "last") -> str | Missing:
    r"""Return the text after a marker: the rest of its line or, if that is empty, the next nonempty line.

    A line with only a fence, `\[` or `$$` counts as empty. The marker may be anywhere in the text and is
    case-sensitive.

    Args:
        text: The text to search.
        marker: The text that announces the answer.
        which: Whether to use the last or the first occurrence of the marker.

    Returns:
        The line without surrounding white space. `Missing` if there is no marker, nothing follows it or the
        text takes the answer back (`#### 72`, then `That is wrong.`).

    Raises:
        ValueError: The marker is empty or `which` is neither 'last' nor 'first'.
    """
    at = text.rfind(marker) if which == "last" and marker else -1
    if at >= 0:
        line: str | Missing = text[at + len(marker) :].strip()
        if line and "\n" not in line and line[0] not in "`\\$":  # most texts end like this
            return line
    line, behind = marked_line(text, marker, which)
    return unless_taken_back(line, behind) if behind and not isinstance(line, Missing) else line


def marked_line(text: str, marker: str, which: Which = "last") -> tuple[str | Missing, str]:
    """Return the line that `after_marker` finds, even if it is taken back, and the text after it.

    Args:
        text: The text to search.
        marker: The text that announces the answer.
        which: Whether to use the last or the first occurrence of the marker.
    """
    at = text.rfind(marker) if which == "last" or is_last(which) else text.find(marker)
    if not marker:
        raise ValueError("the marker is empty: write the text before the answer, such as '####'")
    if at < 0:
        return Missing("the text does not contain the marker"), ""
    start = at + len(marker)
    end = text.find("\n", start)
    line, rest = (text[start:], "") if end < 0 else (text[start:end], text[end:])
    line = line.strip()
    for _ in range(4):  # skips at most four lines that count as empty
        fence = line.startswith("```") and "`" not in line[3:]
        if line and not fence and line not in ("\\[", "$$"):
            return line, rest
        rest = rest.lstrip()
        line, _, rest = rest.partition("\n")
        line = line.rstrip()
    return Missing("nothing follows the marker", "not exact"), ""


def unless_taken_back(found: str, behind: str) -> str | Missing:
    r"""Return an answer unless the text after it takes it back: `\boxed{72} Actually, no.`.

    Args:
        found: The answer, exactly as in the text.
        behind: The text after the answer, which is usually empty or just ends the sentence.
    """
    return TAKEN_BACK if is_retracted(found, behind) else found


def is_retracted(found: str, behind: str) -> bool:
    """Return True if the text after an answer takes it back.

    The rules for retractions are loaded only if there is any text to check.

    Args:
        found: The answer, exactly as in the text.
        behind: The text after the answer.
    """
    if len(behind) < 2 or not behind.strip(_CLOSING):
        return False
    return _takes_back()(found, behind)


@cache
def _takes_back() -> Callable[[str, str], bool]:
    """Load the retraction rules once, because an import statement would cost each call 4 us."""
    from ._retractions import takes_back

    return takes_back


def is_last(which: str) -> bool:
    """Return True if `which` selects the last occurrence, False if it selects the first.

    Raises:
        ValueError: `which` is neither 'last' nor 'first'.
    """
    if which not in ("last", "first"):
        raise ValueError(f"which={which!r}: write 'last' or 'first'")
    return which == "last"


def boxed(text: str, *, which: Which = "last", unclosed: bool = False) -> str | Missing:
    r"""Return the content of the last `\boxed{...}` or `\fbox{...}`, which may contain nested braces.

    Args:
        text: A completion.
        which: Whether to use the last or the first box.
        unclosed: Whether a box cut off by the end of the text counts.

    Returns:
        The content without surrounding white space. `Missing` if there is no box, the chosen box is blank or
        not closed, or the text after it takes the answer back.

    Raises:
        ValueError: `which` is neither 'last' nor 'first'.
    """
    span = box_span(text, which, unclosed)
    if isinstance(span, Missing):
        return span
    return unless_taken_back(text[span[0] : span[1]].strip(), text[span[1] + 1 :])


def box_span(text: str, which: Which = "last", unclosed: bool = False) -> tuple[int, int] | Missing:
    r"""Return the start and end of a box's content, or `Missing` if it does not exist or is blank or cut off.

    Args:
        text: A completion.
        which: Whether to use the last or the first box.
        unclosed: Whether a box cut off by the end of the text counts.
    """
    last = which == "last" or is_last(which)
    commands = _COMMANDS + _UNESCAPED if "\x08" in text or "\x0c" in text else _COMMANDS
    opened = -1
    for command in commands:
        at = _opening(text, command, last)
        if at >= 0 and (opened < 0 or (at > opened) is last):
            opened = at
    if opened < 0:
        return Missing("there is no box")
    if text[opened] != "{":
        return Missing(f"the {which} box has no braces", "not exact")
    end = text.find("}", opened)
    content = text[opened + 1 : end]
    if end < 0 or "{" in content or "\\" in content:  # in other boxes, no braces are nested
        end = _closing(text, opened)
    if end < 0 and not unclosed:
        return Missing(f"the {which} box is not closed", "not exact")
    end = end if end >= 0 else len(text)
    if not text[opened + 1 : end].strip():
        return Missing(f"the {which} box is empty", "not exact")
    return opened + 1, end


def _closing(text: str, opened: int) -> int:
    """Return the position of the closing brace for the brace at a position, or -1 if there is none."""
    depth = 0
    for brace in _BRACES.finditer(text, opened):
        depth += (brace[0] == "{") - (brace[0] == "}")
        if not depth:
            return brace.start()
    return -1


def _opening(text: str, command: str, last: bool) -> int:
    """Return the position of the brace or number after the last or first use of a command, or -1."""
    at = text.rfind(command) if last else text.find(command)
    while at >= 0:
        brace = at + len(command)
        while text[brace : brace + 1].isspace():
            brace += 1
        after = text[brace : brace + 1]
        if after == "{" or after.isdigit() or (after == "-" and text[brace + 1 : brace + 2].isdigit()):
            return brace
        at = text.rfind(command, 0, at) if last else text.find(command, brace)
    return -1


def tag(text: str, name: str = "answer", which: Which = "last", *, unclosed: bool = False) -> str | Missing:
    """Return the content of the last complete `<name>...</name>` in any case and with any attributes.

    Args:
        text: A completion.
        name: The tag's name, without brackets or attributes.
        which: Whether to use the last or the first complete tag.
        unclosed: Whether a tag cut off by the end of the text also counts.

    Returns:
        The content without surrounding white space. `Missing` if there is no complete tag, the chosen tag is
        blank, or the text between it and the next tag takes the answer back.

    Raises:
        ValueError: The name is not a valid tag name or `which` is neither 'last' nor 'first'.
    """
    last = which == "last" or is_last(which)
    begin = end = opened = behind = -1
    for mark in _tag_marks(name).finditer(text):
        if mark[1] and opened >= 0:
            begin, end, opened, behind = opened, mark.start(), -1, mark.end()
        elif not mark[1]:
            opened = mark.end()
            if mark[0].endswith("/>"):
                begin, end, opened, behind = opened, opened, -1, opened
        if not last and end >= 0:
            break
    if unclosed and opened >= 0:
        begin, end, behind = opened, _before_cut(text, opened, f"</{name}>"), len(text)
    if begin < 0:
        return Missing("there is no complete tag")
    content = text[begin:end].strip()
    if not content:
        return Missing(f"the {which} tag is empty", "not exact")
    if behind == len(text):
        return content
    other = _ELEMENT.search(text, behind)
    return unless_taken_back(content, text[behind : other.start() if other else None])


@lru_cache(64)
def _tag_marks(name: str) -> re.Pattern[str]:
    """Return a pattern that matches the opening and closing tags with a given name.

    Raises:
        ValueError: The name is not a valid tag name.
    """
    if not _TAG_NAME.match(name):
        raise ValueError(f"{name!r} cannot name a tag: write letters and digits, without brackets")
    return re.compile(rf"<(/?){re.escape(name)}(?:\s[^<>]*)?(/?)>", re.IGNORECASE)


def _before_cut(text: str, start: int, closing: str) -> int:
    """Return the end of a truncated tag's content, before any part of the closing tag."""
    for size in range(min(len(closing) - 1, len(text) - start), 0, -1):
        if text[-size:].casefold() == closing[:size].casefold():
            return len(text) - size
    return len(text)


def code_block(
    text: str, language: str | None = None, *, which: Which = "last", unclosed: bool = False
) -> str | Missing:
    """Return the content of the last complete fenced code block.

    Args:
        text: A completion.
        language: Language that the fence must name, in any case. None for all blocks.
        which: Whether to use the last or the first complete block.
        unclosed: Whether a block cut off by the end of the text also counts.

    Returns:
        The lines between the fences. `Missing` if there is no such block or the chosen block is blank.

    Raises:
        ValueError: `which` is neither 'last' nor 'first'.
    """
    found, last = None, is_last(which)
    if "```" in text or "~~~" in text:
        wanted = language.casefold() if language is not None else None
        for block in fences(text):
            if (block.closed or unclosed) and (wanted is None or block.language == wanted):
                found = block.content
                if not last:
                    break
    if found is None:
        return Missing("there is no complete code block")
    return Missing(f"the {which} code block is empty", "not exact") if not found.strip() else found


class Fence:
    """A fenced block.

    Args:
        language: The language named on the first line, in lowercase.
        content: The lines between the fences.
        start: Start of the block's first line.
        end: Start of the text after the block.
        closed: Whether the closing fence is present. If it is not, the block is cut off.
    """

    __slots__ = ("closed", "content", "end", "language", "start")

    def __init__(self, language: str, content: str, start: int, end: int, closed: bool) -> None:
        self.language, self.content, self.closed = language, content, closed
        self.start, self.end = start, end


def fences(text: str) -> Iterator[Fence]:
    """Yield a text's fenced blocks in order. The last one may be cut off.

    Blocks are enclosed by lines of three or more backticks or tildes, including in lists and quotations. Only
    a line with at least as many of the same character closes a block, so a longer fence may contain a shorter
    one.

    Args:
        text: A completion.
    """
    fence, label, indent, start, at = "", "", 0, 0, 0
    lines: list[str] = []
    for line in text.split("\n"):
        if not fence:
            opened = _OPENING.match(line) if "```" in line or "~~~" in line else None
            if opened and not (opened[2][0] == "`" and "`" in opened[3]):
                fence, lines, start, indent = opened[2], [], at, len(opened[1])
                label = opened[3].strip().lstrip("{").lstrip(". ")
                label = _INFO_END.split(label, maxsplit=1)[0].casefold()
        elif fence in line and not line.strip().strip(fence[0]):
            yield Fence(label, "\n".join(lines), start, at + len(line), True)
            fence = ""
        else:
            line = line.removesuffix("\r")
            lines.append(line[min(indent, len(line) - len(line.lstrip())) :] if indent else line)
        at += len(line) + 1
    if fence:
        if lines and lines[-1].strip() and not lines[-1].strip().strip(fence[0]):
            lines.pop()  # the closing fence is cut off
        yield Fence(label, "\n".join(lines), start, len(text), False)


_OPENING = late(r"(\s*(?:>\s?|[-*+]\s+|\d{1,9}[.)]\s+)?)(`{3,}|~{3,})(.*)", re.DOTALL)
_INFO_END = late(r"[\s,}:]")
