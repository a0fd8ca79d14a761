from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.formats.parquet_rows import as_json
from harness.data.formats.row_source import SourceRow, rows_in
from harness.data.sources import source_of
from harness.errors import InputError
from support.format_rows import FORMAT_ROWS
from support.rft_command import rft_inside

pyarrow = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")


def written(path: Path, table: Any) -> list[SourceRow]:
    from pyarrow import parquet

    parquet.write_table(table, path)
    return list(rows_in(source_of(path)))


def test_nested_rows_come_back_as_they_were(tmp_path: Path):
    row = FORMAT_ROWS["verl"][0]
    found = written(tmp_path / "a", pyarrow.Table.from_pylist([row, {"prompt": None}]))
    assert [one.place.rpartition("/")[2] for one in found] == ["a, row 1", "a, row 2"]
    assert found[0].value == row
    assert found[1].value == dict.fromkeys(row)


def test_dates_decimals_and_maps_become_json(tmp_path: Path):
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
    kind = pyarrow.map_(pyarrow.string(), pyarrow.int64())
    columns = {
        "at": pyarrow.array([moment]),
        "day": pyarrow.array([moment.date()]),
        "price": pyarrow.array([Decimal("0.10")]),
        "count": pyarrow.array([Decimal("12345678901234567890")]),
        "map": pyarrow.array([[("a", 1), ("b", 2)]], kind),
        "big": pyarrow.array([2**64 - 1], pyarrow.uint64()),
    }
    (row,) = written(tmp_path / "a", pyarrow.table(columns))
    assert row.value == {
        "at": "2026-01-02T03:04:05.000006+00:00",
        "day": "2026-01-02",
        "price": 0.1,
        "count": 12345678901234567890,
        "map": {"a": 1, "b": 2},
        "big": 2**64 - 1,
    }


@pytest.mark.parametrize(
    ("values", "kind", "why"),
    [
        ([b"\x00"], None, "in the column `a`, a value has the type bytes"),
        ([datetime.timedelta(1)], None, "has the type timedelta"),
        ([float("nan")], None, "in the column `a`, a number is NaN or infinite"),
        ([[{"b": float("inf")}]], None, "in the column `a`, a number is NaN or infinite"),
        ([Decimal("1.000000000000000000000000001")], None, "a decimal of 28 digits"),
        ([[(1, "a")]], "map", "a map has duplicate keys or keys that are not text"),
        ([1], "nanoseconds", "Nanosecond"),
    ],
)
def test_values_that_json_lacks_are_a_problem_of_their_row(
    tmp_path: Path, values: list[Any], kind: str | None, why: str
):
    kinds = {"map": pyarrow.map_(pyarrow.int64(), pyarrow.string()), "nanoseconds": pyarrow.timestamp("ns")}
    table = pyarrow.table({"a": pyarrow.array([*values, None], kinds.get(kind or ""))})
    bad, good = written(tmp_path / "a", table)
    assert why in (bad.problem or "")
    assert (good.value, good.problem) == ({"a": None}, None)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**20), max_value=10**20))
def test_a_decimal_keeps_its_value_or_is_refused(value: Decimal):
    try:
        number = as_json(value)
    except ValueError:
        return
    assert Decimal(repr(number)) == value


def test_truncated_files_and_duplicate_columns_are_refused(tmp_path: Path):
    table = pyarrow.Table.from_arrays([pyarrow.array([1]), pyarrow.array([2])], names=["a", "a"])
    with pytest.raises(InputError, match="two columns have the name a"):
        written(tmp_path / "a", table)
    (tmp_path / "cut").write_bytes((tmp_path / "a").read_bytes()[:-9])
    with pytest.raises(InputError, match="not a complete Parquet file"):
        list(rows_in(source_of(tmp_path / "cut")))


def test_rows_of_parquet_are_converted(tmp_path: Path):
    written(tmp_path / "rows.parquet", pyarrow.Table.from_pylist(FORMAT_ROWS["verl"][:1]))
    done = rft_inside(tmp_path, "convert", "rows.parquet", "out.jsonl")
    assert (done.returncode, "1 row, read as verl's rows: 1 record" in done.stdout) == (0, True)
