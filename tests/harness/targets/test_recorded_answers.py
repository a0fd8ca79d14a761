from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.targets.recorded_answers import (
    RecordedAnswer,
    RecordedAnswers,
    answer_lines,
    hidden,
    parse_answers,
    question_of,
    read_answers,
    refused_forms,
    secrets_among,
    write_answers,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.dictionaries(st.text(max_size=5), JSON, max_size=3) | st.text(max_size=20)
ANSWERS = st.builds(
    RecordedAnswer,
    st.sampled_from(["https://a.example/v1/chat", "http://b.example/model/m/converse"]),
    BODIES,
    st.sampled_from([200, 400]),
    BODIES,
    st.integers(0, 3),
    st.sampled_from([None, "application/json"]),
    st.sampled_from([None, "ValidationException"]),
)
SECRETS = st.from_regex(r"[A-Za-z0-9/+_-]{8}[0-9][a-z][A-Za-z0-9/+_-]{8,30}", fullmatch=True)


@settings(max_examples=30)
@given(st.lists(ANSWERS, max_size=5), st.lists(st.text(min_size=1, max_size=5), max_size=2))
def test_a_file_gives_back_what_was_recorded(answers: list[RecordedAnswer], notes: list[str]) -> None:
    recorded = RecordedAnswers(tuple(answers), {"URL": "http://a.example", "KEY": None}, tuple(notes))
    found = parse_answers(answer_lines(recorded), "a.jsonl")
    assert sorted(found.answers, key=RecordedAnswer.to_line) == sorted(answers, key=RecordedAnswer.to_line)
    assert found.variables == recorded.variables
    assert set(found.notes) == set(notes)


@settings(max_examples=30)
@given(st.lists(ANSWERS, max_size=5), st.randoms())
def test_the_lines_do_not_depend_on_who_asked_first(answers: list[RecordedAnswer], chance: Any) -> None:
    shuffled = list(answers)
    chance.shuffle(shuffled)
    assert answer_lines(RecordedAnswers(tuple(answers))) == answer_lines(RecordedAnswers(tuple(shuffled)))


def test_a_lone_surrogate_survives_the_file(tmp_path: Path) -> None:
    answer = RecordedAnswer("http://a.example/", {"text": "\ud800"}, 200, {"said": "\udfff é \u2028"})
    write_answers(tmp_path / "a.jsonl", RecordedAnswers((answer,)))
    assert read_answers(tmp_path / "a.jsonl").answers == (answer,)


@given(st.dictionaries(st.text(max_size=5), JSON, min_size=1, max_size=4))
def test_the_order_of_keys_makes_no_other_question(body: dict[str, Any]) -> None:
    keys = set()
    for text in (json.dumps(body), json.dumps(dict(reversed(body.items())), indent=2)):
        found = question_of("https://a.example/v1", text.encode())
        assert found is not None
        keys.add(RecordedAnswer(*found, 200, None).key)
    assert len(keys) == 1


def test_port_query_and_user_are_no_part_of_a_question() -> None:
    found = question_of("https://me:pass@a.example:8443/v1?key=k", b'{"a": 1}')
    assert found == ("https://a.example/v1", {"a": 1})


@pytest.mark.parametrize("body", [None, b"", "", b"\xff\xfe\x00"])
def test_a_request_without_a_text_is_no_question(body: Any) -> None:
    assert question_of("https://a.example/v1", body) is None


@settings(max_examples=30)
@given(SECRETS, SECRETS, SECRETS, SECRETS, st.from_regex(r"[1-9][0-9]{11}", fullmatch=True))
def test_no_secret_of_a_request_is_in_the_file(
    bearer: str, cookie: str, query: str, variable: str, account: str
) -> None:
    headers = {
        "Authorization": f"Bearer {bearer}",
        "cookie": f"session={cookie}; theme=dark",
        "X-Amz-Security-Token": variable,
    }
    arn = f"arn:aws:bedrock:us-west-2:{account}:inference-profile/m"
    url = f"https://a.example/model/{quote(arn, safe='')}/converse?api_key={query}"
    said = {"echo": [bearer, cookie, query, variable, quote(query, safe="")], "of": arn}
    secrets = secrets_among(url, headers, {"MY_API_KEY": variable, "HOME": "somewhere"})
    found = question_of(url, json.dumps(said), secrets)
    assert found is not None
    answer = RecordedAnswer(*found, 200, hidden(json.dumps(said), secrets))
    content = answer_lines(RecordedAnswers((answer,))).decode()
    for secret in (bearer, cookie, query, variable, account):
        assert secret not in content


def test_the_key_of_a_request_is_a_secret_even_if_it_is_a_word() -> None:
    for name, value in {
        "Authorization": "Bearer onlylettersecretkey",
        "api-key": "onlylettersecretkey",
        "x-goog-api-key": "onlylettersecretkey",
    }.items():
        assert secrets_among("https://a.example/v1", {name: value}, {}) == {"onlylettersecretkey"}
    assert secrets_among("https://me:onlylettersecretkey@a.example/v1", {}, {}) == {"onlylettersecretkey"}
    signed = "AWS4-HMAC-SHA256 SignedHeaders=content-type;host"
    assert "content-type" not in secrets_among("https://a.example/v1", {"Authorization": signed}, {})
    assert secrets_among("https://a.example/v1", {"Authorization": "Bearer none"}, {}) == set()


def test_a_word_of_the_environment_is_no_secret() -> None:
    assert (
        secrets_among("http://a.example/", {}, {"AUTH_MODE": "standard", "KEY_FILE": "a b c 1 2 3 4 5 6"})
        == set()
    )


def test_a_refusal_stands_for_its_form_until_an_answer_has_that_form() -> None:
    refused = RecordedAnswer("http://a.example/", {"messages": ["one"], "schema": 1}, 400, {})
    other = RecordedAnswer("http://a.example/", {"messages": ["two"], "tool": 1}, 400, {})
    taken = RecordedAnswer("http://a.example/", {"messages": ["three"], "tool": 1}, 200, {})
    assert refused_forms([refused, other, taken]) == {refused.form: refused}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        (b"not json\n", 1),
        (b'{"answers": 2}\n', 1),
        (b'{"answers": 1}\n[]\n', 2),
        (b'{"answers": 1}\n{"url": "http://a", "asked": {}}\n', 2),
        (b'{"answers": 1}\n{"url": 1, "asked": {}, "status": 200, "answer": {}}\n', 2),
        (b'{"answers": 1}\n\n{"url": "http://[a", "asked": 1, "status": 200, "answer": 1}', 3),
        (b'{"answers": 1}\n{"url": "http://a", "asked": {}, "status": 999, "answer": {}}\n', 2),
        (b'{"answers": 1, "variables": 7}\n\xff\xfe\n', 2),
    ],
)
def test_a_line_that_is_none_of_ours_is_named(tmp_path: Path, content: bytes, line: int) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"a\.jsonl:{line}: .* --ask all"):
        read_answers(path)


def test_a_missing_file_says_how_to_record_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the file of recorded answers does not exist.* --ask all"):
        read_answers(tmp_path / "a.jsonl")


def test_a_strangers_file_sets_no_variable_that_decides_what_a_process_loads() -> None:
    said = {
        "LD_PRELOAD": "http://a.example/x",
        "PYTHONPATH": "http://a.example/x",
        "PATH": None,
        "HOME": None,
        "JUDGE_URL": "file:///etc",
        "OTHER_URL": "http://a.example/v1",
        "OTHER_KEY": None,
        "A KEY": None,
    }
    head = json.dumps({"answers": 1, "variables": said, "notes": {"a": 1}}).encode()
    assert parse_answers(head, "a.jsonl").variables == {"OTHER_URL": "http://a.example/v1", "OTHER_KEY": None}


def test_a_file_may_be_a_link_and_never_a_pipe(tmp_path: Path) -> None:
    write_answers(tmp_path / "a.jsonl", RecordedAnswers())
    (tmp_path / "link").symlink_to(tmp_path / "a.jsonl")
    assert read_answers(tmp_path / "link") == RecordedAnswers()
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(InputError, match="this is not a file"):
            read_answers(tmp_path / name)
