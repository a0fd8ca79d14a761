"""Adds a grader to the text of a template without changing any other line.

Places in the text come from PyYAML's marks. The result is parsed and checked before it is returned.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.errors import InputError
from harness.localaws.template import read_functions, read_template
from harness.projects.template_files import filled

__all__ = ["CHECK_IN_VERSION", "NO_MODEL", "ROLE", "NoPlace", "grader_resource", "with_grader"]

CHECK_IN_VERSION = ", check ${GraderCheck}"
"""Text added to a version's description if the grader is a ready check."""
ROLE = "      Role: !GetAtt GraderRole.Arn\n"
"""The role of a grader that calls no model."""
NO_MODEL = '""'
"""Default of the parameter for a judge's model if no grader calls a model."""

_TYPE = "AWS::Serverless::Function"
_LIST = ("Mappings", "Graders", "All", "Names")
_SHARED = frozenset(
    """Type DeletionPolicy UpdateReplacePolicy Metadata << Role AutoPublishAlias AutoPublishAliasAllProperties
    VersionDescription CodeUri Runtime Architectures Timeout MemorySize LoggingConfig""".split()
)
"""Properties that graders share. All other properties of a resource are specific to one grader."""


class NoPlace(InputError):
    """The template's text cannot be extended. The user must add `lines` by hand.

    Args:
        why: The obstacle.
        template: The template.
        lines: The text of the resource.
    """

    def __init__(self, why: str, template: Path, lines: str) -> None:
        super().__init__(why, place=str(template), fix="Add these lines under its Resources.")
        self.lines = lines


def grader_resource(logical_id: str, handler: str) -> str:
    """Return template lines for a grader that has the settings of a new project's first grader.

    Args:
        logical_id: The resource's logical ID.
        handler: `module.function`.
    """
    words = {"@LOGICAL_ID@": logical_id, "@HANDLER@": handler, "@ROLE@": ROLE}
    words |= {"@CHECK_VERSION@": "", "@CHECK_VARIABLE@": ""}
    lines = filled("new_project/template.yaml.template", words).decode("utf-8").splitlines(keepends=True)
    start = lines.index(f"  {logical_id}:\n")
    return "".join(lines[start : lines.index("\n", start)])


def with_grader(template: Path, logical_id: str, handler: str) -> bytes:
    """Return the text of a template with another grader, placed after the last grader and modeled on it.

    The new grader gets the last grader's role, metadata and other shared properties, but no properties that
    are specific to that grader, such as variables, a description or a name. If the template lists its graders
    under Mappings, the new grader is added to the list.

    Args:
        template: The template.
        logical_id: The new resource's logical ID.
        handler: `module.function`.

    Raises:
        InputError: The template cannot be read, or already uses that name.
        NoPlace: There is no place for the resource.
    """
    before = read_template(template)
    for section in ("Parameters", "Conditions", "Resources", "Outputs"):
        if logical_id in (before.get(section) or {}):
            fix = "Choose another name for the grader."
            raise InputError(f"{logical_id} is already in its {section}", place=str(template), fix=fix)
    resource = grader_resource(logical_id, handler)
    text = template.read_bytes().decode("utf-8")
    extended = None if template.suffix == ".json" else _extended(text, logical_id, handler)
    if extended is None:
        raise NoPlace(
            "no grader in it is written as indented lines that could serve as a model", template, resource
        )
    with TemporaryDirectory() as scratch:
        draft = Path(scratch) / template.name
        draft.write_bytes(extended.encode("utf-8"))
        wrong = _difference(before, draft, logical_id, handler)
    if wrong:
        raise NoPlace(wrong, template, resource)
    return extended.encode("utf-8")


def _extended(text: str, logical_id: str, handler: str) -> str | None:
    """Return the text with the resource added, and listed under Mappings if the template has such a list.

    Returns:
        The text, or None if the template has no grader to serve as a model.
    """
    import yaml

    root = yaml.compose(text, yaml.SafeLoader)
    resources = _at(root, ("Resources",))
    graders = [(key, value) for key, value in resources.value if _is_grader(value)]
    if root.flow_style or resources.flow_style or not graders:
        return None
    lines = text.splitlines(keepends=True)
    ending = "\r\n" if "\r\n" in text else "\n"
    if not lines[-1].endswith(("\n", "\r")):
        lines[-1] += ending
    roles = {id(pair): _text_of(_at(pair[1], ("Properties", "Role"))) for pair in graders}
    usual = [pair for pair in graders if "GraderRole" in roles[id(pair)]]
    if _at(resources, ("GraderRole",)) is not None and all("JudgeRole" in role for role in roles.values()):
        resource = grader_resource(
            logical_id, handler
        )  # all graders there call a model, but this one does not
    else:
        resource = _like(*(usual or graders)[-1], lines, logical_id, handler)
    insertions = [_after(*graders[-1], lines, resource)]
    names = _at(root, _LIST)
    if names is not None and names.id == "sequence" and names.value:
        insertions.append(_name_after(names, lines, logical_id))
    for line, column, new in sorted(insertions, reverse=True):
        old = lines[line]
        new = new.replace("\r\n", "\n").replace("\n", ending)
        lines[line] = old[:column] + new + old[column:]
    return "".join(lines)


