"""Answers with explicit structure: markers, boxes, tags and code blocks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.extract import Missing, same_number
from graders.extract._blocks import marked_line
from support.found import after_marker, boxed, code_block, tag
from support.growth import assert_linear


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("#### 72", "72"),
        ("####72", "72"),
        ("####  72  ", "72"),
        ("####\u00a072", "72"),
        ("##### 72", "72"),
        ("work\r\n#### 72\r\n", "72"),
        ("#### 72\nThanks!", "72"),
        ("#### 72 " + "and so on " * 100, "72 " + ("and so on " * 100).strip()),
        ("####\n\n72", "72"),
        ("####\n```\n72\n```", "72"),
        ("#### \\[\n72\n\\]", "72"),
        ("#### $$\n72\n$$", "72"),
        ("#### ```72```", "```72```"),
        ("#### $72$", "$72$"),
        ("#### 1\n#### 2", "2"),
        ("#### 1 #### 2", "2"),
        ("72", None),
        ("", None),
        ("####", None),
        ("#### \n \n", None),
        ("#### \n```\n```\n", None),
        ("### 72", None),
    ],
)
def test_after_marker(text, answer):
    assert after_marker(text) == answer


def test_after_marker_takes_the_first_on_request():
    assert after_marker("A: 1\nA: 2", "A:", "first") == "1"
    assert after_marker("A: 1\nA: 2", "A:") == "2"
    with pytest.raises(ValueError, match="'last' or 'first'"):
        after_marker("A: 1", "A:", "second")
    with pytest.raises(ValueError, match="marker is empty"):
        after_marker("A: 1", "")


@given(
    st.lists(st.sampled_from(["####", "#", "`", "```", "$", "\\[", "7", " ", "\n"]), max_size=9).map("".join)
)
def test_a_last_line_is_read_like_one_with_lines_after_it(text):
    line, _ = marked_line(text, "####")
    assert after_marker(text) == (None if isinstance(line, Missing) else line)


@pytest.mark.parametrize("tail", [20, 100, 300, 1000, 100_000])
def test_polite_endings_change_nothing(tail):
    words = "I hope that this helps you on your way, and do ask for more. " * (tail // 60 + 1)
    assert same_number(f"6 * 12 = 72\n#### 72\n{words}", "#### 72", marker="####")
    assert same_number(f"6 * 12 = 72\n#### 72. {words}", "#### 72", marker="####")


@pytest.mark.parametrize(
    "work",
    [
        "In 1999 it cost $5 = 3 + 2.",
        "#### 99\nno, wait",
        "A: 1, B: 2 <<1+2=3>>",
        "\\boxed{99}",
        "1/0 nan 1e999",
    ],
)
def test_working_before_the_answer_changes_nothing(work):
    assert same_number(f"{work}\n#### 72", "#### 72", marker="####")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        ":",
        "72",
        "the answer is 72",
        "6 * 12 = <<6*12=72>>72",
        "6 * 12 = 72\n####",
        "6 * 12 = 72\n#### ",
        "72\n####\n####",
        "#### 72\n#### 73",
        "#### 73\n72",
        "#### 72 or 73 or 74",
        "#### 70 71 72",
        "#### 72, 73",
        "#### <<6*12=72>>",
        "<answer>72</answer>",
        "\\boxed{72}",
    ],
)
def test_a_text_without_an_answer_after_the_last_marker_is_wrong(text):
    assert not same_number(text, "6 * 12 = <<6*12=72>>72\n#### 72", marker="####")


def test_an_accepted_answer_cut_short_earns_nothing():
    whole = "Half of 48 is 24, and 24 + 48 = <<24+48=72>>72 clips.\n#### 72"
    assert same_number(whole, "#### 72", marker="####")
    assert not any(same_number(whole[:end], "#### 72", marker="####") for end in range(len(whole)))


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("\\boxed{72}", "72"),
        ("\\boxed {72}", "72"),
        ("\\fbox{72}", "72"),
        ("\\boxed{1} \\fbox{2} \\boxed{3}", "3"),
        ("\\boxed{\\boxed{72}}", "72"),
        ("\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"),
        ("\\boxed{a\\}b}", "a\\}b"),
        ("\\boxed{72}. I used \\boxed as asked", "72"),
        ("\\boxed{72} \\boxed 5", None),
        ("\\boxed{72", None),
        ("\\boxed{}", None),
        ("\\boxed{ }", None),
        ("\\boxed", None),
        ("boxed{72}", None),
        ("", None),
    ],
)
def test_boxed(text, content):
    assert boxed(text) == content


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("<answer>72</answer>", "72"),
        ("<answer>\n72\n</answer> bye", "72"),
        ("<answer><answer>72</answer></answer>", "72"),
        ("<answer>1</answer> <answer>2", "1"),
        ("<answer></answer>", None),
        ("<answer> </answer>", None),
        ("<answer>72", None),
        ("72</answer>", None),
        ("</answer><answer>", None),
        ("<Answer>72</ANSWER>", "72"),
        ('<answer type="x">72</answer >', "72"),
        ("<answers>1</answers>", None),
        ("<answer>1</answer><answer/>", None),
        ("<answer>1</answer><answer> </answer>", None),
        ("<answer>1</answer> It is in </answer>.", "1"),
        ("<answer>x < y</answer>", "x < y"),
        ("", None),
    ],
)
def test_tag(text, content):
    assert tag(text) == content


def test_tag_refuses_an_invalid_name():
    for name in ("", "<answer>", "a b", "</a"):
        with pytest.raises(ValueError, match="cannot name a tag"):
            tag("x", name)
    with pytest.raises(ValueError, match="'last' or 'first'"):
        tag("x", which="middle")
    assert tag("<answer>1</answer><answer>2</answer>", which="first") == "1"
    assert tag("<answer></answer><answer>2</answer>", which="first") is None
    assert tag("<final_answer>72</final_answer>", "final_answer") == "72"


@pytest.mark.parametrize(
    ("text", "language", "content"),
    [
        ("```\nx\n```", None, "x"),
        ("```python\nx\n  y\n```", None, "x\n  y"),
        ("```python\nx\n```\n```\ny\n```", None, "y"),
        ("```python\nx\n```\n```\ny\n```", "python", "x"),
        ("```Python title\nx\n```", "PYTHON", "x"),
        ("````\n```\nx\n```\n````", None, "```\nx\n```"),
        ("  ```\r\nx\r\n  ```\r\n", None, "x"),
        ("```72```\n```\nx\n```", None, "x"),
        ("```\n\n```", None, None),
        ("~~~\n```\nx\n```\n~~~", None, "```\nx\n```"),
        ("~~~ py `a`\nx\n~~~~", "py", "x"),
        ("```{.python}\nx\n```", "python", "x"),
        ("```python:main.py\nx\n```", "python", "x"),
        ("- ```python\n  if x:\n    y\n  ```", "python", "if x:\n  y"),
        ("  ```\n  if x:\n    y\n  ```", None, "if x:\n  y"),
        ("x", None, None),
        ("", None, None),
        ("```\nx\n```", "python", None),
        ("```72```", None, None),
    ],
)
def test_code_block(text, language, content):
    assert code_block(text, language) == content


@given(
    st.text("ab{}\\", max_size=12).filter(
        lambda text: text.count("{") == text.count("}") == 0 and "\\" not in text
    ),
    st.integers(0, 5),
)
@settings(max_examples=50)
def test_boxes_keep_nested_braces(text, depth):
    content = "{" * depth + f"a{text}" + "}" * depth
    assert boxed(f"so \\boxed{{{content}}}.") == content


WHICH = ("last", "first")
PIECES = [
    "####",
    "####\n",
    "####\n```\n",
    "\\boxed{",
    "\\boxed ",
    "\\boxed",
    "{",
    "}",
    "\\",
    "<answer>",
    "</answer>",
    "```",
    "```\n",
    "```json\n",
    "[",
    '{"a":',
    '"',
    '{"',
    "\n",
    " ",
]


READINGS = (
    after_marker,
    *(
        lambda text, read=read, last=last: read(text, which=last)
        for read in (boxed, tag, code_block)
        for last in WHICH
    ),
    *(lambda text, read=read: read(text, unclosed=True) for read in (boxed, tag, code_block)),
)


@pytest.mark.parametrize("piece", PIECES)
def test_markup_takes_linear_time(piece):
    for reading in READINGS:
        for head, tail in (("", ""), ("\\boxed{#### ```\n<answer>", ""), ("", "</answer>}\n```")):
            assert_linear(reading, lambda size: head + piece * (size // len(piece)) + tail, 100_000)  # noqa: B023


@pytest.mark.slow
def test_a_megabyte_of_the_worst_markup_takes_linear_time():
    for piece in ("\\boxed{", "<answer>", "```\n", "\\boxed "):
        for reading in READINGS:
            assert_linear(reading, lambda size: piece * (size // len(piece)), 1_000_000)  # noqa: B023


@given(st.lists(st.sampled_from(["1", "2", " ", "x"]), min_size=1).map("".join).filter(str.strip), st.data())
def test_text_that_is_cut_off_is_read_only_on_request(content, data):
    for reading, opening, closing in (
        (boxed, "\\boxed{", "}"),
        (tag, "<answer>", "</answer>"),
        (code_block, "```\n", "\n```"),
    ):
        whole = f"So it is\n{opening}{content}{closing}"
        cut = whole[: len(whole) - data.draw(st.integers(1, len(closing)))]
        assert reading(whole) == reading(whole, unclosed=True) == reading(whole, which="first")
        assert reading(cut) is None
        assert reading(cut, unclosed=True).strip() == content.strip()
        earlier = f"{opening}9{closing}\n"
        assert reading(earlier + cut, unclosed=True).strip() == content.strip()
        assert reading(earlier + whole, which="first") == "9"


def test_the_option_which_must_be_first_or_last():
    for reading in (after_marker, boxed, tag, code_block):
        with pytest.raises(ValueError, match="write 'last' or 'first'"):
            reading("x", which="middle")


@given(st.text() | st.lists(st.sampled_from(PIECES + ["1", "a"]), max_size=12).map("".join))
def test_no_text_raises_and_no_answer_is_blank(text):
    for reading in (after_marker, boxed, tag, code_block):
        answer = reading(text)
        assert answer is None or answer.strip()
