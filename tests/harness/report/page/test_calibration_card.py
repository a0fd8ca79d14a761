from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.report.page.contents import page_of
from harness.report.page.writing import html_of
from support.finished_runs import finished_run
from support.rollout_files import rollout
from support.run_records import row_of


def test_verdict_warnings_and_figures_are_those_of_calibrate(tmp_path: Path) -> None:
    labels = [True, False] * 60
    rollouts = [rollout(f"r{at}", "1", "1", record=f"p{at // 4}") for at in range(len(labels))]
    rows = [
        row_of(f"r{at}", float(label), repeat=repeat, group=f"p{at // 4}", label=label)
        for at, label in enumerate(labels)
        for repeat in range(2)
    ]
    page = page_of(finished_run(tmp_path, rollouts, rows, label="<b>human</b>", repeats=2))
    assert page.calibration is not None
    assert page.calibration.sentence.startswith("Trust: kappa with <b>human</b> is 1.00")
    assert [line.value for line in page.calibration.statistics][:2] == ["1.000", "100.0%"]
    text = html_of(page)
    assert "Trust: kappa with &lt;b&gt;human&lt;/b&gt; is 1.00" in text
    assert "labels of one rater" in text
    assert "gradings that flip" in text


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, None),
        ({"label": "stars"}, "Not measured: labels in 'stars' run from 5 to 5"),
        ({"repeats": 2}, "Not measured: agreement with labels: no field is named; add --label FIELD."),
    ],
)
def test_what_was_not_measured_is_said_and_costs_no_page(
    tmp_path: Path, facts: dict[str, Any], said: str | None
) -> None:
    rows = [row_of("a", 1.0, repeat=repeat, label=5) for repeat in range(facts.get("repeats", 1))]
    page = page_of(finished_run(tmp_path, [rollout("a", "1", "1")], rows, **facts))
    if said is None:
        assert page.calibration is None
        assert "Can the grader be trusted?" not in html_of(page)
    else:
        assert page.calibration is not None
        assert page.calibration.sentence.startswith(said)
        assert "Can the grader be trusted?" in html_of(page)
