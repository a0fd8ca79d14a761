from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.replay.expected_gradings import ExpectedGradings
from harness.replay.prepare import ReplayRequest, prepare
from harness.replay.supervisor import replay
from harness.runs.rows import Totals
from harness.runs.store import Run
from support.rft_command import write_grader
from support.rollout_files import rollout, write_rollouts
from support.run_records import facts_of, file_input


def test_short_lines_at_the_beginning_mislead_for_a_while(tmp_path: Path) -> None:
    lengths = [100] * 12_000 + [5_000] * 1_000
    path = tmp_path / "rollouts.jsonl"
    path.write_bytes(b"".join(b"x" * (length - 1) + b"\n" for length in lengths))
    facts = facts_of(shards=((0, sum(lengths)),), repeats=2)
    run = Run(tmp_path, replace(facts, input=file_input(path)))
    expected, said, done = ExpectedGradings(run), [], 0
    for at, length in enumerate(lengths, 1):
        done += length
        said.append(expected.total(2 * at, done))
    assert said[0] > 100_000
    assert said[11_999:] == sorted(said[11_999:], reverse=True)
    assert said[-1] == 26_000


def test_a_run_reports_how_many_bytes_it_has_graded(tmp_path: Path) -> None:
    path = write_rollouts(tmp_path / "r.jsonl", [rollout(at, "7" * 500, "7") for at in range(600)])
    request = ReplayRequest(rollouts=path, grader=f"{write_grader(tmp_path)}:right", runs=tmp_path / "runs")
    run = prepare(request)
    told: list[tuple[int, int]] = []

    def progress(totals: Totals, done: int) -> None:
        told.append((totals.gradings, done))

    replay(run, progress)
    assert told == sorted(told)
    assert told[-1] == (600, path.stat().st_size)
    assert ExpectedGradings(run).total(*told[-1]) == 600
