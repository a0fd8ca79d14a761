"""Converts the rows of a file with one importer, counting lost values and failed rows."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias

from harness.data.formats.all_importers import IMPORTERS, importer_named, importers_of
from harness.data.formats.batch_requests import with_requests
from harness.data.formats.field_maps import FieldMap, adding_fields, by_maps, check_fields
from harness.data.formats.importer import REWARD, Converted, Importer, RowError
from harness.data.formats.row_source import SourceRow, rows_in
from harness.data.identity import record_key
from harness.data.json_lines import LineError
from harness.data.record_fields import OWN_FIELDS
from harness.data.records import ends_with_assistant
from harness.data.sources import DataFile, as_source
from harness.disk import created
from harness.errors import InputError
from harness.printable import named, shortened

__all__ = ["Conversion", "Kind", "RowProblem", "convert", "convert_to_file"]

Kind: TypeAlias = Literal["records", "rollouts", "prompts"]
"""Kind of lines to write. `prompts` writes each record once, without its completions."""

_LOOKED_AT = 20
"""Number of rows used to recognize the format."""
_KINDS_KEPT = 1_000
"""Maximum number of distinct problems that are reported separately."""

_ABOUT_COMPLETIONS = frozenset(("id", REWARD, "metrics", *OWN_FIELDS))
"""Fields of a rollout that describe its completion."""

_AS_THEY_ARE = Importer(
    "records", "records and rollouts", lambda row: True, lambda row: Converted(({**row},), ())
)
"""The importer for rows that are already records or rollouts. It leaves them unchanged."""


@dataclass(slots=True)
class RowProblem:
    """A reason why rows could not be converted."""

    message: str
    first: str
    """The first affected row, as `file:line`."""
    rows: int = 0


@dataclass(slots=True)
class Conversion:
    """The numbers of lines, problems and lost values in a conversion."""

    source: str
    importer: Importer
    rows: int = 0
    records: int = 0
    rollouts: int = 0
    repeated: int = 0
    """Number of lines that repeat an earlier rollout's id or an earlier record."""
    failed: int = 0
    """Number of rows that could not be converted."""
    left_out: int = 0
    """Number of lines not written because their kind was not requested or the record was a duplicate."""
    rewarded: int = 0
    """Number of rollouts with a reward."""
    references: int = 0
    """Number of lines with a reference answer."""
    problems: dict[str, RowProblem] = field(default_factory=dict)
    """Problems by message, in file order."""
    lost: Counter[str] = field(default_factory=Counter)
    """The number of rows whose value at a path was not converted, by path."""

    @property
    def lines(self) -> int:
        """Number of lines written."""
        return self.records + self.rollouts

    def to_json(self) -> dict[str, Any]:
        """Return the result as one JSON object."""
        return {
            "from": self.source,
            "format": self.importer.name,
            "rows": self.rows,
            "records": self.records,
            "rollouts": self.rollouts,
            "left_out": self.left_out,
            "repeated": self.repeated,
            "not_converted": self.failed,
            "problems": [
                {"message": one.message, "rows": one.rows, "first": one.first}
                for one in self.problems.values()
            ],
            "lost": dict(self.lost.most_common()),
        }

    def add_problem(self, message: str, place: str) -> None:
        """Count a row that could not be converted."""
        self.failed += 1
        if message not in self.problems and len(self.problems) >= _KINDS_KEPT:
            message = "other problems"
        self.problems.setdefault(message, RowProblem(message, place)).rows += 1


def convert(
    source: DataFile,
    target: IO[bytes],
    name: str | None = None,
    maps: Sequence[FieldMap] = (),
    progress: Callable[[int], None] | None = None,
    requests: DataFile | None = None,
    only: Kind | None = None,
) -> Conversion:
    """Convert every row of a file.

    Args:
        source: The file.
        target: The open file to write lines to.
        name: Name of the importer. If None, it is recognized from the first rows.
        maps: Paths of additional fields, or of all fields if no importer fits.
        progress: Called every 256 rows with the offset of the current row.
        requests: The batch's input file if the rows are batch results. See `with_requests`.
        only: Kind of lines to write, or None for all.

    Raises:
        InputError: The file or its requests cannot be read, the rows' format is ambiguous or unknown, or two
            maps set the same field.
    """
    check_fields(maps)
    source = as_source(source)
    rows = rows_in(source)
    first = list(islice(rows, _LOOKED_AT))
    if not first:
        raise InputError("the file is empty", place=source.name, fix="Pass a file with one row per line.")
    known = [row.value for row in first if row.problem is None]
    if not known and name is None and not maps:
        [why, place] = str(first[0].problem), first[0].place
        raise InputError(why, place=place, fix="Fix or remove such rows; --from FORMAT converts the others.")
    importer = _importer(source.name, known, name, maps)
    if requests is not None:
        importer = with_requests(importer, requests)
    found = Conversion(source.name, importer)
    seen: set[int] = set()
    for row in chain(first, rows):
        if progress is not None and found.rows % 256 == 0:
            progress(row.at)
        found.rows += 1
        for line, text in _written(found, row, only):
            key = hash(_identity(line))
            if only == "prompts" and key in seen:
                found.left_out += 1
                continue
            _count(found, line, again=key in seen)
            seen.add(key)
            target.write(text)
    return found


