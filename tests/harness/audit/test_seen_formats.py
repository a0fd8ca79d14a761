import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.case import Recorded, Subject
from harness.audit.readings import Reading
from harness.audit.seen_formats import (
    mined_templates,
    recorded_templates,
    template_of_pattern,
    text_of,
    whole_template,
)


@pytest.mark.parametrize(
    ("pattern", "template"),
    [
        (r"####\s*(-?[\d,]+)", "####{a}"),
        (r"(?i)answer\s+is:?\s*([A-E])\b", "answer is{a}"),
        (r"<answer>(.*?)</answer>", "<answer>{a}</answer>"),
        (r"(?:Final|Last) answer = (\w+)", "Final answer = {a}"),
        (r"\[\[([AB])\]\]", "[[{a}]]"),
        (r"RESULT\{(?P<value>.+?)\}", "RESULT{{a}}"),
        (r"\d+", None),
        (r"(unclosed", None),
    ],
)
def test_a_pattern_shows_the_format_that_it_finds(pattern, template):
    assert template_of_pattern(pattern) == template
    if template is not None:
        assert re.search(
            pattern, template.replace("{a}", "A" if "[A" in pattern or r"\w" in pattern else "7")
        )


def test_a_source_shows_its_tags_markers_patterns_and_keys(tmp_path):
    file = tmp_path / "g.py"
    file.write_text(
        "import json, re\n"
        "def handler(event, context):\n"
        "    text = event[0]['messages'][-1]['content']\n"
        "    if text.startswith('VERDICT:'):\n"
        "        return text.split('<out>')[1]\n"
        "    return json.loads(text)['label'] or re.search(r'total = (\\d+)', text)\n"
    )
    found = mined_templates([file])
    assert {"VERDICT: {a}", "<out>{a}</out>", '{"label": "{a}"}', "total = {a}"} <= set(found)
    assert not any("messages" in one for one in found)


def subject(texts, answers):
    records = tuple({"messages": [], "reference_answer": answer} for answer in answers)
    recorded = tuple(Recorded(at, {"role": "assistant", "content": text}) for at, text in enumerate(texts))
    return Subject(records, "r.jsonl", tuple(range(len(records))), recorded)


def test_recorded_completions_show_how_they_say_the_answer():
    texts = [
        "I add 3 and 4.\nTotal => 7 units",
        "2 times 4.\nTotal => 8 units",
        "No idea",
        "It is\n10\nor so",
    ]
    found = recorded_templates(subject(texts, ["7", "8", "9", "10"]), Reading())
    assert found == ["Total => {a} units"]


def test_an_answer_alone_on_its_line_keeps_the_lines_around_it():
    texts = ["Well.\n<out>\n7\n</out>", "So.\n<out>\n8\n</out>"]
    assert recorded_templates(subject(texts, ["7", "8"]), Reading()) == ["<out>\n{a}\n</out>"]


@pytest.mark.parametrize(
    ("text", "answer", "template"),
    [
        ("17 and 7", "7", "17 and {a}"),
        ("7 and 77", "7", "{a} and 77"),
        ("7 and 7.5", "7", "{a} and 7.5"),
        ("It is 7.", "7", "It is {a}."),
        ("707", "7", None),
        ("Ann", "An", None),
        ("{a} is 7", "7", None),
    ],
)
def test_an_answer_is_found_as_a_whole_word_or_number(text, answer, template):
    assert whole_template(text, answer) == template


@given(st.text(max_size=40), st.text("ab7.", min_size=1, max_size=3))
def test_a_template_filled_with_its_answer_is_the_completion(text, answer):
    template = whole_template(text, answer)
    assert template is None or template.replace("{a}", answer, 1) == text or "{a}" in answer


def test_the_text_of_a_message_is_its_text_blocks():
    assert text_of({"content": [{"text": "a"}, {"image": 1}, {"text": "b"}]}) == "a\nb"
    assert text_of({"content": None}) == ""
