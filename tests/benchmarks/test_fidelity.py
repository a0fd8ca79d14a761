"""The command names what it lacks, and prints stored results without the training libraries."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import fidelity
from benchmarks.grpo.results import Change, Point, RealRun, Rehearsed, real_file, rehearsal_file, write_result
from benchmarks.grpo.worlds import world


def test_without_results_there_is_nothing_to_print(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fidelity.main(["--out", str(tmp_path), "--tables"]) == 2
    assert "has no result" in capsys.readouterr().err


def test_existing_results_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "world-0"
    styles = dict.fromkeys(world(0).styles, 0.1)
    one = Point(reward=0.2, unrewarded=0, right=0.2, length=9.0, beyond=0.0, styles=styles)
    points = dict.fromkeys(("0", "20", "100"), one)
    said = Rehearsed(
        world=0,
        grader="good",
        reward=Change(0.2, 0.3),
        right=Change(0.2, 0.3),
        length=None,
        styles={},
        advantages={},
        warnings=[],
        unchecked=[],
        verdicts=["risen"],
    )
    write_result(rehearsal_file(folder, "good"), said)
    write_result(real_file(folder, "good", 0, 100), RealRun(0, "good", 0, 100, 1.0, points))
    assert fidelity.main(["--out", str(tmp_path), "--tables", "--worlds", "0"]) == 0
    assert "good" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [["--worlds", "-1"], ["--seeds", "0"], ["--steps", "5"], ["--graders", "none"]]
)
def test_invalid_arguments_are_refused(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        fidelity.main(["--out", str(tmp_path), *words])
    assert ended.value.code == 2
    assert "error" in capsys.readouterr().err


def test_a_damaged_result_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = rehearsal_file(tmp_path / "world-0", "good")
    path.parent.mkdir()
    path.write_text("{")
    assert fidelity.main(["--out", str(tmp_path), "--tables", "--worlds", "0"]) == 2
    assert path.name in capsys.readouterr().err


def test_an_output_folder_that_is_a_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert fidelity.main(["--out", str(tmp_path / "file")]) == 2
    assert "file" in capsys.readouterr().err
