"""The project of `rft init --kind judge`, used without a network, an account or a key."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib

import pytest

from graders import Grader
from graders.configured import grader_of_table
from harness.projects.scaffold import make_project
from support.readme import README, blocks
from support.stand_in_judge import ANSWERS, record

PAGE = README.parent / "docs" / "judge.md"
COUNT = re.compile(r"on (\d+) of (\d+) replies")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "bookshop"
    make_project(folder, kind="judge")
    return folder


@pytest.fixture(scope="module")
def replayed(shop):
    return json.loads(here(shop, "-m", "harness.cli.main", "replay", "--json"))


def here(folder, *words):
    """Run Python in a project, without a home folder, Region or key."""
    unknown = ("AWS_", "OPENAI_", "PYTEST_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(unknown)}
    environment |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


def rows(folder, summary):
    lines = (folder / summary["run"] / "rewards.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_the_answers_are_what_the_stand_in_says_to_today_s_questions(tmp_path):
    """If it fails, run `python -m support.stand_in_judge` to record the answers again."""
    assert record(tmp_path / "bookshop") == ANSWERS.read_bytes()


def test_the_readme_says_how_often_the_stand_in_is_right(shop, replayed):
    [(right, all_of_them)] = COUNT.findall((shop / "README.md").read_text().replace("\n", " "))
    assert (int(right) / int(all_of_them), int(all_of_them)) == (
        replayed["agreement"],
        replayed["totals"]["gradings"],
    )


def test_the_judge_is_asked_about_what_passes_the_cheap_checks_alone(shop, replayed):
    graded = rows(shop, replayed)
    asked = [row for row in graded if row["metrics"].get("judge.judge_calls")]
    assert len(asked) == len(ANSWERS.read_bytes().splitlines()) - 1 < len(graded)
    assert all(row["reward"] == 0 for row in graded if row not in asked)


def test_its_records_fit_its_check_and_no_model_is_asked(shop):
    said = here(shop, "-m", "harness.cli.main", "validate", "--check", "grader.toml")
    assert "0 errors, 0 warnings" in said
    assert "no judge was asked" in said


@pytest.mark.slow
def test_the_page_s_first_commands_work_offline(tmp_path):
    folder = tmp_path
    for command in blocks("console", PAGE)[0].splitlines():
        words = command.removeprefix("$ ").split()
        if words[0] == "cd":
            folder /= words[1]
        else:
            here(folder, "-m", *(["harness.cli.main", *words[1:]] if words[0] == "rft" else words))


@pytest.mark.parametrize("number", range(len(blocks("toml", PAGE))))
def test_the_page_s_files_are_graders(number):
    made = grader_of_table(tomllib.loads(blocks("toml", PAGE)[number]))
    assert isinstance(made, Grader)
    assert made.options.timeout_s == 60


@pytest.mark.parametrize("number", range(len(blocks("python", PAGE))))
def test_the_page_s_code_runs(number):
    block = blocks("python", PAGE)[number]
    assert "assert " in block
    exec(compile(block, PAGE.name, "exec"), {"__name__": "example"})


def test_the_page_s_figures_are_those_of_a_replay(shop, replayed):
    rows_of_table = dict(
        re.findall(
            r"^\| (completions[^|]*|calls[^|]*|tokens per[^|]*) \| ([^|]+) \|$", PAGE.read_text(), re.M
        )
    )
    graded = rows(shop, replayed)
    asked = [row["metrics"] for row in graded if row["metrics"].get("judge.judge_calls")]
    assert rows_of_table == {
        "completions rejected by the cheap checks": f"{len(graded) - len(asked)} of {len(graded)}",
        "calls of the judge": f"{sum(row['judge.judge_calls'] for row in asked):.0f}",
        "tokens per question": f"{sum(row['judge.judge_tokens_in'] for row in asked) / len(asked):.0f}",
        "tokens per reply": f"{sum(row['judge.judge_tokens_out'] for row in asked) / len(asked):.0f}",
    }
