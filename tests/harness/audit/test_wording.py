from hypothesis import given
from hypothesis import strategies as st

from harness.audit.wording import amount, listed, quoted


@given(st.text(max_size=300))
def test_a_quoted_text_is_short_and_on_one_line(text):
    assert len(quoted(text)) <= 62
    assert quoted(text).isprintable()


def test_invisible_characters_are_named():
    assert quoted("") == "an empty completion"
    assert quoted("  ") == "a blank"
    assert "weather" in quoted({"tool_calls": [{"function": {"name": "weather"}}]})
    assert amount(0.97) == "in full"
    assert amount(0.3).startswith("30%")


def test_a_list_reads_as_a_sentence():
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
