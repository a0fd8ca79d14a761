"""Tracks which parts of a row an importer has converted. The remaining parts count as lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from harness.data.formats.importer import Converted, RowError
from harness.data.formats.plain_messages import plain_messages
from harness.data.json_lines import LineError, parse
from harness.data.records import ends_with_assistant
from harness.printable import shortened

__all__ = ["RowParts", "completion_of", "joined", "line_ids", "line_of", "prompt_of", "with_system"]

_TAKEN: Final = object()
_SYSTEM: Final = ("system", "system_prompt")
"""Columns with a system prompt, most likely first."""
_ROLE: Final = frozenset(("role", "content"))
_OURS: Final = frozenset(
    (
        *("messages", "reference_answer", "id", "record", "model", "finish_reason", "service"),
        *("expected_reward", "metadata", "trajectories"),
    )
)
"""Field names reserved in records and rollouts. Row fields with these names are renamed."""


class RowParts:
    """The parts of a row that the importer has not taken yet.

    Args:
        row: The row, which is not modified.
    """

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._rest: dict[str, Any] = _copied(row)
        self._touched: set[int] = set()
        """The Python `id` of every object and list from which a value was taken."""

    def peek(self, *path: str | int) -> Any:
        """Return the value at a path without taking it, or None if it is missing or has been taken."""
        value = _at(self._rest, path)
        return None if value is _TAKEN else _without_taken(value)

    def take(self, *path: str | int) -> Any:
        """Return the value at a path and mark it as converted, or return None if it is missing.

        Args:
            *path: Keys of objects and indexes of lists, outermost first.
        """
        value: Any = self._rest
        holders: list[Any] = []
        for key in path:
            holders.append(value)
            value = _at(value, (key,))
        if value is None or value is _TAKEN:
            return None
        # The value exists, so its parent is an object or a list.
        holders[-1][path[-1]] = _TAKEN
        self._touched.update(map(id, holders))
        return _without_taken(value) if id(value) in self._touched else value

    def take_first(self, *names: str) -> Any:
        """Take the first non-empty field among the given root fields, or return None if all are empty."""
        for name in names:
            if self.peek(name) is not None:
                return self.take(name)
        return None

    def rest(self, *without: str) -> dict[str, Any]:
        """Take every root field from which nothing has been taken yet.

        Args:
            *without: Fields to leave as lost, because they describe the run rather than the record.
        """
        whole = [
            name
            for name, value in self._rest.items()
            if name not in without and value is not _TAKEN and id(value) not in self._touched
        ]
        return {name: self.take(name) for name in whole}

    def converted(self, *lines: dict[str, Any]) -> Converted:
        """Return a result with these lines. Everything that was not taken counts as lost."""
        return Converted(lines, tuple(dict.fromkeys(self._lost(self._rest, ""))))

    def _lost(self, value: Any, path: str) -> Iterator[str]:
        """Yield the paths of the remaining parts. An untouched object or list yields only its own path.

        Nulls, empty objects and empty lists are skipped because they contain no data.
        """
        if value is _TAKEN or value is None:
            return
        of_list = path.endswith("[]") and isinstance(value, dict)  # report an element's keys
        if path and not of_list and id(value) not in self._touched:
            if _holds_something(value):
                yield path
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from self._lost(item, f"{path}.{key}" if path else key)
        else:
            for item in value:
                yield from self._lost(item, f"{path}[]")


def line_ids(parts: RowParts, count: int, *path: str | int) -> list[Any]:
    """Take a row's id and return one id for each line made from the row.

    Args:
        parts: The row's parts.
        count: Number of lines. If there are several, the ids are numbered.
        *path: Path of the id. An id that is not a string cannot be numbered and is not taken.
    """
    if count == 1:
        return [parts.take(*path)]
    given = parts.take(*path) if isinstance(parts.peek(*path), str) else None
    return [None if given is None else f"{given}-{number}" for number in range(1, count + 1)]


def prompt_of(value: Any, name: str = "prompt") -> list[dict[str, Any]]:
    """Convert a prompt to messages. A list is copied without nulls, and a string becomes one user message.

    Args:
        value: Value in the row. A JSON string with a list of messages is parsed.
        name: Name of the value in the row, for error messages.

    Raises:
        RowError: The value is neither a string nor a list of messages.
    """
    value = _read(value)
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    return _messages(value, name)


def completion_of(value: Any, name: str = "completion") -> list[dict[str, Any]]:
    """Convert a completion to messages. A string becomes one assistant message.

    Args:
        value: Value in the row: a string, a message, or a list that ends with an assistant message. A JSON
            string with a list of messages is parsed.
        name: Name of the value in the row, for error messages.

    Raises:
        RowError: The value has another type or does not end with an assistant message.
    """
    value = _read(value)
    if isinstance(value, str):
        return [{"role": "assistant", "content": value}]
    messages = _messages([value] if isinstance(value, Mapping) else value, name)
    if not ends_with_assistant({"messages": messages}):
        raise RowError(f"`{name}` does not end with the assistant's message")
    return messages


def with_system(parts: RowParts, *conversations: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Take a row's system prompt, and put it before the messages of each conversation.

    Nothing is taken if a conversation already has a system message.

    Args:
        parts: The row's parts.
        *conversations: The messages of each of the row's lines.
    """
    name = next((name for name in _SYSTEM if isinstance(parts.peek(name), str)), None)
    if name is None or any(
        turn["role"] in ("system", "developer") for turns in conversations for turn in turns
    ):
        return [*conversations]
    text = parts.take(name)
    first = [{"role": "system", "content": text}] if text.strip() else []
    return [[*first, *turns] for turns in conversations]


