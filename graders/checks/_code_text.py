"""Extracts the code in a completion from its code blocks, or from its text if it has none.

A line counts as code if it starts like code. Blocks are joined if one defines names that another one needs.
"""

from __future__ import annotations

import re
from functools import partial
from textwrap import dedent, indent

from ..extract import Missing
from ..extract._blocks import Fence, fences
from ._code_names import LONGEST as LONGEST_PARSED
from ._code_names import CodeNames, code_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LONGEST = 100_000
"""Maximum length of a completion, in characters. Longer ones are unread."""

_PYTHON = frozenset({"python", "py", "pycon", "python-repl", "ipython", "sage"})
# Beginning of a line of code at the left margin. If prose can begin with the same word, more of the line must
# match.
_CODE_LINE = re.compile(
    r"(?:async\s+)?def\s+\w|class\s+\w+\s*[(:\[]|import\s+[\w.]+\s*(?:$|,|;|#|as\b)|from\s+[\w.]+\s+import\b"
    r"|(?:async\s+)?for\s+[\w(*](?:[\w,()*]|\s(?!in\b))*+\sin\b|(?:if|elif|while|with|match|case)\b[^\n]*:"
    r"|(?:else|try|finally)\s*:|except\b[^\n]*:|(?:return|raise|assert|yield|del|await|global|nonlocal)"
    r"(?:$|[ (](?!(?:\w+ ){2}\w+))|(?:pass|break|continue)\s*(?:$|#|;)"
    r"|[@)\]}#]|\"\"\"|'''"
    r"|[A-Za-z_][\w.]*+(?:\[[^\]]*\])*+\s*+(?:=(?!=)|:\s*+[\w\[\]., |\"']++=|[-+*/%&|^@<>]{1,3}=)"
    r"|[A-Za-z_][\w.]*\(|[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)+\s*=(?!=)"
)
_IMPORTED = re.compile(r"^[ \t]*+(?:from|import)[ \t]([^\n]*)", re.MULTILINE)
_PROMPTED = re.compile(r"(?:>>>|\.\.\.)(?: |$)")
_WORD = re.compile(r"\w+")
_FILE = re.compile(r"\b([A-Za-z_]\w*)\.py\b")
# A fence after other text on its line, which can have attributes. In a comment it is not a fence.
_INLINE_FENCE = re.compile(r"(?<=[^\s`#])[ \t]*(```(?:\w[\w.+-]*(?:[ \t]+[\w-]+=[^\n`]*)?)?[ \t]*(?:\n|\Z))")
_TAGGED_FENCE = re.compile(r"^([ \t]*```)[ \t]*(?=</)", re.MULTILINE)
_FUTURE = re.compile(
    r"((?:[ \t]*(?:#[^\n]*)?\n|\"{3}(?:[^\"\\]|\\.|\"(?!\"\"))*+\"{3})*+)"
    r"((?:from __future__ import [^\n]*(?:\n|\Z))++)",
    re.DOTALL,
)
_LONGEST_HEADING = 80
_TRIPLE = re.compile(r"\"\"\"|'''")
_CLASS = "Solution"
_CALLS_METHOD = f"\n\ndef {{0}}(*args, **kwargs):\n    return {_CLASS}().{{0}}(*args, **kwargs)\n"


class CodeText:
    """The code extracted from a completion.

    Args:
        source: Source code of the main module.
        modules: Source code of other files that the main module may import, by module name.
    """

    __slots__ = ("modules", "source")

    def __init__(self, source: str, modules: dict[str, str] | None = None) -> None:
        self.source = source
        self.modules = modules or {}

    def whole(self) -> str:
        """Return the main module's source code, extended so that it can import the other files."""
        if not self.modules:
            return self.source
        lines = ["import sys as _sys, types as _types"]
        for name, text in self.modules.items():
            lines += [
                f"_sys.modules[{name!r}] = _types.ModuleType({name!r})",
                f"exec(compile({text!r}, {name + '.py'!r}, 'exec'), _sys.modules[{name!r}].__dict__)",
            ]
        return _in_a_row("; ".join(lines), self.source)


