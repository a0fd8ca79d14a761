"""The pytest fixtures, used in projects as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from harness.projects.scaffold import make_project
from support.pytest_run import said_by
from support.rft_command import RIGHT, write_grader
from support.rollout_files import rollout, write_rollouts

TEST = """
def test_rewards(rft_replay):
    run = rft_replay("rollouts.jsonl", "my_grader.py:right", label="ok")
    run.assert_agrees()

def test_as_it_should_not_be(rft_replay):
    rft_replay("rollouts.jsonl", "my_grader.py:right", repeats=2).assert_rewards({"b": 1.0})
"""
SNAPSHOT = """
def test_stored(reward_snapshot):
    reward_snapshot("rollouts.jsonl", "my_grader.py:right", label="ok")
"""
ORDER = """
def test_order(assert_order):
    assert_order("72", "7", grader="my_grader:right", reference="72")

def test_other_order(assert_order):
    assert_order("7", "72 ", "72", grader="my_grader:right", reference="72")

def test_equal_rewards_are_an_order_when_they_may_be(assert_order):
    assert_order("72", "7", "8", grader="my_grader:right", reference="72", strict=False)
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    write_grader(pytester.path)
    lines = [rollout("a", "72", "72", ok=True), rollout("b", "7", "72", ok=False)]
    write_rollouts(pytester.path / "rollouts.jsonl", lines)
    return pytester.path


