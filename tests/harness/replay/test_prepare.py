from __future__ import annotations

import gzip
import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError, InputError
from harness.processes import cores
from harness.replay.prepare import ReplayRequest, prepare
from harness.replay.supervisor import replay
from harness.runs.store import Run, lock_run, open_run
from support.rft_command import gradings, runs_in, write_grader
from support.rollout_files import rollout, write_many, write_rollouts


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_grader(tmp_path)
    write_rollouts(tmp_path / "rollouts.jsonl", [rollout(at, "72", "72", ok=True) for at in range(10)])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begin(**changed: Any) -> Run:
    asked: dict[str, Any] = {"rollouts": Path("rollouts.jsonl"), "grader": "my_grader.py:right", **changed}
    return prepare(ReplayRequest(**asked))


def rows(run: Run) -> list[dict[str, Any]]:
    return gradings([json.loads(line) for line in run.rewards.read_text().splitlines()])


def hashed(run: Run) -> Run:
    """Simulate an interruption after the run's input was hashed."""
    from harness.replay.supervisor import _hash_input

    _hash_input(run)
    assert run.facts.input.sha256
    return run


def test_the_same_command_resumes_a_started_run(folder: Path) -> None:
    run = begin()
    assert begin().folder == run.folder
    assert begin(rollouts=folder / "rollouts.jsonl").folder == run.folder
    replay(run)
    assert begin().folder != run.folder, "a finished run is not resumed"
    assert len(runs_in(folder)) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"wire": "nova"},
        {"repeats": 2},
        {"limit": 3},
        {"label": "ok"},
        {"grader": "my_grader.py"},
        {"fresh": True},
    ],
)
def test_other_work_is_another_run(changed: dict[str, Any], folder: Path) -> None:
    run = begin()
    assert begin(**changed).folder != run.folder


def test_a_changed_grader_is_other_work(folder: Path) -> None:
    run = begin()
    with (folder / "my_grader.py").open("a") as file:
        file.write("# changed\n")
    assert begin().folder != run.folder


def test_a_touched_input_is_the_same_but_a_changed_one_is_not(folder: Path) -> None:
    run = hashed(begin())
    os.utime("rollouts.jsonl", (1, 1))
    assert begin().folder == run.folder
    text = Path("rollouts.jsonl").read_text()
    Path("rollouts.jsonl").write_text(text.replace("72", "73", 1))
    assert begin().folder != run.folder
    Path("rollouts.jsonl").write_text(text + text)
    assert begin().folder != run.folder


def test_other_content_of_the_same_size_and_time_is_another_input(folder: Path) -> None:
    run = hashed(begin())
    path = Path("rollouts.jsonl")
    was = path.stat()
    path.write_text(path.read_text().replace("72", "73", 1))
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert begin().folder != run.folder


WRITES = """
from pathlib import Path
from graders import Sample, grader

@grader
def right(sample: Sample) -> bool:
    if sample.id == "x8999" and not Path("written").exists():
        Path("written").touch()
        shard = next(Path("runs").glob("*/shards/0.jsonl"))
        with shard.open("ab") as file:
            file.write(shard.read_bytes().splitlines(keepends=True)[0])
    return True
"""


def test_rows_from_a_leftover_process_are_never_in_a_run(folder: Path) -> None:
    write_grader(folder, WRITES)
    write_rollouts(folder / "rollouts.jsonl", [rollout(f"x{at}", "72") for at in range(9_000)])
    run = begin()
    with pytest.raises(HarnessError, match=r"left behind wrote to the run.*Do not fork"):
        replay(run, cores=1)
    assert not run.rewards.exists()
    again = begin()
    assert again.folder == run.folder
    assert replay(again, cores=1).gradings == 9_000
    assert [row["id"] for row in rows(again)] == [f"x{at}" for at in range(9_000)]


def test_a_moved_input_is_read_from_its_new_path(folder: Path) -> None:
    run = hashed(begin())
    Path("rollouts.jsonl").rename("moved.jsonl")
    moved = begin(rollouts=Path("moved.jsonl"))
    assert moved.folder == run.folder
    assert replay(moved).gradings == 10
    assert moved.facts.input.name == str(folder / "moved.jsonl")


