from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.report.calibration_screen import _confusion
from harness.signal.held_to_labels import Confusion

NUMBERS = st.floats(-1e6, 1e6).map(lambda number: f"{number:g}")
COUNTS = st.integers(0, 10**10)


@given(st.data(), st.lists(NUMBERS, min_size=1, max_size=9), st.lists(NUMBERS, min_size=1, max_size=9))
def test_every_cell_of_the_table_stands_alone_within_80_columns(
    data: st.DataObject, labels: list[str], verdicts: list[str]
) -> None:
    gradings = [[data.draw(COUNTS) for _ in verdicts] for _ in labels]
    header, *rows = list(_confusion(Confusion(labels, verdicts, gradings)))
    shown = len(header.split()) - 1
    assert header.split() == ["label", *verdicts[:shown]]
    for row, label, counts in zip(rows, labels, gradings, strict=False):
        assert row.split() == [label, *(f"{count:,}" for count in counts[:shown])]
    assert shown > 1 or len(verdicts) == 1
    more = rows[len(labels) :]
    assert bool(more) == (shown < len(verdicts))
    assert max(map(len, (header, *rows))) <= 78
