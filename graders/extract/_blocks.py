r"""Answers that carry their own structure: behind a marker, in a box, a tag, JSON or a code block."""

from __future__ import annotations

import json
import re

from ._missing import Missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Literal

# What is left of a command whose backslash and letter were read as one control character.
_UNESCAPED = ("\x08oxed", "\x0cbox")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_TAG_NAME = re.compile(r"[A-Za-z_][\w:.-]*\Z")
_JSON_ATTEMPTS = 32


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
    """Where the brace after the last use of a command stands; -1 when it is not used."""
    at = text.rfind(command)
    while at >= 0:
        brace = at + len(command)
        while text[brace : brace + 1].isspace():
            brace += 1
        if text[brace : brace + 1] == "{":
            return brace
        at = text.rfind(command, 0, at)
    return -1


def tag(text: str, name: str = "answer") -> str | Missing:
    """Return the content of the last complete `<name>...</name>`.

    Args:
        text: A completion.
        name: The tag, without brackets and attributes, matched as it is written.

    Returns:
        The content without space around it; `Missing` when there is no complete tag, or it is blank.

    Raises:
        ValueError: The name cannot be a tag's.
    """
    if not _TAG_NAME.match(name):
        raise ValueError(f"{name!r} cannot name a tag: write letters and digits, without brackets")
    opening, closing = f"<{name}>", f"</{name}>"
    end = text.rfind(closing)
    start = text.rfind(opening, 0, end) if end >= 0 else -1
    if start < 0:
        return Missing("there is no complete tag")
    start += len(opening)
    return text[start : text.find(closing, start)].strip() or Missing("the last tag is empty", "not exact")


def json_block(text: str) -> Any:
    """Return the last JSON value of a text, parsed.

    Returns the last fenced block that parses as JSON, labeled `json` or unlabeled; without one, the text as a
    whole; else the last object in the prose. Arrays and plain values count only as a block or the whole text.

    Args:
        text: A completion.

    Returns:
        The value; `Missing` when there is none, also for JSON's null. NaN and infinities are no JSON.
    """
    if "```" in text:
        for language, content in reversed(list(_fences(text))):
            if language in ("", "json"):
                value = _parsed(content)
                if value is not None:
                    return value
    value = _parsed(text)
    if value is None:
        value = _last_object(text)
    return Missing("there is no JSON value") if value is None else value


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
    if "```" in text:
        wanted = language.casefold() if language is not None else None
        for label, content in _fences(text):
            if wanted is None or label == wanted:
                found = content
    if found is None:
        return Missing("there is no complete code block")
    return Missing("the last code block is empty", "not exact") if not found or found.isspace() else found


def _fences(text: str) -> Iterator[tuple[str, str]]:
    """Language and content of every complete fenced block, in order."""
    fence, label = "", ""
    lines: list[str] = []
    for line in text.split("\n"):
        bare = line.strip()
        if not fence:
            ticks = len(bare) - len(bare.lstrip("`"))
            if ticks >= 3 and "`" not in bare[ticks:]:
                fence, lines = bare[:ticks], []
                label = bare[ticks:].strip().partition(" ")[0].casefold()
        elif bare.startswith(fence) and not bare.strip("`"):
            yield label, "\n".join(lines)
            fence = ""
        else:
            lines.append(line.removesuffix("\r"))


def _refuse(name: str) -> None:
    """NaN and infinities are no JSON."""
    raise ValueError(name)


def _finite(digits: str) -> float:
    """A float, unless it is too large for one."""
    value = float(digits)
    if value in (_INFINITY, -_INFINITY):
        raise ValueError(digits)
    return value


_INFINITY = float("inf")
_decoder = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def _parsed(text: str) -> Any:
    """The JSON value that a text is, None when it is none."""
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError):
        return None


def _last_object(text: str) -> Any:
    """The last JSON object that stands in prose; gives up after 32 braces that open none."""
    found, at, failed = None, text.find("{"), 0
    while at >= 0 and failed < _JSON_ATTEMPTS:
        try:
            found, end = _decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            failed += 1
            end = at + 1
        at = text.find("{", end)
    return found
