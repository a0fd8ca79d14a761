"""Combined checks: the page's tables, formulas compared with Python's, async parts and refused options."""

from __future__ import annotations

import asyncio
import math
import tomllib
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graders import Abstain, Failure, RecordError, Reward, SampleError, grader
from graders.checks import combined
from graders.checks._arithmetic import read_formula
from graders.checks.combined import all_of, cascade, formula
from graders.checks.numbers import number
from graders.checks.shaping import has_format
from graders.checks.text import any_of
from graders.configured import grader_of_table
from graders.errors import DecorationError
from graders.testing import make_sample
from support.doc_tables import page, rows, spans
from support.readme import README, blocks

PAGE = README.parent / "docs" / "combined.md"
SAMPLE = make_sample("72", "72")


def paying(value):
    return lambda sample: value


def later(value):
    async def answer(sample):
        await asyncio.sleep(0)
        if isinstance(value, Exception):
            raise value
        return value

    return answer


def formulas():
    for cell, values, paid in rows(page(PAGE.name), "Formulas", 3):
        for expression in spans(cell):
            yield expression, [float(one) for one in values.split(", ")], paid


@pytest.mark.parametrize(("expression", "values", "paid"), list(formulas()))
def test_a_formula_pays_as_the_table_says(expression, values, paid):
    parts = dict(zip("ab", map(paying, values), strict=True))
    if paid == "refused":
        with pytest.raises(DecorationError, match="formula"):
            formula(expression=expression, parts=parts)
    else:
        answer = formula(expression=expression, parts=parts)(SAMPLE)
        assert answer.value == pytest.approx(float(paid), abs=1e-12)
        assert answer.components == dict(zip("ab", values, strict=True))


@pytest.mark.parametrize("row", rows(page(PAGE.name), "Run checks one after the other: `cascade`", 3))
def test_a_cascade_pays_as_the_table_says(row):
    least, _, values = row[0].rpartition(": ")
    asked: list[str] = []

    def step(name, value):
        def pay(sample):
            asked.append(name)
            return float(value)

        return pay

    steps = {name: step(name, value) for name, value in zip("abc", values.split(", "), strict=True)}
    answer = cascade(steps=steps, at_least=eval(spans(least)[0]))(SAMPLE)
    assert (answer.value, answer.metrics["steps"]) == (float(row[1]), float(row[2]))
    assert asked == list(answer.components) == list("abc")[: int(row[2])]


def test_the_tables_of_the_page_make_graders():
    short, form = (grader_of_table(tomllib.loads(block)) for block in blocks("toml", PAGE))
    assert short(make_sample("#### 72", "72")).value == 1
    assert short(make_sample("x" * 600 + "\n#### 72", "72")).value == pytest.approx(0.9, abs=0.01)
    assert form(make_sample("72", "72")).metrics["steps"] == 1
    assert form(make_sample("#### 72", "72")).value == 1


def test_each_part_is_reported_with_its_own_metrics():
    parts = {"form": has_format(markers=["####"]), "answer": number(marker="####")}
    expected = {"unread": 1, "answer.unread": 1}
    for check in (all_of(parts=parts), formula(expression="form * answer", parts=parts)):
        answer = check(make_sample("It is 72", "72"))
        assert (answer.value, answer.metrics, answer.components) == (0, expected, {"form": 0, "answer": 0})
    stopped = cascade(steps=parts)(make_sample("It is 72", "72"))
    assert (stopped.metrics, stopped.components) == ({"unread": 0, "steps": 1}, {"form": 0})


def test_async_parts_are_awaited_and_so_is_the_whole():
    parts = {"a": later(1.0), "b": paying(0.5), "c": grader(later(0.25))}
    checks = {
        "formula": formula(expression="a * b + c", parts=parts),
        "all_of": all_of(parts=parts),
        "cascade": cascade(steps=parts, at_least=0.5),
        "any_of": any_of(paying(0.1), *parts.values()),
    }
    expected = {"formula": 0.75, "all_of": 0.25, "cascade": 0.25, "any_of": 1.0}
    for name, check in checks.items():
        answers = grader(check).grade_all([SAMPLE, SAMPLE])
        assert [getattr(one, "value", one) for one in answers] == [expected[name]] * 2
    unasked = cascade(steps={"a": later(0.0), "b": later(AssertionError())})
    assert grader(unasked).grade(SAMPLE) == Reward(
        0.0, metrics={"unread": 0, "steps": 1}, components={"a": 0}
    )
    passed_over = any_of(later(RecordError("no reference")), later(0.5))
    assert grader(passed_over).grade(SAMPLE).value == 0.5


