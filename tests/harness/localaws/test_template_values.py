"""Template values, compared with what SAM itself makes of them."""

from __future__ import annotations

import pytest

from harness.localaws.template_values import merge_properties
from support import sam_template


@pytest.mark.parametrize(
    ("shared", "own", "both"),
    [
        ({"Timeout": 3}, {"Timeout": 60}, {"Timeout": 60}),
        ({"Layers": ["a"]}, {"Layers": ["b"]}, {"Layers": ["a", "b"]}),
        ({"Architectures": ["x86_64"]}, {"Architectures": ["arm64"]}, {"Architectures": ["arm64"]}),
        ({"E": {"V": {"A": 1, "B": 2}}}, {"E": {"V": {"A": 3}}}, {"E": {"V": {"A": 3, "B": 2}}}),
        ({"E": {"Fn::If": [1, 2, 3]}}, {"E": {"V": 1}}, {"E": {"V": 1}}),
        ({"E": {"V": 1}}, {"E": {"Ref": "P"}}, {"E": {"Ref": "P"}}),
    ],
)
def test_globals_are_joined_as_sam_joins_them(shared, own, both):
    assert merge_properties(shared, own) == both


def test_sam_itself_joins_them_so():
    shared = {
        "Architectures": ["x86_64"],
        "Layers": ["a"],
        "Environment": {"Variables": {"A": "1", "B": "2"}},
    }
    own = {"Architectures": ["arm64"], "Layers": ["b"], "Environment": {"Variables": {"A": "3"}}}
    code = {"CodeUri": "s3://bucket/key", "Handler": "app.math", "Runtime": "python3.13"}
    function = {"Type": "AWS::Serverless::Function", "Properties": {**code, **own}}
    template = {
        "Transform": sam_template.SAM_TRANSFORM,
        "Globals": {"Function": shared},
        "Resources": {"F": function},
    }
    translated = sam_template.translate(template)["Resources"]["F"]["Properties"]
    joined = merge_properties(shared, own)
    assert {key: translated[key] for key in joined} == joined
