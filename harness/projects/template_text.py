"""A template with one more grader in it: its text grows by that resource, every other line stays as it is.

The place comes from PyYAML's own marks, and the result is read back and compared before anyone gets it.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.errors import InputError
from harness.localaws.template import read_functions, read_template

__all__ = ["NoPlace", "grader_resource", "with_grader"]

_TYPE = "AWS::Serverless::Function"
_ROLE = "GraderRole"


class NoPlace(InputError):
    """A template whose text cannot be extended; `lines` is what the user has to write into it.

    Args:
        why: What is in the way.
        template: The template.
        lines: The resource.
    """

    def __init__(self, why: str, template: Path, lines: str) -> None:
        super().__init__(why, place=str(template), fix="Write these lines under its Resources yourself.")
        self.lines = lines


def grader_resource(logical_id: str, handler: str) -> str:
    """A grader's resource, as it stands under `Resources` in a template of this project."""
    return (
        f"  {logical_id}:\n"
        f"    Type: {_TYPE}\n"
        "    Metadata: {BuildMethod: makefile}\n"
        "    Properties:\n"
        f"      Handler: {handler}\n"
        f"      Role: !GetAtt {_ROLE}.Arn\n"
        "      AutoPublishAliasAllProperties: true\n"
    )


def with_grader(template: Path, logical_id: str, handler: str) -> bytes:
    """The text of a template with one more grader, after the last one that it has.

    Args:
        template: The template.
        logical_id: The new resource.
        handler: `module.function`.

    Raises:
        InputError: The template cannot be read, or something in it has that name already.
        NoPlace: There is no place for it.
    """
    before = read_template(template)
    for section in ("Parameters", "Conditions", "Resources", "Outputs"):
        if logical_id in (before.get(section) or {}):
            fix = "Choose another name for the grader."
            raise InputError(f"{logical_id} is in its {section} already", place=str(template), fix=fix)
    resource = grader_resource(logical_id, handler)
    if _ROLE not in before["Resources"]:
        raise NoPlace(f"it has no {_ROLE}, which graders of `rft init` run as", template, resource)
    text = template.read_bytes().decode("utf-8")
    if template.suffix == ".json" or (found := _place(text)) is None:
        raise NoPlace("its Resources are not a list of indented blocks", template, resource)
    line, indent = found
    extended = _inserted(text, line, resource, indent)
    _prove(before, template, extended, logical_id, handler, resource)
    return extended.encode("utf-8")


def _place(text: str) -> tuple[int, str] | None:
    """The number of lines before the new resource, and one step of indentation; None where there is none."""
    import yaml

    root = yaml.compose(text, yaml.SafeLoader)
    resources = next((value for key, value in root.value if key.value == "Resources"), None)
    if not isinstance(resources, yaml.MappingNode) or resources.flow_style or root.flow_style:
        return None
    graders = [pair for pair in resources.value if _is_function(pair[1])]
    if not graders:
        return None
    key, last = graders[-1]
    lines = text.splitlines()
    after = _last_line(last) + 1
    while after < len(lines) and _belongs(lines[after], key.start_mark.column):
        after += 1
    return after, " " * key.start_mark.column


def _is_function(node: Any) -> bool:
    pairs = node.value if isinstance(node.value, list) else []
    return any(key.value == "Type" and value.value == _TYPE for key, value in pairs if key.id == "scalar")


def _last_line(node: Any) -> int:
    """The line on which a value ends, counted from 0."""
    if node.id == "scalar" or node.flow_style or not node.value:
        # A block scalar ends where the next line begins.
        line: int = node.end_mark.line
        return line - 1 if node.end_mark.column == 0 else line
    last = node.value[-1]
    return _last_line(last[1] if node.id == "mapping" else last)


def _belongs(line: str, column: int) -> bool:
    """Whether a line after a resource is a comment of its own: further in than the resource's name."""
    text = line.lstrip()
    return text.startswith("#") and len(line) - len(text) > column


def _inserted(text: str, before: int, resource: str, indent: str) -> str:
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    if not lines[before - 1].endswith(("\n", "\r")):
        lines[before - 1] += ending
    new = [ending]
    for line in resource.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        new.append(indent * depth + line.lstrip() + ending)
    return "".join([*lines[:before], *new, *lines[before:]])


def _prove(
    before: dict[str, Any], template: Path, text: str, logical_id: str, handler: str, resource: str
) -> None:
    """Read the new text back: the new grader is in it, and nothing else changed."""
    with TemporaryDirectory() as scratch:
        draft = Path(scratch) / template.name
        draft.write_bytes(text.encode("utf-8"))
        try:
            after = read_template(draft)
            added = read_functions(draft)[logical_id]
            del after["Resources"][logical_id]
            proven = json.dumps(after) == json.dumps(before) and added.handler == handler
        except InputError as error:
            raise NoPlace(f"with the new grader in it, {error.message}", template, resource) from error
        except KeyError:
            proven = False
    if not proven:
        raise NoPlace("its text cannot be extended without changing something else", template, resource)
