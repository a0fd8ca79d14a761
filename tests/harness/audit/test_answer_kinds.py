import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.answer_kinds import distinct, infer, items, kind_of, letter, number, same

NUMBERS = ["1,000", "72", "-3.5", "$14", "50%", "+7", "1e3", "3/4", "\u22125", ".5", "12."]


@pytest.mark.parametrize(
    ("answers", "kind", "sure"),
    [
        (NUMBERS, "number", True),
        (["A", "B", "(C)", "d", "B.", "A) Paris"], "choice", True),
        (["yes", "No", "yes", "no."], "yes-no", True),
        (["True", "False"], "yes-no", True),
        (['{"team": "billing"}', '{"team": "sales"}'], "json", True),
        (['["a", "b"]', "[]", '["c"]'], "list", True),
        (["Ann Lee, Bo Ek, Cy Day", "Di Fox, Ed Gum", "Flo Hay, Gus Ide, Hal Jay", "Ina Key"], "list", True),
        (["Paris, France", "Rome, Italy", "Oslo, Norway"], "text", True),
        (['{"calls": [{"name": "f", "arguments": {"a": 1}}]}'] * 2, "tools", False),
        (['[{"name": "f", "arguments": {"a": 1}}]', '[{"name": "g", "arguments": {}}]'], "tools", True),
        (["def f(x):\n    return x", "import re\nprint(1)"], "code", True),
        (["the Arrow", "Marie Curie", "2 of them"], "text", True),
        (["72", "73", "74", "75", "yes", "no"], "number", False),
        (["72", "73", "the Arrow", "yes"], "text", False),
        (["72"] * 5, "number", False),
        ([], "free", False),
        (["An essay about the river and its banks, " * 5, "Another one, just as long. " * 8], "free", True),
    ],
)
def test_the_kind_fits_most_answers_and_doubt_is_reported(answers, kind, sure):
    assert infer(answers) == (kind, sure)
    assert kind_of(answers) == kind


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("number", "1,000", "1000.00"),
        ("number", "$14", "14"),
        ("number", "50%", "50"),
        ("number", "0.75", "3/4"),
        ("number", "-5", "\u22125"),
        ("number", "0", "0.0"),
        ("choice", "(b)", "B"),
        ("choice", "B. Rome", "B"),
        ("yes-no", "Yes", "yes."),
        ("yes-no", "true", "TRUE"),
        ("text", "The  Arrow", "the arrow"),
        ("json", '{"a": 1, "b": [2.0]}', '{"b":[2],"a":1.0}'),
        ("list", '["a", "b"]', '[ "a","b" ]'),
        ("list", "a, b", "a,b"),
        (
            "tools",
            '[{"name": "f", "arguments": {"a": 1, "b": 2}}]',
            '{"calls": [{"name": "f", "arguments": {"b": 2, "a": 1}}]}',
        ),
    ],
)
def test_spellings_of_one_value_are_the_same(kind, one, other):
    assert same(kind, one, other)
    assert distinct(kind, [one, other]) == 1


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("number", "9007199254740993", "9007199254740992"),
        ("number", "5", "-5"),
        ("number", "1,00", "100"),
        ("choice", "A", "B"),
        ("yes-no", "yes", "no"),
        ("list", '["a", "b"]', '["a"]'),
        ("json", '{"a": 1}', '{"a": "1"}'),
        ("code", "if a:\n  b", "if a:\nb"),
        ("tools", '[{"name": "f", "arguments": {}}]', '[{"name": "g", "arguments": {}}]'),
    ],
)
def test_different_values_differ(kind, one, other):
    assert not same(kind, one, other)


@given(st.integers(-(10**30), 10**30), st.integers(0, 4))
def test_an_integer_is_read_exactly_however_it_is_written(whole, zeros):
    point = "." + "0" * zeros if zeros else ""
    assert number(f"{whole}{point}") == number(f"{whole:,}{point}") == number(f"{whole} %")
    assert number(str(whole)) == Fraction(whole)


@given(st.text(max_size=40))
def test_any_text_is_equal_to_itself_in_every_kind(text):
    for kind in ("number", "choice", "yes-no", "text", "list", "json", "tools", "code", "free"):
        assert same(kind, text, text)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), max_size=5))
def test_the_items_of_a_json_list_are_read(texts):
    assert items(json.dumps(texts)) == texts


def test_other_texts_are_neither_lists_nor_letters():
    assert items("one") is None
    assert letter("An apple") is None
    assert number("72 or 73") is None
    assert number("7" * 5_000) in (None, Fraction(10**5_000 - 1, 9) * 7)
