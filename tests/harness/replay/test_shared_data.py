"""Real completions and records, if this machine has them, compared with the verdicts of their authors."""

from __future__ import annotations

from pathlib import Path

from support.rft_command import replay_json, rft, runs_in, write_grader

AFTER_LAST_A = """
from graders import Sample, grader
from graders.extract import same_number


def answer(text: str) -> str:
    return text.rpartition("\\nA:")[2] if "\\nA:" in text else ""


@grader
def right(sample: Sample) -> bool:
    return same_number(answer(sample.completion), answer(sample.reference_text))
"""


def test_real_completions_are_graded_as_their_authors_did(shared_data: Path, tmp_path: Path) -> None:
    write_grader(tmp_path, AFTER_LAST_A)
    (tmp_path / "rollouts.jsonl").symlink_to(shared_data / "gsm8k" / "labelled-rollouts.jsonl")
    found = replay_json(tmp_path, "--label", "is_correct")
    totals = found["totals"]
    assert (totals["gradings"], totals["agreed"], totals["rewards"], totals["total"]) == (
        2640,
        2640,
        2640,
        986,
    )
    shown = rft(tmp_path, "show", found["run"], "--json")
    for part in ('"groups": 660', '"zero_std": 306', '"all_lowest": 221', '"all_highest": 85', '"single": 0'):
        assert part in shown.stdout
    said = rft(tmp_path, "show", found["run"]).stdout
    assert "306 have equal rewards (46% zero-std)" in " ".join(said.split())


def test_references_of_real_records_get_full_reward_in_every_wire_format(
    shared_data: Path, tmp_path: Path
) -> None:
    for name in ("rft_train_data.jsonl", "rft_test_validation_data.jsonl"):
        path = tmp_path / "rollouts.jsonl"
        path.unlink(missing_ok=True)
        path.symlink_to(shared_data / "bedrock" / name)
        grader = "graders.examples.word_problems:word_problem"
        found = replay_json(tmp_path, "--wire", "all", "--repeats", "2", grader=grader)
        controls = found["controls"]
        assert found["totals"]["errors"] == {}
        assert controls["below"] == []
        assert controls["own_highest"] == controls["own"] == len(path.read_text().splitlines()) > 50
        assert controls["other_lowest"] > 0.95 * controls["other"], "a few records share their number"
        assert found["totals"]["wires"] == 0
    assert len(runs_in(tmp_path)) == 2
