"""Which of the user's files go into an artifact."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.localaws.source_tree import (
    LEFT_OUT,
    handler_module,
    own_requirements,
    own_source,
    read_tree,
)
from support.artifacts import write_artifact

FILES = {
    "math_grader.py": "",
    "requirements.txt": "",
    "my_graders/__init__.py": "",
    "my_graders/requirements.txt": "",
    "my_graders/plain.py": "",
    "my_graders/receipts/__init__.py": "",
    "my_graders/receipts/total.py": "",
    "my_graders/receipts/requirements.txt": "",
    "my_graders/other/__init__.py": "",
    "my_graders/other/requirements.txt": "",
    "my_graders/shared/words.txt": "",
}


@pytest.fixture
def project(tmp_path):
    return write_artifact(tmp_path / "project", FILES)


def names(source, project, own=None):
    return set(read_tree(source, project, own).files)


# --- The handler's own ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handler", "source", "requirements"),
    [
        ("math_grader.math_answer", "math_grader.py", ["requirements.txt"]),
        ("my_graders.plain.grade", "my_graders", ["my_graders/requirements.txt"]),
        (
            "my_graders.receipts.total.grade",
            "my_graders",
            ["my_graders/requirements.txt", "my_graders/receipts/requirements.txt"],
        ),
        (
            "my_graders/receipts/total.grade",
            "my_graders",
            ["my_graders/requirements.txt", "my_graders/receipts/requirements.txt"],
        ),
        (
            "my_graders.receipts.grade",
            "my_graders",
            ["my_graders/requirements.txt", "my_graders/receipts/requirements.txt"],
        ),
        ("graders.examples.word_problems.word_problem", None, []),
    ],
)
def test_the_handler_says_which_files_and_packages_are_its_own(project, handler, source, requirements):
    assert own_source(project, handler) == (None if source is None else project / source)
    assert own_requirements(project, handler) == [project / name for name in requirements]


READY = "graders.configured.ready_check"


@pytest.mark.parametrize(
    ("check", "source", "requirements"),
    [
        ("grader.toml", "grader.toml", ["requirements.txt"]),
        ("./grader.toml", "grader.toml", ["requirements.txt"]),
        (
            "my_graders/receipts/grader.toml",
            "my_graders",
            ["my_graders/requirements.txt", "my_graders/receipts/requirements.txt"],
        ),
        ("checks.numbers:number()", None, ["requirements.txt"]),
    ],
)
def test_a_ready_check_s_file_is_the_function_s_own_with_the_packages_beside_it(
    project, check, source, requirements
):
    for folder in (".", "my_graders/receipts"):
        (project / folder / "grader.toml").write_text('check = "checks.numbers:number"\n')
    (project / "requirements.txt").write_text("")
    assert own_source(project, READY, check) == (None if source is None else project / source)
    assert own_requirements(project, READY, check) == [project / name for name in requirements]


@pytest.mark.parametrize("check", ["no.toml", "../grader.toml", "/etc/grader.toml", "a/../../x.toml"])
def test_a_ready_check_s_file_that_is_not_in_the_project_is_refused(project, check):
    with pytest.raises(InputError, match=r"there is no no.toml|is outside the project"):
        own_source(project, READY, check)


@pytest.mark.parametrize(
    "handler", ["nowhere.grade", "my_graders.typo.grade", "my_graders.receipts.no.grade"]
)
def test_a_handler_without_its_module_is_refused(project, handler):
    with pytest.raises(InputError, match="there is no module"):
        own_source(project, handler)


@pytest.mark.parametrize(
    "handler", ["", "grade", ".grade", "a..grade", "a.", "a b.c", "a.1", "../x.y", "/x.y"]
)
def test_what_is_no_handler_is_refused(handler):
    with pytest.raises(InputError, match="is not a handler"):
        handler_module(handler)


@given(st.lists(st.from_regex(r"[a-z_]{1,5}", fullmatch=True), min_size=2, max_size=5), st.data())
def test_dots_and_slashes_name_the_same_module(parts, data):
    between = [data.draw(st.sampled_from("./")) for _ in parts[1:-1]]
    text = parts[0] + "".join(sign + part for sign, part in zip(between, parts[1:-1], strict=True))
    assert handler_module(f"{text}.{parts[-1]}") == parts[:-1]


def test_the_folder_of_another_grader_with_its_own_packages_is_left_out_and_said(project):
    own = own_requirements(project, "my_graders.receipts.total.grade")
    tree = read_tree(project / "my_graders", project, own)
    assert not [name for name in tree.files if "other" in name]
    assert [name.split()[0] for name in tree.left_out] == ["my_graders/other"]
    assert {"my_graders/receipts/total.py", "my_graders/shared/words.txt"} <= tree.files.keys()
    assert "my_graders/other/__init__.py" in names(project / "my_graders", project)


# --- What is copied -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["bin/checker", "tests/cases.json", "test_util.py", ".hidden", "data/.keep", "harness/x.txt", "build/y"],
)
def test_any_name_goes_in(tmp_path, name):
    folder = write_artifact(tmp_path / "pkg", {"__init__.py": "", name: ""})
    assert names(folder, tmp_path) == {"pkg/__init__.py", f"pkg/{name}"}


@pytest.mark.parametrize("name", sorted(LEFT_OUT - {"__pycache__"}))
def test_caches_and_environments_stay_and_are_said(tmp_path, name):
    folder = write_artifact(tmp_path / "pkg", {"__init__.py": "", f"deep/{name}/x": ""})
    tree = read_tree(folder, tmp_path)
    assert (set(tree.files), tree.left_out) == ({"pkg/__init__.py"}, [f"pkg/deep/{name}"])


def test_bytecode_in_its_cache_stays_without_a_word_and_elsewhere_with_one(tmp_path):
    folder = write_artifact(tmp_path / "pkg", {"a.py": "", "__pycache__/a.cpython-313.pyc": "", "b.pyc": ""})
    tree = read_tree(folder, tmp_path)
    assert (set(tree.files), tree.left_out) == ({"pkg/a.py"}, ["pkg/b.pyc"])


def test_a_source_keeps_the_name_that_it_was_given(tmp_path):
    write_artifact(tmp_path / "elsewhere", {"x.py": ""})
    (tmp_path / "mine").symlink_to("elsewhere")
    assert names(tmp_path / "mine", tmp_path) == {"mine/x.py"}


# --- Links and other files ------------------------------------------------------------------------


def test_links_inside_of_the_project_are_what_they_point_to(project):
    (project / "my_graders" / "link.py").symlink_to("plain.py")
    (project / "my_graders" / "folder").symlink_to("../my_graders/shared")
    (project / "my_graders" / "top.py").symlink_to("../math_grader.py")
    tree = read_tree(project / "my_graders", project, [])
    assert {"my_graders/link.py", "my_graders/folder/words.txt", "my_graders/top.py"} <= tree.files.keys()


@pytest.mark.parametrize(
    ("target", "message"),
    [("nowhere", "leads nowhere"), ("/etc/hostname", "out of the project"), ("..", "contains it")],
)
def test_other_links_are_refused(project, target, message):
    (project / "my_graders" / "link").symlink_to(target)
    with pytest.raises(InputError, match=message):
        read_tree(project / "my_graders", project)


def test_links_that_lead_to_each_other_are_refused(project):
    (project / "my_graders" / "shared" / "a").symlink_to("../receipts")
    (project / "my_graders" / "receipts" / "b").symlink_to("../shared")
    with pytest.raises(InputError, match="contains it"):
        read_tree(project / "my_graders", project)
    (project / "my_graders" / "loop").symlink_to("loop")
    with pytest.raises(InputError, match="leads nowhere|contains it"):
        read_tree(project / "my_graders", project)


def test_a_pipe_is_refused(project):
    os.mkfifo(project / "my_graders" / "pipe")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        read_tree(project / "my_graders", project)


def test_a_source_that_is_not_there_is_refused(project):
    with pytest.raises(InputError, match="no such file"):
        read_tree(project / "nothing", project)
