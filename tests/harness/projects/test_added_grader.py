from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.deploy.template_checks import check_template
from harness.errors import InputError
from harness.localaws.template import read_functions
from harness.projects.added_grader import add_grader
from harness.projects.scaffold import make_project

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(tmp_path):
    make_project(tmp_path / "mine")
    return tmp_path / "mine"


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_grader_gets_a_folder_a_test_and_a_resource(project):
    before = content(project)
    found = add_grader(project, "receipt-total")
    assert (found.grader, found.handler) == ("receipt_total:receipt_total", "receipt_total.receipt_total")
    after = content(project)
    assert set(after) - set(before) == set(found.files)
    assert {path for path in before if before[path] != after[path]} == {Path("template.yaml")}
    functions = read_functions(project / "template.yaml")
    assert functions["ReceiptTotal"].handler == found.handler
    assert functions["ReceiptTotal"].timeout_s == functions["MathAnswer"].timeout_s
    assert check_template(project / "template.yaml") == []


def test_one_after_another_they_stay_in_order(project):
    for name in ("third", "second"):
        add_grader(project, name)
    assert list(read_functions(project / "template.yaml")) == ["MathAnswer", "Third", "Second"]


def test_a_second_time_it_is_refused_and_nothing_changes(project):
    add_grader(project, "second")
    before = content(project)
    with pytest.raises(InputError, match="Second is already in its Resources"):
        add_grader(project, "second")
    assert content(project) == before


@pytest.mark.parametrize(
    "taken", ["second.py", "second/__init__.py", "second/requirements.txt", "test_second.py"]
)
def test_a_file_that_is_there_is_never_replaced(project, taken):
    (project / taken).parent.mkdir(exist_ok=True)
    (project / taken).write_text("mine")
    before = content(project)
    with pytest.raises(InputError, match="already exists"):
        add_grader(project, "second")
    assert content(project) == before


def test_what_a_kill_cut_off_before_the_template_is_completed_by_the_same_command(project):
    text = (project / "template.yaml").read_bytes()
    add_grader(project, "second")
    after = content(project)
    (project / "template.yaml").write_bytes(text)
    (project / "test_second.py").unlink()
    add_grader(project, "second")
    assert content(project) == after


def test_two_at_a_time_lose_none(project):
    words = [sys.executable, "-m", "harness.cli.main", "init", "--add"]
    begun = [subprocess.Popen([*words, name], cwd=project, stdout=subprocess.PIPE) for name in ("one", "two")]
    for each in begun:
        each.communicate(timeout=60)
        assert each.returncode == 0
    assert set(read_functions(project / "template.yaml")) == {"MathAnswer", "One", "Two"}
    assert not [path for path in project.iterdir() if path.name.startswith(".rft")]


def test_a_folder_without_a_template_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"template.yaml: no such file. Run this in a project's folder"):
        add_grader(tmp_path, "second")
    assert list(tmp_path.iterdir()) == []


def test_a_refused_name_leaves_everything_as_it_was(project):
    before = content(project)
    for name in ("json", "math-answer", "a b/", "runs"):
        with pytest.raises(InputError):
            add_grader(project, name)
    assert content(project) == before


def test_in_a_checkout_it_goes_into_my_graders(tmp_path):
    for name in ("graders", "harness"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "template.yaml", tmp_path)
    source = "import sys; from harness.cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", source, "init", "--add", "receipt-total"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "my_graders" / "receipt_total" / "requirements.txt").is_file()
    assert (
        "from my_graders.receipt_total import receipt_total\n"
        in (tmp_path / "tests" / "my_graders" / "test_receipt_total.py").read_text()
    )
    found = read_functions(tmp_path / "template.yaml")["ReceiptTotal"]
    assert found.handler == "my_graders.receipt_total.receipt_total"