def test_the_copy_is_read_even_if_the_original_changes(folder: Path) -> None:
    run = hashed(begin())
    shutil.copy("rollouts.jsonl", "copy.jsonl")
    original = Path("rollouts.jsonl")
    original.write_text(original.read_text().replace('"content": "72"', '"content": "no"'))
    copied = begin(rollouts=Path("copy.jsonl"))
    assert copied.folder == run.folder
    assert replay(copied).mean == 1.0


def test_a_named_run_is_resumed_and_never_overwritten(folder: Path) -> None:
    run = begin(name="mine")
    assert begin(name="mine").folder == run.folder
    with pytest.raises(InputError, match=r"started with different settings: wire and repeats.*another name"):
        begin(name="mine", wire="nova", repeats=2)
    with pytest.raises(InputError, match=r"the run mine already exists.*another name"):
        begin(name="mine", fresh=True)
    replay(run)
    before = run.rewards.read_bytes(), (run.folder / "run.json").read_bytes()
    assert replay(begin(name="mine")) == run.totals, "the same command succeeds again"
    with pytest.raises(InputError, match="started with different settings: limit"):
        begin(name="mine", limit=1)
    assert (run.rewards.read_bytes(), (run.folder / "run.json").read_bytes()) == before


def test_a_refused_command_does_not_occupy_the_run_name(folder: Path) -> None:
    record = {"messages": [{"role": "user", "content": "q"}]}
    write_rollouts(folder / "records.jsonl", [record])
    with pytest.raises(InputError, match="no reference_answer"):
        begin(rollouts=Path("records.jsonl"), name="mine")
    assert runs_in(folder) == []
    write_rollouts(folder / "records.jsonl", [{**record, "reference_answer": "1"}])
    assert replay(begin(rollouts=Path("records.jsonl"), name="mine")).gradings == 1


def test_runs_of_rollouts_made_from_records_resume_too(folder: Path) -> None:
    records = [
        {"messages": [{"role": "user", "content": "q"}], "reference_answer": str(at)} for at in range(9)
    ]
    write_rollouts(folder / "records.jsonl", records)
    run = begin(rollouts=Path("records.jsonl"))
    assert begin(rollouts=Path("records.jsonl")).folder == run.folder
    assert begin(rollouts=Path("records.jsonl"), completion_template="x").folder != run.folder
    assert replay(run).gradings == 18
    with pytest.raises(InputError, match="--completion-template is for records"):
        begin(completion_template="x")


@pytest.mark.parametrize("name", ["mine", None])
def test_a_second_command_leaves_the_copy_that_the_first_one_is_writing(
    name: str | None, folder: Path
) -> None:
    packed = folder / "rollouts.jsonl.gz"
    packed.write_bytes(gzip.compress((folder / "rollouts.jsonl").read_bytes()))
    refused = []

    def meanwhile(done: int) -> None:
        with pytest.raises(InputError, match="is in use by process") as error:
            begin(rollouts=packed, name=name)
        refused.append(error)

    run = prepare(ReplayRequest(rollouts=packed, grader="my_grader.py:right", name=name), meanwhile)
    assert refused
    assert replay(run).gradings == 10
    assert len(runs_in(folder)) == 1


BY_HAND = """
def handler(event, context):
    return [{"id": one["id"], "aggregate_reward_score": 1.0} for one in event]
"""


@pytest.mark.parametrize("state", ["new", "running", "done"])
def test_a_command_changes_nothing_in_a_run_that_another_one_holds(state: str, folder: Path) -> None:
    write_grader(folder, BY_HAND, "by_hand.py")
    asked = {"grader": "by_hand.py:handler", "label": "ok", "name": "mine"}
    run = begin(**asked)
    if state == "done":
        replay(run)
    with lock_run(run):
        run.save(state=state)
        before = (run.folder / "run.json").read_bytes()
        with pytest.raises(InputError, match="is in use by process"):
            begin(**asked, range=(0.0, 1.0))
        assert (run.folder / "run.json").read_bytes() == before
    late = begin(**asked, range=(0.0, 1.0))
    assert late.facts.range == (0.0, 1.0)
    assert replay(late).unlabeled == 0


