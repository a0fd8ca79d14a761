"""Reads rollouts files line by line, and prepares each rollout for the grader.

A rollouts file is JSONL. A line has `messages` that end with the assistant's turn, and also `id`, `record`,
`model`, `reference_answer` and the record's fields. Fields that a grader would not get in training (the
harness's own fields, labels, notes about the completion) are removed. A line that cannot be used does not
affect other lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from graders.sample import ASSISTANTS
from harness.data.formats.recognized import other_format
from harness.data.identity import record_key
from harness.data.json_lines import LineError, lines, numbered_lines, parse
from harness.data.record_fields import (
    ALWAYS_SHOWN,
    OWN_FIELDS,
    FieldChoice,
    comparable,
    flattened,
    record_fields,
    unequal,
)
from harness.data.record_file import RecordFile
from harness.data.sources import DataFile
from harness.errors import InputError

_NO_LABELS = ("id", "messages", "reference_answer", "metadata", *OWN_FIELDS)


def check_label(label: str | None) -> None:
    """Raise an error if the label is a field that every rollout needs.

    Raises:
        InputError: The label is such a field.
    """
    if label in _NO_LABELS:
        raise InputError(
            f"{label} cannot be a label", fix="Choose a field that holds true, false or a number."
        )


def check_labeled(file: DataFile, label: str | None) -> None:
    """Raise an error if no usable rollout of a file has the label.

    Raises:
        InputError: No rollout has the label.
    """
    usable = (one for one in read_rollouts(file, label=label) if one.sent is not None)
    first = next(usable, None)
    if (
        label is None
        or first is None
        or first.label is not None
        or any(one.label is not None for one in usable)
    ):
        return
    fields = (first.sent or {}).items()
    verdicts = [name for name, value in fields if name != "id" and isinstance(value, bool | int | float)]
    fix = f"Fields that may hold verdicts: {', '.join(verdicts)}." if verdicts else "Add it to the rollouts."
    raise InputError(f"no rollout has the field {label!r}", place=str(file), fix=fix)


class Rollout(NamedTuple):
    """One line of a rollouts file."""

    at: int
    """Byte offset of the line in the file."""
    id: Any
    """The line's ID, or an ID derived from the offset if the line has none."""
    group: str | None
    """Name of the rollout's record, or None for a line that cannot be used."""
    sent: dict[str, Any] | None
    """The sample as the grader sees it, or None for a line that cannot be used."""
    label: Any = None
    """The rollout's label, or None if no label field is named or the line has none."""
    problem: str | None = None
    """The reason why the line cannot be used, or None for a usable line."""
    differing: tuple[str, ...] = ()
    """Fields that the grader sees although another rollout of the record has other values."""
    length: int | None = None
    """Length of the whole completion in characters, including reasoning, or None for an unusable line."""
    finish: str | None = None
    """The line's `finish_reason`, if it has one."""


_EVERYTHING = FieldChoice()
_TEXT_KEYS = ("text", "thinking", "reasoning", "reasoning_content", "reasoningContent", "reasoningText")
# Rollouts of one record are usually adjacent.
_REMEMBERED = 256
_SHOWN = len(ALWAYS_SHOWN)


def read_rollout(
    at: int,
    line: bytes,
    label: str | None = None,
    choice: FieldChoice = _EVERYTHING,
    records: RecordFile | None = None,
) -> Rollout | None:
    """Parse one line.

    Args:
        at: Byte offset of the line in its file.
        line: The line, with or without its newline.
        label: The field with the label, which the grader must not see.
        choice: Determines which other fields the grader does not see.
        records: The training records. If given, the grader sees their fields instead of the rollout's.

    Returns:
        The rollout, or None for a blank line. `problem` is set if the rollout cannot be used.
    """
    if not line or line.isspace():
        return None
    try:
        value = parse(line)
    except LineError as error:
        return Rollout(at, None, None, None, problem=str(error))
    try:  # this runs for every replayed line
        good = value["messages"][-1]["role"] in ASSISTANTS
    except (KeyError, IndexError, TypeError):
        good = False
    if not good:
        named = value.get("id") if isinstance(value, dict) else None
        return Rollout(at, named, None, None, problem=_problem(value))
    if "metadata" in value:
        value = flattened(value)
    try:
        return _usable(at, value, label, choice, records)
    except (LineError, InputError) as error:
        return Rollout(at, value.get("id"), None, None, problem=str(error))


