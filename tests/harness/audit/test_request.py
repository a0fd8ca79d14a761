import json

from harness.audit.request import AuditRequest, audit
from harness.targets.opening import TargetChoice
from support.auditing import number_records

WRAPPED_ALONE = """
def handler(event, context):
    return [entry(s) for s in event]

def entry(s):
    want = s["metadata"].get("reference_answer")
    want = want["text"] if isinstance(want, dict) else None
    last = s["messages"][-1].get("content")
    right = want is not None and last == f"#### {want}"
    return {"id": s["id"], "aggregate_reward_score": float(right)}
"""


def test_an_audit_names_the_wire_over_which_its_witnesses_replay(tmp_path):
    (tmp_path / "g.py").write_text(WRAPPED_ALONE)
    data = tmp_path / "records.jsonl"
    data.write_text("".join(json.dumps(one) + "\n" for one in number_records()))
    where = TargetChoice(grader=f"{tmp_path}/g.py:handler")
    finished = audit(AuditRequest(data=data, where=where, search=0))
    assert finished.facts.wire == "open-weight-text"
    assert "A06" in {one.id for one in finished.findings.open}
