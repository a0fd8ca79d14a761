import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.audit.regex_texts import pumps_of, texts_of

PATTERNS = [
    r"####\s*(-?[\d,]+(?:\.\d+)?)",
    r"<answer>(.*?)</answer>",
    r"^\s*(yes|no)\b",
    r"(?i)final answer\s*[:=]\s*\(?([A-E])\)?",
    r"\\boxed\{([^{}]*)\}",
    r"CODE-\d{4}-[A-F]{2}",
    r"(['\"])ok\1",
    r"(?P<a>x+)y(?P=a)",
    r"[^\n]{3,5}$",
    r"a{0}b?",
    r"(?:ab|cd){2,}",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_texts_match_their_expression(pattern):
    texts = texts_of(pattern, random.Random(0), 8)
    assert texts
    assert all(re.search(pattern, text, re.S) for text in texts)


def test_the_first_text_is_the_shortest():
    texts = texts_of(r"CODE-\d{2,9}( and more)*", random.Random(1), 6)
    assert texts[0] == "CODE-00"


@pytest.mark.parametrize("pattern", ["(", "[", "(?P<a", "*", "a{2,1}"])
def test_an_invalid_expression_has_no_texts(pattern):
    assert texts_of(pattern, random.Random(0)) == []
    assert pumps_of(pattern) == []


def test_repeating_parts_are_found_with_the_text_before_them():
    assert ("<answer>", "a") in pumps_of(r"<answer>(.*?)</answer>")
    assert ("", "a") in pumps_of(r"(a+)+$")
    assert pumps_of(r"a{2,3}") == []


def test_texts_are_bounded():
    assert all(len(text) <= 400 for text in texts_of(r"(a{1,1000}b){1,1000}", random.Random(0), 5))


PARTS = st.sampled_from(["a", "[0-9]", ".", r"\d", r"\s", "(b|cd)", "[^x]", "(?:ef)", r"\w"])
REPEATED = st.tuples(PARTS, st.sampled_from(["", "+", "*", "?", "{2}", "{1,3}", "+?"])).map("".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(REPEATED, min_size=1, max_size=6).map("".join), st.integers(0, 1000))
def test_any_simple_expression_matches_its_texts(pattern, seed):
    assert all(re.search(pattern, text) for text in texts_of(pattern, random.Random(seed), 4))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_parsed_as_an_expression_or_refused(pattern):
    texts_of(pattern, random.Random(0))
    pumps_of(pattern)
