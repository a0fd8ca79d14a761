import pytest

from harness.audit.hostile_texts import PROBES
from support.auditing import audited_case, found_by, replayed

HANDLER = """
    import json

    def reward(text, gold):
        {before}
        return text.rpartition("####")[2].strip() == gold

    def handler(event, context):
        found = []
        for s in event:
            {guard}
            found.append({{"id": s["id"], "aggregate_reward_score": float(right), "metrics_list": []}})
        return found
"""
OPEN = """right = reward(s["messages"][-1]["content"], s["metadata"]["reference_answer"])"""
GUARDED = f"""
            try:
                {OPEN}
            except Exception:
                right = 0.0
"""


def audited(tmp_path, before, guard=OPEN):
    with audited_case(tmp_path, HANDLER.format(before=before, guard=guard), seconds=5.0) as case:
        found = found_by(case, PROBES)
        for one in found:
            replayed(case, one)
        return found


NUMBER = "text.isdigit() and int(text)"
DEEP = "text[0] in '[{' and json.loads(text) if text[:200].count('[') > 100 else 0"
WRITTEN = "text.encode()"


@pytest.mark.parametrize("before", ["pass", "text.split()", "text.encode(errors='replace')"])
def test_a_grader_that_reads_any_text_passes(tmp_path, before):
    assert audited(tmp_path, before) == []


@pytest.mark.parametrize("before", [NUMBER, DEEP, WRITTEN])
def test_a_sample_that_is_caught_passes(tmp_path, before):
    assert audited(tmp_path, before, GUARDED) == []


@pytest.mark.parametrize(
    ("before", "what"),
    [
        (NUMBER, "5,000 digits"),
        (DEEP, "nested brackets"),
        (WRITTEN, "surrogate"),
        ("'/' in text and 1 / 0", "denominator zero"),
    ],
)
def test_a_text_that_loses_its_call_is_found(tmp_path, before, what):
    found = audited(tmp_path, before)
    assert [(one.id, one.severity) for one in found] == [("A12", "error")]
    assert what in found[0].message
