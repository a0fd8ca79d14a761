"""Converts rows of any format using paths that the user passes as `--map FIELD=PATH`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from harness.data.formats.importer import Converted, Importer, RowError
from harness.data.formats.row_parts import RowParts, completion_of, joined, line_of, prompt_of
from harness.data.json_lines import repeated_keys
from harness.errors import InputError
from harness.printable import shortened

__all__ = ["FieldMap", "adding_fields", "by_maps", "check_fields", "parse_map"]

_TEXTS: Final = ("messages", "completion", "system")
"""Fields that make up a row's messages."""
_OURS: Final = ("id", "record", "model", "finish_reason", "service", "expected_reward")
_JSON: Final = ":json"
_FIX: Final = "Write --map FIELD=PATH, such as --map reference_answer=reward_model.ground_truth."


@dataclass(frozen=True, slots=True)
class FieldMap:
    """A `--map` option: a field of the record or rollout and the path of its value in a row."""

    field: str
    path: tuple[str, ...]
    """Keys and indexes, outermost first."""
    is_json: bool
    """Whether the value is a JSON string to parse, as in a CSV file."""

    @property
    def shown(self) -> str:
        """The path in the notation that users write."""
        return ".".join(self.path)

    @property
    def is_text(self) -> bool:
        """Whether the field is part of the messages."""
        return self.field in _TEXTS


def parse_map(text: str) -> FieldMap:
    """Parse `FIELD=PATH`.

    `choices.0.text` and `choices[0].text` are equivalent. With the suffix `:json`, as in `answer:json`, the
    value is parsed as JSON.

    Raises:
        InputError: The argument is not a valid map, or the field may not be mapped.
    """
    field, equals, path = text.partition("=")
    field, path = field.strip(), path.strip()
    is_json = path.endswith(_JSON)
    keys = tuple(re.sub(r"\[(\d+)\]", r".\1", path.removesuffix(_JSON)).split("."))
    if not equals or not field or not all(keys):
        raise InputError(f"{text!r} is not a field map", place="--map", fix=_FIX)
    if field in ("metadata", "trajectories"):
        raise InputError(f"events to the grader use the name {field}", place="--map", fix="Use another name.")
    return FieldMap(field, keys, is_json)


def check_fields(maps: Sequence[FieldMap]) -> None:
    """Check that each map sets another field, because only one of two values could be written.

    Raises:
        InputError: Two maps set the same field.
    """
    fields = [one.field for one in maps]
    for one in fields:
        if fields.count(one) > 1:
            what = f"{fields.count(one)} maps set the field {one}"
            raise InputError(what, place="--map", fix="Keep one of them, or name another field.")


class _Found(NamedTuple):
    at: tuple[str | int, ...]
    """Keys and indexes, outermost first."""
    value: Any


def by_maps(maps: Sequence[FieldMap]) -> Importer:
    """Return an importer that uses only the given maps.

    Args:
        maps: The maps. They must include the messages unless the rows have a `messages` field.
    """

    def convert(row: Mapping[str, Any]) -> Converted:
        return _convert(row, maps)

    return Importer("map", "rows as --map describes them", lambda row: True, convert)


def adding_fields(importer: Importer, maps: Sequence[FieldMap]) -> Importer:
    """Return an importer that also sets the mapped fields.

    Raises:
        InputError: A map sets part of the messages although the importer already finds the messages.
    """
    for one in maps:
        if one.is_text:
            what = f"the importer {importer.name} finds `{one.field}` on its own"
            raise InputError(what, place="--map", fix="Leave out this map or --from.")
    if not maps:
        return importer

    def convert(row: Mapping[str, Any]) -> Converted:
        lines, lost = importer.convert(row)
        mapped = {one.field: _found(row, one) for one in maps}
        fields = {name: part.value for name, part in mapped.items()}
        carried = {".".join(map(str, part.at)) for part in mapped.values()}
        return Converted(
            tuple(_with_fields(line, fields) for line in lines),
            tuple(path for path in lost if path not in carried),
        )

    return Importer(importer.name, importer.title, importer.recognizes, convert)


def _with_fields(line: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Set the mapped fields. Another value that the line has for a field `topic` becomes `row_topic`."""
    replaced = {
        name: line[name] for name, value in fields.items() if name in line and not _is_same(line[name], value)
    }
    return joined({**line, **fields}, replaced)


def _is_same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _convert(row: Mapping[str, Any], maps: Sequence[FieldMap]) -> Converted:
    parts = RowParts(row)
    mapped = {one.field: _found(row, one) for one in maps}
    values = {name: part.value for name, part in mapped.items()}
    for part in mapped.values():
        parts.take(*part.at)
    shown = {one.field: one.shown for one in maps}
    asked = values.pop("messages") if "messages" in values else parts.take("messages")
    messages = list(_system(values.pop("system", None), shown))
    messages += prompt_of(asked, shown.get("messages", "messages"))
    if "completion" in values:
        messages += completion_of(values.pop("completion"), shown["completion"])
    reference = (
        values.pop("reference_answer") if "reference_answer" in values else parts.take("reference_answer")
    )
    ours = {name: values.pop(name) for name in _OURS if name in values}
    line = line_of(messages, reference, joined(values, parts.rest()), **ours)
    return parts.converted(line)


def _system(text: Any, shown: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    if isinstance(text, str):
        yield {"role": "system", "content": text}
    elif text is not None:
        raise RowError(f"`{shown['system']}` is not text")


def _found(row: Mapping[str, Any], one: FieldMap) -> _Found:
    value: Any = row
    at: list[str | int] = []
    keys = list(one.path)
    while keys:
        key, wide = _step(value, keys)
        if not wide:
            raise RowError(f"the row has no `{shortened(one.shown, 60)}`")
        value = value[key]
        at.append(key)
        del keys[:wide]
    return _Found(tuple(at), _from_json(value, one) if one.is_json else value)


def _step(value: Any, keys: Sequence[str]) -> tuple[Any, int]:
    """Return the next key or index and the number of path parts it covers, which is 0 if there is none."""
    if isinstance(value, dict):
        # A key may contain a dot.
        wide = next((n for n in range(1, len(keys) + 1) if ".".join(keys[:n]) in value), 0)
        return ".".join(keys[:wide]), wide
    index = int(keys[0]) if keys[0].isdecimal() and len(keys[0]) < 10 else -1
    return index, int(isinstance(value, list) and 0 <= index < len(value))


def _from_json(text: Any, one: FieldMap) -> Any:
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        raise RowError(f"`{shortened(one.shown, 60)}` is not JSON text") from None
    if twice := repeated_keys(text.encode("utf-8", "surrogatepass")):
        where = f"in the JSON of `{shortened(one.shown, 60)}`"
        raise RowError(f"{where}, the key `{twice[0][:40]}` occurs twice in one object")
    return value
