"""Rows read from JSON lines, arrays, indented JSON and CSV."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.formats import row_source
from harness.data.formats.row_source import SourceRow, rows_in
from harness.data.sources import source_of
from harness.errors import InputError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
ROWS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, min_size=1, max_size=3), min_size=1, max_size=5)


def rows(path: Path, data: bytes | str) -> list[SourceRow]:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return list(rows_in(source_of(path)))


def values(found: list[SourceRow]) -> list[Any]:
    assert [row.problem for row in found] == [None] * len(found)
    return [row.value for row in found]


@given(written=ROWS, chunk=st.sampled_from([1, 7, 1 << 20]), indent=st.sampled_from([None, 1]))
def test_an_array_and_objects_over_lines_hold_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, written: list[Any], chunk: int, indent: int | None
):
    path = tmp_path_factory.getbasetemp() / "rows.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_source, "_CHUNK", chunk)
        text = json.dumps(written, indent=indent, ensure_ascii=False).encode("utf-8", "replace")
        assert values(rows(path, text)) == json.loads(text)
        apart = "\n".join(json.dumps(row, indent=indent) for row in written)
        assert values(rows(path, apart)) == written


def test_each_row_names_its_line(tmp_path: Path):
    text = '\ufeff[\n {"a": "x\\ny"},\n\n {"a":\n  2}, 3, {"a": 1, "a": 2}\n]\n'
    found = rows(tmp_path / "a.json", text)
    assert [row.place.rpartition(":")[2] for row in found] == ["2", "4", "5", "5"]
    assert found[2].problem == "the row is JSON, but not an object"
    assert found[3].problem == "the key `a` occurs twice in one object"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[{"a": 1}, {"a" 2}, {"a": 3}]', "not JSON: Expecting ':' delimiter; nothing after it was read"),
        ('[{"a": 1}, {"a": "2', "not JSON: Unterminated string starting at; nothing after it was read"),
        ('[{"a": 1}, ', "the array does not end: is it cut off?"),
        ('[{"a": 1}] {"a": 2}', "there is more after the array's end"),
        ('{"a":\n1} {', "not JSON: Expecting property name enclosed in double quotes"),
    ],
)
def test_unreadable_values_are_reported(tmp_path: Path, text: str, problem: str):
    good, bad = rows(tmp_path / "a.json", text)
    assert good.value == {"a": 1}
    assert (bad.problem or "").startswith(problem)


def test_lines_that_are_not_json_are_separate_problems(tmp_path: Path):
    found = rows(tmp_path / "a.jsonl", '{"a": 1}\n\n{]\n[1]\n{"a": 2}')
    assert [row.problem is None for row in found] == [True, False, False, True]
    assert [row.place.rpartition(":")[2] for row in found] == ["1", "3", "4", "5"]
    assert [row.at for row in found] == [0, 10, 13, 17]


def test_several_files_are_one_source_whatever_each_is(tmp_path: Path):
    (tmp_path / "a.json").write_text('[{"n": 1},\n{"n": 2}]', encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"n": 3}', encoding="utf-8")
    (tmp_path / "c.csv").write_text("n\n4\n", encoding="utf-8")
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress(b"n\n5\n"))
    found = list(
        rows_in(source_of(*(tmp_path / name for name in ("a.json", "b.jsonl", "c.csv", "d.csv.gz"))))
    )
    assert values(found) == [{"n": 1}, {"n": 2}, {"n": 3}, {"n": "4"}, {"n": "5"}]
    assert [row.place.rpartition("/")[2] for row in found] == [
        "a.json:1",
        "a.json:2",
        "b.jsonl:1",
        "c.csv:2",
        "d.csv.gz:2",
    ]


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


@given(
    header=st.lists(st.text("aü b'", min_size=1, max_size=6), min_size=2, max_size=4, unique=True),
    data=st.data(),
    delimiter=st.sampled_from(",;\t"),
)
def test_csv_round_trips(
    tmp_path_factory: pytest.TempPathFactory, header: list[str], data: st.DataObject, delimiter: str
):
    cells = data.draw(st.lists(st.lists(CELLS, min_size=len(header), max_size=len(header)), max_size=3))
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([header, *cells])
    found = rows(tmp_path_factory.getbasetemp() / "a.csv", text.getvalue())
    assert values(found) == [dict(zip(header, row, strict=True)) for row in cells]


def test_invalid_csv_is_refused_or_a_problem_of_its_row(tmp_path: Path):
    found = rows(tmp_path / "a.csv", 'q,a\n1,2\n"x\ny",3\n4\n\n5,"6"7\n8,9\n')
    assert [(row.place.rpartition(":")[2], row.problem) for row in found] == [
        ("2", None),
        ("3", None),
        ("5", "the row has 1 cells, but the header has 2"),
        ("7", "not CSV: ',' expected after '\"'; nothing after it was read"),
    ]
    for text in ("a,a\n1,2\n", "a,\n1,2\n"):
        with pytest.raises(InputError, match="two columns of the header"):
            rows(tmp_path / "a.csv", text)
    for name, data in (("a.csv", b"a\n\xff\n"), ("a.json", b'[{"a": "\xff"}]')):
        with pytest.raises(InputError, match="not UTF-8"):
            rows(tmp_path / name, data)
    assert rows(tmp_path / "a.csv", "") == []
