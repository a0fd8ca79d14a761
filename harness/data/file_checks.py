"""Finds problems that can be seen only by comparing several records of a file.

The checks use about 150 bytes of memory per record.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

from harness.data.identity import leak_key, record_key
from harness.data.json_lines import LineError
from harness.data.look_alikes import REFERENCE, look_alikes
from harness.data.record_checks import kind_of
from harness.data.records import ends_with_assistant
from harness.data.rules import CAUTIOUS_MAX_RECORDS, MAX_RECORDS, MIN_RECORDS
from harness.findings import Severity

__all__ = ["FileBreach", "FileChecks"]

_MOST_FIELDS = 1_000
_MARKER = "####"
_LOW = 0xFFFFFFFF


class FileBreach(NamedTuple):
    """A rule violated by several records in combination."""

    rule: str
    message: str
    line: int | None = None
    severity: Severity | None = None
    """Severity of the finding, or None to use the rule's severity."""


class FileChecks:
    """Compares the records of a file as they are added.

    Args:
        for_job: Whether the file is about to be uploaded. If so, a wrong number of records is an error.
        where: Formats a line number for error messages.
    """

    def __init__(self, *, for_job: bool = False, where: Callable[[int], str] = "line {}".format) -> None:
        self._for_job = for_job
        self._where = where
        self._records = 0
        self._rollout_lines = array("Q")
        self._prompts: dict[int, int] = {}
        self._named: dict[str, int] = {}
        self._repeats: dict[str, tuple[int, int, int]] = {}
        self._types: dict[str, dict[str, tuple[int, int]]] = {}

    def add(self, line: int, fields: dict[str, Any]) -> Iterator[FileBreach]:
        """Add a record and yield the rules that it violates in combination with earlier records."""
        self._records += 1
        if ends_with_assistant(fields):
            self._rollout_lines.append(line)
        else:
            yield from self._check_duplicate(line, fields)
        self._note_types(line, fields)
        self._note_repeats(line, fields)

    def finish(self) -> Iterator[FileBreach]:
        """Yield the findings that cannot be known before the last record."""
        yield from self._check_rollouts()
        yield from self._check_types()
        yield from self._check_repeats()
        yield from self._check_count()

    def _check_duplicate(self, line: int, fields: dict[str, Any]) -> Iterator[FileBreach]:
        messages = fields.get("messages")
        if not isinstance(messages, list) or not messages:
            return
        try:
            record, prompt = record_key(fields), int(leak_key(fields), 16)
        except LineError:
            return  # nested too deeply to compare
        if fields.get("record") is not None:
            named = self._named.setdefault(record, line)
            if named != line:
                yield FileBreach("R060", f"same `record` as {self._where(named)}", line)
                return
        # One integer for the line number and two short hashes takes a third of the memory of a tuple.
        mine = line << 64 | _short(record) << 32 | _short(_answer(fields))
        first = self._prompts.setdefault(prompt, mine)
        first_line = first >> 64
        if first_line == line:
            return
        if first >> 32 & _LOW == mine >> 32 & _LOW:
            yield FileBreach("R060", f"same prompt and reference as {self._where(first_line)}", line)
        elif first & _LOW == mine & _LOW:
            said = f"same prompt and final answer as {self._where(first_line)}, but a different record"
            yield FileBreach("R061", said, line, Severity.WARNING)
        else:
            said = f"same prompt as {self._where(first_line)}, but a different reference"
            yield FileBreach("R061", said, line)

    def _note_types(self, line: int, fields: dict[str, Any]) -> None:
        for name, value in _typed_fields(fields):
            seen = self._types.get(name)
            if seen is None:
                if len(self._types) >= _MOST_FIELDS:
                    continue
                seen = self._types[name] = {}
            kind = kind_of(value)
            first, count = seen.get(kind, (line, 0))
            seen[kind] = first, count + 1

    def _check_rollouts(self) -> Iterator[FileBreach]:
        rollouts = len(self._rollout_lines)
        if rollouts and rollouts == self._records:
            yield FileBreach("R010", f"all {rollouts:,} lines end with the assistant's turn")
        elif rollouts:
            for line in self._rollout_lines:
                yield FileBreach("R011", "the messages end with the assistant's turn", line)

    def _check_types(self) -> Iterator[FileBreach]:
        for name, kinds in self._types.items():
            if len(kinds) > 1:
                by_count = sorted(kinds.items(), key=lambda item: -item[1][1])
                said = ", ".join(
                    f"{kind} {count:,}x ({self._where(first)})" for kind, (first, count) in by_count
                )
                yield FileBreach("R033", f"`{name[:80]}` is {said}", by_count[-1][1][0])

    def _note_repeats(self, line: int, fields: dict[str, Any]) -> None:
        """For fields that look like the reference, count the values and those equal to the reference."""
        answer = _answer(fields)
        for name, value in look_alikes(fields, REFERENCE, "reference_answer") if answer else ():
            first, held, equal = self._repeats.get(name, (line, 0, 0))
            same = _answer({"reference_answer": value}) == answer
            if name in self._repeats or len(self._repeats) < _MOST_FIELDS:
                self._repeats[name] = first, held + 1, equal + same

    def _check_repeats(self) -> Iterator[FileBreach]:
        for name, (first, held, equal) in self._repeats.items():
            if equal == held:
                said = f"`{name[:80]}` equals `reference_answer` in {held:,} of {held:,} records"
                yield FileBreach("R035", said, first)

    def _check_count(self) -> Iterator[FileBreach]:
        outside = Severity.ERROR if self._for_job else None
        if self._records == 0:
            yield FileBreach("R008", "the file has no records")
        elif self._records < MIN_RECORDS:
            there = "1 record" if self._records == 1 else f"{self._records} records"
            yield FileBreach("R050", f"{there}; a job takes at least {MIN_RECORDS}", None, outside)
        elif self._records > MAX_RECORDS:
            message = f"{self._records:,} records; a job takes at most {MAX_RECORDS:,}"
            yield FileBreach("R051", message, None, outside)
        elif self._records > CAUTIOUS_MAX_RECORDS:
            yield FileBreach("R051", f"{self._records:,} records; one of AWS's two upper limits is "
                             f"{CAUTIOUS_MAX_RECORDS:,}, the other {MAX_RECORDS:,}")  # fmt: skip


def _answer(fields: dict[str, Any]) -> str:
    """Return the reference as a string. For a worked answer, return only the part after the last `####`."""
    reference = fields.get("reference_answer")
    if reference is None:
        return ""
    if isinstance(reference, dict) and set(reference) == {"text"}:
        reference = reference["text"]
    return " ".join(str(reference).rpartition(_MARKER)[2].split())


def _short(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).digest())


def _typed_fields(fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if name == "messages" or value is None:
            continue
        yield name, value
        if name == "reference_answer" and isinstance(value, dict):
            for inner, part in value.items():
                if part is not None:
                    yield f"reference_answer.{inner}", part