def test_facts_that_another_command_saved_are_kept(folder: Path) -> None:
    run, other = begin(name="mine"), begin(name="mine")
    totals = replay(other)
    before = (run.folder / "run.json").read_bytes()
    assert replay(run) == totals
    assert (run.folder / "run.json").read_bytes() == before


def test_a_run_killed_before_cutting_shards_resumes(folder: Path) -> None:
    run = begin()
    run.save(state="new")
    again = begin()
    assert (again.folder, again.facts.state) == (run.folder, "running")
    assert replay(again).gradings == 10


def test_a_run_killed_between_merging_and_closing_resumes(folder: Path) -> None:
    run = begin(label="ok")
    totals = replay(run)
    expected = rows(run)
    run.save(state="running", totals=None)
    again = replay(begin(label="ok"))
    assert again == totals
    assert rows(open_run(run.folder)) == expected


CHANGES = """
import os
from pathlib import Path
from graders import Sample, grader

@grader
def right(sample: Sample) -> bool:
    path = Path("rollouts.jsonl")
    if sample.id == 0 and not Path("changed").exists():
        Path("changed").touch()
        {change}
    return sample.completion == sample.reference_text
"""


@pytest.mark.parametrize(
    "change",
    [
        "path.write_bytes(path.read_bytes().replace(b'72', b'73'))",
        "path.write_bytes(path.read_bytes()[:500])",
        "path.write_bytes(path.read_bytes() * 2)",
        "was = path.stat(); path.write_bytes(path.read_bytes().replace(b'72', b'73'));"
        " os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))",
        "was = path.stat(); new = Path('new'); new.write_bytes(path.read_bytes().replace(b'72', b'73'));"
        " os.utime(new, ns=(was.st_atime_ns, was.st_mtime_ns)); new.replace(path)",
    ],
)
def test_a_file_that_changes_during_the_replay_gives_no_run(change: str, folder: Path) -> None:
    write_grader(folder, CHANGES.replace("{change}", change))
    for words in ({}, {"name": "mine"}):
        (folder / "changed").unlink(missing_ok=True)
        with pytest.raises(InputError, match=r"rollouts\.jsonl: it changed during the replay"):
            replay(begin(**words))
    assert begin().folder not in runs_in(folder)[:-1], "it is not resumed"
    with pytest.raises(InputError, match="started with different settings: input"):
        begin(name="mine")


@pytest.mark.parametrize("limit", [1, 4, 10, 11])
def test_a_limit_counts_rollouts(limit: int, folder: Path) -> None:
    text = (folder / "rollouts.jsonl").read_text().replace("\n", "\n\n \n")
    (folder / "rollouts.jsonl").write_text("\n" + text)
    assert [row["id"] for row in rows(_replayed(begin(limit=limit)))] == list(range(min(limit, 10)))


def _replayed(run: Run) -> Run:
    replay(run)
    return run


@pytest.mark.parametrize("changed", [{"repeats": 0}, {"limit": 0}, {"limit": -1}])
def test_counts_begin_at_one(changed: dict[str, Any], folder: Path) -> None:
    with pytest.raises(InputError, match="whole numbers from 1"):
        begin(**changed)
    assert runs_in(folder) == []


def test_shards_cover_the_input_and_stay_as_they_were_cut(folder: Path) -> None:
    write_many(folder / "rollouts.jsonl", 600)
    run = begin()
    shards = run.facts.shards
    assert len(shards) > 1 or cores() == 1
    assert [start for start, _ in shards] == [0, *(end for _, end in shards[:-1])]
    assert shards[-1][1] == (folder / "rollouts.jsonl").stat().st_size
    assert begin().facts.shards == shards


def test_a_pipe_is_copied_and_identified_by_its_content(folder: Path) -> None:
    os.mkfifo("pipe")

    def piped(content: bytes, **asked: Any) -> Run:
        writer = threading.Thread(target=Path("pipe").write_bytes, args=(content,))
        writer.start()
        try:
            return begin(rollouts=Path("pipe"), **asked)
        finally:
            writer.join()

    content = Path("rollouts.jsonl").read_bytes()
    run = piped(content, name="mine")
    assert run.facts.input.copied
    assert run.own_rollouts.read_bytes() == content
    assert piped(content, name="mine").folder == run.folder
    with pytest.raises(InputError, match="started with different settings: input"):
        piped(content.replace(b"72", b"73", 1), name="mine")
    assert replay(run).gradings == 10


