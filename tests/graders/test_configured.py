"""Graders configured in a table, a file or a line that names a check and its options."""

import ast
import inspect
import os
import subprocess
import sys
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import ConfigurationError, DecorationError, Grader
from graders.checks import choices, json_fields, numbers, shaping, text
from graders.configured import (
    check_factory,
    configured_grader,
    factories,
    families,
    grader_of_table,
    read_options,
)
from graders.testing import invoke, make_sample

RIGHT = make_sample("so\n#### 42", "#### 42")
WRONG = make_sample("so\n#### 43", "#### 42")
LINE = 'checks.numbers:number(marker="####")'


def rewards(grader, *samples):
    return [getattr(outcome, "value", outcome) for outcome in invoke(grader, list(samples))]


def test_a_line_makes_the_same_grader_as_the_call():
    assert rewards(configured_grader(LINE), RIGHT, WRONG) == [1.0, 0.0]
    assert rewards(configured_grader(f" {LINE}\n"), RIGHT, WRONG) == [1.0, 0.0]
    assert rewards(configured_grader("checks.numbers:number"), make_sample("42", "42")) == [1.0]
    assert rewards(configured_grader("graders.checks.numbers:number()"), make_sample("42", "42")) == [1.0]


@pytest.mark.parametrize("reserved", ["check='checks.text:exact'", "grader={'timeout_s': 2}"])
def test_a_line_names_one_check_and_only_its_options(reserved):
    with pytest.raises(DecorationError, match="checks.numbers:number has no option"):
        configured_grader(f"checks.numbers:number({reserved})")


def test_a_file_holds_the_check_its_options_and_those_of_the_grader(tmp_path):
    (tmp_path / "grader.toml").write_text(
        'check = "checks.numbers:number"\nmarker = "####"\n\n[grader]\ntimeout_s = 2\nrange = [-1, 1]\n'
    )
    grader = configured_grader("grader.toml", str(tmp_path))
    assert rewards(grader, RIGHT, WRONG) == [1.0, 0.0]
    assert (grader.options.timeout_s, tuple(grader.options.range)) == (2, (-1, 1))


SLOW = {"check": "checks.shaping:length", "full": 10, "zero": 20}


@pytest.mark.parametrize(
    ("made", "limit"),
    [
        (lambda: grader_of_table(SLOW), 60),
        (lambda: configured_grader("checks.shaping:length(full=10, zero=20)"), 60),
        (lambda: grader_of_table({**SLOW, "grader": {"timeout_s": 2}}), 2),
        (lambda: grader_of_table({**SLOW, "grader": {"concurrency": 2}}), 60),
        (lambda: grader_of_table({"check": "checks.text:any_of", "checks": [SLOW]}), 60),
        (lambda: configured_grader(f"checks.combined:all_of(parts={{'a': {SLOW}}})"), 60),
        (lambda: configured_grader(LINE), 5),
    ],
)
def test_a_slow_family_gets_a_longer_limit_unless_the_grader_sets_one(monkeypatch, made, limit):
    monkeypatch.setattr(shaping, "TIMEOUT_S", 60, raising=False)
    assert made().options.timeout_s == limit


def test_a_table_with_a_check_inside_of_an_option_is_a_check():
    grader = grader_of_table(
        {
            "check": "checks.text:any_of",
            "checks": [{"check": "checks.numbers:number", "marker": "####"}, {"check": "checks.text:exact"}],
        }
    )
    assert rewards(grader, RIGHT, WRONG, make_sample("Rome", "Rome")) == [1.0, 0.0, 1.0]
    inner = {"check": "checks.numbers:number", "marker": "####"}
    shaped = {"check": "checks.shaping:overlong", "correctness": inner, "longest": 100, "cache": 50}
    assert rewards(grader_of_table(shaped), RIGHT, WRONG) == [1.0, 0.0]


@pytest.mark.parametrize(
    "table",
    [
        {
            "check": "checks.judge:judge_label",
            "ask": "Is it ticked off?",
            "labels": {"check": 1, "fail": 0},
            "anchors": {"check": "checks.text:exact"},
        },
        {
            "check": "checks.judge:judge_rubric",
            "criteria": {"check": {"ask": "q", "labels": {"check": 1, "no": 0}, "anchors": {"check": "x"}}},
        },
        {"check": "checks.json_schema:json_schema", "schema": {"const": {"check": "text"}}},
    ],
)
def test_check_is_an_ordinary_key_in_other_options(table):
    judge = {"model": "m", "service": "openai"} if "judge" in table["check"] else {}
    made = grader_of_table({**table, **judge})
    nested = grader_of_table({"check": "checks.text:any_of", "checks": [{**table, **judge}]})
    assert nested.options.timeout_s == made.options.timeout_s


