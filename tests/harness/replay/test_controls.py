from __future__ import annotations

import pytest

from harness.replay.controls import Controls, count_controls

GRADED = [
    ("a/reference", 10.0),
    ("a/other-reference", 0.0),
    ("b/reference", 5.0),
    ("b/other-reference", 5.0),
    ("c/reference", None),
    ("c/other-reference", 0.0),
    ("d/reference", 10.0),
]


def test_each_is_counted_once_however_often_it_was_graded() -> None:
    found = count_controls([*GRADED, *GRADED], (0.0, 10.0))
    assert found == Controls(4, 2, 3, 2, 2, 1, ["b/reference", "c/reference"])
    assert not found.works


def test_without_a_range_only_the_comparison_counts() -> None:
    assert count_controls(GRADED, None) == Controls(4, None, 3, None, 2, 1, [])


@pytest.mark.parametrize(("apart", "works"), [(10, True), (9, True), (8, False)])
def test_a_grader_works_that_prefers_nearly_every_own_reference(apart: int, works: bool) -> None:
    graded = [
        (f"{number}/{kind}", float(kind == "reference" and number < apart))
        for number in range(10)
        for kind in ("reference", "other-reference")
    ]
    assert count_controls(graded, None).works is works
    assert not count_controls([], None).works
