import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.answer_forms import FORMS, Right, closed_slot
from harness.audit.answer_kinds import number, same
from harness.audit.formats import Format


def written(template, kind, gold, wrong="5"):
    """Return a right answer in each form that can express it, by the form's name."""
    right = Right(Format(template), kind, gold, wrong)
    found = {form.name: form.write(right) for form in FORMS}
    return {name: text for name, text in found.items() if text is not None}


@pytest.mark.parametrize(
    ("template", "closed"),
    [
        ("#### {a}", False),
        ("The answer is {a}.", False),
        ("{a}", False),
        ("<answer>{a}</answer>", True),
        ("\\boxed{{a}}", True),
        ('{"answer": "{a}"}', True),
        ("```\n{a}\n```", True),
        ("", True),
    ],
)
def test_a_slot_is_closed_by_the_text_after_it(template, closed):
    assert closed_slot(Format(template)) is closed


def test_only_the_answer_changes_in_a_closed_slot():
    found = written("<answer>{a}</answer>", "text", "the Arrow")
    assert all(text.count("<answer>the Arrow</answer>") == 1 for text in found.values())
    assert "a period after the answer" not in found
    assert "bold type" not in found


def test_an_open_slot_takes_punctuation_and_markup():
    found = written("#### {a}", "number", "1234")
    assert found["a period after the answer"] == "#### 1234."
    assert found["bold type"] == "#### **1234**"
    assert found["a box"] == "#### \\boxed{1234}"
    assert found["thousands with a comma, or without"] == "#### 1,234"
    assert found["zero decimals"] == "#### 1234.00"
    assert found["no space after the marker"] == "####1234"
    assert "a typographic minus sign" not in found


def test_letters_words_and_objects_have_their_own_forms():
    assert written("({a})", "choice", "B")["a lower-case letter"] == "(b)"
    assert written("{a}", "yes-no", "yes")["an initial capital"] == "Yes"
    found = written("{a}", "json", '{"a": 1, "b": [2]}')
    assert found["keys in another order"] == '{"b": [2], "a": 1}'
    assert json.loads(found["JSON over several lines"]) == {"a": 1, "b": [2]}


@given(st.integers(-(10**9), 10**9))
def test_every_form_of_a_number_has_its_value(whole):
    gold = str(whole)
    for name, text in written("{a}", "number", gold).items():
        if name.startswith(("zero decimals", "thousands", "a typographic minus")):
            assert number(text) == Fraction(whole)


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), st.integers(), max_size=4)
)
def test_every_form_of_an_object_has_its_value(given_object):
    gold = json.dumps(given_object)
    found = written("{a}", "json", gold)
    for name in ("keys in another order", "JSON over several lines"):
        assert name not in found or same("json", found[name], gold)


def test_tool_calls_as_messages_have_no_forms():
    assert written("", "tools", '[{"name": "f", "arguments": {}}]') == {}