def function_code(text: str, entry: str, start: str | None = None) -> CodeText | Missing:
    """Extract the code from a completion that must define a function.

    The last complete Python block that defines the function is used. Blocks labeled as Python take precedence
    over unlabeled ones. Other blocks are prepended if they define names that this block needs. If there are
    no blocks, the code extends from the first line of code to the next prose.

    Args:
        text: A completion, or the part that contains the answer.
        entry: Name to define, such as `add`, or `Solution.add` for a method.
        start: Code that the completion may continue: imports and the function's signature.

    Returns:
        The code, or `Missing` if the completion contains none or is too long.
    """
    if len(text) > LONGEST:
        return Missing(f"the completion is longer than {LONGEST:,} characters", "not exact")
    text = _spelled(text)
    name = entry.partition(".")[0]
    head = "" if start is None else head_of(start, entry)
    blocks = _blocks(text)
    sources = _ranked(blocks) or ([] if _has_fence(text) else [_Block(_bare(dedent(text)), "")])
    for found in (partial(_defines, name), partial(_has_method, name)):
        main = next((block for block in sources if found(block.content)), None)
        if main is not None:
            code = _joined(blocks, main)
            method = "" if found.func is _defines else _CALLS_METHOD.format(name)
            return CodeText(_in_a_row(head.removesuffix("\n"), code.source) + method, code.modules)
    if start is not None and (body := _body(text, blocks)):
        return CodeText(_continued(start, body))
    if blocks:
        return _joined(blocks, sources[0])
    return Missing(f"there is no code that defines {entry}")


def program_code(text: str) -> CodeText | Missing:
    """Extract the code from a completion that must contain a program.

    The program is the last complete Python block that does more than define names. Any names it uses must be
    defined in it or in blocks that only define names. Blocks labeled as Python take precedence over unlabeled
    ones. This excludes snippets of the program and examples of its input.

    Args:
        text: A completion, or the part that contains the answer.

    Returns:
        The code, or `Missing` if the completion contains none or is too long.
    """
    if len(text) > LONGEST:
        return Missing(f"the completion is longer than {LONGEST:,} characters", "not exact")
    text = _spelled(text)
    if blocks := _blocks(text):
        main = next((block for block in _ranked(blocks) if block.name == "main"), None)
        return _joined(blocks, main or _program(blocks))
    bare = "" if _has_fence(text) else _bare(dedent(text))
    return CodeText(bare) if bare.strip() else Missing("there is no code")


class _Block:
    """A block of Python code. `name` is its file name or empty. `labeled` is True for a Python fence."""

    __slots__ = ("content", "labeled", "name")

    def __init__(self, content: str, name: str, labeled: bool = False) -> None:
        self.content, self.name, self.labeled = content, name, labeled


def _spelled(text: str) -> str:
    """Normalize line endings, put each fence on its own line and remove the backquotes around inline code."""
    text = _INLINE_FENCE.sub(_own_line, text.replace("\r\n", "\n").replace("\ufeff", ""))
    text = _TAGGED_FENCE.sub(r"\1\n", text)
    inner = text.strip()
    return inner.strip("`") if inner[:1] == inner[-1:] == "`" and "```" not in inner else text


def _own_line(found: re.Match[str]) -> str:
    """Put a fence on its own line, unless it just ends inline code, as in "Call ```f(2)```"."""
    begins = found.string.rfind("\n", 0, found.start()) + 1
    return found[0] if "```" in found.string[begins : found.start()] else f"\n{found[1]}"


def _defines(name: str, code: str) -> bool:
    return _definition(name).search(code) is not None


def _has_method(name: str, code: str) -> bool:
    """Return True if the code has a class `Solution` with the given method, as in LeetCode answers."""
    found = re.search(rf"^class {_CLASS}\b", code, re.MULTILINE)
    return (
        found is not None
        and re.search(rf"^[ \t]+def {name}\(", code[found.end() :], re.MULTILINE) is not None
    )


