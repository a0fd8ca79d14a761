from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.runs.facts import DeployedFacts, RunFacts
from harness.runs.rows import Totals
from harness.runs.shard_locks import lock_shard
from harness.runs.store import Run, changed_files, create, lock_run, open_run, other_work, sha256, unfinished
from support.run_records import facts_of as facts
from support.run_records import file_input, unknown_grader


def test_runs_made_in_the_same_second_have_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: create(tmp_path / "runs", None, facts()), range(120)))
    assert len({run.folder for run in made}) == 120
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {run.folder.name for run in made}
    assert all(open_run(run.folder).facts.id == run.folder.name for run in made)


def test_of_many_who_want_one_name_one_gets_it(tmp_path: Path) -> None:
    def make(number: int) -> Run | None:
        try:
            return create(tmp_path, "mine", facts(limit=number + 1))
        except InputError:
            return None

    with ThreadPoolExecutor(8) as threads:
        made = [run for run in threads.map(make, range(40)) if run is not None]
    assert len(made) == 1
    assert open_run(tmp_path / "mine").facts == made[0].facts
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", "a b", ".new-x"])
def test_a_name_is_one_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot name a run"):
        create(tmp_path, name, facts())
    assert list(tmp_path.iterdir()) == []


def test_something_else_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("a file")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes").write_text("notes")
    for name in ("mine", "other"):
        with pytest.raises(InputError, match=f"the run {name} already exists"):
            create(tmp_path, name, facts())
    assert (tmp_path / "mine").read_text() == "a file"
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["notes"]


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(InputError, match="runs.*cannot be written"):
        create(tmp_path / "runs", None, facts())


def test_what_was_ended_while_it_was_made_is_no_run(tmp_path: Path) -> None:
    run = create(tmp_path, "mine", facts())
    run.folder.rename(tmp_path / ".new-1")
    assert unfinished(tmp_path, facts()) is None
    create(tmp_path, "mine", facts())


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", "null", '{"schema": 1}', '{"schema": 99}', "{", '{"schema": 1, "id": 5}', "[" * 200_000],
)
def test_what_is_no_run_is_not_opened_and_in_nobodys_way(content: str, tmp_path: Path) -> None:
    create(tmp_path, "good", facts())
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text(content)
    with pytest.raises(InputError, match=r"bad/run.json: this is not a readable run: it "):
        open_run(tmp_path / "bad")
    found = unfinished(tmp_path, facts())
    assert found is not None
    assert found.folder.name == "good"


def test_the_newest_unfinished_run_of_the_same_work_is_found(tmp_path: Path) -> None:
    assert unfinished(tmp_path / "nowhere", facts()) is None
    old, new, other, done = (create(tmp_path, name, facts()) for name in ("old", "new", "other", "done"))
    other.save(wire="nova")
    done.close(Totals())
    for age, run in enumerate((done, other, new, old)):
        os.utime(run.folder / "run.json", (1000 - age, 1000 - age))
    found = unfinished(tmp_path, facts())
    assert found is not None
    assert found.folder == new.folder
    assert old.folder != new.folder


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("grader", unknown_grader()),
        ("target", DeployedFacts("arn")),
        ("wire", "nova"),
        ("repeats", 2),
        ("limit", 1),
        ("label", "ok"),
    ],
)
def test_another_part_is_other_work(part: str, value: Any) -> None:
    assert other_work(facts(), facts()) == []
    assert other_work(facts(), facts(**{part: value})) == [part]


def test_a_range_that_was_not_known_before_is_no_other_work() -> None:
    assert other_work(facts(), facts(range=(0.0, 10.0))) == []


def test_an_input_is_the_same_by_its_content(tmp_path: Path) -> None:
    for name, text in (("a", "one"), ("b", "one"), ("c", "two"), ("d", "longer")):
        (tmp_path / name).write_text(text)

    def given(name: str, **changed: Any) -> RunFacts:
        return facts(input=replace(file_input(tmp_path / name), **changed))

    begun = given("a", sha256=sha256(tmp_path / "a"))
    for same in (given("a"), given("b")):
        assert other_work(begun, same) == []
    os.utime(tmp_path / "a", (1, 1))
    assert other_work(begun, given("a")) == []
    for other in (given("c"), given("d"), given("b", template="{x}"), given("b", derived=True)):
        assert other_work(begun, other) == ["input"]
    assert other_work(given("a"), given("b")) == ["input"], "the content of the first file is unknown"


def test_shards_become_rewards_in_input_order_once(tmp_path: Path) -> None:
    run = create(tmp_path, "mine", facts(shards=((0, 1), (1, 2), (2, 3))))
    for number in (2, 0, 1):
        run.shard(number).write_text(f"{number}\n")
    run.merge()
    run.shard(0).write_text("late\n")
    run.merge()
    assert run.rewards.read_text() == "0\n1\n2\n"
    run.close(Totals())
    assert open_run(run.folder).done
    assert sorted(path.name for path in run.folder.iterdir()) == ["rewards.jsonl", "run.json"]


def test_a_run_in_use_says_by_whom_and_what_to_do(tmp_path: Path) -> None:
    run = create(tmp_path, "mine", facts())
    with (
        lock_run(run),
        pytest.raises(InputError, match=f"run mine is in use by process {os.getpid()}.*--fresh"),
    ):
        lock_run(run)
    lock_run(run).close()


def test_a_run_deleted_by_its_last_holder_is_not_made_again(tmp_path: Path) -> None:
    run = create(tmp_path, "mine", facts())
    shutil.rmtree(run.folder)
    with pytest.raises(InputError, match="there is no run here"):
        lock_run(run)
    assert not run.folder.exists()


def test_a_file_that_never_ends_is_a_changed_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert changed_files({str(tmp_path / "pipe"): "a", "/dev/zero": "b"}) == [
        str(tmp_path / "pipe"),
        "/dev/zero",
    ]


def test_a_link_that_replaced_the_shards_is_not_followed(tmp_path: Path) -> None:
    run = create(tmp_path / "runs", "mine", facts(shards=((0, 1),)))
    (run.folder / "shards").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "0.jsonl").write_text("mine\n")
    (run.folder / "shards").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="shards: is a symbolic link"):
        lock_shard(run.shard(0), 0)
    with pytest.raises(InputError, match="shards: is a symbolic link"):
        run.merge()
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["0.jsonl"]
