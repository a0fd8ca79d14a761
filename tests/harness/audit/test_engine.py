import pytest

from harness.audit.engine import run_audit
from support.auditing import audited_case

HANDLER = """
    import time

    def handler(event, context):
        return [
            {{"id": s["id"], "aggregate_reward_score": reward(s), "metrics_list": []}} for s in event
        ]

    def reward(s):
        {before}
        gold = s["metadata"]["reference_answer"]
        return float(s["messages"][-1]["content"].rpartition("####")[2].strip() == gold)
"""


@pytest.mark.slow
def test_a_slow_grader_is_timed_first_and_the_rest_ends_soon(tmp_path):
    with audited_case(
        tmp_path, HANDLER.format(before="time.sleep(0.15)"), control=False, seconds=5.0
    ) as case:
        audited = run_audit(case)
    assert [(one.id, str(one.severity)) for one in audited.findings if one.severity > "note"] == [
        ("G03", "error")
    ]
    assert [one.what for one in audited.outcomes if one.id == "G03"] == ["failed"]
    assert any("seconds are over" in one.why for one in audited.outcomes)


def test_an_audit_out_of_time_keeps_contract_violations_with_their_witness(tmp_path):
    source = HANDLER.format(before="return 'none'")
    with audited_case(tmp_path, source, control=False) as case:
        case.collector.ask([(0, "1")])
        case.collector.budget.seconds = 0.0
        audited = run_audit(case)
    assert [one.id for one in audited.findings if one.witness] == ["A01"]
    assert {one.what for one in audited.outcomes} <= {"skipped", "inapplicable", "passed"}
