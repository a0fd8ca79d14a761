"""Input from a file, from stdin, or from several files that are read as one."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.json_lines import Line, lines, numbered_lines, place_of
from harness.data.sources import FileSource, Source, local_copy, source_from, source_of
from harness.errors import InputError

TEXTS = st.lists(
    st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"bc", b" "]), max_size=8).map(b"".join),
    min_size=1,
    max_size=4,
)


def files(folder: Path, texts: list[bytes]) -> list[Path]:
    paths = [folder / f"{number}.jsonl" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text)
    return paths


def joined(texts: list[bytes]) -> bytes:
    """Concatenate the files, and add a newline to each file that lacks one at its end."""
    *before, last = texts
    return b"".join(text + b"\n" * (text[-1:] not in (b"\n", b"")) for text in before) + last


@settings(max_examples=100)
@given(TEXTS)
def test_several_files_are_one_text_from_any_byte_on(tmp_path_factory, texts):
    source = source_of(*files(tmp_path_factory.mktemp("parts"), texts))
    whole = joined(texts)
    assert source.size == len(whole)
    for start in range(len(whole) + 2):
        with source.open(start) as file:
            assert file.read() == whole[start:]


@settings(max_examples=100)
@given(TEXTS, st.lists(st.integers(0, 60), max_size=4))
def test_several_files_have_the_lines_of_one_wherever_they_are_cut(tmp_path_factory, texts, cuts):
    folder = tmp_path_factory.mktemp("parts")
    source = source_of(*files(folder, texts))
    one = folder / "one"
    one.write_bytes(joined(texts))
    whole = list(lines(one))
    assert list(lines(source)) == whole
    bounds = [0, *sorted(cuts), None]
    pieces = [
        line for low, high in zip(bounds, bounds[1:], strict=False) for line in lines(source, low, high)
    ]
    assert pieces == whole


@settings(max_examples=100)
@given(TEXTS)
def test_a_line_is_reported_with_its_own_file(tmp_path_factory, texts):
    paths = files(tmp_path_factory.mktemp("parts"), texts)
    source = source_of(*paths)
    found = list(numbered_lines(source))
    assert [(line.at, line.text) for line in found] == list(lines(source))
    assert [line.place for line in found] == [place_of(source, line.at) for line in found]
    alone = [(str(path), number, text) for path in paths for number, (_, text) in enumerate(lines(path), 1)]
    assert [(line.source, line.number, line.text) for line in found] == alone


def test_standard_input_can_be_read_several_times(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"1\n2")))
    source = source_of("-")
    assert list(lines(source)) == list(lines("-")) == [(0, b"1"), (2, b"2")]
    assert list(numbered_lines(source))[1] == Line("-", 2, 2, b"2")
    assert (source.seekable, source.facts[0].bytes, source.changed()) == (False, 3, None)
    with pytest.raises(InputError, match="read again"):
        source_from(source.facts)


def test_a_named_pipe_is_kept_too(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[b"1\n2\n"])
    writer.start()
    source = source_of(pipe)
    writer.join()
    assert [list(lines(source)), list(lines(source, 1))] == [[(0, b"1"), (2, b"2")], [(2, b"2")]]


def test_a_pattern_takes_its_files_by_name(tmp_path):
    files(tmp_path, [b"0\n", b"1\n", b"2\n"])
    (tmp_path / "folder.jsonl").mkdir()
    assert [text for _, text in lines(source_of(f"{tmp_path}/*.jsonl"))] == [b"0", b"1", b"2"]
    odd = tmp_path / "[1].jsonl"
    odd.write_bytes(b"odd")
    assert [text for _, text in lines(str(odd))] == [b"odd"]


def test_unusable_sources_are_reported(tmp_path):
    [path] = files(tmp_path, [b"1\n"])
    for names, said in [
        ((), "no file is given"),
        ((tmp_path / "none",), "no such file"),
        ((tmp_path,), "this is a folder"),
        ((f"{tmp_path}/*.csv",), "no file matches this pattern"),
        ((path, tmp_path / "." / path.name), "listed twice"),
        ((f"{path}\0",), "cannot read the file"),
        (("https://host/a.jsonl",), "not from https://. Download it first."),
        (("S3://bucket/key",), "not from S3://"),
    ]:
        with pytest.raises(InputError, match=said):
            source_of(*names)


def test_a_file_and_a_link_to_it_are_not_both_read(tmp_path):
    [path] = files(tmp_path, [b"1\n"])
    (tmp_path / "latest.jsonl").symlink_to(path.name)
    (tmp_path / "days").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    assert list(lines(source_of(tmp_path / "latest.jsonl"))) == [(0, b"1")]
    for names in (
        (f"{tmp_path}/*.jsonl",),
        (path, tmp_path / "link" / path.name),
        (path, tmp_path / "latest.jsonl"),
    ):
        with pytest.raises(InputError, match="this is the same file as /"):
            source_of(*names)


def test_a_found_source_is_opened_again_or_refused(tmp_path):
    source = source_of(*files(tmp_path, [b"1\n", b"2\n"]))
    again = source_from(source.facts)
    assert list(lines(again)) == list(lines(source))
    assert source.changed() is None
    path = tmp_path / "1.jsonl"
    path.write_bytes(b"3\n4\n")
    assert source.changed() == f"{path} was changed in the meantime"
    with pytest.raises(InputError, match="the file has changed") as caught:
        source_from(source.facts)
    assert caught.value.place == str(path)
    path.unlink()
    assert source.changed() == f"{path}: no such file"


def test_only_sources_that_are_not_files_are_copied(tmp_path):
    one, two = files(tmp_path, [b"1", b"2"])
    with local_copy(one) as path:
        assert path == one
    source: Source = source_of(one, two)
    with local_copy(source) as path:
        assert path.read_bytes() == b"1\n2"
    assert not path.exists()
    assert isinstance(source_of(one), FileSource)