def joined(fields: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two groups of fields. If both have a field such as `topic`, the second becomes `row_topic`."""
    found = dict(fields)
    for name, value in others.items():
        while name in found:
            name = f"row_{name}"
        found[name] = value
    return found


def line_of(
    messages: Iterable[Mapping[str, Any]],
    reference: Any = None,
    fields: Mapping[str, Any] | None = None,
    **ours: Any,
) -> dict[str, Any]:
    """Build a record, or a rollout if the messages end with the assistant's turn.

    Args:
        messages: All messages, ending with the completion.
        reference: The reference answer, of any type, or None if there is no reference.
        fields: The row's other fields. Fields with reserved names are renamed. For example, `metadata`
            becomes `row_metadata`.
        ours: Values for reserved names: `id`, `record`, `model`, `finish_reason`, `reward`. None values are
            omitted.
    """
    given = {name: value for name, value in ours.items() if value is not None}
    line: dict[str, Any] = {name: given.pop(name) for name in ("id", "record") if name in given}
    line["messages"] = list(messages)
    if reference is not None:
        line["reference_answer"] = reference
    line |= given
    for name, value in (fields or {}).items():
        while name in _OURS or name in line:
            name = f"row_{name}"
        line[name] = value
    return line


def _read(value: Any) -> Any:
    """Parse a JSON string that holds a list of messages, as in tables. Return other values unchanged."""
    if not isinstance(value, str) or not value.lstrip().startswith("[") or '"role"' not in value:
        return value
    try:
        found = parse(value.strip().encode())
    except (LineError, UnicodeEncodeError):
        return value
    good = isinstance(found, list) and all(isinstance(one, dict) and _ROLE <= one.keys() for one in found)
    return found if good else value


def _messages(value: Any, name: str) -> list[dict[str, Any]]:
    if value is None:
        raise RowError(f"the row has no `{shortened(name, 60)}`")
    good = isinstance(value, list) and value
    if not good or not all(isinstance(one, dict) and isinstance(one.get("role"), str) for one in value):
        raise RowError(f"`{shortened(name, 60)}` is neither a string nor a list of messages with roles")
    return plain_messages(value)


def _at(value: Any, path: Iterable[str | int]) -> Any:
    for key in path:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
            value = value[key]
        else:
            return None
    return value


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _without_taken(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_taken(item) for key, item in value.items() if item is not _TAKEN}
    if isinstance(value, list):
        return [_without_taken(item) for item in value if item is not _TAKEN]
    return value


def _holds_something(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_holds_something, value.values() if isinstance(value, dict) else value))
    return value is not None
