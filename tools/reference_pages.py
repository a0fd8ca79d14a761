"""Makes the documentation's reference pages, one for each verb of `rft` and one for each public module.

The pages of verbs are made from click's command objects. Modules and their public names come from the table
in `docs/stability.md`, and the description of each name comes from its docstring, which griffe reads without
importing the module. The pytest fixtures have a separate page, which includes the class of the object that
they return.
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

from harness.cli.groups import GROUPS, VERBS, extra_of, module_of

__all__ = ["fixture_names", "fixture_page", "module_pages", "plain", "public_names", "verb_pages"]

ROOT = Path(__file__).parents[1]
_ROW = re.compile(r"^\| `(graders[\w.]*)` \| (.*) \|$", re.MULTILINE)
_INTERNAL = "for the harness:"
_ALL_VERBS = """\
# All commands

Each command has a page with its options. `rft --help` prints the same list, and `rft COMMAND --help` prints
what is on the page. The last column names the extra that `pip install 'rft-graders[EXTRA]'` installs for a
command.

{groups}

## Exit codes

Every command uses the codes of this table. Where a code has a narrower meaning, the command's page says so.

| Code | Meaning |
|---|---|
| 0 | The command succeeded and found nothing wrong. |
| 1 | It found something: findings, differences, failed gradings, or a job that failed. |
| 2 | The command line or the input is wrong, or the question could not be measured. |
| 3 | A service could not be reached. The same command resumes. |
| 130 | You interrupted it with Ctrl-C. The same command resumes. |
"""
_FIXTURES = """\
# pytest fixtures

`pip install 'rft-graders[replay]' pytest` adds these fixtures to every test run.
[Replay tests](../../replay-tests.md) shows how to use them.
"""


def verb_pages() -> dict[str, str]:
    """Return a page for each verb.

    Returns:
        Markdown by page, such as `reference/rft/audit.md`. The page `reference/rft/index.md` lists all verbs.
    """
    pages = {"reference/rft/index.md": _ALL_VERBS.format(groups="\n\n".join(map(_group, GROUPS)))}
    for verb in VERBS:
        command = importlib.import_module(module_of(verb)).command
        pages[f"reference/rft/{verb}.md"] = "\n\n".join(_command(command, f"rft {verb}", level=1)) + "\n"
    return pages


def module_pages() -> dict[str, str]:
    """Return a page for each public module.

    Returns:
        Markdown by page, such as `reference/python/graders.extract.md`.
    """
    package = _loaded("graders")
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


def fixture_page() -> str:
    """Return the page for the pytest fixtures, in Markdown."""
    plugin, replayed = _loaded("harness/pytest_plugin"), _loaded("harness/replay/replayed")["Replayed"]
    parts = [_FIXTURES.rstrip()]
    for name in fixture_names():
        parts += [f"## {name}", *_sections(plugin[name])]
    # Only the fixtures create such an object, so its constructor is left out.
    parts += ["## Replayed", "The results of a replay, which the first three fixtures return."]
    return "\n\n".join([*parts, *_members(replayed)]) + "\n"


def fixture_names() -> list[str]:
    """Return the names of the pytest fixtures."""
    functions = _loaded("harness/pytest_plugin").functions.values()
    return [one.name for one in functions if any("fixture" in str(each.value) for each in one.decorators)]


def _loaded(path: str) -> Any:
    """Parse a module or package with griffe, without the package that contains it."""
    return griffe.load(
        Path(path).name,
        search_paths=[(ROOT / path).parent],
        docstring_parser="google",
        docstring_options={"returns_multiple_items": False},
    )


def public_names() -> dict[str, list[str]]:
    """Return each module's public names in `docs/stability.md`, except those only for the harness."""
    table = (ROOT / "docs" / "stability.md").read_text(encoding="utf-8")
    return {
        module: re.findall(r"`(\w+)`", names.partition(_INTERNAL)[0]) for module, names in _ROW.findall(table)
    }


def plain(text: str) -> str:
    """Escape characters that Markdown or HTML would interpret as markup, except in code between backticks."""
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [re.sub(r"([*_\[\]|])", r"\\\1", part).replace("<", "&lt;") for part in parts[::2]]
    parts[1::2] = [part.replace("|", "\\|") for part in parts[1::2]]
    return "".join(parts)


def _group(title: str) -> str:
    rows = [
        f"| [`rft {verb}`]({verb}.md) | {line} | `{extra_of(verb)}` |" for verb, line in GROUPS[title].items()
    ]
    return "\n".join([f"## {title}", "", "| Command | What it does | Extra |", "|---|---|---|", *rows])


def _command(command: click.Command, called: str, level: int) -> Iterator[str]:
    """Yield a command's usage, description and options, and for a group also its commands."""
    context = click.Context(command, info_name=called)
    yield f"{'#' * level} {called}"
    usage = " ".join([called, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```"
    yield _help(command)
    records = [record for one in command.get_params(context) if (record := one.get_help_record(context))]
    # Arguments have no help text, because the command's description explains them.
    yield _table("Option", ((plain(f"`{names}`"), meaning) for names, meaning in records if meaning))
    if "Exit codes:" not in (command.help or ""):
        yield "[Exit codes](index.md#exit-codes) are those of all commands."
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
    yield f"## {name}"
    signature = one.signature() if one.is_function or one.is_class else ""
    if signature:
        yield f"```python\n{_wrapped(signature)}\n```"
    elif one.is_class and one.bases:
        yield f"```python\nclass {name}({', '.join(map(str, one.bases))})\n```"
    elif one.is_attribute and one.annotation is not None:
        yield f"```python\n{name}: {one.annotation}\n```"
    yield from _sections(one)
    if one.is_class:
        yield from _members(one)


def _members(one: Any) -> Iterator[str]:
    for member in one.members.values():
        if not member.name.startswith("_") and not member.is_alias and member.docstring:
            yield f"### {one.name}.{member.name}"
            if member.is_function:
                yield f"```python\n{_wrapped(member.signature())}\n```"
            elif member.annotation is not None:
                yield f"```python\n{member.name}: {member.annotation}\n```"
            yield from _sections(member)


def _wrapped(signature: str) -> str:
    """Break a signature of more than 88 characters so that each parameter is on a separate line."""
    if len(signature) <= 88:
        return signature
    name, _, rest = signature.partition("(")
    inside, _, returned = rest.rpartition(")")
    return f"{name}(\n" + "".join(f"    {part},\n" for part in _parameters(inside)) + f"){returned}"


def _parameters(inside: str) -> Iterator[str]:
    """Split a list of parameters at the commas outside brackets and strings."""
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
    if one.docstring is None:
        return
    for section in one.docstring.parsed:
        kind, value = section.kind.value, section.value
        if kind == "text":
            yield _prose(value)
        elif kind in ("parameters", "attributes"):
            yield _table(kind.capitalize()[:-1], ((f"`{each.name}`", each.description) for each in value))
        elif kind == "admonition" and value.kind == "example":
            language = "pycon" if ">>>" in value.description else "python"
            yield f"**Example**\n\n```{language}\n{value.description}\n```"
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
    return "\n".join([f"| {title} | Meaning |", "|---|---|", *lines])


def _prose(text: str) -> str:
    """Return a docstring's text. Indented lines stay unchanged, because Markdown treats them as code."""
    lines = [
        line if line.startswith("    ") else plain(line).replace("\\|", "|") for line in text.split("\n")
    ]
    return "\n".join(lines)
