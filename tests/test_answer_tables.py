"""The tables in `docs/answers.md` say how the extractors and checks read answers."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from functools import partial

import pytest

from graders.checks.choices import choice, yes_no
from graders.checks.shaping import has_format, length
from graders.checks.text import contains, exact, normalized, starts_with
from graders.extract import (
    Missing,
    boxed,
    choice_letter,
    code_block,
    json_block,
    last_number,
    parse_number,
    tag,
)
from graders.extract._numbers import all_numbers
from graders.testing import make_sample
from support.doc_tables import page, rows, spans

TEXT = page("answers.md")
READERS = {
    "A slot": parse_number,
    "A whole completion": last_number,
    "A list": all_numbers,
    "A reference": partial(parse_number, strict=True),
    "Contested cases": parse_number,
}


def numbers():
    """Yield the extractor, the string and the result for every string in the tables on numbers."""
    for title, reader in READERS.items():
        part = next(one for one in re.split("\n###? ", TEXT) if one.startswith(title))
        for cells, value in re.findall(r"^\| (`.*?`) \| ([-0-9/; ]+|unread) \|", part, re.MULTILINE):
            if " and later " in cells:
                continue
            for text in re.findall(r"`([^`]+)`", cells):
                text = text.replace("\u23ce", "\n")
                yield pytest.param(reader, text, value, id=f"{title}: {text}")


@pytest.mark.parametrize(("reader", "text", "value"), list(numbers()))
def test_it_reads_as_the_table_says(reader, text, value):
    found = reader(text)
    if isinstance(found, Missing):
        assert value == "unread"
    else:
        assert value != "unread", found
        values = [Fraction(one) for one in value.split("; ")]
        assert (list(found) if isinstance(found, tuple) else [found]) == values


def test_the_tables_are_found():
    assert len(list(numbers())) > 200


@pytest.mark.parametrize(
    ("text", "options", "value"),
    [
        ("1,234", {"decimal": ","}, Fraction("1.234")),
        ("3,14", {"decimal": ","}, Fraction("3.14")),
        ("72k", {"scale": True}, 72_000),
        ("2 million", {"scale": True}, 2_000_000),
    ],
)
def test_an_option_changes_the_value_of_a_contested_number(text, options, value):
    assert parse_number(text, **options) == value


FORM = TEXT.partition("\n## Form\n")[2].partition("\n## ")[0]
LENGTHS = re.findall(r"^\| `(.+)` \| (\d+) \| (\d+) \|", FORM, re.MULTILINE)


@pytest.mark.parametrize(("text", "size", "count"), LENGTHS)
def test_a_text_is_as_long_as_the_table_says(text, size, count):
    sample, size, count = make_sample(text), int(size), int(count)
    assert [length(at, at + 1)(sample) for at in (size, size - 1)] == [1, 0]
    assert [length(at, at + 1, unit="words")(sample) for at in (count, count - 1)] == [1, 0]


def test_the_format_of_the_reasoning_is_as_the_table_says():
    check = has_format(tags=["answer"], reasoning=True)
    found = {
        completion: check(make_sample(completion))
        for cells, paid in re.findall(r"^\| (`<.*|`6.*) \| (yes|no) \|", FORM, re.MULTILINE)
        for completion in re.findall(r"`([^`]+)`", cells)
        if (paid == "yes") is not check(make_sample(completion))
    }
    assert not found
    assert FORM.count("| yes |") + FORM.count("| no |") == 3


def _cells(title, values):
    part = TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    for cells, value in re.findall(rf"^\| (`.*?) \| ({values}) \|", part, re.MULTILINE):
        for text in re.findall(r"`([^`]+)`", cells):
            yield text.replace("\u23ce", "\n"), value


@pytest.mark.parametrize(("text", "value"), list(_cells("Letters", "B|unread")))
def test_a_letter_reads_as_the_table_says(text, value):
    found = choice_letter(text)
    assert ("unread" if isinstance(found, Missing) else found) == value


@pytest.mark.parametrize(("text", "value"), list(_cells("Labels, yes and no", "yes|no|unread")))
def test_yes_and_no_read_as_the_table_says(text, value):
    paid = [one for one in ("yes", "no") if float(yes_no()(make_sample(text, one)))]
    assert paid == ([] if value == "unread" else [value])


CHECKS = {made.__name__: made for made in (contains, exact, normalized, starts_with)}
EXTRACTORS = {made.__name__: made for made in (boxed, code_block, json_block, tag)}


@pytest.mark.parametrize(
    ("call", "completion", "reference", "paid"),
    [
        (call.strip("`"), completion, reference.strip("`"), paid)
        for call, cell, reference, paid in rows(TEXT, "Text", 4)
        for completion in spans(cell)
    ],
)
def test_a_text_is_paid_as_the_table_says(call, completion, reference, paid):
    check = eval(call, dict(CHECKS))
    assert ("yes" if float(check(make_sample(completion, reference))) else "no") == paid


@pytest.mark.parametrize(
    ("call", "text", "value"),
    [
        (call.strip("`"), text, value.strip("`"))
        for call, cell, value in rows(TEXT, "Structure", 3)
        for text in spans(cell)
    ],
)
def test_structure_reads_as_the_table_says(call, text, value):
    found = eval(call, {**EXTRACTORS, "text": text})
    if value == "unread":
        assert isinstance(found, Missing)
    else:
        assert found == (json.loads(value) if call.startswith("json_block") else value)


@pytest.mark.parametrize(
    ("text", "value"), [*_cells("Letters", "B|unread"), *_cells("Option texts", "B|unread")]
)
def test_an_option_reads_as_the_table_says(text, value):
    cities = ["Rome", "Paris", "New York", "New York City"]
    for reference in "ABCD":
        sample = make_sample(text, reference, options=cities)
        answer = choice(options="options")(sample)
        assert (answer.value, answer.metrics["unread"]) == (
            float(reference == value),
            float(value == "unread"),
        )
