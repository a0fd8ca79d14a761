import pytest

from harness.audit.case import Recorded
from harness.audit.form_use import said_in
from harness.audit.invariance import PROBES
from support.auditing import audited_case, found_by, number_records, replayed

GRADER = """
    import re

    def handler(event, context):
        return [entry(s) for s in event]

    def entry(s):
        text, want = s["messages"][-1]["content"], s["metadata"]["reference_answer"]
        return {{"id": s["id"], "aggregate_reward_score": float(reward(text, want))}}

    def reward(text, want):
        {body}
"""
TOLERANT = (
    "m = re.findall(r'#### *[*`]*([\\d,]+)', text)\n        return bool(m) and m[-1].replace(',', '') == want"
)
STRICT = "return text.rpartition('####')[2].strip() == want and '####' in text"
ALONE = "return text.strip() == want"


def audit(folder, body, rows=None, **how):
    with audited_case(folder, GRADER.format(body=body), rows, **how) as case:
        found = found_by(case, PROBES)
        for one in found:
            replayed(case, one)
            paid, refused = one.witness.rewards
            assert paid > (refused or 0.0)
        return found, case.notes


def recordings(*texts):
    return tuple(
        Recorded(at, {"role": "assistant", "content": texts[at % len(texts)].format(one["reference_answer"])})
        for at, one in enumerate(number_records())
    )


def test_a_grader_that_reads_the_answer_by_value_has_a_note_at_most(tmp_path):
    found, notes = audit(tmp_path, TOLERANT)
    assert [one.severity for one in found] in ([], ["note"])
    assert notes == []


NO_THOUGHTS = "return text.partition('####')[2].split()[:1] == [want] and 'think' not in text"


@pytest.mark.parametrize(
    ("body", "ask", "expected"),
    [
        (STRICT, "Work it out, and end with #### and the number.", ("B01", "note")),
        (STRICT, "Write #### and the number, then explain it.", ("B01", "warning")),
        (STRICT, "Write #### and the number. The number comes first.", ("B01", "warning")),
        (
            "return text[:200].rpartition('####')[2].strip().partition(chr(10))[0] == want",
            "Think step by step, and end with #### and the number.",
            ("B02", "warning"),
        ),
        (
            "return text[:200].rpartition('####')[2].strip().partition(chr(10))[0] == want",
            "Write #### and the number.",
            ("B02", "note"),
        ),
        (NO_THOUGHTS, "Use <think> tags, then write #### and the number.", ("B09", "warning")),
        (NO_THOUGHTS, "Write #### and the number.", ("B09", "note")),
    ],
)
def test_refused_forms_are_a_warning_where_the_prompts_ask_for_them(tmp_path, body, ask, expected):
    found, _ = audit(tmp_path, body, number_records(24, ask))
    (one,) = found
    assert (one.id, one.severity) == expected
    assert one.headline == ""
    assert one.share is None


def test_a_grader_that_takes_the_answer_alone_is_a_profile(tmp_path):
    found, notes = audit(tmp_path, ALONE, number_records(24, "Reply with the number only."))
    assert [one.severity for one in found] == ["note"]
    assert "only the answer in its format" in " ".join(notes)


def test_pay_for_length_is_a_profile(tmp_path):
    body = (
        "return 0.9 * bool(re.search(r'####\\s*' + want + r'\\b', text)) + 0.1 * max(0, 1 - len(text) / 2000)"
    )
    found, notes = audit(tmp_path, body)
    assert all(one.severity == "note" for one in found)
    assert "shapes by length" in " ".join(notes)


def test_recordings_that_use_a_form_put_it_into_the_headline(tmp_path):
    recorded = recordings("I add them.\n#### {}", "I add them.\n#### {}\nThat is it.")
    (one,), _ = audit(tmp_path, STRICT, recorded=recorded)
    assert (one.id, one.severity) == ("B01", "warning")
    assert "in 12 of 24 recorded right answers" in one.headline


def test_forms_that_no_recording_uses_are_a_note(tmp_path):
    (one,), _ = audit(tmp_path, STRICT, recorded=recordings("I add them.\n#### {}"))
    assert one.severity == "note"
    assert one.headline == ""


def test_a_form_of_the_answer_that_recordings_use_is_a_warning(tmp_path):
    body = "m = re.search(r'####\\s*([0-9]+)', text)\n        return bool(m) and m[1] == want"
    (one,), _ = audit(tmp_path, body, recorded=recordings("So:\n#### {}", "So:\n#### **{}**"))
    assert (one.id, one.severity) == ("B05", "warning")
    assert "bold type" in one.message


def test_rewards_for_form_and_tool_calls_are_skipped(tmp_path):
    rows = number_records(12, "Put it in <answer> tags.")
    body = "return bool(re.search('<answer>.+</answer>', text))"
    with audited_case(tmp_path, GRADER.format(body=body), rows, kind="format") as case:
        assert PROBES[0].why_not(case) is not None


def listed(ask):
    return [
        {
            "messages": [{"role": "user", "content": f"Who met in room {n}? {ask}"}],
            "reference_answer": f"Ann {n}, Bo {n}, Cy {n}",
        }
        for n in range(24)
    ]


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        ("Reply with the names only, separated by commas.", [("B12", "warning")]),
        ("Reply with the names only, in alphabetical order, separated by commas.", [("B02", "note")]),
    ],
)
def test_the_order_of_a_list_counts_only_where_the_prompts_say_so(tmp_path, ask, expected):
    found, _ = audit(tmp_path, ALONE, listed(ask))
    assert [(one.id, one.severity) for one in found] == expected


def test_requiring_an_identical_json_spelling_is_a_warning(tmp_path):
    rows = [
        {**one, "reference_answer": f'{{"n": {n}, "m": "x{n}"}}'} for n, one in enumerate(listed("Use JSON."))
    ]
    found, _ = audit(tmp_path, ALONE, rows)
    assert [(one.id, one.severity) for one in found] == [("B12", "warning")]
    by_value = "import json\n        return text[:1] == '{' and json.loads(text) == json.loads(want)"
    found, _ = audit(tmp_path, by_value, rows)
    assert [one.severity for one in found] == ["note"]


@pytest.mark.parametrize(
    ("text", "kind", "gold", "said"),
    [
        ("So 3 + 4.\n#### 7 apples", "number", "7", ("So 3 + 4.\n#### ", "7", " apples", None)),
        ("It is 7, no, 8", "number", "7", None),
        ("#### 1,234", "number", "1234", ("#### ", "1,234", "", "thousands with a comma, or without")),
        ("#### 7.0", "number", "7", ("#### ", "7.0", "", "zero decimals")),
        (
            'Here: {"b": 1, "a": 2}',
            "json",
            '{"a": 2, "b": 1}',
            ("Here: ", '{"b": 1, "a": 2}', "", "keys in another order"),
        ),
        ("No idea", "json", '{"a": 2}', None),
        ("It is Ann.", "text", "Ann", ("It is ", "Ann", ".", None)),
    ],
)
def test_the_right_answer_of_a_recorded_completion_is_found_by_value(text, kind, gold, said):
    assert said_in(text, kind, gold) == said
