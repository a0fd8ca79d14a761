"""The reference pages of the documentation: one for each verb of `rft`, and one for each public module.

Verbs come from click's own objects. Modules and their public names come from the table in
`docs/stability.md`, and what each name does comes from its docstring, which griffe reads without importing
the module.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import griffe

from harness.cli.groups import VERBS, module_of

__all__ = ["module_pages", "plain", "public_names", "verb_pages"]

ROOT = Path(__file__).parents[1]
_ROW = re.compile(r"^\| `(graders[\w.]*)` \| (.*) \|$", re.MULTILINE)
_INTERNAL = "for the harness:"


def verb_pages() -> dict[str, str]:
    """The page of each verb.

    Returns:
        Markdown by page, such as `reference/rft/audit.md`.
    """
    pages = {}
    for verb in VERBS:
        command = importlib.import_module(module_of(verb)).command
        pages[f"reference/rft/{verb}.md"] = "\n\n".join(_command(command, f"rft {verb}", level=1)) + "\n"
    return pages


def module_pages() -> dict[str, str]:
    """The page of each public module.

    Returns:
        Markdown by page, such as `reference/python/graders.extract.md`.
    """
    package: Any = griffe.load(
        "graders",
        search_paths=[ROOT],
        docstring_parser="google",
        docstring_options={"returns_multiple_items": False},
    )
    first: dict[str, str] = {}
    pages = {}
    for module, names in public_names().items():
        found = package[module.removeprefix("graders.")] if module != "graders" else package
        parts = [f"# {module}", _prose(found.docstring.value)]
        for name in names:
            one = found[name].final_target if found[name].is_alias else found[name]
            if one.path in first:
                other = first[one.path]
                parts += [f"## {name}", f"See [`{other}.{name}`]({other}.md#{name.lower()})."]
                continue
            first[one.path] = module
            parts += _described(one, name)
        pages[f"reference/python/{module}.md"] = "\n\n".join(parts) + "\n"
    return pages


def public_names() -> dict[str, list[str]]:
    """The public names of each module in `docs/stability.md`, but for those of the harness alone."""
    table = (ROOT / "docs" / "stability.md").read_text(encoding="utf-8")
    return {
        module: re.findall(r"`(\w+)`", names.partition(_INTERNAL)[0]) for module, names in _ROW.findall(table)
    }


def plain(text: str) -> str:
    """Escape what Markdown or HTML would read as markup, outside of code between backticks."""
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [re.sub(r"([*_\[\]|])", r"\\\1", part).replace("<", "&lt;") for part in parts[::2]]
    parts[1::2] = [part.replace("|", "\\|") for part in parts[1::2]]
    return "".join(parts)


def _command(command: click.Command, called: str, level: int) -> Iterator[str]:
    """A command's section: how to call it, what it does, its options; the commands of a group after it."""
    context = click.Context(command, info_name=called)
    yield f"{'#' * level} {called}"
    usage = " ".join([called, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```"
    yield _help(command)
    records = [record for one in command.get_params(context) if (record := one.get_help_record(context))]
    rows = [f"| `{names}` | {plain(meaning)} |".replace("\n", " ") for names, meaning in records]
    yield "\n".join(["| Option | Meaning |", "|---|---|", *rows])
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from _command(one, f"{called} {name}", level + 1)


def _help(command: click.Command) -> str:
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    shown = [
        # A paragraph that click must not wrap.
        f"```text\n{part[2:].strip()}\n```" if part.startswith("\b\n") else plain(" ".join(part.split()))
        for part in paragraphs
    ]
    return "\n\n".join(shown)


def _described(one: Any, name: str) -> Iterator[str]:
    """The section of a public name."""
    yield f"## {name}"
    if one.is_function or one.is_class:
        yield f"```python\n{_wrapped(one.signature())}\n```"
    elif one.is_attribute and one.annotation is not None:
        yield f"```python\n{name}: {one.annotation}\n```"
    yield from _sections(one)
    if one.is_class:
        for member in one.members.values():
            if not member.name.startswith("_") and not member.is_alias and member.docstring:
                kind = f"{member.signature()}" if member.is_function else member.name
                yield f"### {name}.{member.name}"
                if member.is_function:
                    yield f"```python\n{_wrapped(kind)}\n```"
                yield from _sections(member)


def _wrapped(signature: str) -> str:
    """A signature of more than 88 characters with one parameter a line."""
    if len(signature) <= 88:
        return signature
    name, _, rest = signature.partition("(")
    inside, _, returned = rest.rpartition(")")
    return f"{name}(\n" + "".join(f"    {part},\n" for part in _parameters(inside)) + f"){returned}"


def _parameters(inside: str) -> Iterator[str]:
    """Split a list of parameters at the commas that stand in no bracket or string."""
    depth, start, quote = 0, 0, ""
    for at, sign in enumerate(inside):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif sign == "," and depth == 0:
            yield inside[start:at].strip()
            start = at + 1
    yield inside[start:].strip()


def _sections(one: Any) -> Iterator[str]:
    """A docstring's sections as Markdown."""
    if one.docstring is None:
        return
    for section in one.docstring.parsed:
        kind, value = section.kind.value, section.value
        if kind == "text":
            yield _prose(value)
        elif kind in ("parameters", "attributes"):
            yield _table(kind.capitalize()[:-1], ((f"`{each.name}`", each.description) for each in value))
        elif kind in ("raises", "yields", "returns"):
            yield "\n".join([f"**{kind.capitalize()}**\n", *(f"- {_typed(each)}" for each in value)])
        elif kind == "examples":
            yield "\n\n".join(
                text if each.value == "text" else f"```pycon\n{text}\n```" for each, text in value
            )
        else:
            yield f"**{section.title or kind.capitalize()}**\n\n{_prose(value.description)}"


def _typed(each: Any) -> str:
    text = plain(" ".join(each.description.split())).replace("\\|", "|")
    return f"`{each.annotation}`: {text}" if each.annotation else text


def _table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {name} | {plain(' '.join(text.split()))} |" for name, text in rows]
    return "\n".join([f"| {title} | |", "|---|---|", *lines])


def _prose(text: str) -> str:
    """A docstring's text: its indented lines stay as they are, since Markdown takes them as code."""
    lines = [
        line if line.startswith("    ") else plain(line).replace("\\|", "|") for line in text.split("\n")
    ]
    return "\n".join(lines)
