import json

import pytest

from harness.audit.nearly_right import NearMisses, may_be_left_out
from support.graded_by import (
    findings,
    label_records,
    list_records,
    object_records,
    tagged,
    text_records,
    told,
)

NEAR = (NearMisses(),)


@pytest.mark.parametrize(
    ("reward", "records"),
    [
        ("tag(text) == gold", tagged()),
        ("(re.findall(r'\\b[A-D]\\b', tag(text) or '') or [''])[0] == gold", tagged()),
        ("line(text) == gold", label_records()),
        ("line(text) == gold", text_records()),
        (
            "sorted(parsed(text) or []) == sorted(parsed(gold)) if isinstance(parsed(text), list) else 0",
            list_records(),
        ),
        ("parsed(text) == parsed(gold)", object_records()),
        ("difflib.SequenceMatcher(None, line(text) or '', gold).ratio()", text_records()),
    ],
)
def test_exact_answers_of_other_kinds_pass(tmp_path, reward, records):
    assert [one for one in findings(tmp_path, NEAR, reward, records) if one.severity > "note"] == []


@pytest.mark.parametrize(
    ("reward", "records", "severity", "said"),
    [
        ("gold in re.findall(r'\\b[A-D]\\b', tag(text) or '')", tagged(), "error", "another one"),
        ("(tag(text) or '?')[0] == gold", tagged(), "warning", "as a word"),
        ("gold in (line(text) or '')", label_records(), "error", "another one"),
        ("gold in (line(text) or '')", text_records(), "error", "letters after it"),
        (
            "difflib.SequenceMatcher(None, line(text) or '', gold).ratio() > 0.6",
            text_records(),
            "error",
            "another last word",
        ),
        (
            "isinstance(parsed(text), list) and set(parsed(text)) >= set(parsed(gold))",
            list_records(),
            "error",
            "one more item",
        ),
        (
            "isinstance(parsed(text), dict) and parsed(text).get('site') == parsed(gold)['site']",
            object_records(),
            "error",
            "`level` missing",
        ),
    ],
)
def test_near_misses_that_are_paid_are_one_finding(tmp_path, reward, records, severity, said):
    found = findings(tmp_path, NEAR, reward, records)
    assert told(found) == [("C05", severity)]
    assert said in found[0].message


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"reference_answer": {"event": {"room": 1}, "optional": ["room"]}}, True),
        ({"reference_answer": '{"event": {"room": 1}, "optional": ["room"]}'}, True),
        ({"reference_answer": {"text": '{"optional_keys": ["room"]}'}}, True),
        ({"required": ["day"], "reference_answer": {"day": 1, "room": 2}}, True),
        ({"required": ["day", "room"], "reference_answer": {"day": 1, "room": 2}}, False),
        ({"reference_answer": {"event": {"room": 1}, "optional": ["day"]}}, False),
        ({"reference_answer": {"room": 1}}, False),
        ({"reference_answer": "{broken"}, False),
        ({"messages": [{"optional": ["room"]}], "reference_answer": {"room": 1}}, False),
    ],
)
def test_a_key_may_be_left_out_where_the_record_says_so(record, expected):
    assert may_be_left_out(record, "room") is expected


def test_keys_that_the_records_call_optional_are_no_near_misses(tmp_path):
    def rows(more):
        return [
            {**one, "reference_answer": {"fields": json.loads(one["reference_answer"]), **more}}
            for one in object_records()
        ]

    reward = (
        "isinstance(parsed(text), dict) and parsed(text).get('site') == gold['fields']['site']"
        " and parsed(text).get('level', gold['fields']['level']) == gold['fields']['level']"
        " and set(parsed(text)) <= set(gold['fields'])"
    )
    assert findings(tmp_path, NEAR, reward, rows({"optional": ["level"]})) == []
    assert told(findings(tmp_path, NEAR, reward, rows({"optional": []}))) == [("C05", "error")]
