from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.rft_command import RIGHT, refusal, replay_json, rft, rft_inside, runs_in, write_grader
from support.rollout_files import rollout, write_rollouts


def lines() -> list[dict[str, Any]]:
    groups = {"wrong": ("7", "8"), "right": ("72", "72"), "mixed": ("72", "7")}
    found = [
        rollout(f"{name}/{at}", text, "72", record=name)
        for name, texts in groups.items()
        for at, text in enumerate(texts)
    ]
    return [*found, rollout("twice", "72", "72", record="x"), rollout("twice", "7", "72", record="y")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_grader(tmp_path)
    write_rollouts(tmp_path / "rollouts.jsonl", lines())
    return tmp_path


def show_json(folder: Path, *words: object) -> dict[str, Any]:
    done = rft_inside(folder, "show", *words, "--json")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1), done
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_run_by_its_folder_or_its_name(folder: Path) -> None:
    run = replay_json(folder)["run"]
    name = Path(run).name
    by_name, by_path = show_json(folder, name), show_json(folder, folder / run)
    assert by_name == show_json(folder, run)
    assert by_name == {**by_path, "folder": run}
    assert by_name["totals"]["mean"] == 0.5
    assert by_name["groups"] == {
        "groups": 5,
        "zero_std": 4,
        "all_lowest": 2,
        "all_highest": 2,
        "single": 2,
        "unrewarded": 0,
    }
    assert by_name["values"] == {"0.0": 4, "1.0": 4}
    assert by_name["run"]["id"] == name
    (folder / name).mkdir()  # a folder of the same name that holds no run is ignored
    assert show_json(folder, name) == by_name


def test_what_a_person_sees(folder: Path) -> None:
    said = rft_inside(folder, "show", replay_json(folder)["run"], "--worst", "2")
    assert (said.returncode, said.stderr) == (0, "")
    assert "\x1b" not in said.stdout
    for part in (
        "my_grader.py  on ",
        "8 gradings in-process",
        "mean reward 0.5000, from 0 to 1",
        "3 groups; 2 have equal rewards (67% zero-std): nothing is learned from them",
        "2 groups of one grading, from which nothing is learned",
        "all wrong: 2 of 5; all right: 2",
        "\nlowest\n  wrong/0  0\n    completion 7\n    reference  72\n  wrong/1  0\n    completion 8\n",
    ):
        assert part in said.stdout, said.stdout


def test_one_sample_in_full(folder: Path) -> None:
    run = replay_json(folder, "--repeats", "2")["run"]
    found = show_json(folder, run, "mixed/1")
    assert found["rollout"] == rollout("mixed/1", "7", "72", record="mixed")
    assert [(row["repeat"], row["reward"]) for row in found["rows"]] == [(0, 0.0), (1, 0.0)]
    assert "others" not in found
    said = rft_inside(folder, "show", run, "mixed/1").stdout
    for part in (
        "\nuser\nHow many?\n",
        "\nassistant\n7\n",
        "\nreference_answer\n72\n",
        "\ngrading 2\nreward 0 ",
    ):
        assert part in said


def test_samples_of_one_id_are_told_apart(folder: Path) -> None:
    run = replay_json(folder)["run"]
    found = show_json(folder, run, "twice")
    assert (found["rollout"]["record"], len(found["rows"]), len(found["others"])) == ("x", 1, 1)
    assert found["others"][0] in rft_inside(folder, "show", run, "twice").stdout
    assert show_json(folder, run, found["others"][0])["rollout"]["record"] == "y"


