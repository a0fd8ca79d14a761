from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.typed_json import MAX_BYTES, as_json, read_typed, typed
from harness.errors import InputError
from harness.findings import Severity


@dataclass(frozen=True)
class Square:
    side: float
    kind: Literal["square"] = "square"


@dataclass(frozen=True)
class Circle:
    radius: float
    kind: Literal["circle"] = "circle"

    def __post_init__(self) -> None:
        if self.radius < 0:
            raise ValueError("has a radius below 0")


@dataclass(frozen=True)
class Drawing:
    name: str
    path: Path
    shape: Square | Circle
    state: Literal["new", "done"]
    severity: Severity
    count: int
    done: bool
    size: tuple[float, float] | None
    cuts: tuple[tuple[int, int], ...] = ()
    notes: dict[str, bool | int | float | str | list[float] | None] = field(default_factory=dict)
    schema: int = 2


FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)
INT = st.integers(-(2**63), 2**63 - 1)
DRAWINGS = st.builds(
    Drawing,
    name=st.text(),
    path=st.just(Path("a/b")),
    shape=st.builds(Square, side=FINITE) | st.builds(Circle, radius=st.floats(0, 9)),
    state=st.sampled_from(["new", "done"]),
    severity=st.sampled_from(Severity),
    count=INT,
    done=st.booleans(),
    size=st.none() | st.tuples(FINITE, FINITE),
    cuts=st.lists(st.tuples(INT, INT), max_size=3).map(tuple),
    notes=st.dictionaries(st.text(), st.none() | st.booleans() | INT | FINITE | st.text(), max_size=3),
)
GOOD = Drawing(
    "a", Path("b"), Circle(2.0), "new", Severity.NOTE, 3, False, (0.0, 1.0), ((0, 5), (5, 9)), {"x": [1.0]}
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters() | st.sampled_from("\ud800\0\x1b")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


def read(path: Path) -> Drawing | None:
    return read_typed(path, Drawing, "drawing", schema=2, older={1: lambda old: {**old, "count": old["n"]}})


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: this is not a readable drawing: ")
    assert said.isprintable(), "control characters of a file must not reach the terminal"
    return said


def assert_value_or_sentence(path: Path) -> None:
    try:
        assert isinstance(read(path), Drawing)
    except InputError:
        refusal(path)


@given(drawing=DRAWINGS)
def test_written_values_are_read_back(drawing: Drawing) -> None:
    assert typed(Drawing, json.loads(json.dumps(as_json(drawing)))) == drawing


def test_a_missing_file_reads_as_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in ("nothing", "file/below", "a\0b", "\ud800"):
        assert read(tmp_path / path) is None


def test_an_older_schema_is_upgraded_and_an_unknown_one_named(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    old = {**as_json(GOOD), "schema": 1, "n": 7}
    path.write_text(json.dumps(old))
    found = read(path)
    assert found is not None
    assert found.count == 7
    path.write_text(json.dumps({**old, "schema": 3}))
    assert "it has schema 3, but this version of rft reads 1 and 2" in refusal(path)
    del old["n"]
    path.write_text(json.dumps(old))
    assert "it is damaged" in refusal(path)


@pytest.mark.parametrize("schema", [None, True, "2", 2.5, -1, 10**400, [], {}])
def test_a_schema_is_a_small_number(schema: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({**as_json(GOOD), "schema": schema}))
    assert "no schema number" in refusal(path)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"count": None}, "count is null, not a whole number"),
        ({"count": True}, "count is true or false, not a whole number"),
        ({"count": 1.0}, "count is a number, not a whole number"),
        ({"count": 2**63}, "count does not fit in 64 bits"),
        ({"done": 1}, "done is a whole number, not true or false"),
        ({"name": ["\x1b[2J"]}, "name is a list, not text"),
        ({"state": "\x1b[2J"}, "state is not one of 'new', 'done'"),
        ({"severity": "grave"}, "severity is not one of 'info', 'note', 'warning', 'error', 'critical'"),
        ({"severity": 1}, "severity is a whole number, not text"),
        ({"size": [1]}, "size has 1 items, not 2"),
        ({"size": [1, None]}, "size[1] is null, not a number"),
        ({"size": [10**400, 1]}, "size[0] is not a finite number"),
        ({"cuts": [[0, 1], 5]}, "cuts[1] is a whole number, not a list"),
        ({"notes": {"\x1b[2J": {}}}, r"notes.\x1b[2J is an object"),
        ({"path": ""}, "path is not a path"),
        ({"path": "a\0b"}, "path is not a path"),
        ({"path": "\ud800"}, "path is not a path"),
        ({"shape": {"kind": "circle", "radius": -1}}, "shape has a radius below 0"),
        ({"shape": {"kind": "circle"}}, "shape.radius is missing"),
        ({"shape": {"kind": ["circle"]}}, "shape.kind is not known"),
        ({"shape": 5}, "shape is a whole number, not an object"),
    ],
)
def test_a_field_of_another_type_is_named(changed: dict[str, Any], expected: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({**as_json(GOOD), **changed}))
    assert expected in refusal(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"null", "it contains null, not an object"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b'{"schema": 2, "name": "\xff"}', "not UTF-8"),
        (b'{"schema": 2, "count": NaN}', "it contains NaN"),
        (b'{"schema": 2, "count": -Infinity}', "it contains -Infinity"),
        (b'{"schema": 2, "count": ' + b"1" * 5000 + b"}", "damaged"),
        (b" " * (MAX_BYTES + 1), "more than 16,777,216 bytes"),
    ],
)
def test_invalid_json_is_a_one_sentence_error(content: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(content)
    assert expected in refusal(tmp_path / "x.json")


def test_only_a_plain_file_is_opened(tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(json.dumps(as_json(GOOD)))
    (tmp_path / "link").symlink_to(tmp_path / "good.json")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert "symbolic link" in refusal(tmp_path / "link")
    assert "symbolic link" in refusal(tmp_path / "loop")
    assert "not a file" in refusal(tmp_path / "folder")
    assert "not a file" in refusal(tmp_path / "pipe")
    assert refusal(tmp_path / ("x" * 300))


@given(value=JSON, data=st.data())
def test_any_json_in_any_field_is_a_value_or_a_one_sentence_error(
    value: Any, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = as_json(GOOD)
    key = data.draw(st.sampled_from([*whole, None]))
    path = tmp_path_factory.mktemp("typed") / "x.json"
    path.write_text(json.dumps(value if key is None else {**whole, key: value}))
    assert_value_or_sentence(path)


@given(data=st.data())
def test_changed_bytes_are_a_value_or_a_one_sentence_error(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(json.dumps(as_json(GOOD)).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(start + 3, len(content))))
        content[start:end] = data.draw(st.binary(max_size=3))
    path = tmp_path_factory.mktemp("typed") / "x.json"
    path.write_bytes(content)
    assert_value_or_sentence(path)
