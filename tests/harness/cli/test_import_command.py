from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.main import main
from support.sam_command import sam_command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="code is confined only on Linux")

SPEC = {
    "type": "string_check",
    "operation": "eq",
    "input": "{{sample.output_text}}",
    "reference": "{{item.reference_answer}}",
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "city_names.json").write_text(json.dumps(SPEC))
    return tmp_path


def test_a_project_is_made_beside_and_says_what_became_of_each_part(here, capsys):
    assert main(["import", "city_names.json"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("found: OpenAI's or Azure's grader JSON (string_check)\nmade in city-names: ")
    assert "  city_names.json: string_check eq: 1 if input equals reference" in out
    assert "next:\n  cd city-names\n  rft replay\n  pytest\n" in out
    assert max(map(len, out.partition("not installed")[0].splitlines())) <= 80


def test_the_project_is_replayed_at_once(here):
    assert main(["import", "city_names.json"]) == 0
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli.main", "replay", "--json"],
        cwd=here / "city-names",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["totals"]["rewards"] == 9


def test_a_python_file_is_read_as_what_it_looks_like(here, capsys):
    (here / "rewards.py").write_text(
        "def compute_score(data_source, solution_str, ground_truth): return 1.0\n"
    )
    assert main(["import", "rewards.py", "scores", "--range", "0", "2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["kind"].startswith("a verl scoring function")
    assert said["range"] == [0, 2]
    assert {"place", "how", "what"} == set(said["notes"][0])
    assert sorted(said["files"]) == sorted(path.name for path in (here / "scores").iterdir())


def test_json_is_read_from_stdin(here, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(SPEC).encode())))
    assert main(["import", "-"]) == 0
    assert (here / "imported-grader" / "stdin.json").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.json"], "none.json: no such file"),
        (
            ["https://a.example/g.json"],
            "'https://a.example/g.json' is an address. Use a path on this machine",
        ),
        (["s3://bucket/grader.py"], "'s3://bucket/grader.py' is an address"),
        (["."], "is a folder"),
        (["r.jsonl"], "contains samples, not a grader"),
        (["R.PY"], "R.PY: ends in .PY, but Python imports only files that end in .py. Rename it to R.py."),
        (["n.txt"], "is neither JSON nor Python"),
        (["city_names.json", "--as", "trl"], "trl graders are Python"),
        (["city_names.json", "--take", "f"], "--take: is for Python files"),
        (["city_names.json", "--trust"], "always runs confined"),
        (["city_names.json", "--judge", "o3"], "write OpenAI's name, ="),
        (["city_names.json", "--judge", "o3=x"], "the grader does not call a model o3"),
        (["city_names.json", "--range", "1", "0"], "write the lower bound first"),
        (["city_names.json", "--records", "none.jsonl"], "none.jsonl"),
        (["rewards.py", "--judge", "o3=x"], "is for graders in JSON"),
        (["city_names.json", "--name", "no_stack"], "'no_stack' is not a valid name for a project"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(here, capsys, words, message):
    for name in ("r.jsonl", "n.txt", "rewards.py", "R.PY"):
        (here / name).touch()
    before = sorted(here.iterdir())
    assert main(["import", *words]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""
    assert sorted(here.iterdir()) == before


def test_nothing_is_written_over(here, capsys):
    assert main(["import", "city_names.json"]) == 0
    before = {path: path.read_bytes() for path in (here / "city-names").iterdir()}
    assert main(["import", "city_names.json"]) == 2
    assert "the folder is not empty" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in (here / "city-names").iterdir()} == before


def test_a_grader_s_own_samples_take_the_place_of_made_up_ones(here, capsys):
    record = {"messages": [{"role": "user", "content": "?"}], "reference_answer": "Bern"}
    (here / "mine.jsonl").write_text(json.dumps(record) + "\n{\n")
    assert main(["import", "city_names.json", "--records", "mine.jsonl"]) == 0
    assert (here / "city-names" / "records.jsonl").read_text() == json.dumps(record) + "\n"
    out = capsys.readouterr().out
    assert "mine.jsonl: 1 of 2 lines are in records.jsonl" in out
    assert "made up" not in out
    assert (
        "1 training records: yours. A job needs at least 100 |"
        in (here / "city-names" / "README.md").read_text()
    )


RECORD = {"messages": [{"role": "user", "content": "?"}], "reference_answer": "Bern"}
ROLLOUT = {**RECORD, "messages": [*RECORD["messages"], {"role": "assistant", "content": "Rome"}]}
OPTIONS = {
    "neither": [],
    "records": ["--records", "records.jsonl"],
    "rollouts": ["--rollouts", "rollouts.jsonl"],
    "both": ["--records", "records.jsonl", "--rollouts", "rollouts.jsonl"],
}


def commands_said_next(here, capsys, options):
    """Return the commands that an import prints under "next:"."""
    (here / "records.jsonl").write_text(json.dumps(RECORD) + "\n")
    (here / "rollouts.jsonl").write_text(json.dumps(ROLLOUT) + "\n")
    assert main(["import", "city_names.json", *options]) == 0
    return capsys.readouterr().out.partition("next:\n")[2].split("\n  ")


def test_a_key_that_is_left_in_is_said_and_never_shown(here, capsys):
    (here / "rewards.py").write_text(
        "KEY = 'sk-proj-a1b2c3d4e5f6'\n\n\ndef compute_score(solution_str, ground_truth): return 1.0\n"
    )
    assert main(["import", "rewards.py", "scores"]) == 0
    out = capsys.readouterr().out
    assert "rewards.py:1: looks like a key, and was kept" in out
    assert "1. Remove what looks like a key from rewards.py:1" in out
    assert "a1b2c3d4" not in out + (here / "scores" / "IMPORT.md").read_text()


def test_an_interrupted_import_has_nothing_to_resume(here, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.projects.scaffold.write_new", interrupted)
    assert main(["import", "city_names.json"]) == 130
    assert "interrupted; nothing was written: run it again" in capsys.readouterr().err


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_no_written_sample_file_is_empty_and_the_replay_that_is_next_works(
    here, capsys, monkeypatch, options
):
    assert "rft replay" in commands_said_next(here, capsys, options)
    assert all((here / "city-names" / f"{each}.jsonl").stat().st_size for each in ("records", "rollouts"))
    monkeypatch.chdir(here / "city-names")
    assert main(["replay"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_each_command_that_is_called_next_works_in_order(here, capsys, options):
    script = "set -e\n" + "\n".join(commands_said_next(here, capsys, options))
    folders = [Path(sys.executable).parent, Path(sam_command()).parent]
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=here,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
            "PATH": ":".join([*map(str, folders), os.environ["PATH"]]),
            "PYTHON": sys.executable,
            "SAM_CLI_TELEMETRY": "0",
            "MAKEFLAGS": "",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
