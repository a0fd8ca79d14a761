import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.luck import holds


@pytest.mark.parametrize(
    ("kind", "gold", "text", "held"),
    [
        ("number", "0.0", "#### 0", True),
        ("number", "1,250", "about 1250 of them", True),
        ("number", "3", "it is 13", False),
        ("number", "5", "five", False),
        ("choice", "A", "It is a letter", True),
        ("choice", "B", "Because", False),
        ("yes-no", "yes", "That is true.", True),
        ("yes-no", "no", "I know", False),
        ("text", "Mira Marsh", "so it was  mira marsh.", True),
        ("text", "Mira Marsh", "Mira", False),
        ("json", "{}", "{ }", True),
        ("json", '{"a": 1}', "{}", False),
    ],
)
def test_an_answer_is_found_in_a_completion_by_value(kind, gold, text, held):
    assert holds(kind, gold, text) is held


def test_the_text_in_the_slot_is_compared_too():
    assert holds("json", "{}", "The answer is {}.", "{}")
    assert holds("number", "3", {"role": "assistant", "content": "3"})


@given(st.integers(-(10**9), 10**9))
def test_a_number_is_found_in_any_sentence_that_names_it(number):
    assert holds("number", str(number), f"It is {number}, as we said.")
