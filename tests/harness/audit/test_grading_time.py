import pytest

from harness.audit.grading_time import PROBES
from harness.audit.long_texts import LongText, long_texts
from support.auditing import audited_case, found_by

HANDLER = """
    import re, time

    def handler(event, context):
        return [
            {{"id": s["id"], "aggregate_reward_score": float(reward(s)), "metrics_list": []}} for s in event
        ]

    def reward(s):
        text, gold = s["messages"][-1]["content"], s["metadata"]["reference_answer"]
        {before}
        return text.rpartition("####")[2].strip() == gold
"""


def audited(tmp_path, before, probe, **more):
    with audited_case(tmp_path, HANDLER.format(before=before), **more) as case:
        found = found_by(case, [probe])
        if found and found[0].witness is not None:
            assert case.collector.rollout(0, "x").keys() == found[0].witness.rollouts[0].keys()
        return found, case


TIME, GROWTH = PROBES


@pytest.mark.parametrize(
    "before",
    [
        "pass",
        "re.findall(r'<answer>([^<]*)</answer>', text)",
        "re.sub(r'[ ]+', ' ', text).split()",
        "time.sleep(0.002)",
        # An import does not count as grading time, even if it repeats after each restart of the process.
        pytest.param(
            "'boxed' in text and not globals().get('ready') and (time.sleep(1.3), globals().update(ready=1))",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_linear_grading_time_passes(tmp_path, before):
    assert audited(tmp_path, before, GROWTH)[0] == []


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("re.search(r'^(a+)+$', text)", marks=pytest.mark.slow),
        # Repeated, because one pass can be too short on a fast machine.
        "[re.findall(r'<answer>.*?</answer>', text, re.S) for _ in range(4)]",
        *(
            pytest.param(before, marks=pytest.mark.slow)
            for before in (
                "re.search(r'<answer>(.|\\s)*</answer>', text) if '<answer>' in text else 0",
                "re.search(r'(\\w+\\s?)+:$', text)",
                "text.startswith('<box') and time.sleep(60)",
            )
        ),
    ],
)
def test_time_that_grows_faster_is_found(tmp_path, before):
    found, _ = audited(tmp_path, before.replace("<box", "((("), GROWTH)
    assert [(one.id, one.severity) for one in found] == [("G04", "critical")]
    assert len(found[0].message) < 400


def test_a_call_that_takes_longer_than_lambda_allows_is_found(tmp_path):
    found, _ = audited(tmp_path, "time.sleep(0.1)", TIME, control=False, seconds=20.0)
    assert [(one.id, one.severity) for one in found] == [("G03", "error")]
    assert "a call of 64 samples takes" in found[0].message


def test_a_quick_call_passes(tmp_path):
    assert audited(tmp_path, "pass", TIME)[0] == []


def test_the_graders_own_markers_are_made_long(tmp_path):
    _, case = audited(tmp_path, "re.search(r'<verdict>(x*)y', text) or '@@END' in text", TIME)
    texts = long_texts(case)
    assert LongText("<verdict>", "x", "\x00") in texts
    assert LongText("", "<verdict>") in texts
    assert LongText("", "@@END") in texts
    assert LongText("####", " ", "x") in texts
    assert all(len(each.of(500)) <= 500 + 80 for each in texts)
