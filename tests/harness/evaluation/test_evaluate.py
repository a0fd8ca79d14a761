"""Comparison of models on an emulator in its own process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.evaluation.evaluate import EvaluationRequest, Named, evaluate
from harness.evaluation.exposure import exposure_of_base
from harness.jobs.models import asker
from harness.replay.replay_here import replay_here
from harness.samples import RECORDS
from harness.signal.intervals import interval
from support.rehearsing import MODEL, RIGHT, connection, emulator, head, write_graders


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with emulator(tmp_path_factory.mktemp("evaluate")) as process, connection(process.base_url) as client:
        yield client


def run(client: Any, folder: Path, records: Path, grader: str = RIGHT, **more: Any) -> Any:
    options: dict[str, Any] = {
        "models": tuple(
            Named(label, model, exposure_of_base())
            for label, model in (("one", MODEL), ("other", "qwen.qwen3-32b"))
        ),
        "into": folder / "completions",
        "service": "loopback",
        "n": 4,
        "seed": 1,
        **more,
    }
    return evaluate(EvaluationRequest(records=records, grader=grader, **options), asker(client))


def test_equal_models_with_equal_seeds_are_equal(served: Any, tmp_path: Path) -> None:
    found = run(served, tmp_path, head(tmp_path / "records.jsonl", RECORDS, 30))
    one, other = found.standings
    assert one.by_record == other.by_record
    assert (found.pairs[0].wins, found.pairs[0].losses, found.pairs[0].ties) == (0, 0, 30)
    assert (one.completions, one.rewarded, found.measured) == (120, 120, True)
    assert 0.2 < one.reward.mean < 0.7


def test_the_mean_is_that_of_a_replay_of_the_same_completions(served: Any, tmp_path: Path) -> None:
    found = run(served, tmp_path, head(tmp_path / "records.jsonl", RECORDS, 20))
    standing = found.standings[0]
    replayed = replay_here(Path(standing.rollouts), RIGHT)
    assert standing.reward.mean == pytest.approx(replayed.mean)
    assert standing.reward == interval(list(standing.by_record.values()))


def test_prompts_that_the_emulator_does_not_know_are_left_out_and_counted(
    served: Any, tmp_path: Path
) -> None:
    records = head(tmp_path / "records.jsonl", RECORDS, 5)
    with records.open("a") as file:
        for number in range(3):
            turns = [{"role": "user", "content": f"never asked {number}"}]
            file.write(json.dumps({"messages": turns, "reference_answer": "#### 1"}) + "\n")
    standing = run(served, tmp_path, records).standings[0]
    assert (standing.completions, standing.not_recorded, standing.rewarded) == (32, 12, 20)
    assert standing.reward.records == 5


@pytest.mark.parametrize(("name", "kind"), [("raising", "exception"), ("abstaining", "abstain")])
def test_failures_and_abstentions_are_no_rewards(served: Any, tmp_path: Path, name: str, kind: str) -> None:
    grader = f"{write_graders(tmp_path)}:{name}"
    found = run(served, tmp_path, head(tmp_path / "records.jsonl", RECORDS, 3), grader)
    assert not found.measured
    assert found.standings[0].failures == {kind: 12}
    assert found.standings[0].reward is None
    assert found.pairs == [None]


def test_another_grader_asks_for_nothing_again(served: Any, tmp_path: Path) -> None:
    records = head(tmp_path / "records.jsonl", RECORDS, 6)
    run(served, tmp_path, records)
    before = {path: path.read_bytes() for path in (tmp_path / "completions").glob("*.jsonl")}
    found = run(served, tmp_path, records, f"{write_graders(tmp_path)}:longer", n=2)
    assert {path: path.read_bytes() for path in (tmp_path / "completions").glob("*.jsonl")} == before
    assert found.standings[0].completions == 12
    assert found.standings[0].kept == 12


def test_a_grader_that_does_not_exist_is_found_out_before_anything_is_asked(
    served: Any, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no such file"):
        run(served, tmp_path, head(tmp_path / "records.jsonl", RECORDS, 3), str(tmp_path / "no.py"))
    assert not (tmp_path / "completions").exists()
