import pytest

from harness.audit import contract, malformed
from support.auditing import audited_case, found_by, replayed

HANDLER = """
    def text_of(s):
        messages = s.get("messages") if isinstance(s, dict) else None
        last = messages[-1] if isinstance(messages, list) and messages else None
        content = last.get("content") if isinstance(last, dict) else None
        return content if isinstance(content, str) else ""

    def gold_of(s):
        return (s.get("metadata") or {{}}).get("reference_answer") if isinstance(s, dict) else None

    def handler(event, context):
        return [entry(s, n) for n, s in enumerate(event)]

    def entry(s, n):
        text, gold = text_of(s), gold_of(s)
        {before}
        reward = float(bool(gold) and text.rpartition("####")[2].strip() == gold)
        id = s.get("id") if isinstance(s, dict) else None
        return {{"id": {id}, "aggregate_reward_score": {reward}, "metrics_list": []}}
"""


def handler(before="pass", id="id", reward="reward"):
    return HANDLER.format(before=before, id=id, reward=reward)


def audited(tmp_path, source, **more):
    with audited_case(tmp_path, source, **more) as case:
        found = [
            *found_by(case, (*contract.PROBES, *malformed.PROBES)),
            *contract.broken_contract(case),
        ]
        for one in found:
            if one.witness is not None:
                replayed(case, one)
        return [(one.id, str(one.severity)) for one in found], found


def test_a_grader_that_keeps_the_contract_passes(tmp_path):
    assert audited(tmp_path, handler())[0] == []


def test_an_honest_failure_is_not_a_finding(tmp_path):
    failing = """if not text: return {"id": s.get("id") if isinstance(s, dict) else None,
            "aggregate_reward_score": 0.0, "metrics_list": [
                {"name": "grader_error", "value": 1.0, "type": "Metric"}]}"""
    assert audited(tmp_path, handler(failing))[0] == []


@pytest.mark.parametrize(
    ("before", "severity", "what"),
    [
        ("s['messages'][-1]", "critical", "without messages"),
        ("s['messages'][-1]['content'].strip()", "critical", "content is null"),
        ("s['metadata']['reference_answer'].strip()", "error", "without a reference"),
        ("s['id']", "note", "not an object"),
    ],
)
def test_a_malformed_sample_that_loses_its_call_is_found(tmp_path, before, severity, what):
    found, full = audited(tmp_path, handler(before))
    assert found == [("A03", severity)]
    assert what in full[0].message


def test_a_malformed_sample_that_changes_its_neighbors_is_found(tmp_path):
    source = handler(reward="reward * (not BAD)").replace("def text_of", "BAD = []\n\n    def text_of")
    source = source.replace(
        "        return [entry",
        "        BAD[:] = [1 for s in event if not text_of(s)]\n        return [entry",
    )
    found, full = audited(tmp_path, source)
    assert found == [("A03", "critical")]
    assert "different rewards" in full[0].message


UNKNOWN_METRIC = """if text: return {
            "id": s["id"], "aggregate_reward_score": 0.0,
            "metrics_list": [{"name": "right", "value": 0.0, "type": "reward"}]}"""


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"id": "id if text else '0'"}, [("A02", "error")]),
        ({"id": "str(n)"}, [("A02", "error")]),
        ({"id": "id.split(':')[0] if isinstance(id, str) else id"}, [("A02", "error")]),
        ({"id": "str(id) if isinstance(id, int) else id"}, [("A02", "warning")]),
        ({"reward": "reward if text else None"}, [("A01", "critical")]),
        ({"reward": "reward if '####' in text else '0.0'"}, [("A01", "critical")]),
        ({"reward": "reward if text.endswith('4') else float('nan')"}, [("A09", "critical")]),
        ({"before": UNKNOWN_METRIC}, [("A01", "critical")]),
        ({"reward": "bool(reward)"}, [("A09", "warning")]),
        ({"reward": "reward * (1.25 if len(text) < 9 else 1)"}, [("A09", "warning")]),
        ({"reward": "reward * 2 - 1"}, [("A09", "note")]),
        (
            {"before": "text and s['messages'].pop()"},
            [("A14", "warning")],
        ),
    ],
)
def test_violations_in_any_answer_are_found(tmp_path, how, expected):
    found, _ = audited(tmp_path, handler(**how))
    assert list(dict.fromkeys(found)) == expected


def test_a_declared_range_is_enforced(tmp_path):
    assert audited(tmp_path, handler(reward="reward * 2 - 1"), bounds=(-1.0, 1.0))[0] == []


def test_an_ordinary_completion_that_loses_its_call_is_found(tmp_path):
    found, full = audited(tmp_path, handler("float(text.replace('####', '')) if text else 0"))
    assert ("A03", "critical") in found
    assert "ValueError" in full[-1].message


def test_a_completion_that_ends_the_process_is_found(tmp_path):
    found, full = audited(tmp_path, handler("import os; text.startswith('The') and os._exit(3)"))
    assert found == [("A03", "critical")]
    assert "exit code 3" in full[0].message


def test_rewards_that_go_to_other_ids_are_found_though_each_sample_alone_gets_its_own(tmp_path):
    source = handler().replace("[entry(s, n) for n, s in enumerate(event)]", "resorted(event)")
    source += """
    def resorted(event):
        rows = [entry(s, n) for n, s in enumerate(event)]
        ids = sorted((row["id"] for row in rows), key=str)
        return [{**row, "id": id} for row, id in zip(rows, ids)]
"""
    found, _ = audited(tmp_path, source)
    assert ("A02", "error") in found
