"""Secrets and personal data: found by form and check digits, allowed by name, and never quoted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks import leaks
from graders.checks._leak_kinds import KINDS
from graders.checks.leaks import no_leaks
from graders.errors import DecorationError, RecordError
from graders.testing import make_sample
from support.doc_tables import page, rows, spans
from support.growth import assert_linear

UNTYPED: Any = leaks
TABLE = [
    (spans(kind)[0], spans(found), spans(other))
    for kind, found, other in rows(page("required.md"), "Secrets and personal data", 3)
]
FRAMES = ["{}", "It is {}.", "({})", "x: {}, and more", "\n- {}\n", "**{}**", "它是{}。"]


@pytest.mark.parametrize(("kind", "found", "others"), TABLE, ids=[row[0] for row in TABLE])
def test_a_kind_is_found_as_the_page_says(kind, found, others):
    check = no_leaks(kinds=[kind])
    assert found
    assert others
    for one in found:
        answer = no_leaks()(make_sample(f"It is {one}."))
        assert answer.value == 0
        assert answer.metrics[f"leak_{kind}"] == 1
        assert kind in (answer.reason or "")
        assert one not in (answer.reason or "")
    for one in others:
        assert check(make_sample(f"It is {one}.")).value == 1, one


def test_the_page_has_every_kind():
    assert [row[0] for row in TABLE] == list(KINDS)


@pytest.mark.parametrize("frame", FRAMES)
def test_it_is_found_anywhere(frame):
    for kind, found, _ in TABLE:
        for one in found:
            assert no_leaks(kinds=[kind])(make_sample(frame.format(one))).value == 0, one


def test_characters_that_nobody_sees_and_wide_ones_hide_nothing():
    for text in (
        "jo@exam\u200bple.org",
        "\uff4a\uff4f\uff20example.org",
        "4111\u20601111\u206011111111",
        "jo@**example**.org",
    ):
        assert no_leaks()(make_sample(text)).value == 0, text


def test_allowed_texts_may_be_said():
    assert no_leaks(allow=["Help@example.com"])(make_sample("help@example.com")).value == 1
    assert no_leaks(allow=["@example.com"])(make_sample("a@example.com b@EXAMPLE.com")).value == 1
    assert no_leaks(allow=["@example.com"])(make_sample("a@mail.example.com")).value == 0
    assert no_leaks(allow=["help@example.com"])(make_sample("help@example.com jo@example.com")).value == 0
    check = no_leaks(field="may")
    assert check(make_sample("call 555-123-4567", may=["555-123-4567"])).value == 1
    assert check(make_sample("call 555-123-4567", may=[])).value == 0


@pytest.mark.parametrize("may", [None, "555", [7]])
def test_a_record_without_its_list_is_the_record_s_fault(may):
    with pytest.raises(RecordError, match="the record's may is not a list of strings"):
        no_leaks(field="may")(make_sample("a", may=may))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kinds": []}, "write a list of kinds"),
        ({"kinds": "email"}, "write a list of kinds"),
        ({"kinds": ["mail"]}, "there is no kind 'mail'; write some of private_key"),
        ({"allow": "x"}, "write a list of strings"),
        ({"allow": [" "]}, "not blank"),
        ({"field": " "}, "not blank"),
    ],
)
def test_an_invalid_option_is_refused(options, message):
    with pytest.raises(DecorationError, match=message):
        UNTYPED.no_leaks(**options)


def test_an_empty_or_invisible_completion_earns_nothing():
    for text in ("", " ", "...", "\u200b"):
        found = no_leaks()(make_sample(text))
        assert (found.value, found.metrics["unread"]) == (0, 1)


def luhn(digits: list[int]) -> int:
    total = sum(digit if at % 2 else digit * 2 - 9 * (digit > 4) for at, digit in enumerate(reversed(digits)))
    return -total % 10


@given(
    st.lists(st.integers(0, 9), min_size=14, max_size=14), st.integers(1, 9), st.sampled_from(["", " ", "-"])
)
def test_a_card_is_a_leak_where_its_check_digit_is_right_and_only_there(digits, off, between):
    digits = [4, *digits]
    for wrong in (0, off):
        number = "".join(map(str, [*digits, (luhn(digits) + wrong) % 10]))
        text = between.join(number[at : at + 4] for at in range(0, 16, 4))
        assert no_leaks(kinds=["card"])(make_sample(f"card {text} ok")).value == bool(wrong)


@given(st.text("0123456789", min_size=18, max_size=18))
def test_an_account_is_a_leak_where_its_check_digits_are_right(number):
    check = 98 - int(f"{number}131400") % 97
    assert no_leaks(kinds=["iban"])(make_sample(f"to DE{check:02}{number} today")).value == 0
    assert no_leaks(kinds=["iban"])(make_sample(f"to DE{(check + 1) % 97:02}{number} today")).value == 1


@given(st.text())
def test_no_text_raises(text):
    assert no_leaks()(make_sample(text)).value in (0, 1)


def test_it_takes_linear_time():
    check = no_leaks()
    for piece in (
        "a",
        "a@",
        "a.",
        "1",
        "1 ",
        "1-",
        "+1",
        "DE12 ",
        "A1",
        "eyJ",
        "sk-",
        "sk-a",
        "-----BEGIN ",
        "4111 ",
    ):
        assert_linear(check, lambda size: make_sample("x@" + piece * (size // len(piece)) + "!"), 40_000)  # noqa: B023


@pytest.mark.parametrize(
    "said", ["_jo@example.org_", "jo\\@example.org", "_123-45-6789_", "__555-123-4567__"]
)
def test_markdown_hides_no_leak(said):
    assert no_leaks()(make_sample(f"write to {said} now")).value == 0
