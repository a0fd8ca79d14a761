from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.projects.names import folder_name, grader_name, logical_id_of
from harness.projects.template_files import filled


@pytest.mark.parametrize(
    "text",
    ["receipt-total", "receipt_total", "ReceiptTotal", "receiptTotal", "Receipt total", "RECEIPT-TOTAL"],
)
def test_one_name_however_it_is_spelled(tmp_path, text):
    assert grader_name(text, tmp_path).module == "receipt_total"
    assert grader_name(text, tmp_path).logical_id == "ReceiptTotal"


@pytest.mark.parametrize(
    "text", ["", " ", "é", "9a", "a-", "-a", "a--b", "x../y", "a/b", "a.b", "a\n", "a" * 41]
)
def test_what_cannot_be_a_name_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="is not a valid name for a grader"):
        grader_name(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("class", "is not a valid name for a Python module"),
        ("graders", "this library's"),
        ("harness", "this library's"),
        ("json", "the standard library's"),
        ("Random", "the standard library's"),
        ("boto3", "an installed package's"),
        ("pytest", "an installed package's"),
    ],
)
def test_a_name_that_would_hide_another_module_is_refused(tmp_path, text, why):
    with pytest.raises(InputError, match=why) as refused:
        grader_name(text, tmp_path)
    assert "Choose another name" in str(refused.value)


def test_a_folder_that_git_would_not_see_is_refused(tmp_path):
    lines = filled("new_project/.gitignore.template", {}).decode().splitlines()
    folders = [line.strip("/") for line in lines if re.fullmatch("/[a-z]+/", line)]
    assert {"runs", "jobs", "build"} <= set(folders)
    for folder in folders:
        with pytest.raises(InputError, match="write into a folder called"):
            grader_name(folder, tmp_path)


def test_a_module_of_the_folder_itself_hides_nothing(tmp_path, monkeypatch):
    (tmp_path / "mine.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert grader_name("mine", tmp_path).module == "mine"


@given(st.from_regex(r"[A-Za-z0-9_ -]{1,45}", fullmatch=True))
def test_a_name_that_is_taken_is_one_in_python_and_in_a_template(text):
    try:
        found = grader_name(text, Path("nowhere"))
    except InputError:
        return
    assert found.module.isidentifier()
    assert not keyword.iskeyword(found.module)
    assert found.module not in sys.stdlib_module_names
    assert re.fullmatch("[A-Z][A-Za-z0-9]*", found.logical_id)
    assert logical_id_of(found.module) == found.logical_id


@pytest.mark.parametrize(
    ("like", "name"),
    [
        ("city_names", "city-names"),
        ("9 lives!", "grader-9-lives"),
        ("", "imported-grader"),
        ("Harness", "imported-grader"),
        ("pytest", "imported-grader"),
    ],
)
def test_a_project_s_folder_is_called_like_its_source(like, name):
    assert folder_name(like) == name


@given(st.text())
def test_whatever_a_source_is_called_its_project_can_be_made(like):
    assert re.fullmatch("[A-Za-z](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?", folder_name(like))
