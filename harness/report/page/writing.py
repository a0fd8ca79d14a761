"""Writes a page as one HTML file that loads nothing and runs only its own script.

The page's content security policy lists the hashes of its script and style, so the browser runs no other
script, whatever a completion contains.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from harness.disk import replaced
from harness.printable import readable
from harness.report.page.contents import ReportPage

__all__ = ["WrittenPage", "html_of", "write_page"]

_HERE = Path(__file__).parent
_SCRIPTS = (
    *("decoding", "visible_text", "differences", "sample_state", "sample_list", "sample_detail"),
    *("heat_map", "curves", "start"),
)


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """Facts about a page that was written."""

    path: Path
    bytes: int
    gradings: int
    """Number of gradings in the run."""
    samples: int
    """Number of gradings in the page."""
    remarks: list[str]
    """Remarks on samples and texts that the page leaves out."""


def write_page(page: ReportPage, path: Path) -> WrittenPage:
    """Write a page atomically.

    Args:
        page: The page's contents.
        path: The file.

    Raises:
        InputError: The file cannot be written.
    """
    content = html_of(page).encode("utf-8")
    with replaced(path, "Name another file with --out.") as file:
        file.write(content)
    return WrittenPage(path, len(content), page.gradings, page.held, page.remarks)


def html_of(page: ReportPage) -> str:
    """Return a page as HTML."""
    style, script = _style(), _script()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_visible, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_part("page.html"))
    return template.render(
        page=page,
        policy=_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        release=_release(),
    )


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")


def _style() -> str:
    return _part("page.css") + _part("uplot/uPlot.min.css")


def _script() -> str:
    """Join all scripts into one. The page's own scripts are wrapped in a function to keep names local."""
    own = "\n".join(_part(f"scripts/{name}.js") for name in _SCRIPTS)
    license = f"/*\n{_part('uplot/LICENSE')}*/\n"  # uPlot may be distributed only with its license
    return f'{license}{_part("uplot/uPlot.iife.min.js")}\n(() => {{\n"use strict";\n{own}}})();\n'


def _part(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _visible(value: Any) -> Any:
    """Escape direction marks and invisible characters in data."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return readable(value)
    return value


def _release() -> str:
    try:
        return version("rft-graders")
    except PackageNotFoundError:
        return "(not installed)"
