"""Two runs side by side on a page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.report.page.beside import beside
from harness.report.page.contents import page_of
from harness.report.page.packing import unpacked
from harness.report.page.writing import html_of
from harness.runs.rows import dump
from harness.runs.store import Run
from support.finished_runs import finished_run
from support.rollout_files import rollout
from support.run_records import facts_of, row_of

PLACES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), unique=True, max_size=12).map(sorted)


@pytest.mark.parametrize("sha256", ["x", None], ids=["same lines", "other lines"])
@given(mine=PLACES, theirs=PLACES)
def test_each_grading_meets_its_own(
    sha256: str | None,
    mine: list[tuple[int, int]],
    theirs: list[tuple[int, int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    runs = []
    for name, places in (("mine", mine), ("theirs", theirs)):
        rows = [row_of(str(at), 1.0, at=at, repeat=repeat, group="g") for at, repeat in places]
        (folder / name).mkdir()
        (folder / name / "rewards.jsonl").write_bytes(b"".join(map(dump, rows)))
        facts = facts_of()
        runs.append(Run(folder / name, replace(facts, input=replace(facts.input, sha256=sha256))))
        runs[-1].save(state="done", totals=runs[-1].recount())
    pairs = [
        ((row["at"], row["repeat"]), None if other is None else (other["at"], other["repeat"]))
        for row, other in beside(*runs)
    ]
    assert pairs == [(place, place if place in theirs else None) for place in mine]


def test_a_run_of_other_completions_shows_them(tmp_path: Path) -> None:
    runs = []
    for name, text in (("first", "7"), ("second", "72")):
        (tmp_path / name).mkdir()
        rollouts = [rollout("a", text, "72"), rollout(f"only in {name}", text, "72")]
        rows = [row_of("a", float(text == "72")), row_of(f"only in {name}", 1.0)]
        runs.append(finished_run(tmp_path / name, rollouts, rows))
    page = page_of(runs[0], against=runs[1])
    other = unpacked(page.data)["samples"]["other"]
    assert page.comparison is not None
    assert page.comparison.other == "first"
    assert "record by record, as two models" in page.comparison.sentences[0]
    assert (other["there"], other["reward"]) == ([1, 0], [1.0, None])
    assert other["completion"] == ["72", None]
    assert [remark for remark in page.remarks if "1 of 2 samples are also in first" in remark]


def test_the_page_says_what_changes_for_a_job(tmp_path: Path) -> None:
    rollouts = [rollout(name, name, "72", record="r") for name in "ab"]
    runs = []
    for name, rewards in (("old", (1.0, 0.0)), ("new", (0.0, 1.0))):
        (tmp_path / name).mkdir()
        rows = [row_of(id, reward, group="r &") for id, reward in zip("ab", rewards, strict=True)]
        runs.append(finished_run(tmp_path / name, rollouts, rows))
    page = page_of(runs[1], against=runs[0])
    card = page.comparison
    assert card is not None
    assert card.chart is not None
    figures = {bar.name: bar.figure for bar in card.chart.bars}
    assert figures["ordered pairs reversed"] == "1 of 1"
    assert figures["rewards that differ"] == "2 of 2"
    assert [(flip.name, flip.was, flip.now, flip.link) for flip in card.flips] == [
        ("a", "1", "0", "#record=r%20%26"),
        ("b", "0", "1", "#record=r%20%26"),
    ]
    assert 'href="#record=r%20%26"' in html_of(page)


def test_a_run_that_is_not_done_is_nothing_to_compare_with(tmp_path: Path) -> None:
    run = finished_run(tmp_path, [rollout("a", "1", "1")], [row_of("a", 1.0)])
    with pytest.raises(InputError, match="the run is not finished"):
        page_of(run, against=Run(run.folder, replace(run.facts, state="running")))
