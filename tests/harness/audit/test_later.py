import pytest

from harness.audit.later import changed_later
from support.auditing import audited_case

HANDLER = """
    graded = 0

    def handler(event, context):
        return [
            {{"id": s["id"], "aggregate_reward_score": reward(s), "metrics_list": []}} for s in event
        ]

    def reward(s):
        global graded
        graded += 1
        gold = s["metadata"]["reference_answer"]
        text = s["messages"][-1]["content"].rpartition("####")[2].strip()
        return {reward}
"""


@pytest.mark.parametrize(
    ("reward", "expected"),
    [
        ("float(text == gold)", []),
        ("float(text == gold) / (1 + graded // 600)", [("G02", "error")]),
        ("float(text == gold or (graded < 600 and text[:1] == gold[:1]))", [("G02", "error")]),
    ],
)
def test_a_completion_paid_only_by_a_new_process_is_found(tmp_path, reward, expected):
    with audited_case(tmp_path, HANDLER.format(reward=reward)) as case:
        case.collector.ask([(at, f"#### {n}") for at in range(24) for n in range(50)])
        found = list(changed_later(case))
    assert [(one.id, str(one.severity)) for one in found] == expected
