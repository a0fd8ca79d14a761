from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.printable import columns_of
from harness.report.short_texts import cut, text_lines
from harness.report.shown_texts import SampleTexts


@given(st.text(), st.integers(20, 90))
def test_a_text_fits_and_steers_nothing(text: str, columns: int) -> None:
    found = cut(text, columns)
    assert columns_of(found) <= columns
    assert found.isprintable()


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=60))
def test_both_ends_of_a_long_text_are_kept(text: str) -> None:
    found = cut(text * 100, 60)
    assert found.startswith(text[:5])
    assert found.endswith((text * 100)[-5:])


@given(st.text(), st.text(), st.none() | st.text(), st.booleans())
def test_every_line_of_a_sample_fits_80_columns(
    asked: str, said: str, wanted: str | None, whole: bool
) -> None:
    texts = SampleTexts((("system", "x"), ("user", asked)), said, "", wanted, None)
    lines = list(text_lines(texts, whole=whole))
    assert [line.split()[0] for line in lines][:2] == ["prompt", "completion"]
    assert len(lines) == 2 + (wanted is not None)
    if not whole:
        assert all(columns_of(line) <= 80 and line.isprintable() for line in lines)
