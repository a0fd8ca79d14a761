"""Finds the code in a completion: in its code blocks, or in a text without any.

Nothing is parsed here: the text is hostile, and Python's own parser cannot be interrupted. Lines are told
from prose by how they begin, and a function by the line that defines it.
"""

from __future__ import annotations

import re
from functools import partial
from textwrap import dedent, indent

from ..extract import Missing
from ..extract._blocks import Fence, fences

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LONGEST = 100_000
"""Characters of the longest completion that is read."""

_PYTHON = frozenset({"python", "py", "python3", "py3", "pycon", "python-repl", "ipython", "sage"})
# How a line of code begins at the left edge; words that prose begins with too need more of the line.
_CODE_LINE = re.compile(
    r"(?:async\s+)?def\s+\w|class\s+\w+\s*[(:\[]|import\s+[\w.]+\s*(?:$|,|;|#|as\b)|from\s+[\w.]+\s+import\b"
    r"|(?:async\s+)?for\s+[\w(*](?:[\w,()*]|\s(?!in\b))*+\sin\b|(?:if|elif|while|with|match|case)\b[^\n]*:"
    r"|(?:else|try|finally)\s*:|except\b[^\n]*:|(?:return|raise|assert|yield|del|await|global|nonlocal)"
    r"(?:$|[ (](?!(?:\w+ ){2}\w+))|(?:pass|break|continue)\s*(?:$|#|;)"
    r"|[@)\]}#]|\"\"\"|'''"
    r"|[A-Za-z_][\w.]*+(?:\[[^\]]*\])*+\s*+(?:=(?!=)|:\s*+[\w\[\]., |\"']++=|[-+*/%&|^@<>]{1,3}=)"
    r"|[A-Za-z_][\w.]*\(|[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)+\s*=(?!=)"
)
_DEFINES = re.compile(r"^(?:def|class|import|from|async\s+def|@)\b|^[A-Za-z_]\w*\s*=(?!=)", re.MULTILINE)
_IMPORT = re.compile(r"^from\s+(\w+)\s+import\b([^\n]*)", re.MULTILINE)
_PROMPTED = re.compile(r"(?:>>>|\.\.\.)(?: |$)")
_FILE = re.compile(r"\b([A-Za-z_]\w*)\.py\b")
_INLINE_FENCE = re.compile(r"(?<=\S)[ \t]+(```\w*\n)")
_LONGEST_HEADING = 80
_TRIPLE = re.compile(r"\"\"\"|'''")
_CLASS = "Solution"
_CALLS_METHOD = f"\n\ndef {{0}}(*args, **kwargs):\n    return {_CLASS}().{{0}}(*args, **kwargs)\n"


class CodeText:
    """The code of a completion.

    Args:
        source: The text of its main module.
        modules: The texts of other files that it may import, by their module's name.
    """

    __slots__ = ("modules", "source")

    def __init__(self, source: str, modules: dict[str, str] | None = None) -> None:
        self.source = source
        self.modules = modules or {}

    def whole(self) -> str:
        """One text that runs as the main module, with the other files as modules that it can import."""
        if not self.modules:
            return self.source
        lines = ["import sys as _sys, types as _types"]
        for name, text in self.modules.items():
            lines += [
                f"_sys.modules[{name!r}] = _types.ModuleType({name!r})",
                f"exec(compile({text!r}, {name + '.py'!r}, 'exec'), _sys.modules[{name!r}].__dict__)",
            ]
        return "; ".join(lines) + "\n" + self.source


