"""The parts of a completion that count as reasoning, in every format, and the marks allowed in an answer."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graders import Sample
from graders._reasoning import ENDS, TAGS, divide, may_divide
from support.growth import assert_linear

MARKS = [tag for pair in TAGS for tag in pair]


def divided(text):
    sample = Sample({"messages": [{"role": "assistant", "content": text}]})
    return sample.completion, sample.reasoning


def plain(text):
    """Return True if nothing in a string could be mistaken for a mark of reasoning."""
    return not set("<>[]|\u25c1\u25b7/") & set(text) and not text.lstrip().startswith("analysis")


WORDS = st.text(max_size=20).filter(plain).map(str.strip)
ANSWERS = WORDS.filter(bool)
CASES = st.sampled_from([str, str.upper, str.title])
PAIRS = st.sampled_from(TAGS)


PIECES = st.sampled_from(
    [*MARKS, *ENDS, "analysis", "assistantfinal", "Final", "<|start|>assistant", "<<6*2=12>>"]
)


@given(st.lists(PIECES | st.text("<>/|[] \na\u25c1", max_size=3), max_size=6).map("".join))
def test_a_text_that_the_quick_check_skips_has_no_reasoning(text):
    if not may_divide(text):
        assert divide(text) == (text, [])
    answer, thoughts = divide(text)
    assert divided(text) == (answer, "\n".join(thoughts))


@given(WORDS, ANSWERS, PAIRS, CASES, st.sampled_from(["", " ", "\n\n"]))
def test_a_pair_at_the_start_is_read_in_every_format(thought, answer, pair, case, gap):
    opening, closing = map(case, pair)
    assert divided(f"{gap}{opening}{gap}{thought}{gap}{closing}{gap}{answer}") == (answer, thought)


@given(WORDS, ANSWERS, PAIRS, CASES)
def test_text_before_a_closing_tag_without_an_opening_tag_is_reasoning(thought, answer, pair, case):
    assert divided(f"{thought}\n{case(pair[1])}\n{answer}") == (answer, thought)


@given(WORDS, PAIRS, CASES)
def test_a_tag_that_is_never_closed_leaves_no_answer(thought, pair, case):
    assert divided(f"{case(pair[0])}{thought}") == ("", thought)


@given(WORDS, ANSWERS, PAIRS, PAIRS, st.sampled_from([0, 1]))
def test_an_answer_may_quote_any_tag_after_its_reasoning(thought, answer, pair, quoted, side):
    text = f"{answer} {quoted[side]} {answer}"
    assert divided(f"{pair[0]}{thought}{pair[1]}{text}") == (text, thought)
    assert divided(f"{thought}{pair[1]}{text}") == (text, thought)


@given(ANSWERS, ANSWERS, PAIRS)
def test_a_pair_further_in_belongs_to_the_answer(before, inside, pair):
    text = f"{before} {pair[0]}{inside}{pair[1]} {before}"
    assert divided(text) == (text, "")


@given(ANSWERS, ANSWERS, ANSWERS, ANSWERS, PAIRS)
@settings(max_examples=50)
def test_pairs_may_be_nested_and_follow_one_another(a, b, c, answer, pair):
    opening, closing = pair
    inner = f"{a}{opening}{b}{closing}{c}"
    assert divided(f"{opening}{inner}{closing}{answer}") == (answer, inner)
    assert divided(f"{opening}{a}{closing} {opening}{b}{closing}\n{answer}") == (answer, f"{a}\n{b}")
    assert divided(f"{a}{closing}{opening}{b}{closing}{answer}") == (answer, f"{a}\n{b}")


@given(WORDS, ANSWERS, PAIRS)
def test_reasoning_that_mentions_its_opening_tag_still_ends(thought, answer, pair):
    opening, closing = pair
    mention = f"I write {opening} first. {thought}".strip()
    assert divided(f"{opening}{mention}{closing}{answer}") == (answer, mention)


@given(st.text().filter(plain))
@example("x < 5 and y > 3 [see 1]")
@example("analysis of variance")
@example("<b>4</b>")
@example("<thinker>4</thinker>")
@example("4 <|unknown|>")
@example("\u25c1 4 \u25b7")
def test_any_other_text_is_the_unchanged_answer(text):
    assert divided(text) == (text, "")


@given(ANSWERS, st.lists(st.sampled_from(ENDS), min_size=1, max_size=3), st.sampled_from(["", "\n", "  "]))
def test_special_tokens_at_the_end_are_not_part_of_an_answer(answer, tokens, gap):
    assert divided(answer + gap.join(tokens) + gap) == (answer, "")
    assert divided(f"<think>a</think>{answer}{tokens[0]}") == (answer, "a")
    assert divided(f"{tokens[0]} {answer}") == (f"{tokens[0]} {answer}", "")


def test_white_space_at_the_end_stays_if_no_token_follows():
    assert divided("4 [1] \n") == ("4 [1] \n", "")
    assert divided("4 \n<|im_end|>\n") == ("4 \n", "")


LEADS = (
    "<|start|>assistant<|channel|>analysis<|message|>",
    "<|channel|>analysis<|message|>",
    "analysis<|message|>",
    "<|start|>assistant <|channel|>analysis <|message|>",
)
NEXT = "<|end|><|start|>assistant<|channel|>final<|message|>"


@given(
    WORDS.filter(bool), ANSWERS, st.sampled_from([*LEADS, ""]), st.sampled_from(["<|return|>", "<|end|>", ""])
)
def test_the_final_channel_of_gpt_oss_is_the_answer(thought, answer, lead, end):
    assert divided(f"{lead}{thought}{NEXT}{answer}{end}") == (answer, thought)


@given(WORDS, st.sampled_from(LEADS))
def test_without_a_final_channel_there_is_no_answer(thought, lead):
    assert divided(f"{lead}{thought}") == ("", thought)
    assert divided(f"{lead}{thought}<|end|>")[0] == ""
    assert divided(f"{lead}{thought}<|end|><|start|>assistant")[0] == ""


CALL = "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>"


@pytest.mark.parametrize(
    ("text", "answer", "thought"),
    [
        ("<|channel|>final<|message|>4<|return|>", "4", ""),
        ("final<|message|>4", "4", ""),
        ("<|message|>4<|end|>", "4", ""),
        ("<|start|>assistant<|message|>4<|end|>", "4", ""),
        ("<|channel|>analysis<|message|>a<|end|><|channel|>final<|message|>4", "4", "a"),
        ("<|channel|>analysis<|message|>a<|channel|>final<|message|>4", "4", "a"),
        (f"<|channel|>analysis<|message|>a<|end|><|start|>assistant{CALL}", "", "a\n{}"),
        (f"{CALL}<|start|>assistant<|channel|>final <|constrain|>json<|message|>[1]<|return|>", "[1]", "{}"),
        (f"{LEADS[0]}a{NEXT}3<|end|><|start|>assistant<|channel|>final<|message|>4", "4", "a"),
        (f"{LEADS[0]}a{NEXT}An <|end|> ends, <|channel|>", "An <|end|> ends, <|channel|>", "a"),
        (f"{LEADS[0]}a{NEXT}", "", "a"),
        ("<|channel|>ana", "", "<|channel|>ana"),
        ("<|start|>assistant", "", "<|start|>assistant"),
        ("The format is <|channel|>final<|message|>hi", "The format is <|channel|>final<|message|>hi", ""),
        ("analysisWe need 4.assistantfinal4", "4", "We need 4."),
        ("analysis: we need 4assistantfinal4", "4", ": we need 4"),
        ("analysisWe need 4", "", "We need 4"),
    ],
)  # fmt: skip
def test_channels_by_example(text, answer, thought):
    assert divided(text) == (answer, thought)


def test_the_quick_check_of_a_sample_finds_every_tag_and_token():
    for mark in (*MARKS, *ENDS):
        assert set(mark) & set("<[\u25c1")
    assert all(opening == opening.lower() and closing == closing.lower() for opening, closing in TAGS)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "<think>" * n,
        lambda n: "<think></think>" * n,
        lambda n: "<think><think></think>" * n,
        lambda n: "a</think>" * n,
        lambda n: "<|pad|> " * n,
        lambda n: "4 <" + " " * n,
        lambda n: "<|channel|>" + "a" * n,
        lambda n: "<|channel|>" * n,
        lambda n: "<|start|>assistant" + " " * n,
        lambda n: "<|end|>" + " " * n + "<|start|>assistant",
        lambda n: "<|channel|>final<|message|>" + "<|end|> " * n,
        lambda n: "analysis" * n + "<",
    ],
    ids=range(12),
)
def test_hostile_texts_are_read_in_linear_time(make):
    assert_linear(divided, make, 200_000)
