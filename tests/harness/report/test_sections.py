from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from harness.report.console import SafeConsole
from harness.report.sections import filled, print_sections, statistic_line
from harness.signal.statistic import Statistic, refused


def test_a_section_without_lines_has_no_title():
    file = io.StringIO()
    print_sections([("empty", iter(())), ("one", iter(["said"]))], SafeConsole(file=file))
    assert file.getvalue() == "\none\n  said\n"


def test_a_statistic_has_its_interval_or_the_reason_why_there_is_none():
    assert statistic_line("share", Statistic(0.5, 0.25, 0.75, 4, "rollouts")).split() == [
        *("share", "50.0%", "25.0%", "to", "75.0%", "n", "4", "rollouts"),
    ]
    assert statistic_line("share", refused("no label")).endswith("not measured: no label")


@given(st.lists(st.text("abc-", min_size=1, max_size=60)).map(" ".join), st.integers(0, 20))
def test_lines_have_80_columns_and_whole_words(line, indent):
    lines = filled(line, indent).splitlines()
    assert " ".join(lines).split() == line.split()
    assert all(len(one) <= 80 for one in lines)