@pytest.mark.parametrize("part", [Abstain("no judge"), later(Abstain("no judge"))], ids=["sync", "async"])
def test_a_part_without_a_reward_leaves_the_sample_without_one(part):
    part = part if callable(part) else paying(part)
    parts = {"a": paying(1.0), "b": part}
    for check in (formula(expression="a + b", parts=parts), all_of(parts=parts), cascade(steps=parts)):
        assert grader(check).grade_all([SAMPLE]) == [Failure("abstain", "no judge")]
    right = {"a": paying(1.0), "b": number()}
    for check in (formula(expression="a * b", parts=right), all_of(parts=right), cascade(steps=right)):
        [failed] = grader(check).grade_all([make_sample("72")])
        assert isinstance(failed, Failure)
        assert failed.kind == "record"


def test_what_cannot_be_computed_or_is_out_of_range_is_a_failure_and_not_clipped():
    parts = {"a": paying(1.0), "b": paying(1.0)}
    for expression, why in (
        ("a / (b - 1)", "division by zero"),
        ("(1 - 2 * a) ^ 0.5 * b", "math domain error"),
        ("min(a, b) * exp(800 * a)", "math range error"),
        ("a * b * 1e200 * 1e200", "a number is too large"),
    ):
        with pytest.raises(SampleError, match=f"cannot be computed for a=1, b=1: .*{why}"):
            formula(expression=expression, parts=parts)(SAMPLE)
    too_much = formula(expression="a + b", parts=parts)
    assert too_much(SAMPLE).value == 2
    [failed] = grader(too_much).grade_all([SAMPLE])
    assert isinstance(failed, Failure)
    assert failed.kind == "value"
    assert "outside the range 0 to 1" in failed.message


# Untyped for tests of misuse, which a type checker would refuse.
UNTYPED: Any = combined


NAMED: dict[str, Any] = {"a": number()}
TWO: dict[str, Any] = {"a": number(), "b": number()}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("formula", {"expression": " ", "parts": NAMED}, "not blank"),
        ("formula", {"expression": "a", "parts": {}}, "parts={}: write a table of 1 or more checks by name"),
        ("formula", {"expression": "a", "parts": [number()]}, "write a table"),
        ("formula", {"expression": "a", "parts": {"a": 3}}, r"parts\['a'\]=3: pass a function"),
        ("formula", {"expression": "a b", "parts": {"a b": number()}}, "letters, digits and underscores"),
        ("formula", {"expression": "in", "parts": {"in": number()}}, "letters, digits and underscores"),
        ("formula", {"expression": "é", "parts": {"é": number()}}, "letters, digits and underscores"),
        ("formula", {"expression": "min", "parts": {"min": number()}}, "'min' is taken"),
        ("all_of", {"parts": {"unread": number()}}, "'unread' is taken"),
        ("all_of", {"parts": {"grader_error": number()}}, "'grader_error' is taken"),
        ("formula", {"expression": "a + b", "parts": NAMED}, "it names b, and the parts are a"),
        ("formula", {"expression": "a", "parts": TWO}, "it does not use b"),
        ("formula", {"expression": "a +", "parts": NAMED}, "not a valid formula"),
        ("formula", {"expression": "a ** b", "parts": NAMED}, "names b"),
        ("formula", {"expression": "a" + "+ a" * 300, "parts": NAMED}, "nested more than 200 deep"),
        ("formula", {"expression": "(" * 500 + "a" + ")" * 500, "parts": NAMED}, "formula"),
        ("formula", {"expression": "-" * 1500 + "a", "parts": NAMED}, "formula"),
        ("formula", {"expression": "a * 9" * 999, "parts": NAMED}, "at most 2,000 characters"),
        ("formula", {"expression": f"a * 1{'0' * 400}", "parts": NAMED}, "too large"),
        ("formula", {"expression": "a * True", "parts": NAMED}, "contains True, which is not a number"),
        ("formula", {"expression": "max() + a", "parts": NAMED}, "calls max incorrectly"),
        ("formula", {"expression": "log(a, 2)", "parts": NAMED}, "calls log incorrectly"),
        (
            "formula",
            {"expression": "log(a)", "parts": NAMED},
            "cannot be computed if every part",
        ),
        ("formula", {"expression": "0.5 + a", "parts": NAMED}, "the reward is 0.5 if every part is 0"),
        ("cascade", {"steps": {"a": number()}}, "2 or more"),
        ("cascade", {"steps": {"a": number(), "steps": number()}}, "'steps' is taken"),
        (
            "cascade",
            {"steps": TWO, "at_least": -1},
            "at_least=-1: write a number from 0 to 1",
        ),
        (
            "cascade",
            {"steps": TWO, "at_least": {"b": 1}},
            "before the last one: a",
        ),
        (
            "cascade",
            {"steps": TWO, "at_least": {"a": "x"}},
            r"at_least\['a'\]='x'",
        ),
    ],
)
def test_invalid_options_are_refused_immediately(name, options, message):
    with pytest.raises(DecorationError, match=message):
        getattr(UNTYPED, name)(**options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a / 0", "divides by 0"),
        ("a / (1 - 1)", r"divides by 0: a / \(1 - 1\)"),
        ("a + log(0)", r"log\(0\), which has no value"),
        ("a * sqrt(-1)", r"sqrt\(-1\), which has no value"),
        ("a + 9 ^ 9 ^ 9", "has no value"),
        ("a + exp(1000)", "has no value"),
    ],
)
def test_a_formula_without_a_value_is_refused_immediately(text, message):
    with pytest.raises(DecorationError, match=message):
        read_formula(text, ["a"])


