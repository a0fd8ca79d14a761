"""Template values resolved with the defaults of the parameters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.deploy.default_values import plain
from harness.localaws.template_values import TemplateValues

TEMPLATE = {
    "Parameters": {"Empty": {"Default": ""}, "Size": {"Default": 512}, "Asked": {"Type": "String"}},
    "Conditions": {
        "IsEmpty": {"Fn::Equals": [{"Ref": "Empty"}, ""]},
        "IsFull": {"Fn::Not": [{"Condition": "IsEmpty"}]},
        "IsAsked": {"Fn::Equals": [{"Ref": "Asked"}, "x"]},
        "Circle": {"Condition": "Circle"},
    },
}
VALUES = TemplateValues(TEMPLATE, {})
NOTHING = {"Ref": "AWS::NoValue"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Size"}, "512"),
        ({"Ref": "Asked"}, None),
        ({"Ref": "Empty"}, ""),
        ({"Fn::If": ["IsEmpty", 1, 2]}, 1),
        ({"Fn::If": ["IsFull", 1, NOTHING]}, None),
        ({"Fn::If": ["IsAsked", 1, 2]}, None),
        ({"Fn::If": ["Unheard", 1, 2]}, None),
        ({"Fn::If": ["Circle", 1, 2]}, None),
        ({"Fn::If": [1]}, None),
        ({"Fn::GetAtt": ["A", "Arn"]}, None),
        ({"a": {"Ref": "Size"}, "b": {"Ref": "Asked"}}, {"a": "512"}),
        ([{"Ref": "Size"}, NOTHING, 3], ["512", 3]),
    ],
)
def test_a_value(value, expected):
    assert plain(VALUES, value) == expected


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
    plain(VALUES, value)
