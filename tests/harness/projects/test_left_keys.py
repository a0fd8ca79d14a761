from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.projects.left_keys import key_notes

KEYS = ["sk-proj-a1b2c3d4e5f6g7h8", "AKIAABCDEFGHIJKL1234", "ghp_0123456789abcdefABCDEF", "hf_a1b2c3d4e5f6g7"]


def places(files, records=(), rollouts=()):
    return [note.place for note in key_notes(files, records, rollouts)]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_found_wherever_text_goes_into_a_project(key):
    spec = {"a": [{"url": f"https://g.example/{key}"}], "source": f"import os\nKEY = '{key}'\n"}
    files = {
        "rewards.py": f"# no key\nKEY = '{key}'\n".encode(),
        "spec.json": json.dumps(spec).encode(),
        "part/prompt.txt": f"Use {key}.".encode(),
    }
    line = {"messages": [{"role": "user", "content": f"The key is {key}"}]}
    found = places(files, [{}, line], [line])
    assert found == [
        "rewards.py:2",
        "spec.json /a/0/url",
        "part/prompt.txt:1",
        "records.jsonl:2",
        "rollouts.jsonl:1",
    ]


@pytest.mark.parametrize("key", KEYS)
def test_no_note_shows_the_key_and_each_has_a_step(key):
    notes = [*key_notes({"a.py": f"K = '{key}'\nL = '{key}'\n".encode()})]
    [note] = notes
    assert key not in repr(note)
    assert "and 1 more in this file" in note.what
    assert note.step is not None
    assert "a.py:1" in note.step


@pytest.mark.parametrize(
    "line",
    [
        'api_key = "0123456789abcdef0123456789abcdef"',
        '{"password": "correct2horse3battery"}',
        'URL = "https://user:pass1@g.example/"',
    ],
)
def test_what_is_called_a_secret_is_one_whatever_it_looks_like(line):
    assert places({"a.py": line.encode()}) == ["a.py:1"]


@pytest.mark.parametrize(
    "text",
    [
        'headers = {"Authorization": "Bearer ${GRADER_HEADER_AUTHORIZATION}"}',
        'model = "us.anthropic.claude-haiku-4-5-20251001-v1:0"',
        'key = "reference_answer"',
        "api_key = os.environ['SERVICE_API_KEY_2']",
        "keys = sorted(tokens)",
    ],
)
def test_a_name_is_no_key(text):
    assert places({"a.py": text.encode(), "a.json": json.dumps({"source": text}).encode()}) == []


@given(st.binary(max_size=60))
def test_no_content_of_a_file_is_an_error(content):
    places({"a.json": content, "a.bin": content})


@pytest.mark.parametrize("part", ["a", "a1-", "://", "a://", "a:", "key=", "key='a", "key-", "eyJ-", "sk-"])
def test_a_long_line_is_searched_in_time_that_grows_with_its_length(part):
    # A search in quadratic time would take minutes.
    line = part * (200_000 // len(part))
    assert places({"a.py": f"{line} https://user:pass1@g.example/".encode()}) == ["a.py:1"]


def test_a_binary_file_is_not_searched():
    key = KEYS[0].encode()
    assert places({"weights.bin": b"\0\1\n" + key, "notes.txt": b"\1\n" + key}) == ["notes.txt:2"]