PEEK = """
from graders import Sample, grader

@grader
def peek(sample: Sample) -> float:
    return float(sample.fields.get("quality", 0))
"""


def peeked(folder: Path, qualities: list[float], **asked: Any) -> Run:
    write_grader(folder, PEEK, "peek.py")
    lines = [rollout(at, "72", record=f"r{at // 2}", quality=some) for at, some in enumerate(qualities)]
    write_rollouts(folder / "rollouts.jsonl", lines)
    run = begin(grader="peek.py:peek", **asked)
    replay(run)
    return run


def test_a_grader_does_not_see_notes_about_one_completion(folder: Path) -> None:
    run = peeked(folder, [0.5, 1.0, 0.5, 0.5])
    assert run.facts.fields.hidden == ("quality",)
    assert run.totals.mean == 0.0
    kept = peeked(folder, [0.5, 1.0, 0.5, 0.5], keep_field=("quality",))
    assert kept.totals.mean == 0.625
    assert not kept.totals.fields


def test_a_later_contradiction_is_counted(folder: Path) -> None:
    same = [0.5, 0.5] * 4_200
    run = peeked(folder, [*same, 0.5, 1.0])
    assert run.facts.fields.hidden == ()
    assert run.totals.fields == {"quality": 1}
    assert rows(run)[-1]["fields"] == ["quality"]


def test_another_choice_of_fields_is_another_run(folder: Path) -> None:
    write_rollouts(folder / "rollouts.jsonl", [rollout(at, "72", "72", quality=at) for at in range(4)])
    assert begin().folder != begin(keep_field=("quality",)).folder


LAZY = """
from pathlib import Path
from graders import Sample, grader

@grader
def lazy(sample: Sample) -> float:
    from bonus import BONUS
    return BONUS + float(Path("data.txt").read_text())
"""


def begun_lazily(folder: Path) -> Run:
    """Grade a run and stop before the merge. Its grader imports a module and reads a file while it grades."""
    from harness.replay.supervisor import _grade

    write_grader(folder, LAZY, "lazy.py")
    (folder / "bonus.py").write_text("BONUS = 0.5\n")
    (folder / "data.txt").write_text("0.25")
    run = begin(grader="lazy.py:lazy")
    _grade(run, lambda totals, done: None, 1)
    return run


def test_the_grader_hash_covers_all_imported_and_read_files(folder: Path) -> None:
    run = begun_lazily(folder)
    assert {Path(path).name for path in run.facts.grader.files} == {"lazy.py", "bonus.py", "data.txt"}
    assert begin(grader="lazy.py:lazy").folder == run.folder
    for spelled in ("./lazy.py:lazy", f"{folder}/lazy.py:lazy"):
        assert begin(grader=spelled).folder == run.folder


@pytest.mark.parametrize("name", ["lazy.py", "bonus.py", "data.txt"])
def test_a_run_is_not_resumed_after_a_helper_or_data_file_changed(name: str, folder: Path) -> None:
    run = begun_lazily(folder)
    with (folder / name).open("a") as file:
        file.write("\n")
    with pytest.raises(InputError, match=rf"started with different settings: grader \({name} changed\)"):
        begin(grader="lazy.py:lazy", name=run.facts.id)
    assert begin(grader="lazy.py:lazy").folder != run.folder


def test_a_grader_that_changes_during_the_replay_gives_no_run(folder: Path) -> None:
    run = begun_lazily(folder)
    (folder / "bonus.py").write_text("BONUS = 0.75\n")
    with pytest.raises(InputError, match=r"the grader changed during the replay: bonus.py"):
        replay(run)
    assert not run.rewards.exists()
    (folder / "bonus.py").write_text("BONUS = 0.5\n")
    assert begin(grader="lazy.py:lazy").folder != run.folder


