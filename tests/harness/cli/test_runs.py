from __future__ import annotations

import json
from pathlib import Path

from support.rft_command import replay_json, rft_inside, write_grader
from support.rollout_files import rollout, write_rollouts


def test_runs_are_listed_for_people_and_for_programs(tmp_path: Path) -> None:
    assert rft_inside(tmp_path, "runs").stdout == "no runs in runs; `rft replay` makes one\n"
    write_grader(tmp_path)
    write_rollouts(tmp_path / "rollouts.jsonl", [rollout("a", "72", "72"), rollout("b", "7", "72")])
    name = Path(replay_json(tmp_path)["run"]).name
    (tmp_path / "runs" / "torn").mkdir()
    (tmp_path / "runs" / "torn" / "run.json").write_text("{")
    listed = rft_inside(tmp_path, "runs")
    assert listed.returncode == 0
    lines = listed.stdout.splitlines()
    assert lines[0].split() == ["RUN", "WHEN", "GRADED", "MEAN", "FAILED", "AGREE"]
    assert lines[1].startswith("torn ")
    assert "it is not JSON" in lines[2]
    assert lines[3].split()[0] == name
    assert lines[3].split()[3:] == ["2", "0.5000", "0", "-"]
    assert lines[4].endswith(" on rollouts.jsonl")
    found = json.loads(rft_inside(tmp_path, "runs", "--json", "--limit", "1").stdout)
    assert found["more"] == 1
    assert [run["name"] for run in found["runs"]] == ["torn"]
    assert rft_inside(tmp_path, "runs", "--limit", "1").stdout.endswith("and 1 older; --limit 2 lists all\n")
    missing = rft_inside(tmp_path, "show", "other")
    assert missing.stderr == "rft: runs/other: there is no run here. `rft runs` lists the runs.\n"
