from __future__ import annotations

import pytest

from harness.projects.handler_import import import_problem


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("def handler(event, context): pass", None),
        ("print('hello')\nhandler = print", None),
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("raise SystemExit(3)", "the import ended the process with exit code 3"),
        ("handler = 3", "TypeError: handler is a int"),
    ],
)
def test_why_a_handler_cannot_be_imported_is_its_own_last_line(tmp_path, source, problem):
    (tmp_path / "reward.py").write_text(source)
    assert import_problem(tmp_path, "reward.handler") == problem
    assert [path.name for path in tmp_path.iterdir()] == ["reward.py"]


def test_one_that_never_ends_is_ended_with_what_it_started(tmp_path):
    source = (
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)"
    )
    (tmp_path / "reward.py").write_text(f"{source}\nwhile True: pass")
    assert import_problem(tmp_path, "reward.handler", seconds=1) == "the import took more than 1 s"