def _definition(name: str) -> re.Pattern[str]:
    """Return a pattern for a line at the left margin that defines a name."""
    return re.compile(
        rf"^(?:(?:async[ ]+)?def[ ]+{name}\b|class[ ]+{name}\b|{name}[ ]*(?::[^=\n]*)?=(?!=))", re.MULTILINE
    )


def _blocks(text: str) -> list[_Block]:
    """Return the complete blocks that may be Python or, if there are none, an unclosed block at the end."""
    if not _has_fence(text):
        return []
    found: list[_Block] = []
    at, last = 0, None
    for fence in _whole(text, fences(text)):
        last = fence
        if fence.closed:
            if _is_python(fence) or (not fence.language and _begins_as_code(fence.content)):
                found.append(_block(text, fence, at))
            at = fence.end
    if found or last is None or last.closed:
        return found
    before = text[: last.start]
    if not last.language and not before.count("```") and _begins_as_code(before):
        return [_Block(_cleaned(before), "")]  # the opening fence was at the end of the prompt
    if _is_python(last) or (not last.language and _begins_as_code(last.content)):
        return [_Block(_cleaned(_bare(last.content)), "")]
    return []


def _is_python(fence: Fence) -> bool:
    """Return True if a fence names Python, with or without a version."""
    return fence.language.rstrip("0123456789.") in _PYTHON


def _has_fence(text: str) -> bool:
    return "```" in text or "~~~" in text


def _whole(text: str, parts: Iterable[Fence]) -> Iterator[Fence]:
    """Yield the fenced blocks in order. One that ends inside a docstring is joined with the next one."""
    opened: Fence | None = None
    for fence in parts:
        if opened is not None:
            first = text.find("\n", opened.start) + 1
            content = text[first : fence.end].rpartition("\n")[0] if fence.closed else text[first:]
            fence = Fence(opened.language, content, opened.start, fence.end, fence.closed)
            opened = None
        if fence.closed and len(_TRIPLE.findall(fence.content)) % 2 and _is_python(fence):
            opened = fence
        else:
            yield fence
    if opened is not None:
        yield opened


def _block(text: str, fence: Fence, after: int) -> _Block:
    """Create a block. Its file name comes from its first line, its fence or the line before the fence."""
    content = _cleaned(fence.content)
    first = content.lstrip("\n").partition("\n")[0]
    info = text[fence.start : fence.start + 2 * _LONGEST_HEADING].partition("\n")[0]
    heading = text[max(after, fence.start - 2 * _LONGEST_HEADING) : fence.start].rstrip().rpartition("\n")[2]
    for line in (first if first.startswith("#") else "", info, heading):
        named = _FILE.search(line) if len(line) <= _LONGEST_HEADING else None
        if named:
            return _Block(content, named[1], _is_python(fence))
    return _Block(content, "", _is_python(fence))


def _cleaned(code: str) -> str:
    """Remove common indentation and the prompts of an interactive session."""
    lines = code.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if _PROMPTED.match(first.lstrip()):
        kept = [line.lstrip() for line in lines if _PROMPTED.match(line.lstrip())]
        return "\n".join(line[4:] for line in kept) + "\n"
    return dedent(code)


def _ranked(blocks: Sequence[_Block]) -> list[_Block]:
    """Sort blocks by precedence: labeled before unlabeled ones, then later before earlier ones."""
    return sorted(reversed(blocks), key=lambda block: not block.labeled)


def _named(blocks: Sequence[_Block]) -> dict[_Block, CodeNames]:
    """Return the names in each parsed block. If the blocks are too long in total, none is parsed."""
    if sum(len(block.content) for block in blocks) > LONGEST_PARSED:
        return {}
    return {block: names for block in blocks if (names := code_names(block.content))}


