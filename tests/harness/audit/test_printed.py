import pytest

from harness.audit.printed import PROBES
from support.auditing import audited_case, found_by

HANDLER = """
    import sys

    def handler(event, context):
        {before}
        found = []
        for s in event:
            text, gold = s["messages"][-1]["content"], s["metadata"]["reference_answer"]
            {printed}
            right = text.rpartition("####")[2].strip() == gold
            found.append({{"id": s["id"], "aggregate_reward_score": float(right), "metrics_list": []}})
        return found
"""


def audited(tmp_path, printed="pass", before="pass"):
    with audited_case(tmp_path, HANDLER.format(printed=printed, before=before)) as case:
        return found_by(case, PROBES)


@pytest.mark.parametrize("printed", ["pass", "print(s['id'], len(text))", "print(end='')"])
def test_no_content_passes(tmp_path, printed):
    assert audited(tmp_path, printed) == []


@pytest.mark.parametrize(
    ("printed", "before", "what"),
    [
        ("pass", "print(event)", "prompt and reference and completion"),
        ("print(text[:40], file=sys.stderr)", "pass", "prints completion"),
        ("print('no match for', gold)", "pass", "prints reference"),
    ],
)
def test_content_in_the_log_is_found(tmp_path, printed, before, what):
    found = audited(tmp_path, printed, before)
    assert [(one.id, one.severity) for one in found] == [("G07", "error")]
    assert what in found[0].message


def test_many_bytes_without_content_are_a_note(tmp_path):
    found = audited(tmp_path, "print('-' * 3000)")
    assert [(one.id, one.severity) for one in found] == [("G07", "note")]
