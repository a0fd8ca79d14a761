"""The number that a completion gives as its answer."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.extract import _claims
from support.found import last_number

WORDS = """so it is not the total of or over minus half twice cannot be and answer = : x 6 * + - ( ) may rule
    out $ at least than mod by""".split()

SETTLED = {
    "12 and then 72 clips.\n\nThat is all!": 72,
    "so 6 * 12 = <<6*12=72>>72 clips": 72,
    "so it is 72\n<<6*12=99>>": 72,
    "x " * 20_000 + "72 " + "yes " * 2_000: 72,
    "it fell by 10% to -24": -24,
    "Das macht 12 345 Stimmen": 12345,
    "so the number is 10 which is 1,000.99m²": Fraction(100099, 100),
    "The value is $k = \\frac{1}{3}$": Fraction(1, 3),
    "so it is 1/3 ≈ 0.33": Fraction(1, 3),
    "that is about ≈ 0.33": Fraction(33, 100),
    "So 72 it is [3].": 72,
    "She pays 72 dollars ($72)": 72,
    "She pays $72 (about €65).": 72,
    "so it is 9 (mod 11)": 9,
    "It's 72!": 72,
    "so m + n = 72": 72,
    "6 x 12 = 72": 72,
    "She sold 72 (48 + 24) clips.": 72,
    "~~12~~ 72": 72,
    "The answer is 5, not 6.": 5,
    "72 (as of 2024-01-05)": 72,
    "1. add\n2. multiply\nThe answer is 72\n3. done": 72,
    "The answer is 72. I am 95% confident.": 72,
    "the answer is $72 each, for 3 people": 72,
    "Answer: 48 + 24 = 72": 72,
    "**Final Answer:** 72": 72,
    "The answer is\n72": 72,
    "The answer is 5.\nThe final answer is 6.": 6,
    "Answer: $\\boxed{72}$": 72,
    "\\boxed{5}, since 2 + 3 = 5.": 5,
    "worth $\\boxed{\\$163.17}$ after 5 years": Fraction(16317, 100),
    "\\boxed{9} \\pmod{11}": 9,
    "$\\boxed{28}$ pct": 28,
    "\\boxed{5} for the part.\nFinal answer: 6": 6,
}
UNSETTLED = [
    "no digits",
    "72, see version 1.2.3",
    "48-24",
    "48 -24",
    "70-72",
    "72 or 73",
    "x = 5 or x = 7",
    "x < 5",
    "72 mod 5",
    "72 (48 + 24) million",
    "⌊72.5⌋",
    "-x = 72",
    "2x = 72",
    "72 is not the answer",
    "it cannot be 72",
    "72 km (45 miles)",
    "[0,1)",
    "He has {1, 2, 3}",
    "So x = 2\\sqrt{3}",
    "x = 5\nSo the answer is x^2",
    "It costs 2,50",
    "the answer is 12:30",
    "The answer is not 72.",
    "The answer is 72 or 73",
    "The answer is 5. Wait, it is 6.",
    "The answer is 5.\nSo the answer is 6.",
    "The answer is 5.\n2 + 4 = 6",
    "\\boxed{5}\nso the answer is 6",
    "\\boxed{5}. Check: 2 + 4 = 6",
    "\\boxed{5} and \\boxed{6}",
    "\\boxed{5}. Wait, no: 6",
    "\\boxed{5} million",
    "\\boxed{5}!",
    "\\boxed{5}^2",
    "-\\boxed{5}",
    "not \\boxed{5}",
    "2\\boxed{5}",
    "72 \\boxed{}",
    "72 \\boxed{5",
]


@pytest.mark.parametrize(("text", "value"), SETTLED.items())
def test_the_box_counts_then_the_claim_then_the_last_number(text, value):
    assert last_number(text) == value


@pytest.mark.parametrize("text", UNSETTLED)
def test_an_unsettled_or_inexact_number_is_unread(text):
    assert last_number(text) is None


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_two_claims_give_no_answer_unless_they_agree(one, other):
    for text in (
        f"The answer is {one}. The answer is {other}.",
        f"\\boxed{{{one}}}, so the answer is {other}.",
    ):
        assert last_number(text) == (one if one == other else None)


@given(
    st.lists(st.sampled_from(WORDS), max_size=5),
    st.sampled_from(["72", "$72.", "-72", "7,200", "7.5", "**72**", "72%", "3,14", "072", "1,2"]),
)
def test_the_shortcut_for_an_ordinary_number_reads_the_same_as_the_full_analysis(words, number):
    line = " ".join([*words, number])
    short = _claims._ordinary_end(line)
    assert short is None or short == _claims._last_of_line(line, ".", False)


@pytest.mark.parametrize("word", WORDS)
def test_the_shortcut_skips_no_word_before_a_number(word):
    line = f"so it is {word} 72"
    short = _claims._ordinary_end(line)
    assert short is None or short == _claims._last_of_line(line, ".", False)


CLOSINGS = (
    "Let me know if you have {} more questions!",
    "Please let me know about step {}.",
    "**Feel free to ask about step {}.**",
    "I hope this helps! I can show {} other ways.",
    "Would you like {} more examples?",
    "If you have any questions about the {} steps, ask.",
    "If you'd like, I can give {} more examples.",
    "I'd be happy to explain all {} steps",
    "如果还有{}个问题，请告诉我！",
    "如果您有{}个疑问，请随时提问",
    "Lass mich wissen, ob {} Schritte unklar sind.",
)


@given(
    body=st.sampled_from(["{}", "So {} apples.", "It is ${}.", "6 * 12 = {}", "一共{}个。"]),
    between=st.sampled_from(["\n\n", "\n", " "]),
    closing=st.sampled_from(CLOSINGS),
    right=st.integers(10, 10**6),
    other=st.integers(2, 9),
)
def test_a_number_in_a_closing_remark_is_not_an_answer(body, between, closing, right, other):
    if between == " " and body in ("{}", "6 * 12 = {}"):
        body += "."
    text = body.format(right) + between + closing.format(other)
    assert last_number(text) == right


@given(st.sampled_from(CLOSINGS), st.integers(2, 10**6))
def test_a_closing_remark_alone_has_no_answer(closing, number):
    assert last_number(closing.format(number)) is None


@pytest.mark.parametrize(
    "text", ["If you have 3 apples and eat 1, you keep 2", "We hope to sell 2", "I like 2"]
)
def test_a_sentence_that_only_begins_like_a_closing_remark_counts(text):
    assert last_number(text) == 2


NAMES = st.sampled_from(["k", "n", "x_1", "total", "角"])


@given(
    NAMES,
    NAMES,
    st.integers(2, 999),
    st.integers(2, 999),
    st.sampled_from([", ", "; ", " and ", ",", ", and "]),
)
def test_equations_of_several_names_are_several_candidates(first, second, left, right, between):
    found = last_number(f"So {first} = {left}{between}{second} = {right}.")
    assert found == (right if first == second else None)