def _program(blocks: Sequence[_Block]) -> _Block:
    ranked = _ranked(blocks)
    names = _named(ranked)
    given = {name for one in names.values() if not one.acts for name in one.binds}
    acting = [(block, one) for block, one in names.items() if one.acts]
    complete = (block for block, one in acting if one.needs <= given or "*" in given)
    return next(complete, acting[0][0] if acting else ranked[0])


def _joined(blocks: Sequence[_Block], main: _Block) -> CodeText:
    """Join the main block with the blocks that define its names and add the files that it imports.

    A block with a file name is never joined. It becomes a module if a block imports it.
    """
    others = [block for block in blocks if block is not main]
    lines = (found[1] for block in blocks for found in _IMPORTED.finditer(block.content))
    imported = {name for line in lines for name in _WORD.findall(line)}
    modules = {block.name: block.content for block in others if block.name in imported}
    names = _named([block for block in blocks if block is main or not block.name]) if len(blocks) > 1 else {}
    giving: dict[str, list[_Block]] = {}
    for block in others:
        for name in names[block].binds if block in names else ():
            giving.setdefault(name, []).append(block)
    waiting = [main] if main in names else []
    needed = set(waiting)
    while waiting:
        needs = names[waiting.pop()].needs
        for name in (*needs, "*") if needs else ():
            found = [block for block in giving.pop(name, ()) if block not in needed]
            needed.update(found)
            waiting += found
    parts = [block.content for block in others if block in needed]
    return CodeText(_in_a_row(*parts, main.content), modules)


def _in_a_row(*parts: str) -> str:
    """Join pieces of code. Imports from `__future__` are moved to the start, as Python requires."""
    if len(parts) == 1:
        return parts[0]
    futures = ""
    rest = []
    for part in parts:
        found = _FUTURE.match(part)
        if found is not None:
            futures += found[2].removesuffix("\n") + "\n"
            part = found[1] + part[found.end() :]
        if part:
            rest.append(part)
    return futures + "\n".join(rest)


def head_of(start: str, entry: str) -> str:
    """Return the code before a function's signature, such as imports and helpers.

    Args:
        start: Code that a completion may continue, which ends with the signature.
        entry: The function's name.
    """
    heads = [*_definition(entry.partition(".")[0]).finditer(start)]
    return start[: heads[-1].start()] if heads else start


def _body(text: str, blocks: Sequence[_Block]) -> str:
    """Return the lines that continue a function's signature, or an empty string if there are none."""
    if blocks:
        return blocks[-1].content
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if _has_fence(text) or not (first[:1].isspace() or _CODE_LINE.match(first)):
        return ""
    return _bare(text)


def _continued(start: str, body: str) -> str:
    """Append an indented body to a function's signature."""
    lines = body.strip("\n").split("\n")
    if lines[0][:1].isspace():
        return f"{start.rstrip()}\n{body}"
    depths = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    if depths and min(depths) >= 4 and (not lines[0].rstrip().endswith(":") or depths[0] > min(depths)):
        lines[0] = " " * min(depths) + lines[0]  # the first line has lost its indentation
        return f"{start.rstrip()}\n" + "\n".join(lines)
    return f"{start.rstrip()}\n{indent(body, '    ')}"


def _begins_as_code(text: str) -> bool:
    first = next((line for line in text.split("\n") if line.strip()), "").lstrip()
    return bool(_CODE_LINE.match(first) or _PROMPTED.match(first))


def _bare(text: str) -> str:
    """Return the code in an unfenced completion, from the first line of code to the next prose."""
    kept: list[str] = []
    quoted = ""  # the quotes of the multiline string that is open here
    for line in text.split("\n"):
        if not quoted and line.strip() and not line[0].isspace() and not _CODE_LINE.match(line):
            if kept and any(one.strip() for one in kept):
                break
            continue
        kept.append(line)
        for mark in _TRIPLE.findall(line):
            quoted = "" if quoted == mark else quoted or mark
    return "\n".join(kept)
