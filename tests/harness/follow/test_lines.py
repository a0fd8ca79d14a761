from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.follow.lines import AppendedLines

VALUES = st.lists(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=8), max_size=3), max_size=8
)


def read(path):
    lines = AppendedLines(path)
    values = [value for _, value in lines.recover()]
    lines.close()
    return values


@given(VALUES, st.data())
def test_whatever_is_torn_off_the_end_the_whole_lines_stay(tmp_path_factory, values, data):
    path = tmp_path_factory.mktemp("lines") / "x.jsonl"
    lines = AppendedLines(path)
    lines.append(values)
    lines.close()
    size = path.stat().st_size
    cut = data.draw(st.integers(0, size))
    os.truncate(path, cut)
    whole = path.read_bytes().count(b"\n")
    assert read(path) == values[:whole]
    # And it goes on from there.
    lines = AppendedLines(path)
    assert len(list(lines.recover())) == whole
    lines.append([{"next": 1}])
    lines.close()
    assert read(path) == [*values[:whole], {"next": 1}]


def test_zeros_after_a_power_cut_are_cut_off(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a":1}\n' + b"\0" * 100 + b"\n")
    assert read(path) == [{"a": 1}]
    assert path.read_bytes() == b'{"a":1}\n'


def test_a_line_is_found_again_by_its_offset(tmp_path):
    lines = AppendedLines(tmp_path / "x.jsonl")
    offsets = [lines.append([{"n": number}]) for number in range(3)]
    assert [lines.at(offset)["n"] for offset in reversed(offsets)] == [2, 1, 0]
    lines.close()


def test_a_lone_surrogate_is_kept(tmp_path):
    lines = AppendedLines(tmp_path / "x.jsonl")
    lines.append([{"a": "\ud800"}])
    lines.close()
    assert read(tmp_path / "x.jsonl") == [{"a": "\ud800"}]
    assert json.loads((tmp_path / "x.jsonl").read_text()) == {"a": "\ud800"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_sentence(tmp_path):
    (tmp_path / "x.jsonl").symlink_to("/dev/full")
    lines = AppendedLines(tmp_path / "x.jsonl")
    with pytest.raises(InputError, match="No space left"):
        lines.append([{"a": 1}])
    lines.close()


def test_a_folder_in_its_place_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        AppendedLines(tmp_path)
