from __future__ import annotations

import gzip
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.rft_command import (
    COMMAND,
    RIGHT,
    refusal,
    replay_json,
    rft_inside,
    rows_of,
    runs_in,
    write_grader,
)
from support.rollout_files import rollout, write_rollouts

REPLAY = ("replay", "rollouts.jsonl", "--grader", "my_grader.py:right")
BY_WIRE = """
from graders.sample import item_id
from graders.wire import read_event

def handler(event, context):
    items = read_event(event)
    return [
        {"id": item_id(item), "aggregate_reward_score": float("metadata" in item), "metrics_list": []}
        for item in items
    ]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_grader(tmp_path)
    lines = [
        rollout("a", "72", "72", ok=True),
        rollout("b", "7", "72", ok=False),
        rollout("c", "7", "72", ok=True),
    ]
    write_rollouts(tmp_path / "rollouts.jsonl", lines)
    return tmp_path


def raw(folder: Path, *lines: str) -> None:
    (folder / "rollouts.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def test_a_person_is_told_what_matters(folder: Path) -> None:
    done = rft_inside(folder, *REPLAY, "--label", "ok", "--wire", "all")
    (run,) = runs_in(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "3 gradings, mean reward 0.3333",
        "agrees with ok on 2 of 3",
        "  label true:  1 above the middle of the range, 1 not",
        "  label false: 0 above the middle of the range, 1 not",
        "every wire gives the same rewards",
        f"as a page: rft report runs/{run.name}",
        f"run: runs/{run.name}   next: rft show runs/{run.name}",
    ]


def test_json_says_the_same_and_what_was_done(folder: Path) -> None:
    found = replay_json(folder, "--label", "ok", "--repeats", "2", "--wire", "nova")
    assert (found["agreement"], found["totals"]["mean"]) == (2 / 3, 1 / 3)
    assert (found["wire"], found["repeats"], found["label"], found["state"]) == ("nova", 2, "ok", "done")
    assert found["grader"]["ref"] == "my_grader.py"
    assert len(found["input"]["sha256"]) == len(found["grader"]["sha256"]) == 64
    kept = json.loads((folder / found["run"] / "run.json").read_text())
    assert kept["totals"] | {"mean": 1 / 3} == found["totals"]
    assert kept == {key: found[key] for key in kept} | {"totals": kept["totals"]}
    assert sorted(path.name for path in (folder / found["run"]).iterdir()) == [
        "grader.log",
        "rewards.jsonl",
        "run.json",
    ]


def test_repeats_stand_together(folder: Path) -> None:
    rows = rows_of(folder, replay_json(folder, "--repeats", "3"))
    assert [(row["id"], row["repeat"]) for row in rows] == [(key, at) for key in "abc" for at in range(3)]


def test_two_runs_of_one_second_are_two_runs(folder: Path) -> None:
    found = {replay_json(folder)["run"] for _ in range(3)}
    assert len(found) == len(runs_in(folder)) == 3


@pytest.mark.parametrize(
    ("labels", "agreement", "unlabeled"),
    [
        ([True, False, False], 1.0, 0),
        ([1, 0, 0.5], 2 / 3, 0),
        ([True, None, "yes"], 1.0, 2),
        ([10**400, 0, 0], 2 / 3, 0),
    ],
)
def test_labels(labels: list[Any], agreement: float, unlabeled: int, folder: Path) -> None:
    answers = ("72", "7", "7")
    write_rollouts(
        folder / "rollouts.jsonl", [rollout(at, answers[at], "72", ok=labels[at]) for at in range(3)]
    )
    found = replay_json(folder, "--label", "ok")
    assert (found["agreement"], found["totals"]["unlabeled"]) == (pytest.approx(agreement), unlabeled)


def test_a_label_that_nobody_carries_is_not_measured(folder: Path) -> None:
    for words in ([], ["--json"]):
        done = rft_inside(folder, *REPLAY, "--label", "nothing", *words)
        assert done.returncode == 2
        assert "no rollout has the field 'nothing'. Fields that may hold verdicts: ok." in done.stderr
    assert runs_in(folder) == [], "the error comes before any grading"
    assert "id cannot be a label" in refusal(folder, *REPLAY, "--label", "id")


def test_what_the_harness_reads_no_grader_sees(folder: Path) -> None:
    write_grader(folder, RIGHT.replace("return", "assert not sample.fields, sample.fields\n    return"))
    write_rollouts(folder / "rollouts.jsonl", [rollout("a", "72", "72", record="r", model="m", ok=True)])
    assert replay_json(folder, "--label", "ok")["totals"]["rewards"] == 1
    found = replay_json(folder, code=1)
    assert "{'ok': True}" in rows_of(folder, found)[0]["error"]["message"]


def test_texts_and_numbers_are_labels_by_rule(folder: Path) -> None:
    lines = [
        rollout("a", "72", "72", said="good", score=4),
        rollout("b", "71", "72", said="bad", score=1),
        rollout("c", "72", "72", said="poor", score=5),
    ]
    write_rollouts(folder / "rollouts.jsonl", lines)
    found = replay_json(folder, "--label", "said", "--keep-field", "score", "--label-true", "good")
    table = {"true_above": 1, "true_below": 0, "false_above": 1, "false_below": 1, "n": 3}
    assert found["labels"] == {**table, "pearson": None, "pearson_n": 0, "spearman": None, "spearman_n": 0}
    assert found["label_rule"]["true"] == ["good"]
    found = replay_json(folder, "--label", "score", "--keep-field", "said", "--label-threshold", "4")
    assert (found["agreement"], found["labels"]["true_above"], found["labels"]["pearson_n"]) == (1.0, 2, 3)
    assert found["labels"]["pearson"] == pytest.approx(0.9707, abs=1e-4)
    assert (found["labels"]["spearman"], found["labels"]["spearman_n"]) == (pytest.approx(0.866, abs=1e-3), 3)
    shown = rft_inside(folder, "show", found["run"]).stdout
    assert "  label true:  2 above the middle of the range, 0 not\n" in shown
    correlations = (
        "  Pearson correlation with the label: 0.971  n 3\n  Spearman correlation of ranks: 0.866  n 3\n"
    )
    assert correlations in shown
    assert correlations in rft_inside(folder, *REPLAY, "--label", "score", "--keep-field", "said").stdout
    near = replay_json(folder, "--label", "score", "--keep-field", "said", "--label-tolerance", "1")
    assert near["agreement"] == 1 / 3
    assert "but no label" in refusal(folder, *REPLAY, "--label-threshold", "4")


def test_stored_rewards_hold_or_fail_the_command(folder: Path) -> None:
    first = replay_json(folder)
    assert replay_json(folder, "--expect", first["run"])["differences"] == []
    stored = folder / "stored.jsonl"
    stored.write_text('{"id": "b", "reward": 1}\n{"id": "c", "reward": 0}\n{"id": "gone", "reward": null}\n')
    found = replay_json(folder, "--expect", "stored.jsonl", code=1)
    assert found["differences"] == [
        {"id": "a", "expected": "missing", "found": 1.0},
        {"id": "b", "expected": 1.0, "found": 0.0},
        {"id": "gone", "expected": None, "found": "missing"},
    ]
    said = rft_inside(folder, *REPLAY, "--expect", stored).stdout
    assert "3 differ from the stored rewards\n  a: stored missing, now 1.0\n  b: stored 1.0, now 0.0" in said
    assert "gone: stored no reward, now missing" in said
    assert "all as stored" in rft_inside(folder, *REPLAY, "--expect", first["run"]).stdout


def test_a_run_with_more_repeats_is_no_difference(folder: Path) -> None:
    once, thrice = replay_json(folder), replay_json(folder, "--repeats", "3")
    assert replay_json(folder, "--expect", thrice["run"])["differences"] == []
    assert replay_json(folder, "--repeats", "3", "--expect", once["run"])["differences"] == []


def test_rewards_that_are_all_equal_are_said_last(folder: Path) -> None:
    said = "a job would learn nothing"
    assert said not in rft_inside(folder, *REPLAY).stdout
    write_grader(folder, RIGHT.replace("return", "return 0.25 #"))
    done = rft_inside(folder, *REPLAY)
    assert done.returncode == 0
    assert f" rewards are 0.25: {said}\nas a page: " in done.stdout


def test_stored_rewards_that_cannot_be_read_cost_no_run(folder: Path) -> None:
    (folder / "stored.jsonl").write_text("{}\n")
    assert "stored.jsonl:1: this is not a stored reward" in refusal(
        folder, *REPLAY, "--expect", "stored.jsonl"
    )
    assert "no such file" in refusal(folder, *REPLAY, "--expect", "nowhere.jsonl")
    assert runs_in(folder) == []


def test_odd_ids_and_repeated_ones_lose_nothing(folder: Path) -> None:
    ids = ["a", "a", 7, 2**70, None, "\ud800", [1], "a"]
    write_rollouts(folder / "rollouts.jsonl", [rollout(key, "72", "72") for key in ids])
    found = replay_json(folder)
    rows = rows_of(folder, found)
    assert [row["id"] for row in rows] == ids[:4] + [f"at-{rows[4]['at']}"] + ids[5:]
    assert len({row["at"] for row in rows}) == len(ids)
    assert replay_json(folder, "--expect", found["run"])["differences"] == []
    (folder / "stored.jsonl").write_text('{"id": "\\ud800", "reward": 0}\n')
    assert "\\ud800: stored 0.0, now 1.0" in rft_inside(folder, *REPLAY, "--expect", "stored.jsonl").stdout


def test_lines_that_are_no_rollouts_are_told_by_their_place(folder: Path) -> None:
    good = json.dumps(rollout("a", "72", "72"))
    record = json.dumps({"id": "rec", "messages": [{"role": "user", "content": "q"}]})
    raw(folder, good, '{"id": "x", ', "", record, '"text"', good)
    found = replay_json(folder, code=2)
    rows = rows_of(folder, found)
    assert [row["reward"] for row in rows] == [1.0, None, None, None, 1.0]
    assert {row["error"]["kind"] for row in rows if row["error"]} == {"input"}
    places = [one["place"].rpartition("/")[2] for one in found["unusable"]]
    assert places == ["rollouts.jsonl:2", "rollouts.jsonl:4", "rollouts.jsonl:5"]
    done = rft_inside(folder, *REPLAY, "--repeats", "2")
    assert done.returncode == 2
    assert "no reward for 6: input" in done.stdout
    for part in (
        "rollouts.jsonl:2: not JSON",
        "rollouts.jsonl:4: the line is a record in a file of rollouts",
    ):
        assert done.stdout.count(part) == 1


REFUSED = {
    "missing": (["nowhere.jsonl"], "nowhere.jsonl: no such file"),
    "folder": (["."], "this is a folder"),
    "empty": (["empty.jsonl"], "empty.jsonl: the file is empty"),
    "zip": (["packed.zip"], "Unpack it first."),
    "neither": (["neither.jsonl"], "neither.jsonl:1: this is neither a rollout nor a record"),
    "not JSON": (["broken.jsonl"], "broken.jsonl:1: not JSON"),
    "wire": (["rollouts.jsonl", "--wire", "novva"], "there is no wire format 'novva'. Known: open-weight"),
    "arn": (["rollouts.jsonl", "--arn", "moon"], "'moon' does not name a version of a function"),
    "places": (["rollouts.jsonl", "--arn", "f:1", "--artifact", "b"], "both name a place to grade"),
    "name": (["rollouts.jsonl", "--name", "a/b"], "cannot name a run"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_says_why_and_leaves_nothing(case: str, folder: Path) -> None:
    (folder / "empty.jsonl").touch()
    (folder / "packed.zip").write_bytes(b"PK\x03\x04")
    (folder / "neither.jsonl").write_text('{"asked": "q"}\n')
    (folder / "broken.jsonl").write_text('{"prompt: "q"}\n')
    words, said = REFUSED[case]
    assert said in refusal(folder, "replay", *words, "--grader", "my_grader.py", "--json")
    assert runs_in(folder) == []


def test_a_grader_is_needed_and_a_broken_one_is_refused(folder: Path) -> None:
    assert "no grader is named" in refusal(folder, "replay", "rollouts.jsonl")
    write_grader(folder, "def right(:\n", "broken.py")
    said = refusal(folder, "replay", "rollouts.jsonl", "-g", "broken.py:right")
    assert "broken.py: importing it failed: SyntaxError" in said
    assert "broken.py:1" in said
    write_grader(folder, "import os\n\nos._exit(0)\n", "ending.py")
    said = refusal(folder, "replay", "rollouts.jsonl", "-g", "ending.py:right")
    assert "ending.py:right: importing it ended the process with exit code 0" in said


def test_a_grader_that_reads_one_wire_alone_fails_the_command(folder: Path) -> None:
    write_grader(folder, BY_WIRE, "by_hand.py")
    found = replay_json(folder, "--wire", "all", code=1, grader="by_hand.py:handler")
    assert found["totals"]["wires"] == 3
    row = rows_of(folder, found)[0]
    assert (row["reward"], row["wires"]["open-weight"], row["wires"]["sagemaker"]) == (1.0, 1.0, 0.0)
    assert replay_json(folder, grader="by_hand.py:handler")["grader"]["options"] is None
    shown = rft_inside(folder, "replay", "rollouts.jsonl", "-g", "by_hand.py:handler", "--wire", "all")
    assert "the wires disagree on 3" in shown.stdout
    assert "random rewards does the same; --repeats 2 on one wire shows that" in shown.stdout


@pytest.mark.parametrize(
    ("place", "kind"), [("@grader", "exception"), ("@grader(on_error='raise')", "exception")]
)
def test_a_grader_that_raises_fails_samples_and_the_command(place: str, kind: str, folder: Path) -> None:
    write_grader(
        folder,
        RIGHT.replace("@grader", place).replace(
            "return", "int(sample.completion + 'x') if 0 else 1 / 0\n    return"
        ),
    )
    found = replay_json(folder, code=1)
    assert found["totals"]["errors"] == {kind: 3}
    [first] = found["first_errors"]
    assert first["message"].startswith("ZeroDivisionError: division by zero (my_grader.py:")
    told = rft_inside(folder, *REPLAY, "--label", "ok")
    assert (told.returncode, told.stderr) == (1, ""), "a grader's failure is not a label problem"
    assert "no rewards" in told.stdout
    assert f"  {first['id']}: {first['message']}\n" in told.stdout
    run = told.stdout.rpartition("rft show ")[2].strip()
    assert first["message"] in rft_inside(folder, "show", run, str(first["id"])).stdout


def test_an_async_grader_and_a_module_by_name(folder: Path) -> None:
    write_grader(folder, RIGHT.replace("def right", "async def right"), "async_grader.py")
    assert replay_json(folder, grader="async_grader:right")["totals"]["mean"] == 1 / 3


def test_records_alone_are_graded_by_their_references(folder: Path) -> None:
    turns = {"messages": [{"role": "user", "content": "q"}]}
    records = [
        {**turns, "reference_answer": {"value": at % 2}, "metadata": {"unit": "kg"}} for at in range(4)
    ]
    write_rollouts(folder / "rollouts.jsonl", records)
    assert "--completion-template" in refusal(folder, *REPLAY)
    write_grader(folder, RIGHT.replace("sample.reference_text", "str(sample.reference_answer['value'])"))
    template = ("--completion-template", "{reference_answer.value}")
    found = replay_json(folder, *template)
    assert found["controls"] == {
        "own": 4,
        "own_highest": 4,
        "other": 4,
        "other_lowest": 4,
        "pairs": 4,
        "apart": 4,
        "below": [],
    }
    said = rft_inside(folder, *REPLAY, "--completion-template", "= {reference_answer.value}")
    assert said.returncode == 0, "reported, not asserted"
    assert "own reference as the completion: highest reward on 0 of 4" in said.stdout
    assert "below the highest: line-1/reference" in said.stdout


def test_a_label_that_an_unknown_range_leaves_uncompared_is_never_called_agreement(folder: Path) -> None:
    write_grader(folder, BY_WIRE, "by_hand.py")
    words = ("replay", "rollouts.jsonl", "--grader", "by_hand.py:handler")
    asked = rft_inside(folder, *words, "--label", "ok", "--name", "asked")
    assert asked.returncode == 2
    assert "Add --range LOW HIGH: true and false are compared with the middle" in asked.stderr
    said = refusal(folder, "show", "asked", "--disagree")
    assert "the grader's range is not known. Add --range LOW HIGH" in said
    assert rft_inside(folder, "show", "asked", "--disagree", "--range", "0", "1").returncode == 0
    unnamed = rft_inside(folder, *words, "--label", "ok", "--fresh")
    [name] = re.findall(r"Add --name (\S+) --range LOW HIGH", unnamed.stderr)
    assert (folder / "runs" / name).is_dir()
    (folder / "rft.toml").write_text('label = "ok"\n')  # not given as an option
    told = rft_inside(folder, *words, "--name", "told")
    assert (told.returncode, told.stderr) == (0, "")
    assert "range not known: true and false were not compared; add --range LOW HIGH" in told.stdout


def test_numbers_that_no_reward_can_equal_are_said(folder: Path) -> None:
    stars = [rollout(str(at), "7", "7", stars=at) for at in range(6)]
    write_rollouts(folder / "stars.jsonl", stars)
    words = ("replay", "stars.jsonl", "--grader", "my_grader.py:right", "--label", "stars")
    said = "gradings have a label that no reward from 0 to 1 can equal"
    assert f"4 {said}" in rft_inside(folder, *words).stdout
    assert f"3 {said}" in rft_inside(folder, *words, "--label-tolerance", "1").stdout
    assert said not in rft_inside(folder, *words, "--label-threshold", "3").stdout


def test_a_label_that_no_rollout_can_tell_is_refused_before_grading(folder: Path) -> None:
    said = [("a", "good"), ("b", "bad"), ("c", ["bad"])]
    write_rollouts(folder / "said.jsonl", [rollout(key, "7", "7", said=word) for key, word in said])
    words = ("replay", "said.jsonl", "--grader", "my_grader.py:right", "--label", "said")
    refused = refusal(folder, *words)
    assert "the labels in 'said' are not verdicts: 'good', 'bad', ['bad']. A label is" in refused
    assert not (folder / "runs").exists()
    read = rft_inside(folder, *words, "--label-true", "good")
    assert (read.returncode, "every label says no" in read.stdout) == (0, False)
    mistyped = rft_inside(folder, *words, "--label-true", "Good", "--label-true", "GOOD")
    assert mistyped.returncode == 0
    assert "every label says no: none is 'Good' or 'GOOD'" in mistyped.stdout


def test_a_finished_run_takes_the_range_that_its_comparison_lacked_and_grades_nothing_again(
    folder: Path,
) -> None:
    write_grader(folder, BY_WIRE, "by_hand.py")
    words = ("replay", "rollouts.jsonl", "--grader", "by_hand.py:handler", "--label", "ok", "--json")
    whole = rft_inside(folder, *words, "--name", "whole", "--range", "0", "1")
    late = rft_inside(folder, *words, "--name", "late")
    assert late.returncode == 2
    rewards = (folder / "runs/late/rewards.jsonl").read_bytes()
    ranged = rft_inside(folder, *words, "--name", "late", "--range", "0", "1")
    assert (ranged.returncode, ranged.stderr) == (whole.returncode, whole.stderr)
    found, wanted = (json.loads(done.stdout) for done in (ranged, whole))
    assert {key for key in wanted if found[key] != wanted[key]} == {"id", "run", "rewards"}
    # The rewards contain durations, so another grading would change them.
    assert (folder / "runs/late/rewards.jsonl").read_bytes() == rewards
    other = rft_inside(folder, *words, "--name", "late", "--range", "0", "5")
    assert json.loads(other.stdout)["range"] == [0.0, 5.0]
    facts = folder / "runs/late/run.json"
    before = facts.read_bytes()
    lines = rewards.splitlines(keepends=True)
    (folder / "runs/late/rewards.jsonl").write_bytes(b"".join(lines[:-1]))
    cut = rft_inside(folder, *words, "--name", "late", "--range", "0", "6")
    assert cut.returncode == 2
    assert f"the file has {len(lines) - 1} gradings, but the run had {len(lines)}" in cut.stderr
    assert facts.read_bytes() == before


OF_THREE_TO_EIGHT = """
def handler(event, context):
    rewards = [3.0 if one["id"] == "a" else 8.0 for one in event]
    return [
        {"id": one["id"], "aggregate_reward_score": reward} for one, reward in zip(event, rewards)
    ]