def function_code(text: str, entry: str, start: str | None = None) -> CodeText | Missing:
    """Return the code of a completion that has to define a function.

    The last complete code block in Python that defines the function counts. Blocks before it that define
    something else come first, as long as they do not use the function. Without a block, the text counts from
    its first line of code on, up to the prose behind it.

    Args:
        text: A completion, or the part that answers.
        entry: The name that has to be defined; `Solution.add` for a method.
        start: Code that the completion may continue: imports, and the head of the function.

    Returns:
        The code; `Missing` where nothing in the text is code.
    """
    if len(text) > LONGEST:
        return Missing(f"the completion is longer than {LONGEST:,} characters", "not exact")
    text = _spelled(text)
    name = entry.partition(".")[0]
    head = "" if start is None else head_of(start, entry)
    blocks = _blocks(text)
    sources = blocks or ([] if _has_fence(text) else [_Block(_bare(dedent(text)), "")])
    for found in (partial(_defines, name, _names(blocks)), partial(_has_method, name)):
        main = next((block for block in reversed(sources) if found(block.content)), None)
        if main is not None:
            code = _joined(sources, main, name)
            method = "" if found.func is _defines else _CALLS_METHOD.format(name)
            return CodeText(f"{head}{code.source}{method}", code.modules)
    if start is not None and (body := _body(text, blocks)):
        return CodeText(_continued(start, body))
    if blocks:
        return _joined(blocks, blocks[-1], name)
    return Missing(f"there is no code that defines {entry}")


def program_code(text: str) -> CodeText | Missing:
    """Return the code of a completion that has to be a program: its last complete code block in Python.

    Args:
        text: A completion, or the part that answers.

    Returns:
        The code; `Missing` where nothing in the text is code.
    """
    if len(text) > LONGEST:
        return Missing(f"the completion is longer than {LONGEST:,} characters", "not exact")
    text = _spelled(text)
    if blocks := _blocks(text):
        main = next((block for block in reversed(blocks) if block.name == "main"), blocks[-1])
        return _joined(blocks, main, None)
    bare = "" if _has_fence(text) else _bare(dedent(text))
    return CodeText(bare) if bare.strip() else Missing("there is no code")


class _Block:
    """A block of Python, with the name of the file that the text says it is."""

    __slots__ = ("content", "name")

    def __init__(self, content: str, name: str) -> None:
        self.content, self.name = content, name


def _spelled(text: str) -> str:
    """A text with plain line ends and fences on lines of their own, without the quotes of inline code."""
    text = _INLINE_FENCE.sub(r"\n\1", text.replace("\r\n", "\n").lstrip("\ufeff"))
    inner = text.strip()
    return inner.strip("`") if inner[:1] == inner[-1:] == "`" and "```" not in inner else text


def _defines(name: str, files: frozenset[str], code: str) -> bool:
    """Whether code defines a name at its left edge, or imports it from another file of the completion."""
    if _definition(name).search(code):
        return True
    return any(found[1] in files and re.search(rf"\b{name}\b", found[2]) for found in _IMPORT.finditer(code))


def _has_method(name: str, code: str) -> bool:
    """Whether code has the class `Solution` with a method of a name, as answers to LeetCode's problems do."""
    found = re.search(rf"^class {_CLASS}\b", code, re.MULTILINE)
    return (
        found is not None
        and re.search(rf"^[ \t]+def {name}\(", code[found.end() :], re.MULTILINE) is not None
    )


def _definition(name: str) -> re.Pattern[str]:
    """What finds the line at the left edge that defines a name."""
    return re.compile(
        rf"^(?:(?:async[ ]+)?def[ ]+{name}\b|class[ ]+{name}\b|{name}[ ]*(?::[^=\n]*)?=(?!=))", re.MULTILINE
    )


def _names(blocks: Sequence[_Block]) -> frozenset[str]:
    return frozenset(block.name for block in blocks if block.name)


def _blocks(text: str) -> list[_Block]:
    """The complete code blocks that may be Python; without any, the one that the end of the text cuts off."""
    if not _has_fence(text):
        return []
    found: list[_Block] = []
    at, last = 0, None
    for fence in _whole(text, fences(text)):
        last = fence
        if fence.closed:
            if fence.language in _PYTHON or (not fence.language and _begins_as_code(fence.content)):
                found.append(_block(text, fence, at))
            at = fence.end
    if found or last is None or last.closed:
        return found
    before = text[: last.start]
    if not last.language and not before.count("```") and _begins_as_code(before):
        return [_Block(_cleaned(before), "")]  # the prompt ended with the opening fence
    if last.language in _PYTHON or (not last.language and _begins_as_code(last.content)):
        return [_Block(_cleaned(_bare(last.content)), "")]
    return []


def _has_fence(text: str) -> bool:
    return "```" in text or "~~~" in text