def test_keywords_of_python_may_be_names():
    assert read_formula("2 * class - is / in", ["class", "is", "in"])({"class": 1, "is": 1, "in": 2}) == 1.5


NUMBERS = st.floats(-9, 9).map(lambda value: round(value, 3))
JOINED = st.sampled_from(list("+-*/^"))
CALLED = st.sampled_from(["abs", "floor", "ceil", "exp", "sqrt", "log"])
LEAVES = st.sampled_from(["a", "b"]) | NUMBERS.map(repr).map(lambda text: f"({text})")


def larger(inner):
    return (
        st.tuples(inner, JOINED, inner).map(" ".join)
        | st.tuples(inner, JOINED, inner).map(lambda made: f"({' '.join(made)})")
        | st.tuples(CALLED, inner).map(lambda made: f"{made[0]}({made[1]})")
        | st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(
            lambda made: f"{made[0]}({made[1]}, {made[2]})"
        )
        | inner.map(lambda made: f"-{made}")
    )


@given(st.recursive(LEAVES, larger, max_leaves=8), NUMBERS, NUMBERS)
def test_a_formula_is_what_python_computes(text, a, b):
    text = f"{text} + 0 * (a + b)"
    names = {name: getattr(math, name) for name in ("floor", "ceil", "exp", "sqrt", "log")}
    try:
        expected = eval(text.replace("^", "**"), {**names, "min": min, "max": max}, {"a": a, "b": b})
        assume(isinstance(expected, float) and math.isfinite(expected))
    except (ArithmeticError, ValueError, TypeError):  # a complex number has no order
        expected = None
    try:
        found = read_formula(text, ["a", "b"])({"a": a, "b": b})
    except (ArithmeticError, ValueError, DecorationError):  # the last if a part without names has no value
        assert expected is None or set("^/") & set(text) or "exp" in text  # a step can overflow
    else:
        assert found == pytest.approx(expected, rel=1e-12)


@given(st.text("ab01.+-*/^()minax, \n_", max_size=30) | st.text(max_size=20))
def test_no_text_is_more_than_a_formula_or_refused(text):
    try:
        value = read_formula(text, ["a", "b"])({"a": 0.5, "b": 0.25})
    except (DecorationError, ArithmeticError, ValueError):
        return
    assert math.isfinite(value)


@pytest.mark.parametrize("at_least", [1.1, 5, {"first": 5}])
def test_a_threshold_above_a_steps_range_is_refused(at_least):
    steps = {"first": number(), "second": number()}
    with pytest.raises(DecorationError, match="write a number from 0 to 1"):
        cascade(steps=steps, at_least=at_least)


def test_a_grader_may_pay_what_its_range_says():
    wide = grader(range=(0, 10))(lambda sample: 7.0)
    check = cascade(steps={"wide": wide, "last": number()}, at_least=5)
    assert check(make_sample("42", "42")).value == 1


def test_a_keyword_names_itself_and_no_other_part():
    compute = read_formula("in + 10 * in_", ["in", "in_"])
    assert compute({"in": 1, "in_": 5}) == 51
    assert read_formula("in", ["in", "in_"], all_used=False)({"in": 1, "in_": 5}) == 1
