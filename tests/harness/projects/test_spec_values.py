from __future__ import annotations

from graders.adapters.openai import TextTemplate
from harness.projects.spec_values import part_of, read_spec_values, written

CHECK = {"type": "string_check", "operation": "eq"}


def read(**parts):
    return read_spec_values({"type": "multi", "graders": parts, "calculate_output": "1"})


def test_values_of_templates_are_found_in_every_spelling():
    values = read(
        a=CHECK | {"input": "{{ sample.output_json.who.name }}", "reference": '{{item["full name"].first}}'},
        b=CHECK
        | {"input": "{{sample.output_json.list[1]}}", "reference": "{{ item.list[0].x }} and {{item.id}}"},
    )
    assert values.fields == (("full name", "first"), ("list", 0, "x"))
    assert values.parts == (("who", "name"), ("list", 1))
    assert not values.asks


def test_what_a_python_grader_reads_is_found_through_names_and_defaults():
    source = (
        "def grade(sample, item):\n"
        "    answer = sample\n"
        "    out = answer.get('output_json') or {}\n"
        "    if out.get('level') == item['level']: return 1.0\n"
        "    return float(item['meta']['weight'])\n"
    )
    values = read(code={"type": "python", "source": source})
    assert set(values.fields) == {("level",), ("meta", "weight")}
    assert values.parts == (("level",),)
    assert values.runs_code


def test_models_have_the_place_where_they_are_named():
    judge = {"type": "score_model", "model": "o3", "input": [{"role": "user", "content": "{{item.note}}"}]}
    values = read_spec_values(
        {"method": {"grader": {"type": "multi", "graders": {"a/b": judge}, "calculate_output": "1"}}}
    )
    assert values.models == {"/method/grader/graders/a~1b/model": "o3"}
    assert values.asks
    assert values.fields == (("note",),)


def test_a_template_is_written_with_a_record_s_values():
    values = read(a=CHECK | {"input": "{{sample.output_text}}", "reference": "{{item.answer}}"})
    [(given, reference)] = values.compared
    assert (given.text, written(reference, {"answer": 4})) == ("{{sample.output_text}}", "4")
    template = TextTemplate("#### {{item.answer}}, {{ item.none }}{{sample.output_text}}")
    assert written(template, {"answer": 4}) == "#### 4, "
    assert part_of(TextTemplate("{{sample.output_json.a.b}}")) == ("a", "b")
    assert part_of(given) is None


def test_what_functions_beside_it_read_is_found():
    source = (
        "def weight(item): return item['weight']\n"
        "def grade(s, i): return weight(i) * (s['output_text'] == i['a'])"
    )
    assert set(read(code={"type": "python", "source": source}).fields) == {("weight",), ("a",)}
