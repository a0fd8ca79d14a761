"""How answers are announced, in every language of the table."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from graders.extract._phrases import ANNOUNCED, BEGINS, number_claims

NOUNS = [noun for row in ANNOUNCED.values() for noun in (row.noun, row.choice) if noun]


@given(
    st.sampled_from(NOUNS).flatmap(
        lambda noun: st.from_regex(re.compile(noun, re.IGNORECASE), fullmatch=True)
    )
)
def test_every_announcement_begins_as_is_told_first(words):
    assert re.match(BEGINS, words, re.IGNORECASE)


@given(st.from_regex(re.compile(number_claims().replace(BEGINS, ""), re.IGNORECASE), fullmatch=True))
def test_every_claim_of_a_number_begins_as_is_told_first(words):
    assert re.match(BEGINS, words, re.IGNORECASE)
