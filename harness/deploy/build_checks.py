"""Checks that `sam build` can build a function. Its folder, handler file and Makefile target must exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.deploy.checklist import finding
from harness.deploy.default_values import mapping
from harness.deploy.shadowing import installed_graders
from harness.findings import Finding, Place

__all__ = ["check_build"]

_RULE = re.compile(r"^([^\t#=:\s][^=:#]*):(?!=)", re.MULTILINE)
_COMPUTED = re.compile(r"^[^\t#\n]*\$[({][^)}\n]*build-|^build-\$", re.MULTILINE)
_DEEPEST = 5
_INCLUDE = re.compile(r"^-?include[ \t]+(.+)$", re.MULTILINE)


def check_build(
    name: str, resource: Mapping[str, Any], properties: Mapping[str, Any], folder: Path, place: Place
) -> Iterator[Finding]:
    """Check one function.

    Args:
        name: The function's logical ID.
        resource: The function's resource in the template.
        properties: The function's properties, merged with the template's Globals and without values that are
            not known before deployment.
        folder: The template's folder.
        place: The function's place, for use in findings.
    """
    code = properties.get("CodeUri")
    if not isinstance(code, str) or code.startswith("s3://") or code.endswith(".zip"):
        text = f"the code of {name} is not a local folder, so its handler and its artifact were not checked"
        yield finding("D050", text, place, fix="Name the folder in CodeUri, or check the deployed function.")
        return
    sources = folder / code
    if not sources.is_dir():
        yield finding("D015", f"CodeUri of {name} is {code}, but there is no such folder", place)
        return
    handler = properties.get("Handler")
    if isinstance(handler, str) and not _has_module(sources, handler):
        text = f"Handler of {name} is {handler}, but {code} has no module for it"
        yield finding("D015", text, place)
    if mapping(resource.get("Metadata")).get("BuildMethod") == "makefile":
        target = f"build-{name}"
        if not (sources / "Makefile").is_file():
            yield finding("D016", f"{name} is built with make, but {code} has no Makefile", place)
        elif not _has_target(sources / "Makefile", target):
            yield finding("D016", f"the Makefile in {code} has no target {target}", place)


def _has_module(sources: Path, handler: str) -> bool:
    module = handler.rpartition(".")[0].replace("/", ".")
    parts = module.split(".")
    roots = [sources, installed_graders().parent] if parts[0] == "graders" else [sources]
    return bool(module) and any(
        file.is_file()
        for root in roots
        for file in (root.joinpath(*parts[:-1], f"{parts[-1]}.py"), root.joinpath(*parts, "__init__.py"))
    )


def _has_target(makefile: Path, target: str, depth: int = 0) -> bool:
    """Return True if a Makefile or one of its includes has the target, or if only make could tell."""
    try:
        text = makefile.read_text("utf-8", "replace")
    except OSError:
        return True
    if _COMPUTED.search(text):
        return True
    for rule in _RULE.findall(text):
        for one in rule.split():
            before, pattern, after = one.partition("%")
            if one == target or (pattern and before and target.startswith(before) and target.endswith(after)):
                return True
    included = [name for line in _INCLUDE.findall(text) for name in line.split()]
    if depth > _DEEPEST or any("$" in name for name in included):
        return True
    return any(_has_target(makefile.parent / name, target, depth + 1) for name in included)
