"""Finds the code in a completion: in its code blocks, or in a text without any.

Nothing is parsed here: the text is hostile, and Python's own parser cannot be interrupted. Lines are told
from prose by how they begin, and a function by the line that defines it.
"""

from __future__ import annotations

import re
from textwrap import dedent, indent

from ..extract import Missing
from ..extract._blocks import Fence, fences

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 100_000
"""Characters of the longest completion that is read."""

_PYTHON = frozenset({"python", "py", "python3", "py3", "pycon", "python-repl", "ipython", "sage"})
_CODE_LINE = re.compile(
    r"(?:async\s+def|def|class|import|from|if|elif|else|for|while|with|try|except|finally|return|raise|assert"
    r"|global|nonlocal|del|pass|break|continue|match|case|lambda|print|yield|await)\b(?!\s+[a-z]+\s+[a-z]+\s+[a-z]+)"
    r"|[@)\]}#]|\"\"\"|'''"
    r"|[A-Za-z_][\w.]*(?:\s*\[[^\]]*\])*\s*(?:=(?!=)|:\s*[\w\[\]., |\"']+=|[-+*/%&|^@<>]{1,3}=)"
    r"|[A-Za-z_][\w.]*\(|[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)+\s*="
)
_IMPORTS = re.compile(r"^(?:def|class|import|from|async\s+def|@)\b|^[A-Za-z_]\w*\s*=(?!=)", re.MULTILINE)
_PROMPTED = re.compile(r"(?:>>>|\.\.\.)(?: |$)")
_NAMED = re.compile(r"^\s*(?:[#*`\s]|//|File:?|file:?)*([A-Za-z_]\w*)\.py\b[`*:\s]*$")
_TRIPLE = re.compile(r"\"\"\"|'''")


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
    text = text.replace("\r\n", "\n").lstrip("\ufeff")
    defines = _definition(entry.partition(".")[0])
    head = "" if start is None else head_of(start, entry)
    blocks = _blocks(text)
    main = next((block for block in reversed(blocks) if defines.search(block.content)), None)
    if main is not None:
        code = _joined(blocks, main, entry)
        return CodeText(f"{head}{code.source}", code.modules)
    if not blocks:
        bare = _bare(text)
        if defines.search(bare):
            return CodeText(f"{head}{bare}")
    if start is not None and (body := _body(text, blocks)):
        return CodeText(_continued(start, body))
    if blocks:
        return _joined(blocks, blocks[-1], entry)
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
    text = text.replace("\r\n", "\n").lstrip("\ufeff")
    if blocks := _blocks(text):
        main = next((block for block in reversed(blocks) if block.name == "main"), blocks[-1])
        return _joined(blocks, main, None)
    bare = _bare(text)
    return CodeText(bare) if bare.strip() else Missing("there is no code")


class _Block:
    """A block of Python, with the name of the file that the text says it is."""

    __slots__ = ("content", "name")

    def __init__(self, content: str, name: str) -> None:
        self.content, self.name = content, name


def _definition(name: str) -> re.Pattern[str]:
    """What finds the line at the left edge that defines a name."""
    word = re.escape(name)
    return re.compile(
        rf"^(?:(?:async\s+)?def\s+{word}\b|class\s+{word}\b|{word}\s*(?::[^=\n]*)?=(?!=)"
        rf"|from\s.*\bimport\b.*\b{word}\b)",
        re.MULTILINE,
    )


def _blocks(text: str) -> list[_Block]:
    """The complete code blocks that may be Python; without any, the one that the end of the text cuts off."""
    if "```" not in text and "~~~" not in text:
        return []
    found: list[_Block] = []
    at, last = 0, None
    for fence in fences(text):
        last = fence
        if fence.closed:
            if fence.language in _PYTHON or (not fence.language and _begins_as_code(fence.content)):
                found.append(_block(fence, text[at : fence.start]))
            at = fence.end
    if found or last is None or last.closed:
        return found
    before = text[: last.start]
    if not last.language and not before.count("```") and _begins_as_code(before):
        return [_Block(_cleaned(before), "")]  # the prompt ended with the opening fence
    if last.language in _PYTHON or (not last.language and _begins_as_code(last.content)):
        return [_Block(_cleaned(_bare(last.content)), "")]
    return []


def _block(fence: Fence, before: str) -> _Block:
    content = _cleaned(fence.content)
    heading = before.rstrip().rpartition("\n")[2]
    first = content.lstrip("\n").partition("\n")[0]
    named = _NAMED.match(heading) or (_NAMED.match(first) if first.startswith("#") else None)
    return _Block(content, named[1] if named else "")


def _cleaned(code: str) -> str:
    """Code without the indentation of all of it, and without the prompts of a session."""
    lines = code.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if _PROMPTED.match(first.lstrip()):
        kept = [line.lstrip() for line in lines if _PROMPTED.match(line.lstrip())]
        return "\n".join(line[4:] for line in kept) + "\n"
    return dedent(code)


def _joined(blocks: Sequence[_Block], main: _Block, entry: str | None) -> CodeText:
    """The main block, with the blocks before it that it may need, and those that are other files."""
    modules = {block.name: block.content for block in blocks if block.name and block is not main}
    word = entry and re.compile(rf"\b{re.escape(entry.partition('.')[0])}\b")
    helpers = []
    for block in blocks[: blocks.index(main)]:
        if word and not block.name and not word.search(block.content) and _IMPORTS.search(block.content):
            helpers.append(block.content)
    return CodeText("\n".join([*helpers, main.content]), modules)


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
    if "```" in text or not (first[:1].isspace() or _CODE_LINE.match(first)):
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
