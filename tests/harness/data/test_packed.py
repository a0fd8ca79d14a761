"""Compressed files that are truncated or damaged raise an error, and are never read as shorter files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data import json_lines
from harness.data.json_lines import lines, numbered_lines, place_of
from harness.data.sources import local_copy, source_of
from harness.errors import InputError

zstandard = pytest.importorskip("zstandard")

FORMATS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "Zstandard": zstandard.ZstdCompressor(write_checksum=True).compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
PACKED = pytest.mark.parametrize("format", FORMATS)
TEXTS = [b"", b"\n", b"a", b"a\n", b"a\nbc", b"\r\na\r\n\n", b"a\n\nb\n"]
SKIPPED = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
"""A skippable frame, which Zstandard readers ignore."""


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(FORMATS)),
    st.lists(st.binary(max_size=40), min_size=1, max_size=3),
    st.integers(0, 50),
)
def test_text_in_any_number_of_pieces_is_what_it_was(tmp_path_factory, format, texts, start):
    path = tmp_path_factory.mktemp("packed") / "no.hint"
    path.write_bytes(b"".join(map(FORMATS[format], texts)))
    source = source_of(path)
    with source.open(start) as file:
        assert file.read() == b"".join(texts)[start:]
    assert (source.size, source.seekable, source.facts[0].bytes) == (None, False, path.stat().st_size)


@settings(max_examples=80)
@given(st.sampled_from(sorted(FORMATS)), st.data())
def test_truncated_data_is_an_error_at_any_position(tmp_path_factory, format, data):
    whole = FORMATS[format](b'{"a": 1}\n' * 50)
    cut = data.draw(st.integers(6, len(whole) - 1))
    path = tmp_path_factory.mktemp("packed") / "cut.jsonl"
    path.write_bytes(whole[:cut])
    with pytest.raises(InputError, match=f"the {format} file is cut off") as caught:
        list(lines(path))
    assert caught.value.place == str(path)


@PACKED
def test_damaged_data_or_trailing_garbage_is_an_error(tmp_path, format):
    whole = FORMATS[format](b'{"a": 1}\n' * 50)
    middle = len(whole) // 2
    for number, damaged in enumerate([whole[:middle] + b"????" + whole[middle + 4 :], whole + b"junk"]):
        path = tmp_path / str(number)
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=rf"the {format} file (cannot be unpacked|ends in the middle)"):
            list(lines(path))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from([bytes, gzip.compress, bz2.compress]), st.sampled_from(TEXTS)),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.integers(0, 40), max_size=3),
)
def test_ranges_over_plain_and_compressed_parts_hold_every_line_once(tmp_path_factory, parts, cuts):
    folder = tmp_path_factory.mktemp("packed")
    for number, (pack, text) in enumerate(parts):
        (folder / f"{number}").write_bytes(pack(text))
        (folder / f"{number}.plain").write_bytes(text)
    packed, plain = source_of(f"{folder}/?"), source_of(f"{folder}/*.plain")
    whole = list(lines(plain))
    assert list(lines(packed)) == [(line.at, line.text) for line in numbered_lines(packed)] == whole
    bounds = [0, *sorted(cuts), None]
    assert [
        one for low, high in zip(bounds, bounds[1:], strict=False) for one in lines(packed, low, high)
    ] == whole
    with packed.open(bounds[-2] or 0) as file, plain.open(bounds[-2] or 0) as same:
        assert file.read() == same.read()


@PACKED
def test_padding_with_nuls_is_no_text(tmp_path, format):
    path = tmp_path / "padded"
    path.write_bytes(FORMATS[format](b"1\n") + bytes(100_000) + FORMATS[format](b"2\n") + bytes(3))
    assert list(lines(path)) == [(0, b"1"), (2, b"2")]


@settings(max_examples=100)
@given(st.sampled_from([pack(b"")[:6] for pack in FORMATS.values()]), st.binary(max_size=60))
def test_any_bytes_are_a_text_or_an_error_that_names_the_file(tmp_path_factory, head, rest):
    path = tmp_path_factory.mktemp("packed") / "any"
    path.write_bytes(head + rest)
    try:
        list(lines(path))
    except InputError as error:
        refused = error
        assert refused.place == str(path)


def test_data_that_needs_too_much_memory_is_refused(tmp_path):
    path = tmp_path / "long"
    parameters = zstandard.ZstdCompressionParameters.from_level(19, window_log=30)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    path.write_bytes(packer.compress(bytes(1000)) + packer.flush())
    with pytest.raises(InputError, match="too much memory"):
        list(lines(path))


def test_data_compressed_twice_is_named(tmp_path):
    path = tmp_path / "twice"
    path.write_bytes(gzip.compress(gzip.compress(b"{}\n")))
    with pytest.raises(InputError, match=r"this is a gzip file, not JSON lines. It is compressed twice"):
        list(lines(path))


def test_frames_without_text_are_skipped(tmp_path):
    path = tmp_path / "skipped"
    path.write_bytes(FORMATS["Zstandard"](b"1\n") + SKIPPED + FORMATS["Zstandard"](b"2\n") + SKIPPED)
    assert [line for _, line in lines(path)] == [b"1", b"2"]


@PACKED
def test_a_decompression_bomb_is_a_line_that_is_too_long(tmp_path, format, monkeypatch):
    monkeypatch.setattr(json_lines, "MAX_LINE", 1024 * 1024)
    path = tmp_path / "bomb"
    path.write_bytes(FORMATS[format](bytes(100_000_000)))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="longer than 1,048,576 bytes"):
            list(lines(path))
        assert tracemalloc.get_traced_memory()[1] < 90_000_000
    finally:
        tracemalloc.stop()


@PACKED
def test_standard_input_may_be_compressed(monkeypatch, format):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FORMATS[format](b"1\n2\n"))))
    source = source_of("-")
    assert [list(lines(source)), list(lines(source, 1))] == [[(0, b"1"), (2, b"2")], [(2, b"2")]]
    assert place_of(source, 2) == "-:2"


def test_plain_and_compressed_files_are_one_text(tmp_path):
    for number, pack in enumerate([bytes, *FORMATS.values()]):
        (tmp_path / f"{number}").write_bytes(pack(b"%d\nx" % number))
    source = source_of(f"{tmp_path}/[0-4]")
    assert [line for _, line in lines(source)] == [b"0", b"x", b"1", b"x", b"2", b"x", b"3", b"x", b"4", b"x"]
    whole = list(lines(source))
    assert [line for cut in range(0, 20, 4) for line in lines(source, cut, cut + 4)] == whole
    assert [place_of(source, at) for at, _ in whole] == [
        f"{tmp_path}/{number}:{line}" for number in range(5) for line in (1, 2)
    ]
    with local_copy(source) as path:
        assert list(lines(path)) == whole
