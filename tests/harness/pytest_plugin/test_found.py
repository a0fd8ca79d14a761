"""How tests find the files that they name."""

from __future__ import annotations

import gzip
from pathlib import Path

from harness.data.sources import source_of
from harness.pytest_plugin.found import Finder
from harness.replay.replay_here import replay_here
from harness.replay.snapshot import snapshot_name
from support.rft_command import write_grader
from support.rollout_files import rollout, write_rollouts


def test_objects_and_sources_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "rft.toml").write_text('rollouts = "s3://data/r.jsonl"\n')
    finder = Finder([tmp_path])
    source = source_of(write_rollouts(tmp_path / "r.jsonl", [rollout("a", "72")]))
    assert finder.rollouts("s3://data/other.jsonl", {}).data == "s3://data/other.jsonl"
    assert finder.rollouts(source, {}).data is source
    assert finder.records("s3://data/records.jsonl") == "s3://data/records.jsonl"
    assert finder.optional(source) is source
    given = finder.rollouts(source, {"records": "s3://data/records.jsonl"})
    assert given.options["records"] == "s3://data/records.jsonl"
    assert finder.rollouts("r.jsonl", {}).data == tmp_path / "r.jsonl"
    assert finder.rollouts(None, {}).data == "s3://data/r.jsonl"
    assert snapshot_name("s3://data/r.rollouts.jsonl", "g.py:right") == "r.right"


def test_packed_rollouts_and_several_files_are_replayed_in_a_test(tmp_path: Path) -> None:
    path = write_rollouts(tmp_path / "r.jsonl", [rollout(at, "72" if at else "7", "72") for at in range(4)])
    (tmp_path / "r.gz").write_bytes(gzip.compress(path.read_bytes()))
    grader = f"{write_grader(tmp_path)}:right"
    for rollouts in (tmp_path / "r.gz", source_of(path, tmp_path / "r.gz")):
        rewards = [row["reward"] for row in replay_here(rollouts, grader).rows]
        assert rewards == [0.0, 1.0, 1.0, 1.0] * (len(rewards) // 4)