def _whole(text: str, parts: Iterable[Fence]) -> Iterator[Fence]:
    """Fences in order; one that ends inside a docstring goes on to the end of the next."""
    opened: Fence | None = None
    for fence in parts:
        if opened is not None:
            first = text.find("\n", opened.start) + 1
            content = text[first : fence.end].rpartition("\n")[0] if fence.closed else text[first:]
            fence = Fence(opened.language, content, opened.start, fence.end, fence.closed)
            opened = None
        if fence.closed and len(_TRIPLE.findall(fence.content)) % 2 and fence.language in _PYTHON:
            opened = fence
        else:
            yield fence
    if opened is not None:
        yield opened


def _block(text: str, fence: Fence, after: int) -> _Block:
    """A block with its file's name, where its first line, the fence or the line before says one."""
    content = _cleaned(fence.content)
    first = content.lstrip("\n").partition("\n")[0]
    info = text[fence.start : fence.start + 2 * _LONGEST_HEADING].partition("\n")[0]
    heading = text[max(after, fence.start - 2 * _LONGEST_HEADING) : fence.start].rstrip().rpartition("\n")[2]
    for line in (first if first.startswith("#") else "", info, heading):
        named = _FILE.search(line) if len(line) <= _LONGEST_HEADING else None
        if named:
            return _Block(content, named[1])
    return _Block(content, "")


def _cleaned(code: str) -> str:
    """Code without the indentation of all of it, and without the prompts of a session."""
    lines = code.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if _PROMPTED.match(first.lstrip()):
        kept = [line.lstrip() for line in lines if _PROMPTED.match(line.lstrip())]
        return "\n".join(line[4:] for line in kept) + "\n"
    return dedent(code)


def _joined(blocks: Sequence[_Block], main: _Block, name: str | None) -> CodeText:
    """The main block, with the blocks that it may need around it, and those that are other files.

    A block that uses the function is an example or a test of it. Where a block has a file's name, so have all
    that count.
    """
    modules = {block.name: block.content for block in blocks if block.name and block is not main}
    word = None if name is None else re.compile(rf"\b{name}\b")
    parts = []
    for block in blocks:
        needed = word and not block.name and not word.search(block.content) and _DEFINES.search(block.content)
        if block is main or needed:
            parts.append(block.content)
    return CodeText("\n".join(parts), modules)


def head_of(start: str, entry: str) -> str:
    """What stands before the function in code that ends with its head: imports and helpers.

    Args:
        start: Code that a completion may continue.
        entry: The function's name.
    """
    heads = [*_definition(entry.partition(".")[0]).finditer(start)]
    return start[: heads[-1].start()] if heads else start


def _body(text: str, blocks: Sequence[_Block]) -> str:
    """The lines that continue a function's head; empty where the text holds none."""
    if blocks:
        return blocks[-1].content
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if _has_fence(text) or not (first[:1].isspace() or _CODE_LINE.match(first)):
        return ""
    return _bare(text)


def _continued(start: str, body: str) -> str:
    """A function's head with its body behind it, indented as a body is."""
    lines = body.strip("\n").split("\n")
    if lines[0][:1].isspace():
        return f"{start.rstrip()}\n{body}"
    depths = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    if depths and min(depths) >= 4 and (not lines[0].rstrip().endswith(":") or depths[0] > min(depths)):
        lines[0] = " " * min(depths) + lines[0]  # a first line that lost its indentation
        return f"{start.rstrip()}\n" + "\n".join(lines)
    return f"{start.rstrip()}\n{indent(body, '    ')}"


def _begins_as_code(text: str) -> bool:
    first = next((line for line in text.split("\n") if line.strip()), "").lstrip()
    return bool(_CODE_LINE.match(first) or _PROMPTED.match(first))


def _bare(text: str) -> str:
    """The code of a text without fences: from its first line of code on, up to the prose behind it."""
    kept: list[str] = []
    quoted = ""  # the quotes of the text that goes over lines here
    for line in text.split("\n"):
        if not quoted and line.strip() and not line[0].isspace() and not _CODE_LINE.match(line):
            if kept and any(one.strip() for one in kept):
                break
            continue
        kept.append(line)
        for mark in _TRIPLE.findall(line):
            quoted = "" if quoted == mark else quoted or mark
    return "\n".join(kept)