def _written(found: Conversion, row: SourceRow, only: Kind | None) -> list[tuple[dict[str, Any], bytes]]:
    """Return the lines to write for one row, with their JSON. `found` counts losses and skipped lines."""
    try:
        if row.problem is not None:
            raise RowError(row.problem)
        made = found.importer.convert(row.value)
        if not made.lines:
            raise RowError("the row has nothing to convert")
        chosen = [_chosen(line, only) for line in _with_ids(made.lines, found.rows)]
        written = [(line, _dumped(line)) for line in chosen if line is not None]
    except RowError as error:
        found.add_problem(str(error), row.place)
        return []
    except RecursionError:
        found.add_problem("not readable: nested too deeply", row.place)
        return []
    found.lost.update(made.lost)
    found.left_out += chosen.count(None)
    return written


def convert_to_file(path: Path, convert_into: Callable[[IO[bytes]], Conversion]) -> Conversion:
    """Convert into a new file. The file is created only if at least one row could be converted.

    An incomplete file is never visible at this path.

    Args:
        path: The new file.
        convert_into: A function that writes to an open file: `convert` with all its arguments bound except
            the target.

    Raises:
        InputError: The file already exists or cannot be written, or `convert` failed.
    """
    try:
        with created(path, "Choose a new file.") as file:
            found = convert_into(file)
            if not found.lines:
                raise _NothingError(found)
    except _NothingError as nothing:
        return nothing.found
    return found


class _NothingError(Exception):
    """Raised to discard the new file when no row could be converted."""

    def __init__(self, found: Conversion) -> None:
        self.found = found


def _importer(
    source: str, rows: Sequence[Mapping[str, Any]], name: str | None, maps: Sequence[FieldMap]
) -> Importer:
    if name is not None:
        return adding_fields(importer_named(name), maps)
    if any(one.is_text for one in maps):
        return by_maps(maps)
    found = importers_of(rows)
    if len(found) == 1:
        return adding_fields(found[0], maps)
    if not found and rows and all(isinstance(row.get("messages"), list) for row in rows):
        return adding_fields(_AS_THEY_ARE, maps)
    raise _unclear(source, rows, found)


def _unclear(source: str, rows: Sequence[Mapping[str, Any]], found: Sequence[Importer]) -> InputError:
    fix = "Or say where the parts are: --map messages=PATH --map reference_answer=PATH."
    fix = f"Specify it: --from {'|'.join(one.name for one in found or IMPORTERS)}. {fix}"
    if found:
        titles = " or ".join(one.title for one in found)
        return InputError(f"these may be {titles}", place=source, fix=fix)
    if first := importers_of(rows[:1]):
        other = next(
            number for number in range(2, len(rows) + 1) if first[0] not in importers_of(rows[:number])
        )
        what = f"the first row looks like {first[0].title}, but row {other} does not"
        return InputError(what, place=source, fix=fix)
    what = f"the format of the rows is not recognized; the first has the keys {named(list(rows[0]))}"
    return InputError(what, place=source, fix=fix)


def _with_ids(made: tuple[dict[str, Any], ...], number: int) -> Iterable[dict[str, Any]]:
    """Move a row's id to the `id` of the rollouts or the `task_id` of the records made from it.

    Args:
        made: The lines made from one row, in which the row's own `id` is called `row_id`.
        number: Number of the row, used to name the row if it has no id.
    """
    several = sum(_kind(line) == "rollouts" for line in made) > 1
    for count, line in enumerate(made, 1):
        own = line.get("row_id")
        is_name = isinstance(own, str | int) and not isinstance(own, bool) and own != ""
        if _kind(line) == "records":
            if is_name and "task_id" not in line:
                line["task_id"] = line.pop("row_id")
        elif line.get("id") is None:
            name = line.pop("row_id") if is_name else f"row-{number}"
            line["id"] = f"{name}-{count}" if several else name
        yield line


def _kind(line: dict[str, Any]) -> Kind:
    return "rollouts" if ends_with_assistant(line) else "records"


def _dumped(line: Mapping[str, Any]) -> bytes:
    try:
        text = json.dumps(line, ensure_ascii=False, allow_nan=False)
    except ValueError:
        path = next(_not_finite(line, ""), "a number")
        what = "is NaN, infinite or larger than 1.8e308: JSON parsers reject it"
        raise RowError(f"`{shortened(path, 60)}` {what}") from None
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can represent
        return json.dumps(line).encode() + b"\n"


def _not_finite(value: Any, path: str) -> Iterator[str]:
    """Yield the paths of numbers that JSON cannot represent."""
    if isinstance(value, float):
        if not math.isfinite(value):
            yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _not_finite(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from _not_finite(item, f"{path}[]")


def _chosen(line: dict[str, Any], only: Kind | None) -> dict[str, Any] | None:
    """Return the part of a line that should be written, or None to skip the line.

    Raises:
        RowError: Prompts were requested and the rollout has no prompt.
    """
    if only != "prompts":
        return line if only in (None, _kind(line)) else None
    if _kind(line) == "records":
        return line
    prompt = line["messages"][:-1]
    if not prompt:
        raise RowError("the rollout has a completion but no prompt")
    return {
        **{name: value for name, value in line.items() if name not in _ABOUT_COMPLETIONS},
        "messages": prompt,
    }


def _count(found: Conversion, line: dict[str, Any], *, again: bool) -> None:
    if _kind(line) == "rollouts":
        found.rollouts += 1
        found.rewarded += REWARD in line
    else:
        found.records += 1
    found.references += "reference_answer" in line
    found.repeated += again


def _identity(line: dict[str, Any]) -> str:
    """Return the id of a rollout or the key of a record, which is used to find repeated lines."""
    if _kind(line) == "rollouts":
        return json.dumps(line.get("id"))
    try:
        return record_key(line)
    except LineError:  # the line is nested too deeply to compare
        return json.dumps(line)