def _at(node: Any, path: tuple[str, ...]) -> Any:
    """Return the node under these keys, or None if there is none."""
    for name in path:
        pairs = node.value if node is not None and node.id == "mapping" else []
        node = next((value for key, value in pairs if key.value == name), None)
    return node


def _is_grader(node: Any) -> bool:
    """Return True if a resource is a function with a handler and can be copied line by line."""
    properties = _at(node, ("Properties",))
    if _text_of(_at(node, ("Type",))) != _TYPE or _at(properties, ("Handler",)) is None:
        return False
    return not node.flow_style and not properties.flow_style


def _text_of(node: Any) -> str:
    return str(node.value) if node is not None and node.id == "scalar" else ""


def _like(key: Any, value: Any, lines: list[str], logical_id: str, handler: str) -> str:
    """Copy a grader's lines with a new name and handler, without properties specific to that grader."""
    copied = [f"{' ' * key.start_mark.column}{logical_id}:\n"]
    for name, setting in value.value:
        first = name.start_mark.line
        if name.value == "Properties":
            copied.append(lines[first])
            for inner, content in setting.value:
                if inner.value == "Handler":
                    copied.append(f"{' ' * inner.start_mark.column}Handler: {handler}\n")
                elif inner.value in _SHARED:
                    shared = lines[inner.start_mark.line : _end_of(inner, content) + 1]
                    copied += [line.replace(CHECK_IN_VERSION, "") for line in shared]
        elif name.value in _SHARED:
            copied += lines[first : _end_of(name, setting) + 1]
    return "".join(copied)


def _after(key: Any, last: Any, lines: list[str], resource: str) -> tuple[int, int, str]:
    """Return the place for a resource, after a grader and its comments: line, column and text."""
    end = _end_of(key, last)
    while end + 1 < len(lines) and _is_comment(lines[end + 1], inside=key.start_mark.column):
        end += 1
    return end, len(lines[end]), f"\n{resource}"


def _name_after(names: Any, lines: list[str], logical_id: str) -> tuple[int, int, str]:
    """Return the place for a name at the end of a list: line, column and text."""
    last = names.value[-1]
    if names.flow_style:
        return last.end_mark.line, last.end_mark.column, f", {logical_id}"
    line = _last_line(last)
    return line, len(lines[line]), f"{' ' * names.start_mark.column}- {logical_id}\n"


def _end_of(key: Any, value: Any) -> int:
    """Return the line, from 0, on which a key's value ends. PyYAML gives an alias the marks of its anchor."""
    if value.start_mark.line < key.start_mark.line:
        return int(key.end_mark.line)
    return _last_line(value)


def _last_line(node: Any) -> int:
    """Return the line, from 0, on which a value ends."""
    if node.id == "scalar" or node.flow_style or not node.value:
        # A block scalar ends where the next line begins.
        line: int = node.end_mark.line
        return line - 1 if node.end_mark.column == 0 else line
    last = node.value[-1]
    return _end_of(*last) if node.id == "mapping" else _last_line(last)


def _is_comment(line: str, inside: int) -> bool:
    text = line.lstrip()
    return text.startswith("#") and len(line) - len(text) > inside


def _difference(before: dict[str, Any], draft: Path, logical_id: str, handler: str) -> str | None:
    """Return the problem with a template's new text, or None if the new grader is the only difference."""
    try:
        after = read_template(draft)
        added = after["Resources"].pop(logical_id)["Properties"]
        code = {**((after.get("Globals") or {}).get("Function") or {}), **added}.get("CodeUri")
        if code not in (None, ".", "./"):
            return f"its graders' code is in {code}, not next to it"
        names = _names(after)
        if names and logical_id in names:
            names.remove(logical_id)
        if after == before and read_functions(draft)[logical_id].handler == handler:
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
