"""The data that a page's script unpacks."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.page.heat_map import CELLS, GroupCells
from harness.report.page.held_samples import HeldRows, HeldTexts
from harness.report.page.packing import METRICS, packed, sample_columns, unpacked
from harness.runs.labels import PLAIN
from support.run_records import row_of

SCALARS = st.none() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(), max_size=20)
JSON = st.lists(SCALARS | TEXTS | st.lists(TEXTS, max_size=3) | st.dictionaries(TEXTS, SCALARS, max_size=3))


@settings(max_examples=50)
@given(value=JSON)
def test_packed_is_unpacked_and_ends_no_script(value: Any) -> None:
    text = packed(value)
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
    assert unpacked(text) == value


def columns_of(rows: list[Any], texts: HeldTexts | None = None, **more: Any) -> dict[str, Any]:
    held = HeldRows(rows, [None] * len(rows), len(rows), frozenset())
    found: dict[str, Any] = unpacked(
        packed(
            sample_columns(held, texts, bounds=(0.0, 1.0), rule=PLAIN, cells=more.pop("cells", []), **more)
        )
    )
    return found


def test_columns_say_what_the_rows_say() -> None:
    rows = [
        row_of("a", 1.0, label=True, metrics={"m": 0.5}),
        row_of("b", 0.0, label=True, group=None, wires={"x": 1.0}),
        row_of("c", None, at=7, label="odd"),
    ]
    found = columns_of(rows)
    assert found["id"] == ["a", "b", "c"]
    assert found["reward"] == [1.0, 0.0, None]
    assert found["group"] == [0, -1, 0]
    assert (found["agree"], found["labels"]) == ([1, 0, -1], ["true", "odd"])
    assert (found["error"], found["errors"]) == ([-1, -1, 0], [["exception", "KeyError: [bold]units[/bold]"]])
    assert (found["metricNames"], found["metrics"]) == (["m"], [[0.5, None, None]])
    assert found["wires"] == {"1": '{"x": 1.0}'}


def test_a_graders_reason_is_content_and_goes_where_the_texts_go() -> None:
    rows = [row_of("a", 1.0), row_of("b", 0.5, reason="It is late. " * 100)]
    assert columns_of(rows)["texts"] is None
    for excerpts, longest in ((False, 500), (True, 100)):
        [(place, reason)] = columns_of(rows, HeldTexts(excerpts=excerpts))["texts"]["reasons"].items()
        assert (place, len(reason)) == ("1", longest)


def test_ids_and_labels_may_be_anything() -> None:
    odd: list[Any] = [None, 7, math.inf, "\ud800", ["x"], {"a": None}, 10**400, "x" * 999, True]
    found = columns_of([row_of(one, 1.0, at=number, label=one) for number, one in enumerate(odd)])
    assert found["id"][:2] == ["at-0", "7"]
    assert found["id"][3] == "\ud800"
    assert all(isinstance(text, str) for text in [*found["id"], *found["labels"]])


def test_a_metric_of_each_sample_makes_no_column_of_each() -> None:
    rows = [row_of(number, 1.0, metrics={f"m{number}": 1.0, "all": 2.0}) for number in range(200)]
    found = columns_of(rows)
    assert len(found["metricNames"]) == METRICS
    assert "all" in found["metricNames"]


def test_cells_are_sorted_by_mean_and_say_what_teaches_nothing() -> None:
    cells = GroupCells()
    for name, rewards in {"b": (1.0, 0.0), "a": (0.25, 0.25), "none": (None,)}.items():
        for reward in rewards:
            cells.add(row_of("x", reward, group=name))
    cells.add(row_of("x", 9.0, group="a", repeat=1))
    drawn = cells.drawn()
    assert [cell.name for cell in drawn] == ["a", "b", "none"]
    assert [cell.zero_std for cell in drawn] == [True, False, False]
    assert [cell.mean for cell in drawn] == [0.25, 0.5, None]
    found = columns_of([row_of("x", 1.0, group="b")], cells=drawn)["cells"]
    assert found["group"] == [1, 0, 2]


def test_at_most_so_many_groups_are_drawn() -> None:
    cells = GroupCells()
    for number in range(CELLS + 10):
        cells.add(row_of("x", number / CELLS, group=str(number)))
    drawn = cells.drawn()
    assert len(drawn) == len({cell.name for cell in drawn}) == CELLS