def test_samples_without_ids_and_lines_that_are_none(folder: Path) -> None:
    text = (folder / "rollouts.jsonl").read_text()
    no_id = json.dumps(rollout(None, "[bold]72[/bold]\ud800", 72))
    (folder / "rollouts.jsonl").write_text(
        f'{text}{no_id}\n{{"id": "bad"\n{{"id": "rec"}}\n', encoding="utf-8"
    )
    run = replay_json(folder, code=2)["run"]
    at = len(text)
    assert show_json(folder, run, f"at-{at}")["rollout"]["id"] is None
    said = rft_inside(folder, "show", run, f"at-{at}").stdout
    assert "[bold]72[/bold]\\ud800\n" in said
    broken = show_json(folder, run, f"at-{at + len(no_id) + 1}")
    assert (broken["rollout"], broken["line"]) == (None, '{"id": "bad"')
    assert "no reward: input: not JSON" in rft_inside(folder, "show", run, f"at-{at + len(no_id) + 1}").stdout
    assert "the line has no messages" in rft_inside(folder, "show", run, "rec").stdout


def test_a_file_that_changed_is_not_shown_as_what_was_graded(folder: Path) -> None:
    path = folder / "rollouts.jsonl"
    run = replay_json(folder)["run"]
    os.utime(path, (1, 1))
    assert show_json(folder, run, "right/0")["rollout"]["id"] == "right/0"
    path.write_text(path.read_text().replace('"72"', '"73"', 1))
    said = refusal(folder, "show", run, "right/0")
    assert "the sample cannot be shown" in said
    assert "rewards.jsonl" in said
    path.unlink()
    assert "the sample cannot be shown" in refusal(folder, "show", run, "right/0")
    assert show_json(folder, run)["totals"]["gradings"] == 8, "a run can be shown without its input"


def test_what_cannot_be_shown_says_why(folder: Path) -> None:
    run = replay_json(folder)["run"]
    assert "there is no sample 'nobody' in this run" in refusal(folder, "show", run, "nobody")
    assert "runs/nowhere: there is no run here" in refusal(folder, "show", "nowhere")
    assert "there is no run here" in refusal(folder, "show", "./nowhere")


def test_a_run_that_is_not_finished_says_how_to_finish_it(folder: Path) -> None:
    write_grader(folder, RIGHT + "import os, sys\nif sys.argv[0].endswith('worker.py'):\n    os._exit(1)\n")
    rft(folder, "replay", "rollouts.jsonl", "-g", "my_grader.py")
    (run,) = runs_in(folder)
    said = refusal(folder, "show", run.name)
    assert "not finished" in said
    assert "Run the same replay command again" in said


def test_records_alone_can_be_shown_too(folder: Path) -> None:
    records = [{"messages": one["messages"][:1], "reference_answer": one["id"]} for one in lines()]
    write_rollouts(folder / "rollouts.jsonl", records)
    run = replay_json(folder)["run"]
    (folder / "rollouts.jsonl").unlink()
    assert show_json(folder, run, "line-1/reference")["rows"][0]["reward"] == 1.0


def test_at_least_one_sample_is_listed(folder: Path) -> None:
    run = replay_json(folder)["run"]
    assert len(show_json(folder, run, "--worst", "1")["slowest"]) == 1
    assert rft_inside(folder, "show", run, "--worst", "0").returncode == 2


def test_samples_are_listed_with_their_texts(folder: Path) -> None:
    run = replay_json(folder, "--repeats", "2")["run"]
    said = rft_inside(folder, "show", run, "--where", "reward=0", "--group", "mixed").stdout
    assert said.startswith("2 of 16 gradings, mean reward 0.0000\n\nmixed/1  reward 0\n")
    assert "  prompt     How many?\n  completion 7\n  reference  72\n" in said
    assert "mixed/1 (grading 2)  reward 0\n" in said
    found = show_json(folder, run, "--where", "reward>0.5", "--limit", "1")
    assert (found["count"], len(found["samples"]), found["mean"]) == (8, 1, 1.0)
    assert found["samples"][0]["texts"]["completion"] == "72"
    said = rft_inside(folder, "show", run, "--where", "reward>0.5", "--limit", "3").stdout
    assert "and 5 more; --limit N shows more" in said


