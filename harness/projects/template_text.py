"""A template with one more grader in it: its text grows by that, and every other line stays as it is.

The places come from PyYAML's own marks, and the result is read back and compared before anyone gets it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.errors import InputError
from harness.localaws.template import read_functions, read_template
from harness.projects.template_files import filled

__all__ = ["NoPlace", "grader_resource", "with_grader"]

_TYPE = "AWS::Serverless::Function"
_LIST = ("Mappings", "Graders", "All", "Names")
_NAMED = re.compile(r"\$\{([^!}.]+)[^}]*\}")


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
    """A grader's resource, as the template of a new project has it for its first.

    Args:
        logical_id: The resource's name.
        handler: `module.function`.
    """
    module, _, function = handler.rpartition(".")
    words = {"@LOGICAL_ID@": logical_id, "@MODULE@": module, "@FUNCTION@": function}
    lines = filled("new_project/template.yaml.template", words).decode("utf-8").splitlines(keepends=True)
    start = lines.index(f"  {logical_id}:\n")
    return "".join(lines[start : lines.index("\n", start)])


def with_grader(template: Path, logical_id: str, handler: str) -> bytes:
    """The text of a template with one more grader, after the last one that it has.

    Where the template lists its graders under Mappings, the new one's name goes into that list too.

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
    text = template.read_bytes().decode("utf-8")
    extended = None if template.suffix == ".json" else _extended(text, logical_id, resource)
    if extended is None:
        raise NoPlace("its Resources are not a list of indented blocks", template, resource)
    with TemporaryDirectory() as scratch:
        draft = Path(scratch) / template.name
        draft.write_bytes(extended.encode("utf-8"))
        wrong = _difference(before, draft, logical_id, handler)
    if wrong:
        raise NoPlace(wrong, template, resource)
    return extended.encode("utf-8")


def _extended(text: str, logical_id: str, resource: str) -> str | None:
    """The text with the resource and, where there is one, the list; None where there is no place."""
    import yaml

    root = yaml.compose(text, yaml.SafeLoader)
    resources = _at(root, ("Resources",))
    if root.flow_style or resources is None or resources.id != "mapping" or resources.flow_style:
        return None
    graders = [(key, value) for key, value in resources.value if _is_function(value)]
    if not graders:
        return None
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    if not lines[-1].endswith(("\n", "\r")):
        lines[-1] += ending
    insertions = [_resource_after(*graders[-1], lines, resource)]
    names = _at(root, _LIST)
    if names is not None and names.id == "sequence" and names.value:
        insertions.append(_name_after(names, lines, logical_id))
    for line, column, new in sorted(insertions, reverse=True):
        old = lines[line - 1]
        lines[line - 1] = old[:column] + new.replace("\n", ending) + old[column:]
    return "".join(lines)


def _at(node: Any, path: tuple[str, ...]) -> Any:
    """The node under these keys; None where there is none."""
    for name in path:
        pairs = node.value if node is not None and node.id == "mapping" else []
        node = next((value for key, value in pairs if key.value == name), None)
    return node


def _is_function(node: Any) -> bool:
    kind = _at(node, ("Type",))
    return kind is not None and kind.value == _TYPE


def _resource_after(key: Any, last: Any, lines: list[str], resource: str) -> tuple[int, int, str]:
    """Where a resource goes, behind the last grader and its comments: line from 1, column, text."""
    step = key.start_mark.column
    end = _last_line(last)
    while end + 1 < len(lines) and _is_comment(lines[end + 1], inside=step):
        end += 1
    new = ["\n"]
    for line in resource.splitlines(keepends=True):
        depth = (len(line) - len(line.lstrip())) // 2
        new.append(" " * (step * depth) + line.lstrip())
    return end + 1, len(lines[end]), "".join(new)


def _name_after(names: Any, lines: list[str], logical_id: str) -> tuple[int, int, str]:
    """Where a name goes in a list, behind its last one."""
    last = names.value[-1]
    if names.flow_style:
        return last.end_mark.line + 1, last.end_mark.column, f", {logical_id}"
    line = _last_line(last)
    return line + 1, len(lines[line]), f"{' ' * names.start_mark.column}- {logical_id}\n"


def _last_line(node: Any) -> int:
    """The line on which a value ends, counted from 0."""
    if node.id == "scalar" or node.flow_style or not node.value:
        # A block scalar ends where the next line begins.
        line: int = node.end_mark.line
        return line - 1 if node.end_mark.column == 0 else line
    last = node.value[-1]
    return _last_line(last[1] if node.id == "mapping" else last)


def _is_comment(line: str, inside: int) -> bool:
    """Whether a line is a comment that stands further in than this column."""
    text = line.lstrip()
    return text.startswith("#") and len(line) - len(text) > inside


def _difference(before: dict[str, Any], draft: Path, logical_id: str, handler: str) -> str | None:
    """What is wrong with a template's new text: something that the grader needs, or another difference."""
    try:
        after = read_template(draft)
        added = after["Resources"].pop(logical_id)
        missing = sorted(
            set(_references(added)) - set(after["Resources"]) - set(after.get("Parameters") or {})
        )
        if missing:
            return f"it has no {' and no '.join(missing)}, which the new grader refers to"
        names = _names(after)
        if names and logical_id in names:
            names.remove(logical_id)
        if json.dumps(after, default=str) == json.dumps(before, default=str):
            if read_functions(draft)[logical_id].handler == handler:
                return None
    except InputError as error:
        return f"with the new grader in it, {error.message}"
    except KeyError:
        pass
    return "its text cannot be extended without changing something else"


def _names(template: dict[str, Any]) -> list[Any] | None:
    found: Any = template
    for key in _LIST:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, list) else None


def _references(value: Any) -> Iterator[str]:
    """The parameters and resources that a value refers to."""
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref" and isinstance(inner, str):
                yield from () if inner.startswith("AWS::") else (inner,)
            elif key == "Fn::GetAtt":
                yield inner.partition(".")[0] if isinstance(inner, str) else str(inner[0])
            elif key == "Fn::Sub" and isinstance(inner, str):
                yield from (name for name in _NAMED.findall(inner) if not name.startswith("AWS::"))
            else:
                yield from _references(inner)
