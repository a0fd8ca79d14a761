from __future__ import annotations

import ast
import builtins

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.projects.reached_code import ReachedCode
from harness.projects.source_notes import notes_of

NAMED = sorted(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
# Exceptions that no completion can cause.
NOT_OF_ANSWERS = (ImportError, OSError, MemoryError, SystemExit, KeyboardInterrupt, Warning, EOFError)


def told(source, **options):
    code = ReachedCode({"r.py": ast.parse(source)}, ["f"])
    return {(each.place, each.what) for each in notes_of(code, is_confined=False, **options)}


@given(st.sampled_from(NAMED), st.sampled_from(["return 0.0", "score = -1"]))
def test_every_exception_that_no_completion_causes_is_told_where_it_is_paid(name, pays):
    found = told(f"def f(text):\n    try:\n        g(text)\n    except {name}:\n        {pays}\n")
    if issubclass(getattr(builtins, name), NOT_OF_ANSWERS):
        assert {place for place, _ in found} == {"r.py:4"}


WITHOUT = "without zz every sample earns 0"


@pytest.mark.parametrize(
    ("source", "place"),
    [
        (
            "def f(x):\n    try:\n        from zz import a\n    except ImportError:\n        return 0.0\n",
            "r.py:4",
        ),
        (
            "def f(x):\n    try:\n        import zz.a as b\n    except Exception:\n        return 0\n",
            "r.py:4",
        ),
        ("try:\n    import zz\n    OK = True\nexcept ImportError:\n    OK = False\nOF = {}", "r.py:7"),
        ("try:\n    import zz\nexcept ModuleNotFoundError:\n    zz = None\nNONE = {zz is None}", "r.py:6"),
        ("try:\n    import zz\nexcept:\n    LACKS = True\nLACK = {LACKS or x}", "r.py:6"),
    ],
)
def test_what_a_missing_package_makes_of_every_sample_is_told(source, place):
    if not source.startswith("def"):
        top, _, flag = source.rpartition("\n")
        test = {"OF": "not OK", "NONE": "zz is None", "LACK": "LACKS or x"}[flag.partition(" ")[0]]
        source = f"{top}\ndef f(x):\n    if {test}:\n        return 0.0\n    return 1.0\n"
    assert (place, WITHOUT) in told(source, missing=["zz"])
    assert not any(what.startswith("without") for _, what in told(source))


def test_what_stands_in_for_a_missing_package_is_told_with_its_line():
    source = (
        "try:\n    import zz as json\nexcept ImportError:\n    import json\ndef f(x): return json.loads(x)\n"
    )
    [(place, what)] = told(source, missing=["zz"])
    assert place == "r.py:3"
    assert what.startswith("without zz this code takes its place")


@pytest.mark.parametrize(
    ("parameters", "body", "is_told"),
    [
        ("text, ground_truth", "a = float(ground_truth)", True),
        ("text, ground_truth", "a = float(text) == ground_truth", False),
        ("text, ground_truth", "a = float(text)", False),
        ("text, item", "a = item['size'] + 1", False),
        ("text, extra_info", "a = extra_info['size']", True),
        ("event, context", "a = json.loads(event['metadata']['x'])", True),
        ("event, context", "a = float(event['messages'][-1]['content'])", False),
        ("row, text", "a = row.ground_truth.strip()", True),
        ("text, ground_truth", "a = json.loads(text)['answer']", False),
    ],
)
def test_a_failure_of_the_record_is_told_where_it_is_paid(parameters, body, is_told):
    tried = f"    try:\n        {body}\n    except (ValueError, KeyError):\n        return 0.0\n"
    source = f"def f({parameters}):\n{tried}"
    assert bool(told(source)) is is_told


@pytest.mark.parametrize(
    "head",
    [
        "def f(texts, golds):\n    for t, {} in zip(texts, golds):",
        "def f(texts, golds):\n    for i, {} in enumerate(golds):",
        "def f(text, golds):\n    {} = str(golds).strip()\n    if True:",
        "def f(text, golds):\n    y, {} = text, golds[0]\n    if True:",
        "def f(text, golds): return same(text, golds)\ndef same(a, {}):\n    if True:",
        "def f(text, golds): return same({}=golds, a=text)\ndef same(a, x):\n    if True:",
    ],
)
def test_values_of_the_record_are_followed_and_those_of_the_completion_are_not(head):
    tried = "        try:\n            g = float(x)\n        except ValueError:\n            return 0.0\n"
    source = f"{head.format('x')}\n{tried}"
    assert [what for _, what in told(source, given={"f": {"golds"}}) if "this pays 0" in what]
    assert told(source, given={"f": set()}) == set()
