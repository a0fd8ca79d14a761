"""Writes the sources of the documentation site: `python -m tools.docs_site FOLDER`.

The folder receives the pages of `docs`, the README as `index.md`, the changelog, the reference pages, and
`llms.txt`, which lists every page with its first sentence for language models. `make docs` builds the site
from this folder.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.reference_pages import ROOT, fixture_page, module_pages, verb_pages

__all__ = ["first_sentence", "main", "nav_pages", "pages"]

CONFIGURATION = ROOT / "mkdocs.yml"
_FROM_ROOT = {"README.md": "index.md", "CHANGELOG.md": "changelog.md"}
"""Pages that are made from files outside the folder `docs`."""
_LINK = re.compile(
    r"^```.*?^```|(?<!`)(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)"
    r"|\[(?P<text>[^\[\]]*)\]\((?P<path>[\w./-]+)(?P<anchor>(?:#[\w-]*)?)\)",
    re.DOTALL | re.MULTILINE,
)
"""Matches a link to a file, or code, in which links stay unchanged."""
_NAMED = re.compile(
    r"`?\bdocs/(?P<page>[\w-]+\.md)`?|^```.*?^```|`[^`\n]*`|(?<!\]\()(?P<url>https?://[^\s)>`]+)",
    re.DOTALL | re.MULTILINE,
)
"""Matches, in a docstring, code, the name of a page, or a URL that is not yet a link."""


def pages() -> dict[str, str]:
    """Return all pages of the site as Markdown.

    Returns:
        Markdown, by the page's path in the site's sources.
    """
    written = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
    written = {name: text.replace("](../README.md", "](index.md") for name, text in written.items()}
    for name, page in _FROM_ROOT.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        written[page] = re.sub(r"\]\(docs/([\w/.-]+)", r"](\1", text)
    written = {name: _LINK.sub(_on_site, text) for name, text in written.items()}
    reference = verb_pages() | module_pages() | {"reference/python/pytest.md": fixture_page()}
    return written | {name: _NAMED.sub(_linked, text) for name, text in reference.items()}


def _linked(named: re.Match[str]) -> str:
    """Turn pages (`docs/NAME.md`) and URLs in a docstring into links, but leave code unchanged."""
    if named["page"] is not None:
        return f"[{named['page']}](../../{named['page']})"
    return f"<{named['url']}>" if named["url"] is not None else named.group()


def _on_site(link: re.Match[str]) -> str:
    """Replace a link to a file without a page by the link's text. Keep code and other links."""
    if link["text"] is None:
        return link.group()
    page = _FROM_ROOT.get(link["path"], link["path"])
    there = (ROOT / "docs" / page).exists() or page in _FROM_ROOT.values()
    return f"[{link['text']}]({page}{link['anchor']})" if there else link["text"]


def nav_pages(nav: list[Any] | None = None, group: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield the pages in the order of the site's menu.

    Yields:
        The group in the menu, the title (empty to use the page's heading), and the page.
    """
    entries = yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))["nav"] if nav is None else nav
    for entry in entries:
        title, below = next(iter(entry.items())) if isinstance(entry, dict) else ("", entry)
        if isinstance(below, str):
            yield group, title, below
        else:
            yield from nav_pages(below, title if not group else f"{group}: {title}")


def first_sentence(text: str) -> str:
    """Return the first sentence of a page's first paragraph, ignoring blocks and markup."""
    body = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    paragraphs = (part.strip() for part in body.split("\n\n"))
    first = next((part for part in paragraphs if part and part[0] not in "#|-!<"), "")
    line = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", " ".join(first.split())).replace("**", "")
    line = re.sub(r"\\([*_\[\]|])", r"\1", line)
    # A dot inside code does not end a sentence.
    sentence = re.match(r"(?:`[^`]*`|[^`])*?[.?!](?=\s|$)", line)
    return sentence.group() if sentence else line.removesuffix(":")


def _list_for_models(written: dict[str, str]) -> str:
    """Return the text of `llms.txt`, in the format of llmstxt.org."""
    about = yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))["site_description"]
    lines, last = ["# rft-graders", "", f"> {about}"], None
    for group, title, page in nav_pages():
        if group != last:
            lines += ["", f"## {group or 'Start'}", ""]
            last = group
        heading = title or written[page].partition("\n")[0].lstrip("# ")
        lines.append(f"- [{heading}]({page}): {first_sentence(written[page])}")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the site's sources.

    Args:
        arguments: The folder, which is emptied first.

    Returns:
        The exit code: 0, or 2 if no folder is named.
    """
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tools.docs_site FOLDER\n")
        return 2
    folder = Path(arguments[0])
    shutil.rmtree(folder, ignore_errors=True)
    written = pages()
    for page, text in written.items():
        path = folder / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "docs" / "images", folder / "images")
    (folder / "llms.txt").write_text(_list_for_models(written), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
