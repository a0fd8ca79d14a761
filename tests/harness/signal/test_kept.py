"""Training files written without some of their records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.data.identity import record_key
from harness.errors import InputError
from harness.runs.replayed_records import ReplayedRecords
from harness.runs.store import Run
from harness.signal.kept import KeptRecords, write_kept
from support.rollout_files import rollout, write_rollouts
from support.run_records import facts_of, file_input

NAMES = "abcdef"


def record(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": f"How many {name}?"}],
        "reference_answer": name,
        **fields,
    }


def replayed(folder: Path, *records: dict[str, Any]) -> ReplayedRecords:
    """A run that graded one rollout of each record."""
    values = [
        {**one, "messages": [*one["messages"], {"role": "assistant", "content": "7"}]} for one in records
    ]
    path = write_rollouts(folder / "rollouts.jsonl", values)
    at = 0
    first: dict[str, int] = {}
    for value, line in zip(values, path.read_bytes().splitlines(keepends=True), strict=True):
        first.setdefault(record_key(value), at)
        at += len(line)
    facts = facts_of(input=file_input(path, hashed=True))
    return ReplayedRecords(Run(folder / "run", facts), first)


def training(folder: Path, *records: dict[str, Any]) -> Path:
    path = folder / "train.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return path


def test_records_of_the_named_groups_are_left_out_and_all_else_stays(tmp_path: Path) -> None:
    found = replayed(tmp_path, *(record(name, record=name) for name in "abc"))
    path = tmp_path / "train.jsonl"
    kept = [
        b'\xef\xbb\xbf{"messages": [ {"role":"user","content":"How many b?"}],"record":"b"}\r\n',
        b"\n",
        b'{"record": "new", "messages": [{"role": "user", "content": "How many caf\\u00e9s?"}]}',
    ]
    dropped = json.dumps(record("a", record="a")).encode() + b"\n"
    path.write_bytes(kept[0] + dropped + kept[1] + dropped + kept[2])
    said = write_kept(path, tmp_path / "kept.jsonl", found, drop={"a"}, measured={"a", "b"})
    assert said == KeptRecords(tmp_path / "kept.jsonl", kept=2, dropped=2, unknown=1)
    assert said.path.read_bytes() == b"".join(kept)
    assert "kept.jsonl: 2 records kept, 2 dropped" in said.lines()[0]


@given(
    lines=st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), min_size=1, max_size=12),
    drop=st.sets(st.sampled_from(NAMES)),
    measured=st.sets(st.sampled_from(NAMES)),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_the_counts_add_up(
    lines: list[tuple[str, bool]], drop: set[str], measured: set[str], tmp_path: Path
) -> None:
    found = replayed(tmp_path, *(record(name, record=name) for name in "abcd"))
    path = training(tmp_path, *(record(name, **({"record": name} if named else {})) for name, named in lines))
    out = tmp_path / "kept.jsonl"
    out.unlink(missing_ok=True)
    left = [name for name, _ in lines if name not in drop.intersection("abcd")]
    if not left:
        with pytest.raises(InputError, match="no record would be left"):
            write_kept(path, out, found, drop=drop, measured=measured)
        assert not out.exists()
        return
    said = write_kept(path, out, found, drop=drop, measured=measured)
    assert (said.kept, said.dropped) == (len(left), len(lines) - len(left))
    assert said.unknown == sum(name not in measured.intersection("abcd") for name in left)
    assert [json.loads(line)["reference_answer"] for line in out.read_text().splitlines()] == left


def test_another_record_of_the_same_name_or_prompt_stays(tmp_path: Path) -> None:
    found = replayed(tmp_path, record("a", record="1"))
    path = training(tmp_path, record("b", record="1"), record("a", record="2"))
    said = write_kept(path, tmp_path / "kept.jsonl", found, drop={"1"}, measured={"1"})
    assert (said.kept, said.dropped, said.unknown) == (2, 0, 2)


def test_deleted_rollouts_drop_no_record_by_its_name(tmp_path: Path) -> None:
    found = replayed(tmp_path, record("a", record="1"))
    (tmp_path / "rollouts.jsonl").unlink()
    path = training(tmp_path, record("a", record="1"))
    gone = ReplayedRecords(Run(tmp_path / "run", facts_of()), {"1": 0})
    said = write_kept(path, tmp_path / "kept.jsonl", gone, drop={"1"}, measured={"1"})
    assert (said.dropped, said.unknown) == (0, 1)
    assert "not compared: /x/r.jsonl, which was replayed, does not exist" in " ".join(said.lines())
    assert found.why is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "train.jsonl:2: not JSON"),
        ("[]", "train.jsonl:2: the line is not a record"),
        (json.dumps(rollout("x", "7", "7")), "train.jsonl:2: the line is a rollout"),
    ],
)
def test_an_invalid_record_leaves_no_file(line: str, problem: str, tmp_path: Path) -> None:
    path = training(tmp_path, record("a"))
    path.write_text(path.read_text() + line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        write_kept(path, tmp_path / "kept.jsonl", replayed(tmp_path), drop=(), measured=())
    assert not (tmp_path / "kept.jsonl").exists()


def test_existing_files_are_not_overwritten(tmp_path: Path) -> None:
    path = training(tmp_path, record("a"))
    before = path.read_bytes()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for out in (path, tmp_path / "link", tmp_path):
        with pytest.raises(InputError, match="this file exists already"):
            write_kept(path, out, replayed(tmp_path), drop=(), measured=())
    assert path.read_bytes() == before
    for missing, said in ((tmp_path / "none", "no such file"), (Path("/dev/null"), "the file is empty")):
        with pytest.raises(InputError, match=said):
            write_kept(missing, tmp_path / "kept.jsonl", replayed(tmp_path), drop=(), measured=())
