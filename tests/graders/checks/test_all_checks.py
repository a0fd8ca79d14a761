"""Contracts of every check, and attacks that must earn nothing from any of them."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graders import Reward, grader
from graders.checks._judge_service import Reply
from graders.checks._judge_verdict import Criterion, LabelScale
from graders.checks._judged import judging
from graders.checks.choices import choice, label, yes_no
from graders.checks.combined import all_of, cascade, formula
from graders.checks.constraints import constraints
from graders.checks.dates import date
from graders.checks.fuzzy import fuzzy
from graders.checks.grounding import quotations
from graders.checks.json_fields import json_fields
from graders.checks.json_schema import json_schema
from graders.checks.leaks import no_leaks
from graders.checks.maths import maths
from graders.checks.numbers import boxed_number, list_of_numbers, number
from graders.checks.required import must_contain, must_not_contain
from graders.checks.shaping import cosine_length, has_format, in_script, length, overlong, repetition
from graders.checks.similarity import bleu, gleu, meteor, rouge, token_f1
from graders.checks.sql import sql_equal, sql_result
from graders.checks.text import any_of, contains, exact, matches, normalized, starts_with
from graders.checks.tools import tool_calls
from graders.errors import RecordError
from graders.extract import after_marker, boxed
from graders.testing import invoke, make_sample

MAT = "The cat sat on the mat."


def last_word(text):
    return text.split()[-1] if text.split() else None


class LenientService:
    """A judge that calls everything good."""

    async def ask(self, question):
        return Reply('{"reason": "", "label": "good"}')

    def metrics(self, replies):
        return {"judge_calls": float(len(replies))}


def lenient_judge(sample):
    form = Criterion("Is it good?", LabelScale({"good": 1.0, "poor": 0.0}, {}))
    check = judging(
        LenientService(), lambda _: form, reference=False, prompt=True, repeats=1, take=None, max_chars=9_999
    )
    return asyncio.run(check(sample))


# name: (check, reference, a right answer, wrong answers)
BY_REFERENCE = {
    "exact": (exact(), "Paris", "Paris", ["paris", "Rome", "Paris or Rome", "not Paris"]),
    "exact, boxed": (
        exact(take=boxed),
        "Paris",
        "so \\boxed{Paris}",
        ["Paris", "\\boxed{}", "\\boxed{Paris", "\\boxed{Rome}"],
    ),
    "exact, marker": (
        exact(take=after_marker),
        "why\n#### Paris",
        "a\n#### Paris",
        ["Paris", "####", "#### Rome", "#### Paris, Rome"],
    ),
    "normalized": (normalized(), "New York", "**new  york.**", ["York", "New York or Rome", "Rome"]),
    "contains": (contains(), "York", "It is York.", ["Yorkshire", "Rome", "Y o r k"]),
    "starts_with": (starts_with(), "York", "York, I think", ["It is York", "Yorkshire"]),
    "any_of": (any_of(number(), exact()), "72", "72", ["73", "seventy-two"]),
    "number": (number(), "72", "so 72.", ["73", "-72", "7200", "0.72", "72 or 73"]),
    "number, marker": (
        number(marker="####"),
        "#### 72",
        "#### $72",
        ["72", "#### 72 or 73", "#### 70 71 72", "#### -72", "#### 72%%0"],
    ),
    "number, tolerance": (number(tolerance=0.5, relative=0.01), "72", "72.7", ["73", "-72", "71", "0"]),
    "boxed_number": (
        boxed_number(),
        "\\boxed{72}",
        "\\boxed{72.0}",
        ["72", "\\boxed{}", "\\boxed{72, 73}", "\\boxed{72}\\boxed{73}"],
    ),
    "list_of_numbers": (
        list_of_numbers(),
        "1, 2, 3",
        "[1, 2, 3]",
        ["1, 2", "1, 2, 3, 4", "3, 2, 1", "1, 2, 4"],
    ),
    "list_of_numbers, unordered": (
        list_of_numbers(ordered=False),
        "1, 2, 3",
        "3, 2, 1",
        ["1, 2", "1, 2, 2", "1, 1, 2, 3"],
    ),
    "choice": (choice(), "B", "Answer: B", ["A", "A or B", "ABCD", "(A) (B) (C) (D)", "Bananas"]),
    "label": (
        label(["good", "very good", "bad"]),
        "good",
        "It is good.",
        ["very good", "good or bad", "bad", "goods"],
    ),
    "yes_no": (yes_no(), "yes", "Yes.", ["no", "yes and no", "yes or no", "yesterday"]),
    "date": (
        date(),
        "2026-11-26",
        "It was on Thursday, November 26, 2026.",
        [
            "2026-11-27",
            "November 2026",
            "2026-11-26 or 2026-11-27",
            "not 2026-11-26",
            "26/11/26",
            "Friday 2026-11-26",
        ],
    ),
    "json_fields": (
        json_fields(fields=["total"], repair=True),
        '{"total": 72}',
        '```json\n{"total": 72.0, "unit": "clips"}\n```',
        ['{"total": 73}', '{"total": "72"}', '{"sum": {"total": 72}}', '{"total": 72, "total": 72}', "72"],
    ),
    "json_fields, kinds": (
        json_fields(fields={"who": "text", "total": {"kind": "number", "tolerance": 0.1}}, partial=True),
        '{"who": "Ada", "total": 72}',
        'It is {"who": "ADA.", "total": 72.1, "unit": "clips"}',
        ['{"who": "Eve", "total": 73}', '{"who": 7, "total": "72"}', '{"a": {"who": "Ada"}}', '["Ada", 72]'],
    ),
    "tool_calls": (
        tool_calls(),
        "[f(a=72)]",
        '<tool_call>{"name": "f", "arguments": {"a": 72}}</tool_call>',
        ["[f(a=73)]", "[f()]", "[g(a=72)]", "[f(a=72), f(a=72)]", "f(a=72)", "[f(a='72')]", "[f(a=72, b=1)]"],
    ),
    "token_f1": (token_f1(), MAT, "the cat sat on the mat", ["Dogs bark", "m a t", "thecatsatonthemat"]),
    "bleu": (bleu(), MAT, "the cat sat on the mat", ["Dogs bark", "m a t", "thecatsatonthemat"]),
    "gleu": (gleu(), MAT, "the cat sat on the mat", ["Dogs bark", "m a t", "thecatsatonthemat"]),
    "rouge": (rouge(), MAT, "the cat sat on the mat", ["Dogs bark", "m a t", "thecatsatonthemat"]),
    "rouge 2": (rouge(n=2), MAT, "the cat sat on the mat", ["Dogs bark", "cat", "mat the on sat cat the"]),
    "meteor": (meteor(), MAT, "the cat sat on the mat", ["Dogs bark", "m a t", "thecatsatonthemat"]),
    "fuzzy": (fuzzy(), "Gabriel Garcia Marquez", "gabriel garcia marquez!", ["Gabriel", "Pablo Neruda", "G"]),
    "maths": (
        maths(),
        "2\\sqrt{3}",
        "It is $\\boxed{\\sqrt{12}}$.",
        ["\\boxed{3.4641}", "$2\\sqrt{3}$ or $3$", "\\boxed{2}", "2 3", "-2\\sqrt{3}"],
    ),
    "sql_equal": (
        sql_equal(),
        "SELECT a FROM t",
        "```sql\nselect x.a from t as x;\n```",
        ["SELECT b FROM t", "SELECT a FROM t LIMIT 1", "SELECT a", "SELECT * FROM t", "DROP TABLE t"],
    ),
    "sql_result": (
        sql_result(script="CREATE TABLE t (a); INSERT INTO t VALUES (1), (2);"),
        "SELECT a FROM t",
        "```sql\nSELECT a FROM t WHERE a > 0\n```",
        ["SELECT 1 UNION SELECT 2", "SELECT a FROM t LIMIT 1", "SELECT a, a FROM t", "DROP TABLE t"],
    ),
    "formula": (
        formula(expression="right * (0.8 + 0.2 * brief)", parts={"right": number(), "brief": length(20, 40)}),
        "72",
        "It is 72.",
        ["73", "brief", "0"],
    ),
    "all_of": (
        all_of(parts={"right": number(marker="####"), "form": has_format(markers=["####"])}),
        "72",
        "So #### 72",
        ["72", "#### 73", "#### 72\n#### 72"],
    ),
    "cascade": (
        cascade(steps={"near": number(tolerance=1), "right": exact(take=last_word)}),
        "72",
        "It is 72",
        ["73", "It is 9", "I say 73"],
    ),
    "cosine_length": (cosine_length(number(), 1000), "72", "72", ["73", "0"]),
    "overlong": (overlong(number(), 1000, 500), "72", "72", ["73", "0", "72".rjust(1000, "x")]),
}
WITHOUT_REFERENCE = {
    "matches": matches("[0-9]+"),
    "length": length(100, 200),
    "repetition": repetition(),
    "has_format": has_format(tags=["answer"]),
    "has_format, marker": has_format(markers=["####"]),
    "json_schema": json_schema(schema={"type": "object", "required": ["total"]}),
    "in_script": in_script("latin"),
    "quotations": quotations(),
    "quotations, not required": quotations(required=False),
    "must_contain": must_contain(texts=["words"]),
    "must_not_contain": must_not_contain(texts=["guarantee"]),
    "no_leaks": no_leaks(),
    "constraints": constraints(constraints=[{"kind": "punctuation:no_comma"}]),
    "judge": lenient_judge,
}
NOTHING = [
    "",
    " ",
    "\n",
    "\t\r\n",
    "\u200b",
    "\u00a0",
    ".",
    ",",
    ":",
    "-",
    "####",
    "#### ",
    "#### ,",
    "#### .",
    "#### -",
    "#### \u200b",
    "\\boxed{}",
    "\\boxed{ }",
]
FILLERS = [
    "I don't know",
    "nan",
    "inf",
    "None",
    "{}",
    "null",
    "Thought process:",
    "Solution",
    "As an AI, I cannot help with that.",
    "####\n####\n####",
]


def value(answer):
    assert isinstance(answer, (bool, float, Reward))
    return float(answer)


def each(table):
    return pytest.mark.parametrize("row", table.values(), ids=table.keys())


@each(BY_REFERENCE)
def test_right_earns_all_and_wrong_nothing(row):
    check, reference, right, wrong = row
    assert value(check(make_sample(right, reference))) > 0.99
    for completion in wrong:
        assert value(check(make_sample(completion, reference))) == 0, completion


@each(BY_REFERENCE)
def test_empty_completions_and_fillers_earn_nothing(row):
    check, reference, _, _ = row
    for completion in NOTHING + FILLERS:
        assert value(check(make_sample(completion, reference))) == 0, completion


@each(WITHOUT_REFERENCE)
def test_an_empty_completion_earns_nothing_for_its_form(row):
    for completion in ("", " ", "\n\t"):
        assert value(row(make_sample(completion))) == 0


@each(BY_REFERENCE)
def test_a_missing_reference_is_the_records_fault_whatever_was_answered(row):
    check, _, right, _ = row
    for reference in (None, "", " ", {"other": "72"}, {}, [], [""]):
        for completion in (right, *NOTHING, *FILLERS):
            with pytest.raises(RecordError):
                check(make_sample(completion, reference))


@each(BY_REFERENCE)
def test_each_check_is_a_grader(row):
    check, reference, right, wrong = row
    rewards = invoke(grader(check), [make_sample(one, reference) for one in (right, wrong[0], "")])
    assert [value(one) > 0.99 for one in rewards] == [True, False, False]
    assert [value(one) for one in rewards[1:]] == [0, 0]


@each(WITHOUT_REFERENCE)
def test_each_reward_for_form_is_a_grader(row):
    (reward,) = invoke(grader(row), [make_sample("<answer>72</answer> words #### 72")])
    assert 0 <= value(reward) <= 1


# Strings that checks search for. Random text hardly ever contains them.
PIECES = [
    *(
        "Answer: ",
        "the answer is ",
        "答案是",
        "#### ",
        "\\boxed{",
        "}",
        "<answer>",
        "</answer>",
        "```json\n",
        "```",
    ),
    *(
        "72",
        "2.5",
        "1,234",
        ".",
        ",",
        "'",
        "²",
        "½",
        "٣",
        "&#50;",
        "\\frac12",
        "=",
        "(",
        ")",
        "k",
        " million",
    ),
    *(
        "A",
        "(B)",
        "yes",
        "no",
        "是不是",
        "not ",
        "or ",
        "That is wrong.",
        "Wait, ",
        "?",
        "\n",
        " ",
        "\ud800",
        "\u0130",
    ),
    *('{"a": ', "[1, 2]", "SELECT ", "5 May 2024", "12:30", "f(a=1)", "\u200b", "\x0c", "**", "|", "-"),
]


@given(
    st.sampled_from(list(BY_REFERENCE.values())),
    st.text() | st.lists(st.sampled_from(PIECES), max_size=10).map("".join),
)
@settings(max_examples=200)
@example(BY_REFERENCE["number"], "The answer is x&#50;.")
@example(BY_REFERENCE["number"], "72.5'1")
def test_no_completion_raises_and_every_reward_is_in_range(row, completion):
    check, reference, _, _ = row
    assert 0 <= value(check(make_sample(completion, reference))) <= 1


@given(st.sampled_from(list(WITHOUT_REFERENCE.values())), st.text())
def test_no_completion_raises_in_a_reward_for_form(check, completion):
    assert 0 <= value(check(make_sample(completion))) <= 1
