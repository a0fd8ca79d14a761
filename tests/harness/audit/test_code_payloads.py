import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.code_marks import Marks, marks_of
from harness.audit.code_payloads import (
    constants,
    early_exits,
    forgeries,
    gated,
    hollow,
    parts,
    readers,
    variants,
)
from harness.audit.code_spoofs import patches, spoofs
from harness.audit.code_tests import Expected, Task

TASKS = [
    Task("f", (Expected("(1,)", "2", True), Expected("([3],)", "[4]", False))),
    Task("Solution.f", (Expected("(1,)", "'a'", False),)),
    Task(None, (Expected("1 2", "'3'", False),)),
    Task("f", ()),
]
MARKS = Marks(("ALL PASSED", "ok"), ("passed", "total"), ("report.json", "junit.xml"))


@pytest.mark.parametrize("task", TASKS)
def test_all_programs_but_one_are_python(task):
    made = [
        *early_exits(task),
        *spoofs(task),
        *forgeries(task, MARKS, "/folder"),
        *readers(task, "/folder"),
        *patches(task),
        *hollow(task),
        *(one for one, _ in parts(task)),
        *(one for one, _ in (constants(task) if task.tests else [])),
    ]
    for one in made:
        if one.what != "is no Python":
            compile(one.source, one.what, "exec")
        if one.without is not None:
            compile(one.without, one.what, "exec")


RIGHT = "def f(n):\n    return n + 5"


def test_variants_of_a_right_program_are_right_and_conditions_are_checked():
    for source in [*(one.source for one in variants(RIGHT, "f")), gated(RIGHT, "held = True")]:
        space: dict = {"__name__": "x"}
        exec(source, space)
        assert space["f"](1) == 6
    for closed in ("held = False", "1 / 0"):
        with pytest.raises(RuntimeError):
            exec(gated(RIGHT, closed), {})


def test_an_object_that_equals_everything_is_of_the_expected_class_too():
    for one, kind in zip(spoofs(TASKS[0]), (object, int, list), strict=True):
        space: dict = {}
        exec(one.source, space)
        found = space["f"](1)
        assert isinstance(found, kind)
        assert found == 77


def test_constants_and_tables_report_the_share_of_tests_they_pass():
    tests = (Expected("(1,)", "0", True), Expected("(2,)", "0", False), Expected("(3,)", "9", False))
    task = Task("f", tests)
    for one, share in (*constants(task), *parts(task)):
        space: dict = {}
        exec(one.source, space)
        passed = [
            space["f"](*ast.literal_eval(each.given)) == ast.literal_eval(each.wanted) for each in tests
        ]
        assert share >= sum(passed) / 3 or one.source.endswith("False\n")
        assert share in (0, 1 / 3, 2 / 3)


@given(st.lists(st.tuples(st.integers(), st.text(max_size=4)), max_size=3), st.integers())
def test_expected_values_are_found_in_a_frame_that_holds_them(rows, number):
    (frames, _) = readers(TASKS[0], "/folder")
    space: dict = {}
    exec(frames.source, space)
    tests = [{"args": [list(row)], "expected": [number, *row]} for row in rows]

    def ask(args, tests=tests):
        return space["f"](*args)

    for test in tests:
        assert ask(test["args"]) in [one["expected"] for one in tests if one["args"] == test["args"]]


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("run(f\"{code}\\nprint('ALL TESTS PASSED')\\n\")", "ALL TESTS PASSED"),
        ("ok = f'{passed}/{total} passed' in out", "4/4 passed"),
        ("ok = '%d passed' % n in out", "4 passed"),
        ("import re\nok = re.search(r'^(\\\\d+) tests ok$', out)", "4 tests ok"),
        ('TAIL = """\nsys.stdout.write(\'<<done>>\')\n"""', "<<done>>"),
    ],
)
def test_words_of_success_are_mined_from_literals_and_from_code_in_literals(tmp_path, source, word):
    file = tmp_path / "g.py"
    file.write_text(source)
    assert word in marks_of([file], 4).words[:10]


def test_words_of_failure_are_left_out_and_files_and_keys_are_found(tmp_path):
    file = tmp_path / "g.py"
    file.write_text("x = 'FAILED'\ny = json.load(open('result.json'))['n_passed']\n")
    found = marks_of([file], 1)
    assert "FAILED" not in found.words
    assert "n_passed" in found.keys
    assert found.files == ("result.json",)