def _usable(
    at: int, value: dict[str, Any], label: str | None, choice: FieldChoice, records: RecordFile | None
) -> Rollout:
    group = value.get("record")
    if type(group) is not str:
        group = record_key(value)
    verdict = value.get(label) if label else None
    finish = value.get("finish_reason")
    message = value["messages"][-1]
    if records is not None:
        value = records.seen(value)
    for name in OWN_FIELDS if records is None else ():
        if name in value:
            del value[name]
    for name in choice.hidden:
        value.pop(name, None)
    if label is not None:
        value.pop(label, None)
    if (own := value.get("id")) is None:
        value["id"] = own = f"at-{at}"
    if finish is not None and (type(finish) is not str or not finish):
        finish = None
    content = message.get("content")
    length = len(content) if type(content) is str and len(message) == 2 else _length(message)
    # This does the same as calling the class, in half the time.
    return tuple.__new__(Rollout, (at, own, group, value, verdict, None, (), length, finish))


def read_rollouts(
    file: DataFile,
    start: int = 0,
    end: int | None = None,
    label: str | None = None,
    choice: FieldChoice = _EVERYTHING,
    records: RecordFile | None = None,
    *,
    base: int = 0,
) -> Iterator[Rollout]:
    """Stream the rollouts of a source, or of a byte range in it.

    If the source is part of a larger one, `base` is its offset there and is added to each rollout's offset.
    The other arguments are those of `read_rollout`.

    Raises:
        InputError: The file cannot be read.
    """
    recent: dict[str, dict[str, str | bytes]] = {}
    for at, line in lines(file, start, end, ends=True):
        rollout = read_rollout(base + at, line, label, choice, records)
        if rollout is None:
            continue
        if records is None and rollout.sent is not None and rollout.group is not None:
            # Every rollout has at least an id and messages.
            sent = rollout.sent
            if recent or len(sent) > _SHOWN or "reference_answer" not in sent:
                rollout = _compared(rollout, record_fields(rollout.sent, choice.kept), recent)
        yield rollout


def _compared(rollout: Rollout, fields: dict[str, Any], recent: dict[str, dict[str, str | bytes]]) -> Rollout:
    """Add the fields whose values contradict an earlier rollout of the same record."""
    assert rollout.group is not None
    try:
        values = comparable(fields)
    except LineError as error:
        return rollout._replace(sent=None, problem=str(error))
    first = recent.setdefault(rollout.group, values)
    if len(recent) > _REMEMBERED:
        del recent[next(iter(recent))]
    differing = unequal(first, values)
    return rollout._replace(differing=tuple(sorted(differing))) if differing else rollout


def holds_rollouts(file: DataFile) -> bool:
    """Return True if a source contains rollouts rather than records, judging by its first line.

    Raises:
        InputError: The source is empty, or its first line is neither a rollout nor a record.
    """
    for line in numbered_lines(file):
        if not line.text.strip():
            continue
        try:
            value = parse(line.text)
            role = value["messages"][-1]["role"]
        except LineError as error:
            fix = "Write one JSON object per line. `rft convert` does it for JSON that spans lines."
            raise InputError(str(error), place=line.place, fix=fix) from None
        except (TypeError, KeyError, IndexError):
            raise other_format(value, line.place, line.source) or InputError(
                "this is neither a rollout nor a record: it has no messages with roles",
                place=line.place,
                fix='A rollout is {"id": ..., "messages": [..., {"role": "assistant", "content": ...}]}.',
            ) from None
        if (other := other_format(value, line.place, line.source)) is not None:
            raise other
        return role in ASSISTANTS
    raise InputError("the file is empty", place=str(file), fix="Pass a file of rollouts or of records.")


def _length(message: dict[str, Any]) -> int:
    """Return a completion's length in characters, including any reasoning outside its content."""
    content = message.get("content")
    count = len(content) if type(content) is str else _characters(content)
    if len(message) > 2:  # the message has fields besides role and content
        count += _characters(message.get("reasoning_content") or message.get("reasoning"))
    return count


def _characters(content: Any) -> int:
    """Count the characters in a string, or in text and reasoning blocks in any service's format."""
    waiting, count = [content], 0
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            count += len(item)
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item[key] for key in _TEXT_KEYS if key in item)
    return count


def _problem(value: Any) -> str:
    if not isinstance(value, dict):
        return "the line is not an object"
    messages = value.get("messages")
    if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        return "the line has no messages"
    role = messages[-1].get("role")
    return f"the line is a record in a file of rollouts: its last message has the role {role!r}"
