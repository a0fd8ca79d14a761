"""House rules: violations are reported with their lines, and similar valid code is not."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from tools.lint import Complaint, complaints


def found(root: Path, **files: str) -> list[Complaint]:
    """Return the violations in a project with these files. `__` in a name stands for `/`."""
    paths = []
    for name, text in files.items():
        path = PurePosixPath(name.replace("__", "/") + ".py")
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        paths.append(path)
    return complaints(root, paths)


@pytest.mark.parametrize("line", ["see /wor" + "k/main", "cd /roo" + "t", "'/home/" + "ann'", "(/wor" + "k)"])
def test_a_path_of_one_machine_is_refused(tmp_path, line):
    [complaint] = found(tmp_path, notes=f"# nothing\n# {line}\n")
    assert (complaint.file, complaint.line) == ("notes.py", 2)
    assert "path of one machine" in str(complaint)


@pytest.mark.parametrize(
    "line", ["https://host/wor" + "k", "/workers", "a/roo" + "t/b", "/home", "/var/task", "a/shar" + "ed/b"]
)
def test_an_ordinary_path_is_not_a_path_of_one_machine(tmp_path, line):
    assert found(tmp_path, notes=f"# {line}\n") == []


@pytest.mark.parametrize(
    "text", ["https://PY" + "PI.org/simple", "sees ../shar" + "ed/x", "in shar" + "ed/x", "BRI" + "EF.md"]
)
def test_registries_and_what_is_not_part_of_the_project_are_refused(tmp_path, text):
    assert [c.line for c in found(tmp_path, notes=f"# {text}\n")] == [1]


def test_files_of_every_kind_are_checked_even_with_invalid_utf8(tmp_path):
    (tmp_path / "page.md").write_bytes(b"\xff\n/ro" + b"ot/x\n")
    assert [c.line for c in complaints(tmp_path, [PurePosixPath("page.md")])] == [2]


def test_one_class_name_for_two_things_is_told_at_both_places(tmp_path):
    first, second = found(tmp_path, graders__a="class Step: ...\n", harness__b="x = 1\n\nclass Step: ...\n")
    assert (str(first), str(second)) == (
        "graders/a.py:1: the class name `Step` already stands for something else in harness/b.py",
        "harness/b.py:3: the class name `Step` already stands for something else in graders/a.py",
    )


@pytest.mark.parametrize(
    "other", ["Step = int | str\n", "Step = dict[str, int]\n", "def f():\n    class Step: ...\n"]
)
def test_a_type_alias_and_an_inner_class_are_class_names(tmp_path, other):
    assert len(found(tmp_path, graders__a="class Step: ...\n", harness__b=other)) == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("class _Step: ...\n", "class _Step: ...\n"),
        ("class Step: ...\n", "from graders.a import Step\n"),
        ("FACTS = 1 | 2\n", "FACTS = 1 | 2\n"),
    ],
    ids=["private", "imported", "constants"],
)
def test_private_names_imports_and_constants_are_no_second_meaning(tmp_path, first, second):
    assert found(tmp_path, graders__a=first, harness__b=second) == []


def test_one_file_name_for_two_things_is_refused(tmp_path):
    assert [c.file for c in found(tmp_path, graders__plan="", harness__jobs__plan="", tests__plan="")] == [
        "graders/plan.py",
        "harness/jobs/plan.py",
    ]


def test_a_verb_is_named_as_what_it_calls(tmp_path):
    assert found(tmp_path, harness__cli__watch="", harness__follow__watch="") == []


def test_each_package_has_its_errors_and_each_folder_its_list_of_names(tmp_path):
    names = ("graders__errors", "harness__errors", "graders__x__conftest", "harness__x__conftest")
    assert found(tmp_path, **dict.fromkeys(names, "")) == []


@pytest.mark.parametrize("name", ["utils", "harness__helpers__x", "graders___misc", "api_manager"])
def test_a_name_that_says_nothing_is_refused(tmp_path, name):
    [complaint] = found(tmp_path, **{name: ""})
    assert "does not say" in complaint.message


@pytest.mark.parametrize(
    "source",
    [
        "import time\nassert time.monotonic() < 3\n",
        "from time import perf_counter\nbegan = perf_counter()\n",
        "import time as t\nt.time_ns()\n",
        "from time import perf_counter as now\nf(key=now)\n",
        "import time\ntime.sleep(0.1)\n",
        "from time import sleep\nsleep(1)\n",
    ],
)
def test_a_test_that_reads_the_clock_or_sleeps_is_refused(tmp_path, source):
    assert [c.line for c in found(tmp_path, tests__test_x=source)] == [2]


@pytest.mark.parametrize(
    "source",
    [
        "import time\nassert time.process_time() < 3\n",
        "SOURCE = '''\nimport time\ntime.sleep(1)\n'''\n",
        "import asyncio\nasyncio.sleep(1)\n",
        "clock.time()\n",
        "time = 3\n",
    ],
    ids=["processor time", "a grader's source", "asyncio", "a fake clock", "a name"],
)
def test_what_a_busy_machine_does_not_change_is_allowed(tmp_path, source):
    assert found(tmp_path, tests__test_x=source) == []


def test_the_product_may_read_the_clock(tmp_path):
    assert found(tmp_path, harness__x="import time\ntime.sleep(time.time())\n") == []


@pytest.mark.parametrize(
    "text", ["Comes in: a plan. Goes out: a job.", "In comes x,\nout go ys.", "Lines come in; rows go out."]
)
def test_a_docstring_about_what_comes_in_and_goes_out_is_refused(tmp_path, text):
    [complaint] = found(tmp_path, harness__x=f'"""Reads.\n\n{text}\n"""\n')
    assert "what the module is for" in complaint.message
