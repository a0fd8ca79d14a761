from __future__ import annotations

import contextlib
import re
import tomllib
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import ConfigurationError, DecorationError, Grader
from graders.configured import configured_grader, grader_of_table
from harness.errors import InputError
from harness.targets.ready_checks import _table, _toml_value, cost_of, find_check, ready_checks, toml_of

CHECKS = ready_checks()
each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)


@each_check
def test_each_says_what_it_checks_and_what_it_pays_for(check):
    assert check.purpose.endswith(".")
    assert check.pays.startswith("It rewards "), 'write a paragraph that begins with "It rewards"'
    assert check.example.startswith(">>> ")


@each_check
def test_each_option_is_explained_and_can_be_written_in_toml(check):
    for option in check.options:
        assert option.meaning, option.name
        assert option.default is None or _toml_value(option.default) is not None, option.name
        assert not option.required or option.name in check.given, f"the example gives no {option.name}"


@each_check
def test_the_file_to_start_from_is_a_grader(check, tmp_path):
    (tmp_path / "grader.toml").write_text(toml_of(check), encoding="utf-8")
    assert isinstance(configured_grader("grader.toml", str(tmp_path)), Grader)


@each_check
def test_the_file_to_start_from_holds_the_options_of_the_example(check):
    table = tomllib.loads(toml_of(check))
    assert table == {"check": check.name, **check.given}
    for option in check.options:
        assert re.search(rf"^(# )?{option.name} = |^\[+{option.name}[].]", toml_of(check), re.M), option.name


NUMBERS = [3, -1, 0, 1.5, float("inf"), float("nan"), 10**400, True, None]
TEXTS_AND_LISTS = ["", "x", "\u00ad", [], ["x"], ["a", "a"], [1, 2], [None], [["x"], ["y"]], [{"a": 1}]]
TABLES = [{}, {"a": "b"}, {"a": {"b": 1}}, {"check": 3}]


@each_check
def test_an_option_of_any_kind_is_taken_or_refused_in_words(check):
    table = tomllib.loads(toml_of(check))
    for option in check.options:
        for value in [*NUMBERS, *TEXTS_AND_LISTS, *TABLES]:
            with contextlib.suppress(DecorationError, ConfigurationError):
                assert isinstance(grader_of_table({**table, option.name: value}), Grader)


@each_check
def test_each_is_found_by_each_of_its_spellings(check):
    word = check.name.partition(":")[2]
    for spelling in (check.name, f"graders.{check.name}", f"{check.family}:{word}", word, f"{word}(x=1)"):
        assert find_check(spelling) is check


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="there is no ready check 'numbr'. Did you mean number"):
        find_check("numbr")


@pytest.mark.parametrize("family", ["numbers", "fuzzy", "json_schema"])
def test_what_a_family_costs_is_measured(family):
    cost = cost_of(family)
    assert cost.import_ms is not None
    extra = getattr(import_module(f"graders.checks.{family}"), "EXTRA", None)
    assert (extra is None) == (cost.packages == ())
    assert (extra is None) == (cost.package_bytes == 0)
    assert all("==" in package for package in cost.packages)


VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"))
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab \"'é", max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_as_toml_reads_back(value):
    assert tomllib.loads(f"x = {_toml_value(value)}")["x"] == value


@given(st.dictionaries(st.text("ab \"'é.", max_size=4), VALUES, max_size=4))
def test_what_is_written_below_a_header_reads_back(table):
    assert tomllib.loads("\n".join(_table("x", table)))["x"] == table


@pytest.mark.parametrize("value", [None, float("inf"), float("nan"), [None], {"a": None}, object()])
def test_what_toml_cannot_say_is_left_out(value):
    assert _toml_value(value) is None


def test_of_a_family_with_an_extra_those_checks_need_it_that_cannot_be_made_without():
    needs = {check.name: check.extra for check in CHECKS}
    assert needs["checks.fuzzy:fuzzy"] == "similarity"
    assert needs["checks.sql:sql_equal"] == "sql"
    assert needs["checks.sql:sql_result"] is None
    assert needs["checks.numbers:number"] is None
