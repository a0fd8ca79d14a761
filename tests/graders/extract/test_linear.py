"""Extracting from a megabyte takes linear time, whatever pattern the completion repeats."""

from __future__ import annotations

import pytest

from graders.checks.json_fields import json_fields
from graders.checks.numbers import boxed_number, list_of_numbers, number
from graders.checks.text import contains, exact, normalized, starts_with
from graders.extract import code_block, json_block, last_number, parse_number, tag
from graders.testing import make_sample
from support.growth import assert_linear

UNITS = [
    "7 ",
    "7, ",
    "7/7 ",
    "(7) ",
    "7\n",
    "= 7 ",
    "x = 7, ",
    "answer is 7. ",
    "\\boxed{7}",
    "\\boxed{",
    "\\frac{7}{",
    "<answer>",
    "<answer>7</answer>",
    "<answer x",
    "<b>",
    "#### 7\n",
    "####\n",
    "```\n",
    "```json\n",
    '{"a": 1}',
    "{",
    "}",
    "[7, ",
    '"',
    "'a': ",
    "// x\n",
    "that is wrong. ",
    "scratch ",
    "wait, ",
    "some say 5. that is wrong. ",
    "not 7 ",
    "\nnote: 7\n",
    "(two 7)\n",
    "let me know ",
    "is it 7? ",
    "答案是7。",
    "不对",
    "é ",
    "½",
    "٧",
    " ",
    "\n",
    "a",
    "paris ",
    "not paris ",
    "paris-",
    "&amp;",
    "7 million ",
    "or 7 ",
]


def check(made, reference):
    return lambda text: made(make_sample(text, reference))


READERS = {
    "last_number": (last_number, ("", "\\boxed{7} ", "The answer is 7. ", "7\n")),
    "parse_number": (parse_number, ("7 ",)),
    "number, marker": (check(number(marker="####"), "7"), ("#### 7\n",)),
    "boxed_number": (check(boxed_number(), "7"), ("\\boxed{7} ",)),
    "list_of_numbers": (check(list_of_numbers(marker="####"), "7"), ("#### 7\n",)),
    "exact, tag": (check(exact(take="tag"), "7"), ("<answer>7</answer> ",)),
    "exact, boxed": (check(exact(take="boxed"), "7"), ("", "\\boxed{7} ")),
    "normalized": (check(normalized(), "paris"), ("",)),
    "contains": (check(contains(), "paris"), ("", "paris ")),
    "starts_with": (check(starts_with(), "paris"), ("paris ",)),
    "tag, first": (lambda text: tag(text, which="first", unclosed=True), ("", "<answer>7</answer> ")),
    "code_block": (code_block, ("",)),
    "json_block": (json_block, ("", '{"a": 1} ')),
    "json_block, repair": (lambda text: json_block(text, True), ("", "{'a': ")),
    "json_fields": (check(json_fields(fields=["a"]), {"a": 1}), ('{"a": 1} ',)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_a_megabyte_takes_linear_time(name):
    reader, heads = READERS[name]
    for head in heads:
        for unit in UNITS:
            assert_linear(reader, lambda size: head + unit * (size // len(unit)), 1_000_000)  # noqa: B023
