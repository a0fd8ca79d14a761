import pytest

from harness.audit.messages import PROBES
from support.auditing import audited_case, found_by, replayed

HANDLER = """
    def text_in(message):
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list):
            content = "".join(b.get("text", "") for b in content if isinstance(b, dict))
        return content if isinstance(content, str) else ""

    def final(s):
        last = (s.get("messages") or [{{}}])[-1]
        return text_in(last) if last.get("role") == "assistant" else ""

    def handler(event, context):
        return [entry(s) for s in event]

    def entry(s):
        gold = (s.get("metadata") or {{}}).get("reference_answer")
        failed = 0.0
        try:
            text = {text}
            reward = float(bool(text) and text.rpartition("####")[2].strip() == {gold})
        except Exception:
            reward, failed = {failing}
        metrics = [{{"name": "failed", "value": failed, "type": "Metric"}}] if {metric} else []
        return {{"id": s["id"], "aggregate_reward_score": reward, "metrics_list": metrics}}
"""


def handler(text="final(s)", failing="0.0, 1.0", gold="str(gold)", metric="True"):
    return HANDLER.format(text=text, failing=failing, gold=gold, metric=metric)


def audited(tmp_path, source):
    with audited_case(tmp_path, source) as case:
        assert case.control is not None
        found = found_by(case, PROBES)
        for one in found:
            if one.witness is not None:
                replayed(case, one)
        return [(one.id, str(one.severity)) for one in found], found


CONTENT = "s['messages'][-1]['content']"
RAISES = "final(s) or [][0]"


def test_a_grader_of_the_final_message_passes(tmp_path):
    assert audited(tmp_path, handler(RAISES))[0] == []


def test_failures_that_no_metric_tells_from_wrong_answers_are_a_note(tmp_path):
    assert audited(tmp_path, handler())[0] == [("A10", "note")]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (
            {"text": "s['messages'][-1]['content'] if s['messages'] else ''", "failing": "[][0]"},
            ("A07", "critical"),
        ),
        (
            {"text": "(lambda c: c if isinstance(c, str) else '')(s['messages'][-1]['content'])"},
            ("A07", "error"),
        ),
        ({"text": "[text_in(m) for m in s['messages'] if m['role'] == 'assistant'][0]"}, ("A08", "error")),
        ({"text": "[text_in(m) for m in s['messages'] if m['role'] == 'assistant'][-1]"}, ("A08", "error")),
        ({"text": "''.join(text_in(m) for m in s['messages'][1:])"}, ("A08", "error")),
        ({"text": RAISES, "failing": "0.5, 1.0"}, ("A10", "critical")),
        ({"text": RAISES, "gold": "str(int(gold))", "failing": "1.0, 0.0"}, ("A10", "critical")),
    ],
)
def test_faults_in_reading_messages_are_found(tmp_path, how, expected):
    found, _ = audited(tmp_path, handler(**how))
    assert expected in found
    assert {id for id, severity in found if severity != "note"} == {expected[0]}


ELSEWHERE = """
    def handler(event, context):
        return [entry(s) for s in event]

    def entry(s):
        # What the prompt asks for decides, whatever the reference is: "What is 3 plus 11? ..."
        asked = [m["content"] for m in s["messages"] if m["role"] == "user"][-1:]
        want = [str(int(text.split()[2]) + int(text.split()[4].strip("?"))) for text in asked]
        last = (s["messages"] or [{}])[-1]
        content = last.get("content") if last.get("role") == "assistant" else None
        if isinstance(content, list):
            content = "".join(b.get("text", "") for b in content)
        failed = float(not content)
        right = bool(want) and str(content).rpartition("####")[2].strip() == want[0]
        metrics = [{"name": "failed", "value": failed, "type": "Metric"}]
        return {"id": s["id"], "aggregate_reward_score": float(right), "metrics_list": metrics}
"""


def test_a_reference_that_the_grader_ignores_is_not_a_failure(tmp_path):
    assert audited(tmp_path, ELSEWHERE)[0] == []
