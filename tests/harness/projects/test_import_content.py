from __future__ import annotations

import json
import re
import tomllib
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.deploy.template_checks import check_template
from harness.errors import InputError
from harness.projects.import_content import content_of_import, next_commands, next_steps
from harness.projects.imported import How, ImportedGrader, ImportNote
from harness.projects.scaffold import make_project
from support import sam_template

RECORD = {"messages": [{"role": "user", "content": "2 + 2?"}], "reference_answer": "4"}
TURN = {"role": "assistant", "content": "4"}


def imported(**changes):
    made = {
        "kind": "a grader of somebody's",
        "module": "grader",
        "function": "reward",
        "files": {"grader.py": b"", "rewards.py": b""},
        "sources": ("grader.py", "rewards.py"),
        "records": (RECORD,),
        "rollouts": ({"record": "one", **RECORD, "messages": [*RECORD["messages"], TURN]},),
        "notes": (ImportNote("rewards.py:3", "approximated", "it is a | b"),),
    }
    return ImportedGrader(**{**made, **changes})


def make(tmp_path, **changes):
    folder = tmp_path / "mine"
    make_project(folder, own=content_of_import(imported(**changes), "rewards.py"))
    return folder


def test_its_parts_are_in_place_and_nothing_is_left_to_fill_in(tmp_path):
    folder = make(tmp_path)
    assert "SOURCES = rewards.py\n" in (folder / "Makefile").read_text()
    assert tomllib.loads((folder / "rft.toml").read_text())["grader"] == "grader.py:reward"
    assert "skip" not in (folder / "test_grader.py").read_text()
    assert "`rewards.py:3` | it is a \\| b" in (folder / "IMPORT.md").read_text()
    assert not any(re.search("@[A-Z_]+@", path.read_text()) for path in folder.iterdir())
    assert "made by `rft import`" in (folder / "README.md").read_text()
    assert check_template(folder / "template.yaml") == []


def test_code_gets_memory_and_time(tmp_path):
    template = sam_template.load((make(tmp_path, runs_code=True) / "template.yaml").read_text())
    assert template["Parameters"]["MemorySize"]["Default"] == 1024
    assert template["Resources"]["Grader"]["Properties"]["Timeout"] == 300


def test_a_judge_gets_its_role_and_its_test_waits_for_answers(tmp_path):
    folder = make(tmp_path, asks_judge=True, judge_models=("us.amazon.nova-pro-v1:0", "b"))
    template = sam_template.load((folder / "template.yaml").read_text())
    assert template["Parameters"]["JudgeModel"]["Default"] == "us.amazon.nova-pro-v1:0"
    assert "JudgeRole" in str(template["Resources"]["Grader"]["Properties"]["Role"])
    assert (
        'reason="no answers are recorded yet: rft replay --ask all"'
        in (folder / "test_grader.py").read_text()
    )
    assert "JudgeModelArns" in (folder / "IMPORT.md").read_text()
    assert check_template(folder / "template.yaml") == []


def test_keys_are_secrets_of_the_account(tmp_path):
    folder = make(tmp_path, asks_judge=True, secrets=("GRADER_HEADER_KEY",))
    template = sam_template.load((folder / "template.yaml").read_text())
    variables = template["Resources"]["Grader"]["Properties"]["Environment"]["Variables"]
    assert variables == {"GRADER_HEADER_KEY": "{{resolve:secretsmanager:mine/GRADER_HEADER_KEY}}"}
    assert check_template(folder / "template.yaml") == []


def test_without_rollouts_no_file_and_no_setting_names_them(tmp_path):
    folder = make(tmp_path, rollouts=())
    assert "write yours to rollouts.jsonl" in (folder / "test_grader.py").read_text()
    assert not (folder / "rollouts.jsonl").exists()
    assert '\n# rollouts = "rollouts.jsonl"\n' in (folder / "rft.toml").read_text()
    assert "| no completions of them yet: write yours" in (folder / "README.md").read_text()


@pytest.mark.parametrize(
    ("changes", "records", "rollouts"),
    [
        (
            {},
            "1 training records: made up; replace them with your own",
            "1 completions of them, made up; replace",
        ),
        ({"own_records": True}, "1 training records: yours.", "1 completions of them, made up; replace"),
        (
            {"own_rollouts": True},
            "1 training records: made from your rollouts.",
            "1 completions of them, yours |",
        ),
        (
            {"records": ()},
            "no training records: write yours to a file with this name.",
            "1 completions of them, made up; replace",
        ),
    ],
)
def test_the_readme_asks_to_replace_only_samples_that_are_made_up(tmp_path, changes, records, rollouts):
    text = (make(tmp_path, **changes) / "README.md").read_text()
    assert f"| {records}" in text
    assert f"| {rollouts}" in text
    assert text.count("replace them with your own") == f"{records}{rollouts}".count("replace")


@pytest.mark.parametrize("own_records", [False, True])
@pytest.mark.parametrize("own_rollouts", [False, True])
def test_left_to_do_names_only_samples_that_are_made_up(own_records, own_rollouts):
    said = " ".join(next_steps(imported(own_records=own_records, own_rollouts=own_rollouts)))
    assert ("records" in said) == (not own_records and not own_rollouts)
    assert ("rollouts" in said) == (not own_rollouts)


def test_a_command_is_next_only_where_it_has_what_it_needs():
    assert next_commands(imported())[0] == "rft replay"
    assert next_commands(imported(asks_judge=True))[0] == "rft replay --ask all"
    assert next_commands(imported(rollouts=()))[0] == "pytest"


def test_half_a_character_is_written_as_json_escapes_it(tmp_path):
    record = {**RECORD, "reference_answer": "half \ud800"}
    note = ImportNote("a.json /half \ud800", "unsupported", "ignored")
    folder = make(tmp_path, records=(record,), notes=(note,))
    assert json.loads((folder / "records.jsonl").read_bytes()) == record
    assert "half \\ud800" in (folder / "IMPORT.md").read_text("utf-8")


def test_packages_that_are_not_here_are_left_to_do():
    steps = next_steps(imported(packages={"numpy": "numpy==2.0", "nowhere": None}))
    assert any("packages of nowhere to requirements.txt" in step for step in steps)


@pytest.mark.parametrize("name", ["test_grader.py", "Makefile", "records.jsonl", "IMPORT.md"])
def test_a_file_of_a_name_that_the_project_needs_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=f"{name}: the project has its own file with that name"):
        make(tmp_path, files={"grader.py": b"", name: b""})
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize("name", ["conftest.py", "test_rewards.py", "part/rewards_test.py"])
def test_code_that_runs_confined_is_never_run_by_pytest(tmp_path, name):
    with pytest.raises(InputError, match="has a name that pytest runs"):
        make(tmp_path, files={"grader.py": b"", name: b""}, runs_code=True)


@given(st.lists(st.tuples(st.sampled_from(get_args(How)), st.none() | st.just("Do this first."))))
def test_each_unsupported_note_has_a_step(rows):
    notes = tuple(ImportNote(f"r.py:{at}", how, "a", step) for at, (how, step) in enumerate(rows))
    steps = next_steps(imported(notes=notes))
    for note in notes:
        if note.how == "unsupported" and note.step is None:
            assert note.place in steps[1 if "Do this first." in steps else 0]
    assert (steps[0] == "Do this first.") is any(note.step for note in notes)
