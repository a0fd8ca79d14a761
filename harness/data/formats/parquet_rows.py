"""Reads the rows of a Parquet file as JSON values, using pyarrow (the `parquet` extra).

Dates and times become ISO 8601 strings, and decimals become numbers if no digits are lost. A row with a value
that JSON cannot represent exactly, such as bytes, is reported as unreadable.
"""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.data.sources import Source, local_copy
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.data.formats.row_source import SourceRow

__all__ = ["as_json", "parquet_rows"]

_ROWS_AT_ONCE = 256


def parquet_rows(source: Source) -> Iterator[SourceRow]:
    """Stream the rows of a Parquet file.

    Raises:
        InputError: The file is not a complete Parquet file, or two columns have the same name.
        ModuleNotFoundError: pyarrow is not installed.
    """
    import pyarrow
    import pyarrow.parquet

    from harness.data.formats.row_source import SourceRow

    with local_copy(source) as path:
        try:
            file = pyarrow.parquet.ParquetFile(path)
            _check_names(file.schema_arrow, source.name)
            number, total = 0, max(1, file.metadata.num_rows)
            for batch in file.iter_batches(_ROWS_AT_ONCE):
                for row in _rows(batch):
                    number += 1
                    place = f"{source.name}, row {number}"
                    at = (source.size or 0) * number // total
                    try:
                        if isinstance(row, ValueError):
                            raise row
                        yield SourceRow(place, at, _columns(row))
                    except ValueError as error:
                        yield SourceRow(place, at, None, str(error))
        except (pyarrow.ArrowException, OSError) as error:
            raise InputError(f"this is not a complete Parquet file: {error}", place=source.name) from error


def _rows(batch: Any) -> list[Any]:
    """Return the rows of a batch. A row that Python cannot represent becomes a `ValueError`."""
    try:
        return list(batch.to_pylist())
    except ValueError:
        return [_row(batch.slice(at, 1)) for at in range(batch.num_rows)]


def _row(batch: Any) -> Any:
    try:
        return batch.to_pylist()[0]
    except ValueError as error:
        return error


def _columns(row: dict[str, Any]) -> dict[str, Any]:
    made = {}
    for name, value in row.items():
        try:
            made[name] = as_json(value)
        except ValueError as error:
            raise ValueError(f"in the column `{name[:60]}`, {error}; write the file without it") from None
    return made


def as_json(value: Any) -> Any:
    """Convert a Parquet value to a JSON value.

    Raises:
        ValueError: JSON cannot represent the value exactly. The message names the type.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is NaN or infinite, which JSON lacks")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        if any(isinstance(item, tuple) for item in value):
            return _of_map(value)
        return [as_json(item) for item in value]
    if isinstance(value, datetime.date | datetime.time):  # includes datetime, a subclass of date
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        if value == value.to_integral_value():
            return int(value)
        number = float(value)
        if math.isfinite(number) and decimal.Decimal(repr(number)) == value:
            return number
        raise ValueError(f"a decimal of {len(value.as_tuple().digits)} digits does not survive JSON parsers")
    raise ValueError(f"a value has the type {type(value).__name__}, which JSON lacks")


def _of_map(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    found = {key: as_json(item) for key, item in pairs}
    if len(found) < len(pairs) or not all(isinstance(key, str) for key in found):
        raise ValueError("a map has duplicate keys or keys that are not text, which JSON lacks")
    return found


def _check_names(schema: Any, place: str) -> None:
    names = list(schema.names)
    for name in names:
        if names.count(name) > 1:
            what = f"two columns have the name {name}"
            raise InputError(what, place=place, fix="Give each column its own name.")
