from __future__ import annotations

from pathlib import Path

import pytest

from harness.data.records import ends_with_assistant, read, text_of
from harness.data.sources import source_of
from harness.errors import InputError


def test_records_carry_line_and_offset_past_blank_lines_and_a_mark(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"b": 2}')
    assert [record[:3] for record in read(path)] == [(1, 0, {"a": 1}), (3, 15, {"b": 2})]


@pytest.mark.parametrize(("bad", "said"), [(b"[1]", "not a JSON object"), (b"{,}", "not JSON")])
def test_a_bad_line_is_refused_with_its_number(tmp_path: Path, bad: bytes, said: str):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n" + bad + b"\n")
    with pytest.raises(InputError, match=said) as caught:
        list(read(path))
    assert caught.value.place == f"{path}:2"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        ("a", "a"),
        ([], ""),
        ([{"type": "text", "text": "a"}, {"text": "b"}, "c"], "abc"),
        ([{"type": "image_url", "image_url": {}}], None),
        ([{"type": "text", "text": None}], None),
        (3, None),
        ({"text": "a"}, None),
    ],
)
def test_text_is_read_from_strings_and_text_blocks_alone(content: object, text: str | None):
    assert text_of(content) == text


@pytest.mark.parametrize(
    ("messages", "is_rollout"),
    [
        ([{"role": "user"}, {"role": "assistant"}], True),
        ([{"role": "nova_assistant"}], True),
        ([{"role": "assistant"}, {"role": "user"}], False),
        ([{"role": ["assistant"]}], False),
        ([3], False),
        ([], False),
        ("assistant", False),
    ],
)
def test_the_last_role_tells_a_rollout(messages: object, is_rollout: bool):
    assert ends_with_assistant({"messages": messages}) is is_rollout


def test_records_of_several_files_have_their_own_place_and_an_overall_number(tmp_path: Path):
    one, two = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    one.write_bytes(b'{"a": 1}\n\n\n')
    two.write_bytes(b'\n{"b": 2}')
    found = list(read(source_of(one, two)))
    assert [(record.place, record.number) for record in found] == [(f"{one}:1", 1), (f"{two}:2", 5)]
