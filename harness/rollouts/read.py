"""Reads rollouts files: one line in, one `Rollout` out, ready to be sent.

A rollouts file is JSONL. A line has `messages` that end with the assistant's turn, and `id`, `record`,
`model`, `reference_answer` and the record's fields beside them. What training would not give a grader (the
harness's own fields, labels, what is about the completion) is taken out before a grader sees the line. A line
that cannot be used is an error of that line and of no other.
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
    """Refuse a label that is no verdict: a field that a rollout cannot do without.

    Raises:
        InputError: It is such a field.
    """
    if label in _NO_LABELS:
        raise InputError(f"{label} cannot be a label", fix="Name a field that holds true, false or a number.")


def check_labeled(file: DataFile, label: str | None) -> None:
    """Refuse a label that no rollout of a file carries, before anything is graded.

    Raises:
        InputError: None does.
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
    fix = f"Verdicts may stand in {', '.join(verdicts)}." if verdicts else "Add it to the rollouts."
    raise InputError(f"no rollout has the field {label!r}", place=str(file), fix=fix)


class Rollout(NamedTuple):
    """One line of a rollouts file."""

    at: int
    """Byte offset of its line in the file."""
    id: Any
    """Its own id; one made of the offset where the line has none."""
    group: str | None
    """What its record is called; None for a line that cannot be used."""
    sent: dict[str, Any] | None
    """What a grader gets to see; None for a line that cannot be used."""
    label: Any = None
    """The verdict that the line carries, where one was asked for."""
    problem: str | None = None
    """Why the line cannot be used."""
    differing: tuple[str, ...] = ()
    """Fields that the grader sees, and that another rollout of the record has otherwise."""
    length: int | None = None
    """Characters of the whole completion, reasoning included; None for a line that cannot be used."""
    finish: str | None = None
    """Why the model stopped, where the line has a `finish_reason`."""


_EVERYTHING = FieldChoice()
_TEXT_KEYS = ("text", "thinking", "reasoning", "reasoning_content", "reasoningContent", "reasoningText")
# Rollouts of one record mostly stand together.
_REMEMBERED = 256
_SHOWN = len(ALWAYS_SHOWN)


def read_rollout(
    at: int,
    line: bytes,
    label: str | None = None,
    choice: FieldChoice = _EVERYTHING,
    records: RecordFile | None = None,
) -> Rollout | None:
    """Read one line.

    Args:
        at: Byte offset of the line in its file.
        line: The line, with or without its end.
        label: The field whose value is a verdict and not for the grader.
        choice: Which other fields the grader does not see.
        records: The training records, whose fields the grader sees instead of the rollout's.

    Returns:
        The rollout, with `problem` set when it cannot be used; None for a blank line.
    """
    if not line or line.isspace():
        return None
    try:
        value = parse(line)
    except LineError as error:
        return Rollout(at, None, None, None, problem=str(error))
    try:  # every replayed line comes this way
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
    """The rollout of a line that holds one; arguments as for `read_rollout`."""
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
    # As the class itself would be called, in half the time.
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
    """Stream the rollouts of a source, or of a byte range of it; other arguments as for `read_rollout`.

    `base` is added to each rollout's offset, where the source is a part of a longer text.

    Raises:
        InputError: The file cannot be read.
    """
    recent: dict[str, dict[str, str | bytes]] = {}
    for at, line in lines(file, start, end, ends=True):
        rollout = read_rollout(base + at, line, label, choice, records)
        if rollout is None:
            continue
        if records is None and rollout.sent is not None and rollout.group is not None:
            # Every rollout has an id and messages.
            sent = rollout.sent
            if recent or len(sent) > _SHOWN or "reference_answer" not in sent:
                rollout = _compared(rollout, record_fields(rollout.sent, choice.kept), recent)
        yield rollout


def _compared(rollout: Rollout, fields: dict[str, Any], recent: dict[str, dict[str, str | bytes]]) -> Rollout:
    """The rollout, with the fields that contradict an earlier one of its record."""
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
    """Whether a source holds rollouts, rather than records; its first line tells.

    Raises:
        InputError: It is empty, or its first line is neither.
    """
    for line in numbered_lines(file):
        if not line.text.strip():
            continue
        try:
            value = parse(line.text)
            role = value["messages"][-1]["role"]
        except LineError as error:
            fix = "Write one JSON object a line. `rft convert` does it for JSON over several lines."
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
    raise InputError("the file is empty", place=str(file), fix="Give a file of rollouts or of records.")


def _length(message: dict[str, Any]) -> int:
    """Characters of a completion: its content, and the reasoning that some servers keep beside it."""
    content = message.get("content")
    count = len(content) if type(content) is str else _characters(content)
    if len(message) > 2:  # more than a role and a content
        count += _characters(message.get("reasoning_content") or message.get("reasoning"))
    return count


def _characters(content: Any) -> int:
    """Characters of the texts in a content: blocks of text or reasoning, in any service's spelling."""
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
    """Why a line is no rollout."""
    if not isinstance(value, dict):
        return "the line is not an object"
    messages = value.get("messages")
    if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        return "the line has no messages"
    role = messages[-1].get("role")
    return f"the line is a record in a file of rollouts: its last message is of role {role!r}"
