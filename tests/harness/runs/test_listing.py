from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.runs.facts import GraderFacts, InProcessFacts, RunFacts
from harness.runs.listing import list_runs
from harness.runs.rows import Totals
from harness.runs.store import create
from support.run_records import file_input

FACTS = RunFacts(
    grader=GraderFacts("g.py:mine", "ab"),
    input=file_input("/data/r.jsonl"),
    target=InProcessFacts("g.py:mine"),
    wire="open-weight",
    label="right",
)
DONE = Totals(gradings=4, rewards=3, total=1.5, lowest=0.0, highest=1.0, errors={"timeout": 1}, agreed=2)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    for number, name in enumerate(("first", "second")):
        run = create(folder, name, FACTS)
        if name == "first":
            run.save(state="done", totals=DONE)
        os.utime(run.folder / "run.json", (number, number))
    return folder


def test_the_newest_run_comes_first_with_its_figures(runs: Path) -> None:
    found = list_runs(runs, 20)
    second, first = found.runs
    assert (first.name, first.when, first.state) == ("first", "1970-01-01T00:00:00+00:00", "done")
    assert (first.gradings, first.mean, first.failures) == (4, 0.5, 1)
    assert (first.label, first.agreed, first.judged) == ("right", 2, 2)
    assert (second.state, second.grader, second.gradings, second.mean) == (
        "unfinished",
        "g.py:mine",
        None,
        None,
    )
    assert found.more == 0


def test_a_limit_says_how_many_are_left(runs: Path) -> None:
    found = list_runs(runs, 1)
    assert [run.name for run in found.runs] == ["second"]
    assert found.more == 1


def test_what_cannot_be_read_is_listed_with_the_reason(runs: Path) -> None:
    for name, content in (("torn", "{"), ("newer", '{"schema": 99}')):
        (runs / name).mkdir()
        (runs / name / "run.json").write_text(content)
    (runs / "lost" / "shards").mkdir(parents=True)
    (runs / "linked").symlink_to(runs / "first")
    problems = {run.name: run.problem for run in list_runs(runs, 20).runs if run.state == "unreadable"}
    assert problems.keys() == {"torn", "newer", "lost", "linked"}
    assert "it is not JSON" in str(problems["torn"])
    assert "has schema 99, but this version of rft reads" in str(problems["newer"])
    assert problems["lost"] == "its run.json is missing"
    assert "links" in str(problems["linked"])


def test_what_is_no_run_is_not_listed(runs: Path) -> None:
    (runs / "notes").mkdir()
    (runs / "parity.log").write_text("")
    (runs / ".new-1" / "shards").mkdir(parents=True)
    assert len(list_runs(runs, 20).runs) == 2


def test_no_folder_holds_no_runs_and_a_file_is_refused(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "runs", 20).runs == ()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be read"):
        list_runs(tmp_path / "file", 20)
