"""Placeholders in templates are replaced by values, and values are never parsed as templates."""

from __future__ import annotations

import json
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import RecordError, SampleError
from graders.adapters._openai_scores import Scope
from graders.adapters._openai_template import TemplateFault, TextTemplate
from graders.extract import Missing

ITEM = {
    "a": "x",
    "n": 1.0,
    "t": True,
    "o": {"k": ["p", {"q": "r"}]},
    "with-hyphen": "h",
    "sp ace": "s",
    "é": "ü",
    "0": "z",
}


def written(text, completion="done", item=ITEM):
    return TextTemplate(text).written(Scope(completion, item))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{item.a}}", "x"),
        ("{{ item.a }}", "x"),
        ("{{\titem.a\n}}", "x"),
        ("<{{item.a}}{{item.a}}>", "<xx>"),
        ("{{item.n}} {{item.t}}", "1.0 true"),
        ("{{item.o.k[0]}}", "p"),
        ("{{item.o.k[1].q}}", "r"),
        ("{{item.o.k}}", '["p", {"q": "r"}]'),
        ("{{item.o['k'][0]}}", "p"),
        ('{{item["sp ace"]}}', "s"),
        ("{{item.with-hyphen}}", "h"),
        ("{{item.é}}", "ü"),
        ("{{item.0}}", "z"),
        ("{{sample.output_text}}", "done"),
        ("{{sample.choices[0].message.content}}", "done"),
        ('{"a": {{item.n}}}', '{"a": 1.0}'),
        ("{{{item.a}}}", "{x}"),
        ("{{{{item.a}}}}", "{{x}}"),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ('{{"a": 1}}', '{{"a": 1}}'),
        (r"\frac{{1}}{2}", r"\frac{{1}}{2}"),
        ("a }} b {{ c", "a }} b {{ c"),
        ("{{", "{{"),
        ("", ""),
        ("{item.a}", "{item.a}"),
        ("{ {item.a} }", "{ {item.a} }"),
    ],
)
def test_text_between_double_braces_is_a_value(text, expected):
    assert written(text) == expected


@given(st.text() | st.sampled_from(["{{item.a}}", "{{sample.output_text}}", "{{", "}}", "{{x"]), st.text())
def test_no_value_is_read_as_a_template(completion, field):
    item = {"a": field, "b": "{{item.a}}"}
    text = "<{{sample.output_text}}|{{item.a}}|{{item.b}}>"
    assert written(text, completion, item) == f"<{completion}|{field}|{{{{item.a}}}}>"


@given(st.text("{} itemsapl.ou_x[]0'\"\n", max_size=20) | st.text(max_size=20))
def test_every_text_is_a_template_or_refused(text):
    try:
        template = TextTemplate(text)
    except TemplateFault:
        assert "{{" in text
        return
    if not template.values:
        assert template.written(Scope("", {})) == text


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


@given(VALUES | st.lists(VALUES, max_size=3) | st.dictionaries(st.text(max_size=5), VALUES, max_size=3))
def test_a_value_that_is_not_text_is_written_as_json(value):
    if value is None:
        with pytest.raises(SampleError, match=r"item\.v is not there"):
            written("{{item.v}}", item={"v": value})
    elif isinstance(value, str):
        assert written("{{item.v}}", item={"v": value}) == value
    else:
        assert json.loads(written("{{item.v}}", item={"v": value})) == value


@pytest.mark.parametrize("path", ["z", "o.z", "o.k[7]", "o.k.q", "a[0]", "a.b", "o[0]"])
def test_an_absent_value_is_missing(path):
    with pytest.raises(SampleError) as caught:
        written(f"{{{{item.{path}}}}}")
    assert caught.value.kind == "record"
    assert path in caught.value.message
    found = written(f"{{{{sample.output_json.{path}}}}}", json.dumps(ITEM))
    assert isinstance(found, Missing)


def test_nan_values_are_missing():
    with pytest.raises(SampleError):
        written("{{item.v}}", item={"v": float("nan")})


def test_a_text_of_many_braces_is_read_in_linear_time():
    def seconds(size):
        began = process_time()
        TextTemplate("{{ " * size + "{" * size)
        return process_time() - began

    seconds(1000)
    assert seconds(40_000) < 100 * max(seconds(4_000), 0.001)


def test_a_text_that_a_sample_makes_too_long_is_missing():
    assert len(written("{{sample.output_text}}" * 20, "x" * 1_000_000)) == 20_000_000
    found = written("{{sample.output_text}}" * 2000, "x" * 1_000_000)
    assert isinstance(found, Missing)
    assert "longer than 20,000,000 characters" in found.reason
    with pytest.raises(SampleError, match=r"record: .*record is longer than 20,000,000 characters"):
        written("{{item.a}}{{sample.output_text}}" * 2000, "x", {"a": "x" * 1_000_000})


SHELLS = st.recursive(
    st.none() | st.sampled_from(["", " \n", "\u200b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(SHELLS, st.sampled_from(["{{item.v}}", "{{sample.output_json.v}}", "x {{sample.output_json.v}}"]))
def test_a_value_counts_by_its_texts_and_numbers_at_any_depth(shell, text):
    def side(value):
        scope = Scope(json.dumps({"v": value}), {"v": value})
        try:
            return TextTemplate(text).compared(scope)
        except RecordError:
            return Missing("")

    assert isinstance(side(shell), Missing)
    assert isinstance(side([shell, {"k": "said"}, 0]), str)


@pytest.mark.parametrize("path", ["choices", "choices[0]", "choices[0].message", "choices[0].message.role"])
def test_the_form_of_an_answer_does_not_count_as_content(path):
    template = TextTemplate(f"{{{{sample.{path}}}}}")
    assert isinstance(template.compared(Scope("", {})), Missing)
    tools = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": ""}}]
    if path.endswith("role"):
        assert isinstance(template.compared(Scope("said", {}, tools)), Missing)
    else:
        assert '"content": "said"' in str(template.compared(Scope("said", {})))
        assert '"name": "f"' in str(template.compared(Scope("", {}, tools)))
    assert isinstance(TextTemplate("{{sample.output_tools[0].id}}").compared(Scope("", {}, tools)), Missing)
