"""`run.json` of all schema versions, and damaged ones."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.main import main
from harness.data.typed_json import as_json
from harness.errors import InputError
from harness.runs.facts import DeployedFacts, GraderFacts, check_bounds, known_bounds, share_of
from harness.runs.rows import Totals, dump
from harness.runs.run_input import same_text
from harness.runs.store import create, open_run
from support.run_records import facts_of, file_input, row_of, unknown_grader

OLD = Path(__file__).parents[2] / "support" / "written_by_0_1_0" / "runs"
SCHEMA_2 = Path(__file__).parents[2] / "support" / "written_with_schema_2"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters() | st.just("\x1b")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


def test_a_run_of_0_1_0_whose_grader_nobody_asked_has_an_unknown_range() -> None:
    run = open_run(OLD / "deployed")
    assert run.done
    assert run.totals.mean == pytest.approx(2.975)
    assert isinstance(run.facts.target, DeployedFacts)
    assert run.facts.target.arn.endswith(":function:ten:3")
    assert run.facts.grader.options is None
    assert run.facts.bounds is None


def test_a_run_of_0_1_0_with_a_declared_range_keeps_it() -> None:
    run = open_run(OLD / "labeled")
    assert (run.facts.bounds, run.facts.label) == ((0.0, 10.0), "ok")
    assert (run.totals.agreed, run.totals.disagreed, run.totals.unlabeled) == (3, 3, 0)


def test_a_run_of_0_1_0_finds_the_rollouts_that_were_made_of_its_records(tmp_path: Path) -> None:
    shutil.copytree(OLD / "derived", tmp_path / "moved")
    run = open_run(tmp_path / "moved")
    assert run.facts.input.derived
    assert run.rollouts.name == str(tmp_path / "moved" / "rollouts.jsonl")


@pytest.mark.parametrize("name", ["deployed", "labeled", "derived"])
def test_rft_show_shows_runs_of_0_1_0(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(OLD / name)]) == 0
    said = capsys.readouterr().out
    assert "gradings" in said
    assert ("range is not known" in said) is (name == "deployed")


def test_a_run_that_0_1_0_began_says_that_it_is_not_finished(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(OLD / "begun")]) == 2
    assert "the run is not finished" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["labeled", "derived"])
def test_rft_show_shows_runs_of_schema_2(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(SCHEMA_2 / "runs" / name)]) == 0
    assert "4 gradings" in capsys.readouterr().out


def test_a_run_of_schema_2_finds_its_one_file_by_its_content(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("labeled", "begun"):
        shutil.copytree(SCHEMA_2 / "runs" / name, tmp_path / name)
        path = tmp_path / name / "run.json"
        path.write_text(path.read_text().replace("/data/rl.jsonl", str(tmp_path / "rl.jsonl")))
    assert main(["show", str(tmp_path / "labeled"), "s1"]) == 2
    assert f"{tmp_path}/rl.jsonl, which was replayed, does not exist" in capsys.readouterr().err
    shutil.copy(SCHEMA_2 / "rl.jsonl", tmp_path)
    assert main(["show", str(tmp_path / "labeled"), "s1"]) == 0
    assert f"{tmp_path}/rl.jsonl:2" in capsys.readouterr().out
    begun = open_run(tmp_path / "begun")
    assert not begun.done
    assert same_text(begun.facts.input, file_input(tmp_path / "rl.jsonl"))


def test_an_input_without_sources_is_refused(tmp_path: Path) -> None:
    given: dict[str, Any] = {"sources": [], "sha256": None, "derived": False}
    with pytest.raises(InputError, match="has no sources"):
        open_run(kept(tmp_path, input=given))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    facts = facts_of(range=(0.0, 1.0), shards=((0, 5), (5, 9)), versions={"python": "3"}, limit=7, label="ok")
    run = create(tmp_path, "mine", facts)
    run.save(totals=Totals(gradings=1, rewards=1, total=1.0, lowest=1.0, highest=1.0), state="done")
    assert open_run(run.folder).facts == run.facts


@pytest.mark.parametrize(
    ("declared", "given", "expected"),
    [
        (None, None, None),
        ((0.0, 1.0), None, (0.0, 1.0)),
        (None, (0.0, 10.0), (0.0, 10.0)),
        ((0.0, 1.0), (0.0, 1.0), (0.0, 1.0)),
    ],
)
def test_a_range_is_known_by_the_grader_or_by_the_user(declared: Any, given: Any, expected: Any) -> None:
    assert known_bounds(declared, given) == expected


def test_a_range_that_the_grader_contradicts_is_refused() -> None:
    with pytest.raises(InputError, match=r"from 0 to 1, not from 0 to 10.*Leave --range out"):
        known_bounds((0.0, 1.0), (0.0, 10.0))


BAD = [(1.0, 1.0), (1.0, 0.0), (float("nan"), 1.0), (0.0, float("inf")), (-1e308, 1e308), (0.0, 5e-324)]


@pytest.mark.parametrize("bounds", BAD)
def test_what_is_no_range_is_refused_wherever_it_comes_from(bounds: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="is not a range"):
        check_bounds(bounds)
    with pytest.raises(InputError, match="is not a range"):
        known_bounds(None, bounds)
    with pytest.raises(InputError, match="is not a range"):
        GraderFacts("g", None, {"range": list(bounds)})


@given(st.floats(-1e299, 1e299), st.floats(-1e299, 1e299), st.floats(allow_nan=False))
def test_a_share_of_any_range_is_a_number(low: float, high: float, reward: float) -> None:
    try:
        check_bounds((low, high))
    except InputError:
        return
    share = share_of((low, high), reward)
    assert share == share


def kept(folder: Path, **changed: Any) -> Path:
    """Make a finished run, and replace some fields of its run.json."""
    run = create(folder, "poisoned", facts_of(label="ok"))
    rows = [row_of("a", 0.0, label=True), row_of("b", 1.0, label=True), row_of("c", None, label=None)]
    run.rewards.write_bytes(b"".join(map(dump, rows)))
    totals = Totals()
    for row in rows:
        totals.add(row, 0.5)
    run.close(totals)
    value = {**as_json(run.facts), **changed}
    (run.folder / "run.json").write_text(json.dumps(value))
    return run.folder


def shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run `rft show`, check that an error is one printable line, and return the exit code and stderr."""
    code = main(["show", str(folder)])
    said = capsys.readouterr()
    assert code in (0, 2)
    assert said.err.count("\n") == (code == 2)
    assert all(char.isprintable() or char == "\n" for char in said.out + said.err)
    return code, said.err


