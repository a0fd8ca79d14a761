r"""Answers that carry their own structure: behind a marker, in a box, a tag or a code block."""

from __future__ import annotations

import re

from ._missing import Missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

# What is left of a command whose backslash and letter were read as one control character.
_UNESCAPED = ("\x08oxed", "\x0cbox")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_TAG_NAME = re.compile(r"[A-Za-z_][\w:.-]*\Z")


def after_marker(text: str, marker: str = "####", which: Literal["last", "first"] = "last") -> str | Missing:
    r"""Return what stands after a marker: the rest of its line, else the next line that holds something.

    A line of nothing but a fence, `\[` or `$$` holds nothing. The marker is matched as it is written, in its
    case, anywhere in the text.

    Args:
        text: The text to look in.
        marker: What announces the answer.
        which: Which occurrence of the marker counts.

    Returns:
        The line without space around it; `Missing` when there is no marker, or nothing after it.

    Raises:
        ValueError: The marker is empty, or `which` is something else.
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
        return Missing("the marker is not there")
    start = at + len(marker)
    end = text.find("\n", start)
    line = (text[start:] if end < 0 else text[start:end]).strip()
    if line and line[0] not in "`\\$":
        return line
    rest = text[end:] if end >= 0 else ""
    for _ in range(4):  # only a few empty fences are skipped
        fence = line.startswith("```") and "`" not in line[3:]
        if line and not fence and line not in ("\\[", "$$"):
            return line
        rest = rest.lstrip()
        line, _, rest = rest.partition("\n")
        line = line.rstrip()
    return Missing("nothing stands after the marker", "not exact")


def boxed(text: str) -> str | Missing:
    r"""Return the content of the last `\boxed{...}` or `\fbox{...}`; braces in it may nest.

    Args:
        text: A completion.

    Returns:
        The content without space around it; `Missing` without a box, or when the last is not closed or blank.
    """
    span = box_span(text)
    return span if isinstance(span, Missing) else text[span[0] : span[1]].strip()


def box_span(text: str) -> tuple[int, int] | Missing:
    r"""Where the content of the last box starts and ends; missing as `boxed` says it.

    Args:
        text: A completion.
    """
    opened = max(_last_opening(text, "\\boxed"), _last_opening(text, "\\fbox"))
    if "\x08" in text or "\x0c" in text:
        opened = max(opened, *(_last_opening(text, command) for command in _UNESCAPED))
    if opened < 0:
        return Missing("there is no box")
    if text[opened] != "{":
        return Missing("the last box has no braces", "not exact")
    end = text.find("}", opened)
    content = text[opened + 1 : end]
    if end < 0 or "{" in content or "\\" in content:  # else no brace in it nests
        end = _closing(text, opened)
    if end < 0:
        return Missing("the last box is not closed", "not exact")
    if not text[opened + 1 : end].strip():
        return Missing("the last box is empty", "not exact")
    return opened + 1, end


def _closing(text: str, opened: int) -> int:
    """Where the brace closes that opens at a place; -1 when it never does."""
    depth = 0
    for brace in _BRACES.finditer(text, opened):
        depth += (brace[0] == "{") - (brace[0] == "}")
        if not depth:
            return brace.start()
    return -1


def _last_opening(text: str, command: str) -> int:
    """Where the brace, or the number without one, after the last use of a command stands; -1 without."""
    at = text.rfind(command)
    while at >= 0:
        brace = at + len(command)
        while text[brace : brace + 1].isspace():
            brace += 1
        after = text[brace : brace + 1]
        if after == "{" or after.isdigit() or (after == "-" and text[brace + 1 : brace + 2].isdigit()):
            return brace
        at = text.rfind(command, 0, at)
    return -1


def tag(text: str, name: str = "answer", which: Literal["last", "first"] = "last") -> str | Missing:
    """Return the content of the last complete `<name>...</name>`, in any case and with any attributes.

    Args:
        text: A completion.
        name: The tag, without brackets and attributes.
        which: Which complete tag counts.

    Returns:
        The content without space around it; `Missing` without a complete tag, or when the one that counts is
        blank.

    Raises:
        ValueError: The name cannot be a tag's, or `which` is something else.
    """
    if not _TAG_NAME.match(name):
        raise ValueError(f"{name!r} cannot name a tag: write letters and digits, without brackets")
    if which not in ("last", "first"):
        raise ValueError(f"which={which!r}: write 'last' or 'first'")
    begin = end = opened = -1
    for mark in re.finditer(rf"<(/?){re.escape(name)}(?:\s[^<>]*)?(/?)>", text, re.IGNORECASE):
        if mark[1] and opened >= 0:
            begin, end, opened = opened, mark.start(), -1
        elif not mark[1]:
            opened = mark.end()
            if mark[0].endswith("/>"):
                begin, end, opened = opened, opened, -1
        if which == "first" and end >= 0:
            break
    if begin < 0:
        return Missing("there is no complete tag")
    return text[begin:end].strip() or Missing(f"the {which} tag is empty", "not exact")


def code_block(text: str, language: str | None = None) -> str | Missing:
    """Return the content of the last complete fenced code block.

    Args:
        text: A completion.
        language: Count only blocks whose fence names this language, in any case; None counts all.

    Returns:
        The lines between the fences; `Missing` when there is no such block, or it is blank. A block that is
        never closed was cut off and does not count.
    """
    found = None
    if "```" in text or "~~~" in text:
        wanted = language.casefold() if language is not None else None
        for block in fences(text):
            if block.closed and (wanted is None or block.language == wanted):
                found = block.content
    if found is None:
        return Missing("there is no complete code block")
    return Missing("the last code block is empty", "not exact") if not found or found.isspace() else found


class Fence:
    """A fenced block.

    Args:
        language: What its first line names, in small letters.
        content: Its lines.
        start: Where its first line starts.
        closed: Whether it is closed, rather than cut off.
    """

    __slots__ = ("closed", "content", "language", "start")

    def __init__(self, language: str, content: str, start: int, closed: bool) -> None:
        self.language, self.content, self.start, self.closed = language, content, start, closed


def fences(text: str) -> Iterator[Fence]:
    """The fenced blocks of a text in order; the last may be cut off.

    Blocks stand between lines of three or more backticks or tildes, also in lists and quotations. Only a line
    of as many or more of the same closes one, so that a longer fence may hold a shorter one.

    Args:
        text: A completion.
    """
    fence, label, indent, start, at = "", "", 0, 0, 0
    lines: list[str] = []
    for line in text.split("\n"):
        bare = line.strip()
        if not fence:
            opened = _OPENING.match(line)
            if opened and not (opened[2][0] == "`" and "`" in opened[3]):
                fence, lines, start, indent = opened[2], [], at, len(opened[1])
                label = opened[3].strip().lstrip("{").lstrip(". ")
                label = _INFO_END.split(label, maxsplit=1)[0].casefold()
        elif bare.startswith(fence) and not bare.strip(fence[0]):
            yield Fence(label, "\n".join(lines), start, True)
            fence = ""
        else:
            line = line.removesuffix("\r")
            lines.append(line[min(indent, len(line) - len(line.lstrip())) :])
        at += len(line) + 1
    if fence:
        yield Fence(label, "\n".join(lines), start, False)


_OPENING = re.compile(r"(\s*(?:>\s?|[-*+]\s+|\d{1,9}[.)]\s+)?)(`{3,}|~{3,})(.*)", re.DOTALL)
_INFO_END = re.compile(r"[\s,}:]")
