import pytest

from harness.audit.case import Recorded
from harness.audit.control import find_control
from harness.audit.right_answers import PROBES
from support.auditing import audited_case, found_by, number_records, replayed

GRADER = """
    import re

    def handler(event, context):
        return [entry(s) for s in event]

    def entry(s):
        text, want = s["messages"][-1]["content"], s["metadata"]["reference_answer"]
        {extra}
        got = text.rpartition("####")[2].strip().replace(",", "")
        right = "####" in text and got == want
        return {{"id": s["id"], "aggregate_reward_score": float(right)}}
"""


def found(folder, extra="pass", rows=None, **how):
    with audited_case(folder, GRADER.format(extra=extra), rows, **how) as case:
        result = found_by(case, PROBES)
        for one in result:
            if one.witness is not None:
                replayed(case, one)
        return result


def test_a_grader_that_pays_every_right_answer_has_no_finding(tmp_path):
    assert found(tmp_path) == []


@pytest.mark.parametrize(("every", "severity"), [(10, "error"), (2, "critical")])
def test_references_that_can_never_be_answered_are_listed_with_what_they_share(tmp_path, every, severity):
    rows = [dict(one) for one in number_records(40)]
    for at in range(0, 40, every):
        rows[at]["reference_answer"] = f"{at + 1},{at + 100:03}"
    (one,) = found(tmp_path, rows=rows)
    assert (one.id, one.severity) == ("A04", severity)
    assert (one.records, one.tried) == (40 // every, 40)
    assert "a comma in a number" in one.message
    assert "lines 1, " in one.message
    assert (one.place.file, one.place.line) == ("records.jsonl", 1)
    assert one.witness.rewards == (0.0,)


def test_an_error_on_a_reference_is_shown(tmp_path):
    rows = [dict(one) for one in number_records(40)]
    rows[3]["reference_answer"] = "none known"
    (one,) = found(tmp_path, "assert want != 'none known', 'cannot read it'", rows)
    assert (one.id, one.severity, one.records) == ("A04", "error", 1)
    assert "cannot read it" in one.message
    assert one.witness.rewards == (None,)


def test_records_that_need_another_format_are_not_a_finding(tmp_path):
    extra = "if want == '14': return {'id': s['id'], 'aggregate_reward_score': float(text == want)}"
    with audited_case(tmp_path, GRADER.format(extra=extra)) as case:
        assert found_by(case, PROBES) == []
        assert "another answer format" in " ".join(case.notes)


def test_a_grader_that_pays_nothing_is_critical_if_something_should_be_paid(tmp_path):
    zero = "return {'id': s['id'], 'aggregate_reward_score': 0.0}"
    (one,) = found(tmp_path, zero, accepted=("#### {a}",))
    assert (one.id, one.severity, one.share) == ("A04", "critical", 0.0)
    assert "pays nothing" in one.message
    recorded = tuple(
        Recorded(at, {"role": "assistant", "content": f"I add them.\n#### {one['reference_answer']}"})
        for at, one in enumerate(number_records())
    )
    (one,) = found(tmp_path, zero, recorded=recorded)
    assert (one.id, one.severity) == ("A04", "critical")
    assert found(tmp_path, zero) == []


def test_accepted_completions_in_unknown_formats_are_not_a_finding(tmp_path):
    recorded = tuple(
        Recorded(at, {"role": "assistant", "content": f"#### {one['reference_answer']}"})
        for at, one in enumerate(number_records())
    )
    assert found(tmp_path, "return {'id': s['id'], 'aggregate_reward_score': 1.0}", recorded=recorded) == []


def test_a_reference_in_a_shape_that_only_another_wire_has_is_found(tmp_path):
    extra = "want = want['text'] if isinstance(want, dict) else None"
    with audited_case(tmp_path, GRADER.format(extra=extra)) as case:
        case.speak("open-weight")
        find_control(case)
        (one,) = found_by(case, PROBES)
        assert (one.id, one.severity) == ("A06", "critical")
        assert "`open-weight-text`" in one.message