def test_a_record_is_found_by_its_name_or_by_a_sample_of_it(folder: Path) -> None:
    run = replay_json(folder)["run"]
    ids = ["mixed/0", "mixed/1"]
    for name in ("mixed", "mixed/1"):
        assert [one["id"] for one in show_json(folder, run, "--group", name)["samples"]] == ids
    assert "there is no record 'nobody' in this run" in refusal(folder, "show", run, "--group", "nobody")


def test_failed_and_disagreeing_samples(folder: Path) -> None:
    labeled = [{**one, "ok": at != 0} for at, one in enumerate(lines())]
    write_rollouts(folder / "rollouts.jsonl", labeled)
    write_grader(folder, RIGHT.replace("return", "assert sample.completion != '8'\n    return"))
    run = replay_json(folder, "--label", "ok", code=1)["run"]
    failed = rft_inside(folder, "show", run, "--failed").stdout
    assert failed.startswith("1 of 8 gradings\n  no reward: exception 1\n\nwrong/1  no reward: exception")
    assert "  completion 8\n" in failed
    apart = show_json(folder, run, "--disagree")
    assert [one["id"] for one in apart["samples"]] == ["mixed/1", "twice"]
    assert "  label true  disagrees\n" in rft_inside(folder, "show", run, "--disagree").stdout
    assert show_json(folder, run, "--where", "label=false")["count"] == 1
    assert show_json(folder, run, "--where", "error=exception", "--failed")["count"] == 1


def test_a_filter_of_what_the_run_does_not_hold_is_refused(folder: Path) -> None:
    run = replay_json(folder)["run"]
    for words, said in [
        (["--disagree"], "Replay again with --label FIELD or --wire all."),
        (["--where", "label=true"], "no grading of this run has a 'label'"),
        (["--where", "nothing>1"], "no grading of this run has a 'nothing'. It has no metrics."),
        (["--where", "reward~1"], "is not a condition"),
        (["--where", "reward=high"], "'high', which is not a number"),
        (["right/0", "--failed"], "Leave one out"),
    ]:
        assert said in refusal(folder, "show", run, *words)
    assert rft_inside(folder, "show", run, "--failed").stdout == "0 of 8 gradings\n"


def test_rewards_are_listed_without_texts_where_the_file_changed(folder: Path) -> None:
    run = replay_json(folder)["run"]
    (folder / "rollouts.jsonl").write_text("{}\n")
    for words in ([], ["--where", "reward=0"]):
        said = rft_inside(folder, "show", run, *words).stdout
        assert "texts are not shown: " in said
        assert "wrong/0" in said
        assert "completion" not in said
    found = show_json(folder, run, "--limit", "1")
    assert found["samples"][0]["texts"] is None
    assert "rollouts.jsonl" in found["why_no_texts"]


def test_a_reference_that_is_an_object_is_shown_as_json(folder: Path) -> None:
    write_rollouts(folder / "rollouts.jsonl", [rollout("one", "72", {"answer": None, "all": ["é"]})])
    write_grader(folder, RIGHT.replace("sample.completion == sample.reference_text", "True"))
    said = rft_inside(folder, "show", replay_json(folder)["run"], "one").stdout
    assert '"answer": null' in said
    assert '"é"' in said


def test_a_graders_reason_is_kept_and_shown(folder: Path) -> None:
    (folder / "telling.py").write_text(
        "from graders import Reward, grader\n\n\n"
        "@grader\ndef telling(sample):\n    return Reward(0.5, reason=f'It says {sample.completion}.')\n"
    )
    run = replay_json(folder, grader="telling.py:telling")["run"]
    shown = show_json(folder, run, "right/0")
    assert shown["rows"][0]["reason"] == "It says 72."
    assert "\n  reason: It says 72.\n" in rft_inside(folder, "show", run, "right/0").stdout
    assert "\n  reason     It says 7.\n" in rft_inside(folder, "show", run, "--where", "reward=0.5").stdout
