"""Addresses and headers of endpoint graders, and the errors for those that are refused."""

from __future__ import annotations

import pytest

from graders.adapters._openai_address import header_fault, url_fault


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://grade.example/api?code=1", None),
        ("http://localhost:7071/api", None),
        ("http://127.0.0.1:1/", None),
        ("http://[::1]:1/", None),
        ("${PLACE}/api", None),
        ("https://grade.example/?code=${KEY}", None),
        ("https://grade.example/?code=${}", "write ${NAME}"),
        ("http://grade.example/?code=${KEY}", "write https://"),
        ("http://grade.example/", "write https://"),
        ("http://127.0.0.1.example/", "write https://"),
        ("http://localhost.example/", "write https://"),
        ("https://user:pass@grade.example/", "Authorization"),
        ("file:///etc/passwd", "https://"),
        ("grade.example/api", "https://"),
        ("https://", "host"),
        ("https://grade.example/a b", "space"),
        ("https://grade.example/#a", "fragment"),
        ("https://grade.example/\u00e9", "character"),
        ("https://grade.example:port/", "not a URL"),
        ("", "https://"),
    ],
)
def test_an_address_is_https_or_of_this_machine(url: str, words: str | None) -> None:
    fault = url_fault(url)
    assert fault is None if words is None else fault is not None and words in fault


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("X-Key", "Bearer ${KEY}", None),
        ("X Key", "a", "not a valid header name"),
        ("X-Key\r\nHost", "a", "not a valid header name"),
        ("", "a", "not a valid header name"),
        ("X-Key", "a\r\nHost: b", "line break"),
        ("X-Key", 1, "as a string"),
        ("X-Key", "Bearer ${my-key}", "write ${NAME}"),
        ("Content-Type", "application/json", None),
    ],
)
def test_a_header_that_cannot_be_sent_is_reported(name: str, value: object, words: str | None) -> None:
    fault = header_fault(name, value)
    assert fault is None if words is None else fault is not None and words in fault
