"""A template's values with its parameters' defaults, and nothing guessed beyond them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.deploy.default_values import DefaultValues, merged

TEMPLATE = {
    "Parameters": {"Empty": {"Default": ""}, "Size": {"Default": 512}, "Asked": {"Type": "String"}},
    "Conditions": {
        "IsEmpty": {"Fn::Equals": [{"Ref": "Empty"}, ""]},
        "IsFull": {"Fn::Not": [{"Condition": "IsEmpty"}]},
        "IsAsked": {"Fn::Equals": [{"Ref": "Asked"}, "x"]},
        "Circle": {"Condition": "Circle"},
    },
}
VALUES = DefaultValues(TEMPLATE)
NOTHING = {"Ref": "AWS::NoValue"}


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({"Ref": "Size"}, 512),
        ({"Ref": "Asked"}, None),
        ({"Ref": "Empty"}, ""),
        ({"Fn::If": ["IsEmpty", 1, 2]}, 1),
        ({"Fn::If": ["IsFull", 1, NOTHING]}, None),
        ({"Fn::If": ["IsAsked", 1, 2]}, None),
        ({"Fn::If": ["Unheard", 1, 2]}, None),
        ({"Fn::If": ["Circle", 1, 2]}, None),
        ({"Fn::If": [1]}, None),
        ({"Fn::GetAtt": ["A", "Arn"]}, None),
        ({"a": {"Ref": "Size"}, "b": {"Ref": "Asked"}}, {"a": 512}),
        ([{"Ref": "Size"}, NOTHING, 3], [512, 3]),
    ],
)
def test_a_value(value, plain):
    assert VALUES.plain(value) == plain


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"Fn::And": [{"Condition": "IsEmpty"}, {"Condition": "IsFull"}]}, False),
        ({"Fn::And": [{"Condition": "IsEmpty"}, {"Condition": "IsAsked"}]}, None),
        ({"Fn::And": [{"Condition": "IsFull"}, {"Condition": "IsAsked"}]}, False),
        ({"Fn::Or": [{"Condition": "IsEmpty"}, {"Condition": "IsAsked"}]}, True),
        ({"Fn::Or": [{"Condition": "IsFull"}, {"Condition": "IsAsked"}]}, None),
        ({"Fn::Not": []}, None),
        ({"Fn::Equals": [{"Ref": "Size"}, "512"]}, True),
        ({"Fn::Equals": []}, None),
        ({"Fn::Other": [1]}, None),
        (3, None),
    ],
)
def test_a_condition(condition, holds):
    assert VALUES.holds(condition) is holds


@pytest.mark.parametrize(
    ("shared", "own", "both"),
    [
        ({"Timeout": 3}, {"Timeout": 60}, {"Timeout": 60}),
        ({"Layers": ["a"]}, {"Layers": ["b"]}, {"Layers": ["a", "b"]}),
        ({"E": {"V": {"A": 1, "B": 2}}}, {"E": {"V": {"A": 3}}}, {"E": {"V": {"A": 3, "B": 2}}}),
        ({"E": {"Fn::If": [1, 2, 3]}}, {"E": {"V": 1}}, {"E": {"V": 1}}),
        ({"E": {"V": 1}}, {"E": {"Ref": "P"}}, {"E": {"Ref": "P"}}),
    ],
)
def test_globals_are_joined_as_sam_joins_them(shared, own, both):
    assert merged(shared, own) == both


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["IsEmpty", "Circle", "Size", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Ref", "Fn::If", "Fn::Not", "Fn::And", "Condition", "a"]), inner, max_size=2
        )
    ),
    max_leaves=8,
)


@given(anything)
def test_whatever_a_template_holds_has_a_value_or_none(value):
    VALUES.plain(value)
    assert VALUES.holds(value) in (True, False, None)
