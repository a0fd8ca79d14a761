from __future__ import annotations

from urllib.parse import unquote

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.api.failures import RequestRefused, Unreachable
from harness.api.safe_text import in_path, plain_text
from harness.errors import InputError
from support.api_stub import ApiStub, Fault
from support.service import KEY, connected


@pytest.fixture
def stub():
    with ApiStub() as stub:
        stub.add_job()
        yield stub


def failing(stub, status, body, headers=None):
    stub.faults.append(Fault("GET", "/jobs/", status=status, body=body, headers=headers or {}, times=99))
    with connected(stub.base_url) as client, pytest.raises((RequestRefused, Unreachable)) as caught:
        client.job("ftjob-1")
    return caught.value


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "--print-curl"),
        (401, "OPENAI_API_KEY"),
        (403, "lambda:InvokeFunction"),
        (404, "Region"),
        (409, "rft jobs"),
    ],
)
def test_a_refusal_says_what_to_do_and_is_input(stub, status, words):
    error = failing(stub, status, {"error": {"message": "because", "param": "model"}})
    assert isinstance(error, RequestRefused)
    assert (error.exit_code, error.status) == (2, status)
    assert "because [model]" in str(error)
    assert words in str(error)


@pytest.mark.parametrize("status", [429, 408, 500, 502, 503, 504])
def test_trouble_of_the_service_resumes_later(stub, status):
    error = failing(stub, status, {"error": {"message": "busy"}}, {"Retry-After": "7"})
    assert isinstance(error, Unreachable)
    assert (error.exit_code, error.status, error.retry_after_s) == (3, status, 7.0)


@pytest.mark.parametrize(
    ("header", "seconds"), [("nonsense", None), ("inf", None), ("-5", 0.0), ("1e9", 86400.0), ("nan", None)]
)
def test_odd_retry_after_headers_do_no_harm(stub, header, seconds):
    assert failing(stub, 503, {}, {"Retry-After": header}).retry_after_s == seconds


def test_retry_after_may_be_a_date(stub):
    error = failing(stub, 503, {}, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})
    assert error.retry_after_s == 0.0


@pytest.mark.parametrize("body", ["<html>gateway</html>", "", "[1]", '{"error": null}', '{"message": "aws"}'])
def test_any_error_body_is_understood(stub, body):
    assert "500" in str(failing(stub, 500, body))


def test_a_key_that_the_service_echoes_is_not_shown(stub):
    error = failing(stub, 401, {"error": {"message": f"Incorrect API key provided: {KEY}"}})
    assert KEY not in str(error)


def test_an_answer_that_is_not_json_names_the_base_url(stub):
    error = failing(stub, 200, "<html>hello</html>")
    assert isinstance(error, Unreachable)
    assert "base URL" in str(error)


@pytest.mark.parametrize("body", ["[]", "3", "null"])
def test_an_answer_that_is_no_object_is_refused(stub, body):
    assert "object" in str(failing(stub, 200, body))


def test_nobody_listening_is_exit_3():
    with connected("http://127.0.0.1:9/v1") as client, pytest.raises(Unreachable) as caught:
        client.job("ftjob-1")
    assert caught.value.exit_code == 3
    assert "127.0.0.1:9" in str(caught.value)


@given(st.text())
def test_shown_text_is_one_bounded_line_that_steers_no_terminal(text):
    shown = plain_text(text)
    assert len(shown) <= 500
    assert all(ord(letter) >= 32 and letter != "\x7f" for letter in shown)
    shown.encode()


@pytest.mark.parametrize("bad", ["", " ", "a\n", "a\tb", "a\x1b[31mb", "\ud800", "\u202e"])
def test_what_cannot_be_an_id_is_not_sent(bad):
    with pytest.raises(InputError):
        in_path(bad)


@given(st.text(st.characters(exclude_categories=["C"]), min_size=1).filter(str.strip))
@example(".")
@example("..")
def test_any_other_id_is_one_segment_and_arrives_as_it_was(name):
    segment = in_path(name)
    assert not set(segment) & set("/?# ")
    url = httpx2.URL("http://127.0.0.1/v1/files/" + segment)
    assert unquote(url.raw_path.decode()) == "/v1/files/" + name