def run(project: Path) -> str:
    """Run pytest in another process, with no plugin but this one."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "harness.pytest_plugin"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    return done.stdout + done.stderr


def test_it_is_registered_once(request: pytest.FixtureRequest) -> None:
    manager = request.config.pluginmanager
    found = [name for name, plugin in manager.list_name_plugin() if "harness.pytest_plugin" in repr(plugin)]
    assert found == ["rft_replay"]
    named = [one.value for one in entry_points(group="pytest11") if one.name == "rft_replay"]
    assert set(named) == {"harness.pytest_plugin"}
    assert len(request._fixturemanager.getfixturedefs("rft_replay", request.node) or ()) == 1


def test_an_installed_harness_is_all_it_takes(project: Path, pytester: pytest.Pytester) -> None:
    (project / "test_replay.py").write_text(TEST)
    said = said_by(pytester)
    assert "1 failed, 1 passed" in said
    told = said.partition("FAILURES")[2].partition("short test summary")[0]
    for part in (
        "AssertionError: rewards are not as expected: 2 of 4",
        "b: reward 0.0, expected 1.0",
        "completion: '7'",
    ):
        assert told.count(part) == 1
    assert "replayed.py" not in told


def test_all_is_found_beside_the_test_first_and_then_from_the_root(
    project: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = project / "deep"
    deep.mkdir()
    (project / "pytest.ini").write_text("[pytest]\n")
    (deep / "test_replay.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('grader', ['my_grader.py:right', 'my_grader:right'])\n"
        "@pytest.mark.parametrize('path, count', [('rollouts.jsonl', 1), ('other.jsonl', 2)])\n"
        "def test_where(rft_replay, grader, path, count):\n"
        "    assert len(rft_replay(path, grader).rows) == count\n"
        "def test_which(rft_replay):\n"
        "    for name in ('beside.py:right', 'beside:right'):\n"
        "        assert rft_replay('rollouts.jsonl', name).mean == 1.0\n"
    )
    (project / "other.jsonl").write_text((project / "rollouts.jsonl").read_text())
    write_rollouts(deep / "rollouts.jsonl", [rollout("a", "72", "72")])
    write_grader(deep, name="beside.py")
    write_grader(project, RIGHT.replace("== sample", "!= sample"), name="beside.py")
    assert "5 passed" in said_by(pytester)
    monkeypatch.chdir(deep)
    assert "5 passed" in said_by(pytester)


def test_it_imports_nothing_until_it_is_used(project: Path) -> None:
    (project / "test_other.py").write_text(
        "import sys\ndef test_other():\n"
        "    own = [name for name in sys.modules if name.split('.')[0] in ('harness', 'graders')]\n"
        "    assert sorted(own) == ['harness', 'harness.pytest_plugin']\n"
        "    assert 'orjson' not in sys.modules\n"
    )
    assert "1 passed" in run(project)


def test_it_is_listed_among_the_fixtures_and_options(project: Path, pytester: pytest.Pytester) -> None:
    said = said_by(pytester, "--fixtures")
    assert "A function that replays a rollouts file through a grader" in said
    assert "--update-rewards" in said_by(pytester, "--help")


def test_a_rollouts_file_that_is_missing_says_so(project: Path, pytester: pytest.Pytester) -> None:
    (project / "test_replay.py").write_text(TEST.replace("rollouts.jsonl", "nowhere.jsonl"))
    said = said_by(pytester)
    assert "nowhere.jsonl: no such file" in said
    assert "json_lines.py" not in said  # a place in the harness does not help the test's author
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
    assert "pytest_plugin" not in said


def test_an_error_that_quotes_a_completion_steers_no_terminal(
    project: Path, pytester: pytest.Pytester
) -> None:
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
        said = said_by(pytester, "test_steers.py", f"--tb={style}")
        assert "\\x1b]0;title\\x07 \\u202e" in said, style
        assert not {"\x1b", "\x07", "\u202e"} & set(said), style
        assert "stays as it is: caf\u00e9" in said


def test_stored_rewards_are_written_on_request_and_compared_ever_after(
    project: Path, pytester: pytest.Pytester
) -> None:
    (project / "test_it.py").write_text(SNAPSHOT)
    said = said_by(pytester)
    assert "rollouts.right.rewards.jsonl: no rewards are stored yet" in said
    assert "pytest --update-rewards test_it.py::test_stored" in said
    said = said_by(pytester, "--update-rewards")
    assert "rollouts.right.rewards.jsonl: 2 rewards written" in said
    stored = project / "rollouts.right.rewards.jsonl"
    assert stored.read_text() == '{"id": "a", "reward": 1.0}\n{"id": "b", "reward": 0.0}\n'
    assert "1 passed" in said_by(pytester)
    stored.write_text(stored.read_text().replace("1.0", "0.5"))
    said = said_by(pytester)
    assert "1 reward differs from rollouts.right.rewards.jsonl" in said
    assert "a: stored 0.5, now 1.0" in said
    assert "To store these rewards: pytest --update-rewards test_it.py::test_stored" in said
    assert "completion: '72'" in said
    assert "rollouts.right.rewards.jsonl: 1 changed" in said_by(pytester, "--update-rewards")


def test_an_order_that_rewards_contradict_shows_the_neighbors(
    project: Path, pytester: pytest.Pytester
) -> None:
    (project / "test_it.py").write_text(ORDER)
    said = said_by(pytester)
    assert "1 failed, 2 passed" in said
    assert "rewards do not fall from best to worst: 2 of 2 steps" in said
    for part in ("1: reward 0.0, the better one", "3: reward 1.0, the worse one", "completion: '72 '"):
        assert part in said
    assert "difference: only white space differs" in said


@pytest.mark.slow
def test_workers_share_the_work_and_report_what_they_stored(project: Path, pytester: pytest.Pytester) -> None:
    one = "\n".join(SNAPSHOT.replace("test_stored", f"test_stored_{at}") for at in range(4))
    (project / "test_it.py").write_text(one + ORDER.replace("def test_other", "def other"))
    said = said_by(pytester, "-n", "2", "--update-rewards")
    assert "6 passed" in said
    assert said.count("rollouts.right.rewards.jsonl: ") in (1, 2)  # a later worker may have nothing to change
    assert "6 passed" in said_by(pytester, "-n", "2")


@pytest.mark.slow
def test_a_new_project_s_tests_pass_alone_and_on_workers(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project(pytester.path / "my-grader")
    assert "3 passed" in said_by(pytester, "my-grader")
    monkeypatch.chdir(pytester.path / "my-grader")
    assert "3 passed" in said_by(pytester, "-n", "2")
