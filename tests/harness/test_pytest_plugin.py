"""The pytest plugin as a user has it: the fixture is there once, finds files, fails with what it found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from support.rft_command import write_grader
from support.rollout_files import rollout, write_rollouts

TEST = """
def test_rewards(rft_replay):
    run = rft_replay("rollouts.jsonl", "my_grader.py:right", label="ok")
    run.assert_agrees()

def test_as_it_should_not_be(rft_replay):
    rft_replay("rollouts.jsonl", "my_grader.py:right").assert_rewards({"b": 1.0})
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    write_grader(pytester.path)
    lines = [rollout("a", "72", "72", ok=True), rollout("b", "7", "72", ok=False)]
    write_rollouts(pytester.path / "rollouts.jsonl", lines)
    return pytester.path


def run(project: Path, *words: str) -> str:
    """Pytest with every plugin that is installed, or (quicker) with this one alone."""
    alone = {} if words[:1] == ("all",) else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    chosen = ["-p", "harness.pytest_plugin", *words] if alone else []
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *chosen]
    environment = {**os.environ, **alone}
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, env=environment)
    return done.stdout + done.stderr


def test_it_is_registered_once(request: pytest.FixtureRequest) -> None:
    manager = request.config.pluginmanager
    found = [name for name, plugin in manager.list_name_plugin() if "harness.pytest_plugin" in repr(plugin)]
    assert found == ["rft_replay"]
    named = [one.value for one in entry_points(group="pytest11") if one.name == "rft_replay"]
    assert set(named) == {"harness.pytest_plugin"}
    assert len(request._fixturemanager.getfixturedefs("rft_replay", request.node) or ()) == 1


def test_an_installed_harness_is_all_it_takes(project: Path) -> None:
    (project / "test_replay.py").write_text(TEST)
    said = run(project, "all")
    assert "1 failed, 1 passed" in said
    for part in (
        "AssertionError: rewards are not as expected: 1 of 2",
        "b: reward 0.0, expected 1.0",
        "completion: '7'",
    ):
        assert part in said
    assert "replayed.py" not in said.partition("FAILURES")[2].partition("short test summary")[0]


def test_files_are_found_beside_the_test_first_and_then_from_the_root(project: Path) -> None:
    (project / "deep").mkdir()
    (project / "pytest.ini").write_text("[pytest]\n")
    (project / "deep" / "test_replay.py").write_text(
        "def test_where(rft_replay):\n"
        "    for path, count in (('rollouts.jsonl', 1), ('other.jsonl', 2)):\n"
        "        assert len(rft_replay(path, 'my_grader.py').rows) == count\n"
    )
    (project / "other.jsonl").write_text((project / "rollouts.jsonl").read_text())
    write_rollouts(project / "deep" / "rollouts.jsonl", [rollout("a", "72", "72")])
    assert "1 passed" in run(project)


def test_it_imports_nothing_until_it_is_used(project: Path) -> None:
    (project / "test_other.py").write_text(
        "import sys\ndef test_other():\n"
        "    own = [name for name in sys.modules if name.split('.')[0] in ('harness', 'graders')]\n"
        "    assert sorted(own) == ['harness', 'harness.pytest_plugin']\n"
        "    assert 'orjson' not in sys.modules\n"
    )
    assert "1 passed" in run(project)


def test_it_is_listed_among_the_fixtures(project: Path) -> None:
    said = run(project, "--fixtures")
    assert "A function that replays a rollouts file through a grader" in said


def test_a_rollouts_file_that_is_missing_says_so(project: Path) -> None:
    (project / "test_replay.py").write_text(TEST.replace("rollouts.jsonl", "nowhere.jsonl"))
    said = run(project)
    assert "nowhere.jsonl: no such file" in said
    assert "json_lines.py" not in said  # where it was noticed is nothing to the test's author
    assert json.loads((project / "rollouts.jsonl").read_text().splitlines()[0])["id"] == "a"


def test_a_bare_wheel_breaks_no_other_test_and_says_what_the_fixture_needs(project: Path) -> None:
    (project / "conftest.py").write_text(
        "import sys\n"
        "class Bare:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in {'click', 'orjson', 'psutil', 'rich', 'openai', 'boto3'}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Bare())\n"
    )
    (project / "test_replay.py").write_text(TEST + "\ndef test_of_something_else():\n    pass\n")
    said = run(project)
    assert "2 failed, 1 passed" in said
    assert "the fixture rft_replay needs orjson, which is not installed" in said
    assert "pip install 'rft-graders[replay]'" in said
    assert "Traceback" not in said
    assert "pytest_plugin.py" not in said


def test_an_error_that_quotes_a_completion_steers_no_terminal(project: Path) -> None:
    (project / "test_steers.py").write_text("""
from graders import grader
from graders.testing import make_sample

@grader
def quotes(sample):
    raise ValueError("bad: " + sample.completion)

def test_grade():
    quotes(make_sample("72 \\x1b]0;title\\x07 \\u202e", "72"))

def test_of_another_kind():
    raise ValueError("stays as it is: caf\\u00e9")
""")
    for style in ("long", "short", "native", "line"):
        said = run(project, "test_steers.py", f"--tb={style}")
        assert "\\x1b]0;title\\x07 \\u202e" in said, style
        assert not {"\x1b", "\x07", "\u202e"} & set(said), style
        assert "stays as it is: caf\u00e9" in said