POISON: list[dict[str, Any]] = [
    {"input": None},
    {"input": 5},
    {"totals": None},
    {"totals": {**as_json(Totals()), "gradings": -1}},
    {"totals": {**as_json(Totals()), "rewards": 3, "gradings": 3}},
    {"totals": {**as_json(Totals()), "total": 10**400}},
    {"totals": {**as_json(Totals()), "errors": {"\x1b[2J": "many"}}},
    {"grader": {"ref": "g", "sha256": None, "options": {"range": [1, 1]}}},
    {"grader": {"ref": "g", "sha256": None, "options": {"range": "0,1"}}},
    {"grader": {"ref": "g", "sha256": None, "options": {}}},
    {"grader": {"ref": ["\x1b[2J"], "sha256": None}},
    {"target": {"kind": "\x1b[2J"}},
    {"range": [0, 0]},
    {"repeats": 0},
    {"limit": -1},
    {"shards": [[5, 1]]},
    {"shards": [[-5, 1]]},
    {"state": "finished"},
    {"label": 5},
    {"schema": 4},
    {"schema": None},
]


@pytest.mark.parametrize("changed", POISON, ids=str)
def test_a_poisoned_run_is_one_sentence(
    changed: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = shown(kept(tmp_path, **changed), capsys)
    assert code == 2
    assert "this is not a readable run: " in said


@given(data=st.data())
def test_whatever_run_json_holds_is_shown_or_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = kept(tmp_path_factory.mktemp("runs"))
    value = json.loads((folder / "run.json").read_text())
    place: Any = value
    key = data.draw(st.sampled_from(sorted(value)))
    while isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place)))
    place[key] = data.draw(JSON)
    (folder / "run.json").write_text(json.dumps(value))
    assert main(["show", str(folder)]) in (0, 2)


GOOD = dump(row_of())


@pytest.mark.parametrize(
    "line",
    [
        GOOD[:-5],
        GOOD.replace(b"1.0", b"NaN"),
        GOOD.replace(b"1.0", b"1e999"),
        GOOD.replace(b"1.0", b"null"),
        GOOD.replace(b"1.5", b"true false"),
        GOOD.replace(b'"metrics":{}', b'"metrics":{"x":null}'),
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
    ],
    ids=lambda line: repr(line[:40]),
)
def test_a_damaged_reward_is_one_sentence_with_its_line(
    line: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = kept(tmp_path)
    with (folder / "rewards.jsonl").open("ab") as file:
        file.write(line)
    code, said = shown(folder, capsys)
    assert code == 2
    assert "rewards.jsonl:4: this line is not a reward of a run" in said


def test_rewards_that_are_gone_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = kept(tmp_path)
    (folder / "rewards.jsonl").unlink()
    assert shown(folder, capsys)[0] == 2
    (folder / "rewards.jsonl").mkdir()
    assert shown(folder, capsys)[0] == 2


@pytest.mark.parametrize("left", [0, 1, 2])
def test_rewards_that_hold_less_than_the_totals_say_are_refused(
    left: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = kept(tmp_path)
    lines = (folder / "rewards.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "rewards.jsonl").write_bytes(b"".join(lines[:left]))
    code, said = shown(folder, capsys)
    assert code == 2
    assert f"the file has {left} gradings, but the run had 3" in said


@pytest.mark.parametrize("name", ["run.json", "rewards.jsonl", "lock", "grader.log", "shards/0.jsonl"])
def test_a_run_whose_files_are_links_is_not_opened(name: str, tmp_path: Path) -> None:
    folder = kept(tmp_path / "runs")
    (folder / "shards").mkdir()
    (tmp_path / "victim").write_text("mine")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(tmp_path / "victim")
    with pytest.raises(InputError, match="link"):
        open_run(folder)
    assert (tmp_path / "victim").read_text() == "mine"


def test_a_link_to_a_run_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(kept(tmp_path / "runs"))
    with pytest.raises(InputError, match="link"):
        open_run(tmp_path / "linked")


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.json")
    with pytest.raises(InputError, match="it is not a file"):
        open_run(tmp_path)


def test_a_range_may_be_said_when_a_run_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = kept(tmp_path, grader=as_json(unknown_grader()))
    assert main(["show", str(folder), "--range", "0", "10", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["bounds"], found["groups"]["all_lowest"]) == ([0.0, 10.0], 0)
    assert (found["agreed"], found["judged"]) == (0, 2)
    assert main(["show", str(folder), "--range", "0", "0"]) == 2
    assert "0 to 0 is not a range" in capsys.readouterr().err
    known = kept(tmp_path / "known")
    assert main(["show", str(known), "--range", "0", "10"]) == 2
    assert "declares a range from 0 to 1, not from 0 to 10" in capsys.readouterr().err


def test_an_unknown_range_is_null_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = kept(tmp_path, grader=as_json(unknown_grader()))
    assert main(["show", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["bounds"], found["groups"]["all_lowest"]) == (None, None)
