"""A number alone on its line, followed by a note."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from support.found import last_number

ALONE = st.sampled_from(["{}", "**{}**", "${}", "{} clips", "{}.", "# {}", "So:\n\n{}", "\\({}\\)", "= {}"])
NOTES = st.sampled_from(
    [
        "Note: I used {} steps.",
        "(in {} steps)",
        "**Explanation:** there are {} boxes.",
        "Note that {} are left over.",
        "\u6ce8\uff1a\u5171{}\u6b65\u3002",
    ]
)
BLANK = st.sampled_from(["\n", "\n\n", "\r\n\r\n"])


@given(ALONE, BLANK, NOTES, st.integers(10, 10**6), st.integers(2, 9))
def test_a_number_alone_on_its_line_counts_before_a_note(alone, blank, note, right, other):
    text = alone.format(right) + blank + note.format(other)
    assert last_number(text) == right
    text += "\nNote: it took a while." if note[0] == "(" else ""
    for more in (
        f" So it is {other}.",
        f" 2 + 3 = {other}",
        f" Actually, it is {other}.",
        "\nThat is wrong.",
    ):
        assert last_number(text + more) is None


@given(
    BLANK,
    st.integers(10, 10**6),
    st.integers(10, 10**6),
    st.sampled_from(["I used {} steps.", "{}", "or {}"]),
)
def test_a_first_line_of_one_number_and_another_number_are_several_candidates(blank, one, other, rest):
    found = last_number(f"{one}{blank}{rest.format(other)}")
    assert found == (one if one == other else None)


def test_a_sentence_that_only_begins_like_a_note_is_a_conclusion():
    assert last_number("6 boxes of 12.\nSteps: 6 * 12 = 72") == 72
    assert last_number("1.\nAdd 5 and 3 to get 8") == 8