def test_files_written_by_a_grader_are_not_part_of_it(folder: Path) -> None:
    write_grader(folder, CACHED, "cached.py")
    (folder / "cache.txt").write_text("0")
    run = begin(grader="cached.py:cached")
    assert replay(run).gradings == 10
    assert {Path(path).name for path in run.facts.grader.files} == {"cached.py"}


CACHED = """
from pathlib import Path
from graders import Sample, grader

COUNT = int(Path("cache.txt").read_text())

@grader
def cached(sample: Sample) -> float:
    Path("cache.txt").write_text("1")
    return 1.0
"""


def test_another_version_of_python_or_of_this_project_is_other_work(folder: Path) -> None:
    run = begin()
    run.save(versions={**run.facts.versions, "rft-graders": "0.0.1"})
    assert begin().folder != run.folder


SEES = """
from graders import Reward, Sample, grader

@grader
def peek(sample: Sample) -> Reward:
    fields = sample.fields
    return Reward(float(sorted(fields) == ["level"]), metrics={"level": fields["level"]})
"""


def write_records(path: Path, levels: dict[str, int]) -> Path:
    """Write training records without names, which differ only in their references."""
    ask = rollout(0, "72")["messages"][:-1]
    lines = [{"messages": ask, "reference_answer": one, "level": level} for one, level in levels.items()]
    return write_rollouts(path, lines)


@pytest.fixture
def recorded(folder: Path) -> Path:
    """Write a grader that reads fields, records, and rollouts whose own fields differ from the records'."""
    write_grader(folder, SEES, "peek.py")
    lines = [rollout(f"{one}-{at}", one, one, level=9, quality=at) for one in ("1", "2") for at in range(3)]
    write_rollouts(folder / "rollouts.jsonl", lines)
    return write_records(folder / "train.jsonl", {"1": 1, "2": 2})


def with_records(records: Path, **asked: Any) -> Run:
    return begin(grader="peek.py:peek", records=records, **asked)


def test_a_grader_sees_the_fields_of_the_training_record_and_no_others(recorded: Path) -> None:
    run = with_records(recorded)
    assert replay(run).mean == 1.0
    assert str(recorded) not in run.facts.grader.files
    assert [row["metrics"]["level"] for row in rows(run)] == [1, 1, 1, 2, 2, 2]
    assert {row["id"] for row in rows(run)} == {f"{one}-{at}" for one in "12" for at in range(3)}


def test_a_rollout_without_its_record_is_an_error_of_its_line(recorded: Path) -> None:
    write_records(recorded, {"1": 1})
    run = with_records(recorded)
    totals = replay(run)
    assert (totals.rewards, dict(totals.errors)) == (3, {"input": 3})
    message = rows(run)[-1]["error"]["message"]
    assert message.startswith(f"the rollout's record is not in {recorded}. Pass the file")


def test_two_different_records_with_one_key_are_an_error(recorded: Path) -> None:
    text = recorded.read_text()
    recorded.write_text(text + text.replace('"level": 2', '"level": 3').replace('"level":2', '"level":3'))
    run = with_records(recorded)
    assert dict(replay(run).errors) == {"input": 3}
    assert "but different fields" in rows(run)[-1]["error"]["message"]


def test_other_records_are_other_work_and_a_copy_is_not(recorded: Path) -> None:
    run = with_records(recorded, name="mine")
    copy = Path(shutil.copy(recorded, "copy.jsonl"))
    run = with_records(copy, name="mine")
    assert run.facts.records is not None
    assert run.facts.records.path == str(recorded.parent / "copy.jsonl")
    write_records(copy, {"1": 1, "2": 3})
    with pytest.raises(InputError, match="started with different settings: records"):
        with_records(copy, name="mine")
    with pytest.raises(HarnessError, match="the records have changed since the run started"):
        replay(run)


def test_records_exclude_what_they_replace(recorded: Path) -> None:
    with pytest.raises(InputError, match="decide what the grader sees"):
        with_records(recorded, keep_field=("quality",))
    with pytest.raises(InputError, match="has records itself"):
        with_records(recorded, rollouts=recorded)
    recorded.write_text("[]\n")
    with pytest.raises(InputError, match=r"train\.jsonl:1: the line is not a record"):
        with_records(recorded)