def test_the_options_that_take_scoring_functions_are_these():
    """`configured` recognizes these options by their annotation."""
    found = {
        f"{family}.{name} {option}"
        for family in families()
        for name, factory in factories(import_module(f"graders.checks.{family}")).items()
        for option, kind in factory.__annotations__.items()
        if option != "return" and any(word in kind for word in ("Callable", "Check", "Scoring", "Sample"))
    }
    assert found == {
        *("combined.all_of parts", "combined.cascade steps", "combined.formula parts"),
        *("shaping.cosine_length correctness", "shaping.overlong correctness"),
        *("refusals.refusal answer", "text.any_of checks"),
    }


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, 'it names no check: write check = "checks.numbers:number"'),
        ({"check": 3}, "check=3: write a ready check such as 'checks.numbers:number'"),
        ({"check": "number"}, "check='number': write a ready check"),
        ({"check": "os:system"}, "check='os:system': write a ready check"),
        ({"check": "checks._answers:comparing"}, "write a ready check"),
        ({"check": "checks.nope:number"}, "there is no family nope; the families are choices, "),
        ({"check": "checks.numbers:nope"}, "checks.numbers has no check nope; it has number, boxed_number"),
        ({"check": "checks.numbers:parse_number"}, "checks.numbers has no check parse_number"),
        (
            {"check": "checks.numbers:number", "markr": "x"},
            "number has no option markr; it has marker, which",
        ),
        ({"check": "checks.numbers:number", "marker": " "}, "marker=' ': write a string"),
        ({"check": "checks.choices:label"}, "checks.choices:label needs labels"),
        ({"check": "checks.text:any_of", "checks": 3}, "checks=3: write a list"),
        ({"check": "checks.numbers:number", "grader": 3}, r"grader=3: write a table, such as \[grader\]"),
        ({"check": "checks.numbers:number", "grader": {"time": 3}}, r"\[grader\] has no option time; it has"),
        ({"check": "checks.numbers:number", "grader": {"timeout_s": -1}}, "timeout_s=-1"),
    ],
)
def test_an_invalid_configuration_is_refused_with_what_to_write(table, message):
    with pytest.raises(DecorationError, match=message):
        grader_of_table(table)


def test_nesting_that_is_too_deep_is_refused():
    table: dict[str, object] = {"check": "checks.text:exact"}
    for _ in range(50):
        table = {"check": "checks.text:any_of", "checks": [table]}
    with pytest.raises(DecorationError, match="nested more than 20 deep"):
        grader_of_table(table)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "grader.toml: cannot be read: No such file"),
        (b"check = ", "grader.toml: not valid TOML: "),
        (b"\xff\xfe", "grader.toml: not valid TOML: "),
        (b"[" * 5000, "grader.toml: not valid TOML: "),
        (b"", "grader.toml: it names no check"),
    ],
)
def test_a_file_that_describes_no_grader_is_named(tmp_path, content, message):
    if content is not None:
        (tmp_path / "grader.toml").write_bytes(content)
    with pytest.raises(DecorationError, match=message):
        configured_grader("grader.toml", str(tmp_path))


LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}_", fullmatch=True), LITERALS, max_size=4))
def test_the_options_of_a_line_are_read_as_python_reads_them(options):
    call = f"({', '.join(f'{name}={value!r}' for name, value in options.items())})"
    assert read_options(call) == options


@given(st.text(alphabet="()[]{}=,'\"\\ab1 #.*_\n\x00", max_size=30))
def test_no_line_does_more_than_name_options(call):
    try:
        read = read_options(call)
    except DecorationError:
        return
    assert all(ast.literal_eval(repr(value)) == value for value in read.values())


@pytest.mark.parametrize("family", families())
def test_each_family_lists_its_factories_and_each_is_found_by_its_name(family):
    found = factories(import_module(f"graders.checks.{family}"))
    assert found
    for name, factory in found.items():
        assert check_factory(f"checks.{family}:{name}") is factory


def test_no_two_families_have_a_check_of_the_same_name():
    names = [name for module in (choices, json_fields, numbers, shaping, text) for name in factories(module)]
    every = [name for family in families() for name in factories(import_module(f"graders.checks.{family}"))]
    assert set(names) <= set(every)
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("family", families())
def test_every_option_can_be_named(family):
    for name, factory in factories(import_module(f"graders.checks.{family}")).items():
        kinds = {each.kind for each in inspect.signature(factory).parameters.values()}
        assert inspect.Parameter.POSITIONAL_ONLY not in kinds, name
        assert inspect.Parameter.VAR_KEYWORD not in kinds, name
        assert not {"check", "grader"} & set(inspect.signature(factory).parameters), name


def ready(tmp_path, **variables):
    """Return the output of importing the Lambda handler in a separate process."""
    code = "from graders.configured import ready_check; print(type(ready_check).__name__)"
    environment = {key: value for key, value in os.environ.items() if key != "GRADER_CHECK"} | variables
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout or done.stderr).strip().splitlines()[-1]


def test_the_handler_is_the_grader_that_the_variable_names(tmp_path):
    (tmp_path / "grader.toml").write_text('check = "checks.numbers:number"\n')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert ready(tmp_path, GRADER_CHECK=LINE) == Grader.__name__
    assert ready(tmp_path, GRADER_CHECK="grader.toml") == Grader.__name__
    assert ready(elsewhere, GRADER_CHECK="grader.toml", LAMBDA_TASK_ROOT=str(tmp_path)) == Grader.__name__
    assert "GRADER_CHECK is not set: set it to a file" in ready(tmp_path)
    assert ConfigurationError.__name__ in ready(tmp_path, GRADER_CHECK=" ")
