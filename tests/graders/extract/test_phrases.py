"""Phrases that announce or revise an answer, in every language of the table."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.extract import _claims, _numerals, _phrases, _readings
from graders.extract._phrases import ANNOUNCED, BEGINS, number_claims

NOUNS = "|".join(noun for row in ANNOUNCED.values() for noun in (row.noun, row.choice) if noun)
# These patterns first look at the next character, which must not exclude any match.
QUICK = {
    "announcements": re.compile(f"{BEGINS}(?:{NOUNS})", re.IGNORECASE),
    "claims of numbers": re.compile(number_claims(), re.IGNORECASE),
    "revisions": _phrases.REVISED,
    "revised numbers": _claims._REVISED,
    "numerals": _readings._NUMERAL,
    "emphasis": _numerals._EMPHASIS,
    "products": _numerals._TIMES,
}


@pytest.mark.parametrize("name", QUICK)
@settings(max_examples=40)
@given(st.data())
def test_looking_at_the_next_character_excludes_no_match(name, data):
    quick = QUICK[name]
    thorough = re.compile(re.sub(r"\A\(\?=\[.+?\]\)", "", quick.pattern), quick.flags)
    assert thorough.pattern != quick.pattern
    text = data.draw(st.from_regex(thorough))
    assert [found.span() for found in quick.finditer(text)] == [
        found.span() for found in thorough.finditer(text)
    ]


@pytest.mark.parametrize("language", [language for language in ANNOUNCED if language != "English"])
@settings(max_examples=30)
@given(st.data())
def test_the_quick_search_for_other_languages_finds_each_of_the_table(language, data):
    text = data.draw(st.from_regex(re.compile(ANNOUNCED[language].noun))) + ": 72"
    assert _phrases.is_foreign(text)
    assert _claims._is_claimed_abroad(text) or not re.search(number_claims(), text, re.IGNORECASE)