"""


@pytest.mark.parametrize(
    "words",
    [
        ("show", "RUN"),
        ("show", "RUN", "--disagree"),
        ("signal", "RUN"),
        ("calibrate", "RUN"),
        ("report", "RUN"),
        ("compare", "RUN", "RUN"),
        ("replay", "rollouts.jsonl", "--grader", "by_hand.py:handler", "--label", "ok", "--name", "RUN"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_range_that_rewards_are_outside_is_refused_by_every_verb(
    words: tuple[str, ...], folder: Path
) -> None:
    write_grader(folder, OF_THREE_TO_EIGHT, "by_hand.py")
    replay = ("replay", "rollouts.jsonl", "--grader", "by_hand.py:handler", "--label", "ok", "--name")
    assert rft_inside(folder, *replay, "wrong", "--range", "4", "10").returncode == 2
    assert rft_inside(folder, *replay, "none").returncode == 2
    for run in ("wrong", "none"):
        named = [run if word == "RUN" else word for word in words]
        for low, high in (("4", "10"), ("0", "7.9")):
            if words[0] == "compare" and run == "wrong":
                continue  # compare uses the range that was given to the replay
            refused = rft_inside(folder, *named, "--range", low, high)
            assert refused.returncode == 2
            assert f"the rewards go from 3 to 8, outside the range {low} to {high}" in refused.stderr
        fitting = rft_inside(folder, *named, "--range", "3", "8.0000000001")
        assert "outside the range" not in fitting.stderr or words[0] == "compare"


def test_several_files_a_pattern_and_standard_input_are_one_text(folder: Path) -> None:
    text = (folder / "rollouts.jsonl").read_bytes()
    (folder / "rollouts.jsonl.gz").write_bytes(gzip.compress(text))
    (folder / "other.jsonl").write_text(json.dumps(rollout("d", "72", "72")))
    grader = ("--grader", "my_grader.py:right", "--json")
    both = rft_inside(folder, "replay", "other.jsonl", "rollouts.jsonl.gz", *grader)
    assert [row["id"] for row in rows_of(folder, json.loads(both.stdout))] == ["d", "a", "b", "c"]
    found = rft_inside(folder, "replay", "[or]*.jsonl", *grader)
    assert [row["id"] for row in rows_of(folder, json.loads(found.stdout))] == ["d", "a", "b", "c"]
    said = rft_inside(folder, "replay", "rollouts.jsonl.gz", "-g", "my_grader.py:right").stdout
    assert "the input is compressed or piped; its copy: runs/" in said
    command = [*COMMAND, "replay", "-", "--name", "piped", *grader]
    for content, code in ((text, 0), (text, 0), (text + text, 2)):
        done = subprocess.run(command, cwd=folder, input=content, capture_output=True, check=False)
        assert done.returncode == code, done.stderr
    assert b"runs/piped: this run was started with different settings: input" in done.stderr
    listed = rft_inside(folder, "runs").stdout
    assert "right on standard input" in listed.replace("\n", " ")
    shown = rft_inside(folder, "show", "runs/piped", "a")
    assert "runs/piped/rollouts.jsonl:1" in shown.stdout


def test_what_cannot_be_read_is_named_before_anything_is_graded(folder: Path) -> None:
    for words, said in (
        (("rollouts.jsonl", "missing.jsonl"), "missing.jsonl: no such file"),
        (("*.txt",), "*.txt: no file matches this pattern"),
        (("rollouts.jsonl", "./rollouts.jsonl"), "this is listed twice"),
    ):
        done = rft_inside(folder, "replay", *words, "--grader", "my_grader.py:right")
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert runs_in(folder) == []
