"""The tables in `docs/json.md` state the actual rewards, and its code runs."""

from __future__ import annotations

import json
import tomllib

import pytest

from graders.checks.json_fields import json_fields
from graders.configured import grader_of_table
from graders.testing import make_sample
from support.doc_tables import page, rows, spans
from support.readme import README, blocks

PAGE = README.parent / "docs" / "json.md"


def cases():
    for call, completions, reference, paid in rows(page(PAGE.name), "Cases", 4):
        said, values = spans(completions), paid.split(", ")
        for completion, value in zip(said, values if len(values) > 1 else values * len(said), strict=True):
            yield spans(call)[0], completion, json.loads(spans(reference)[0]), float(value)


@pytest.mark.parametrize(("call", "completion", "reference", "paid"), list(cases()))
def test_a_value_is_paid_as_the_table_says(call, completion, reference, paid):
    check = eval(f"json_fields({call})", {"json_fields": json_fields})
    assert check(make_sample(completion, reference)).value == paid


@pytest.mark.parametrize("block", blocks("python", PAGE))
def test_its_code_runs(block):
    assert "assert " in block
    exec(compile(block, PAGE.name, "exec"), {"__name__": "example"})


def test_a_field_may_be_named_as_a_check_is():
    table = {"check": "checks.json_fields:json_fields", "fields": {'"check"': "text"}}
    assert grader_of_table(table)(make_sample('{"check": "Yes."}', {"check": "yes"})).value == 1


def test_the_grader_without_python_is_the_one_with_it():
    (made,) = (grader_of_table(tomllib.loads(block)) for block in blocks("toml", PAGE))
    reference = {"sender": "Ada Lovelace", "total": 12.5, "order": {"id": "A-7"}}
    said = make_sample('{"sender": "ada lovelace", "total": 12.50, "order": {"id": "A-8"}}', reference)
    assert made(said).value == 0.75
