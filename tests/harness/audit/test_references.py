import json

import pytest

from harness.audit.control import find_control
from harness.audit.references import PROBES
from support.auditing import audited_case, found_by, number_records, replayed

HANDLER = """
    import json, re

    def plain(s, key="reference_answer"):
        gold = s.get(key)
        if gold is None:
            gold = (s.get("metadata") or {{}}).get(key)
        return gold

    def unwrapped(gold):
        return gold.get("text") if isinstance(gold, dict) else gold

    def handler(event, context):
        return [
            {{"id": s["id"], "aggregate_reward_score": float(reward(s)), "metrics_list": []}} for s in event
        ]

    def answer_of(s):
        content = s["messages"][-1]["content"]
        return content.rpartition("####")[2].strip() if "####" in content else ""

    def reward(s):
        text, content = answer_of(s), s["messages"][-1]["content"]
        gold = {gold}
        return {reward}
"""
RIGHT = "bool(text) and bool(gold) and text == str(gold)"


def handler(reward=RIGHT, gold="unwrapped(plain(s))"):
    return HANDLER.format(reward=reward, gold=gold)


def audited(tmp_path, source, records=None, **more):
    with audited_case(tmp_path, source, records, **more) as case:
        assert case.control is not None
        found = found_by(case, PROBES)
        for one in found:
            if one.witness is not None:
                replayed(case, one)
        return [(one.id, str(one.severity)) for one in found], found


def test_a_grader_that_fails_without_a_reference_passes(tmp_path):
    assert audited(tmp_path, handler())[0] == []


@pytest.mark.parametrize(
    ("reward", "said"),
    [
        ("text.replace(',', '') == str(gold or '').replace(',', '')", "missing"),
        ("bool(text) and re.sub('[^0-9]', '', text) == re.sub('[^0-9]', '', str(gold))", "no answer"),
        ("str(gold or '') in content", "null"),
        ("0.5 if not gold else text == str(gold)", "null"),
    ],
)
def test_two_missing_answers_that_are_equal_are_found(tmp_path, reward, said):
    found, full = audited(tmp_path, handler(reward))
    assert found == [("A05", "critical")]
    assert said in full[0].message
    assert full[0].witness.rewards[0] > 0


def test_an_empty_object_may_be_a_right_answer(tmp_path):
    records = [
        {"messages": [{"role": "user", "content": "Which are named?"}], "reference_answer": json.dumps(gold)}
        for n in range(12)
        for gold in ({}, {"a": n})
    ]
    source = """
        import json

        def read(text):
            try:
                return text if isinstance(text, dict) else json.loads(text)
            except (TypeError, ValueError):
                return None

        def reward(s):
            gold = (s.get("metadata") or s).get("reference_answer")
            gold = read(gold.get("text") if isinstance(gold, dict) and "text" in gold else gold)
            return isinstance(gold, dict) and read(s["messages"][-1]["content"]) == gold

        def handler(event, context):
            return [{"id": s["id"], "aggregate_reward_score": float(reward(s))} for s in event]
    """
    assert audited(tmp_path, source, records)[0] == []


@pytest.mark.parametrize(
    ("gold", "expected"),
    [
        ("plain(s)", [("A06", "error")]),
        ("s['metadata'].get('reference_answer')", [("A06", "note")]),
        ("(s.get('metadata') or {}).get('reference_answer')", [("A06", "note")]),
    ],
)
def test_a_reference_in_another_shape_that_is_not_read_is_found(tmp_path, gold, expected):
    reward = f"isinstance(gold, str) and {RIGHT}"
    assert audited(tmp_path, handler(reward, gold))[0] == expected


def test_records_without_references_have_no_such_probes(tmp_path):
    records = [{**one, "answer": one["reference_answer"]} for one in number_records()]
    for one in records:
        del one["reference_answer"]
    with audited_case(tmp_path, handler(), records, control=False) as case:
        assert all(probe.why_not(case) for probe in PROBES)


def test_a_plain_text_that_is_not_read_over_a_wire_that_wraps_it_is_found(tmp_path):
    gold = "plain(s).get('text') if isinstance(plain(s), dict) else None"
    with audited_case(tmp_path, handler(gold=gold), control=False) as case:
        case.speak("open-weight-root")
        case.control = find_control(case)
        assert case.control is not None
        assert ("A06", "error") in [(one.id, str(one.severity)) for one in found_by(case, PROBES)]
