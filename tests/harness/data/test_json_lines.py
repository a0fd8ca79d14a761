from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import json_lines
from harness.data.json_lines import EncodingError, LineError, lines, oddity, parse
from harness.errors import InputError

# Includes lone surrogates, which `json` reads and writes as escapes.
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**63, 2**70).flatmap(lambda number: st.sampled_from([number, -number]))
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=[])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4), inner, max_size=4)
        # Shaped like messages: strings next to other values.
        | st.lists(st.dictionaries(st.sampled_from("ab"), st.text(max_size=2) | inner) | inner, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON)
def test_a_line_is_read_as_the_standard_library_reads_it(value: object):
    line = json.dumps(value).encode()
    wanted = repr(json.loads(line))
    for end in (b"", b"\n", b"\r\n"):
        assert repr(parse(line + end)) == wanted


@given(st.binary(max_size=60).filter(lambda line: not line.endswith(b"\n")))
def test_any_bytes_are_a_value_or_a_line_error(line: bytes):
    try:
        parse(line)
        return
    except LineError as error:
        refused = error
    with pytest.raises(LineError, match=re.escape(str(refused))):
        parse(line + b"\n")
    assert 0 <= refused.position <= len(line)
    assert str(refused).endswith(f"at column {refused.position + 1}")


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**40])
def test_integers_of_any_size_keep_every_digit(number):
    (read,) = parse(b'{"n": [%d]}' % number)["n"]
    assert (type(read), read) == (int, number)


def test_json_that_only_python_accepts_is_read_and_named():
    assert math.isnan(parse(b"NaN"))
    assert parse(b"1e999") == math.inf
    for line, odd in [
        (b"[NaN]", "number"),
        (b"[-1e999]", "number"),
        (b"[18446744073709551616]", "integer"),
        (b'["\\ud800"]', "text"),
        (b"[1e30, 18446744073709551615]", None),
        (b'{"a": "\\ud83d\\ude00"}', None),
    ]:
        assert oddity(line, parse(line)) == odd


def test_unlimited_nesting_and_digits_are_line_errors():
    with pytest.raises(LineError, match="nested too deeply"):
        parse(b"[" * 200_000 + b"]" * 200_000)
    with pytest.raises(LineError, match="not readable"):
        parse(b"1" * 5_000)


def test_a_line_that_is_not_utf8_says_which_byte():
    with pytest.raises(LineError, match=r"byte 0xff at column 3") as caught:
        parse(b'["\xff"]')
    assert caught.value.is_encoding


@given(
    st.lists(st.binary(max_size=6).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b"")), max_size=12),
    st.lists(st.integers(0, 100), max_size=4),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
)
def test_ranges_cut_anywhere_hold_every_line_once(tmp_path_factory, rows, cuts, newline, ends):
    data = newline.join([b"[]", *rows]) + (newline if ends else b"")
    path = tmp_path_factory.mktemp("lines") / "a.jsonl"
    path.write_bytes(data)
    whole = list(lines(path))
    bounds = [0, *sorted(cut for cut in cuts if cut <= len(data)), len(data)]
    pieces = [line for low, high in zip(bounds, bounds[1:], strict=False) for line in lines(path, low, high)]
    assert pieces == whole
    for offset, line in whole:
        assert data[offset : offset + len(line)] == line
    assert b"".join(line for _, line in lines(path, ends=True)) == data
    assert [at for at, _ in lines(path, ends=True)] == [at for at, _ in whole]


def test_blank_lines_and_a_last_line_without_newline_are_kept(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"1\n\n 2\r\n3")
    assert list(lines(path)) == [(0, b"1"), (2, b""), (3, b" 2"), (7, b"3")]


def test_only_one_line_ending_is_removed(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"1\r\r\n2\r")
    assert list(lines(path)) == [(0, b"1\r"), (4, b"2")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_other_encodings_are_named(tmp_path: Path, encoding: str):
    path = tmp_path / "a.jsonl"
    path.write_bytes('{"a": 1}\n'.encode(encoding))
    with pytest.raises(EncodingError, match="UTF-16 or UTF-32"):
        list(lines(path))


def test_unreadable_content_is_an_input_error_that_names_the_file(tmp_path: Path):
    packed = tmp_path / "a.zip"
    packed.write_bytes(b"PK\x03\x04")
    for path, said in [(tmp_path / "none", "no such file"), (tmp_path, "folder"), (packed, "a zip file")]:
        with pytest.raises(InputError, match=said) as caught:
            list(lines(path))
        assert caught.value.place == str(path)


def test_a_line_without_end_is_refused(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.truncate(json_lines.MAX_LINE + 2)
    with pytest.raises(InputError, match="longer than"):
        list(lines(path))
