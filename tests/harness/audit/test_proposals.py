from hypothesis import given
from hypothesis import strategies as st

from harness.audit.answer_kinds import value
from harness.audit.case import Subject
from harness.audit.formats import Format, common_templates
from harness.audit.proposals import answers_of, likely_formats, others, tiers
from harness.audit.readings import Reading
from support.auditing import number_records


def subject(records, **more):
    return Subject(tuple(records), "r.jsonl", tuple(range(1, len(records) + 1)), **more)


@given(st.lists(st.integers(-99, 99), max_size=12))
def test_a_wrong_answer_differs_by_value(numbers):
    known = {at: str(each) for at, each in enumerate(numbers)}
    found = others("number", known)
    assert all(value("number", known[at]) != value("number", known[there]) for at, there in found.items())
    assert set(found) == (set(known) if len(set(numbers)) > 1 else set())


def test_a_wrong_number_is_far_away():
    found = others("number", {at: str(each) for at, each in enumerate((0, 1, 2, 3, 100, 101, 102, 103))})
    assert all((at < 4) is not (there < 4) for at, there in found.items())


def test_a_wrong_object_has_the_same_keys_where_there_is_one():
    known = {0: '{"a": 1}', 1: '{"b": 1}', 2: '{"a": 2}', 3: '{"b": 2}', 4: '{"c": 3}'}
    found = others("json", known)
    assert (found[0], found[2], found[1], found[3]) == (2, 0, 3, 1)
    assert found[4] in (0, 1, 2, 3)


def test_a_wrong_call_has_the_same_name_where_there_is_one():
    known = {at: f'[{{"name": "{name}", "arguments": {{"n": {at}}}}}]' for at, name in enumerate("fgfg")}
    assert others("tools", known) == {0: 2, 2: 0, 1: 3, 3: 1}


def test_the_prompts_own_format_is_proposed_first_and_nothing_twice():
    records = number_records(12)
    data = subject(records)
    answers = answers_of(data, range(12))
    proposed = [one for part in tiers(data, answers, range(12)) for one in part]
    assert proposed[0] == Format("#### {a}")
    assert len({one.fill("7") for one in proposed if one.reading == Reading()}) == len(
        [one for one in proposed if one.reading == Reading()]
    )
    likely = likely_formats(data, range(12), 6)
    assert len(likely) == 6
    assert Format("#### {a}") in likely
    assert Format("{a}") in likely


def test_what_the_user_accepts_comes_before_the_prompts():
    data = subject(number_records(12), accepted=("<<{a}>>",))
    answers = answers_of(data, range(12))
    assert next(tiers(data, answers, range(12)))[0] == Format("<<{a}>>")


def test_readings_with_equal_answers_are_merged():
    records = [{"messages": [], "reference_answer": f"#### {n}", "answer": str(n)} for n in range(20, 29)]
    answers = answers_of(subject(records), range(9))
    assert [str(reading) for reading in answers] == ["reference_answer (after ####)", "reference_answer"]


def test_tools_have_templates_by_their_spelling():
    path = ("reference_answer",)
    assert common_templates("tools", Reading(path, "calls"))[0] == ""
    assert "<tool_call>\n{a}\n</tool_call>" in common_templates("tools", Reading(path, "call"))
    assert common_templates("tools", Reading(path, "call in Python")) == ("{a}",)
    assert "```python\n{a}\n```" in common_templates("code", Reading(path))
