from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.localaws.registry import FunctionName, parse_function
from harness.localaws.runtime import InvokeRefused

names = st.from_regex(r"[a-zA-Z0-9_-]{1,64}", fullmatch=True)
qualifiers = st.one_of(st.none(), st.just("$LATEST"), names)


@given(
    name=names, own=qualifiers, given_apart=st.booleans(), form=st.sampled_from(["name", "partial", "arn"])
)
def test_every_form_of_a_name_says_the_same(name, own, given_apart, form):
    prefix = {"name": "", "partial": "123456789012:function:"}.get(
        form, "arn:aws:lambda:eu-west-1:123456789012:function:"
    )
    text = f"{prefix}{name}" if own is None or given_apart else f"{prefix}{name}:{own}"
    found = parse_function(text, own if given_apart else None)
    full = f"{prefix}{name}:{own}" if own is not None else f"{prefix}{name}"
    assert found == FunctionName(name, own, full if form == "arn" else None)


@given(st.text())
def test_any_text_is_a_name_or_is_refused(text):
    try:
        found = parse_function(text)
    except InvokeRefused:
        return
    assert found.name
    assert found.name in text


@pytest.mark.parametrize(
    ("text", "qualifier", "said"),
    [
        (
            "x" * 65,
            None,
            "at 'functionName' failed to satisfy constraint: Member must have length less than or equal to",
        ),
        (f"arn:aws:lambda:eu-west-1:123456789012:function:{'x' * 65}", None, "less than or equal to 64"),
        ("x" * 257, None, "less than or equal to 256"),
        ("a b", None, "Member must satisfy regular expression pattern"),
        ("a.b", None, "Member must satisfy regular expression pattern"),
        ("f", "a b", "Value 'a b' at 'qualifier'"),
        ("f", "x" * 129, "less than or equal to 128"),
    ],
)
def test_a_name_out_of_bounds_is_refused_in_lambdas_words(text, qualifier, said):
    with pytest.raises(InvokeRefused, match="1 validation error detected: Value ") as caught:
        parse_function(text, qualifier)
    assert (caught.value.fault.error_type, caught.value.status) == ("ValidationException", 400)
    assert said in caught.value.fault.message


def test_the_longest_names_are_taken():
    name, alias = "x" * 64, "y" * 128
    arn = f"arn:aws:lambda:us-west-2:123456789012:function:{name}:{alias}"
    assert parse_function(arn) == FunctionName(name, alias, arn)


@pytest.mark.parametrize(
    "text", ["", ":live", "a b", "arn:aws:s3:::bucket", "arn:aws:lambda:eu-west-1:1:function:f"]
)
def test_what_is_no_function_is_refused(text):
    with pytest.raises(InvokeRefused):
        parse_function(text)
