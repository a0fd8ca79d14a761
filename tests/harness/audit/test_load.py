import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.load import busy_ms, busyness, unhurried_ms
from support.auditing import audited_case

HANDLER = """
    import subprocess, sys, time

    def handler(event, context):
        {before}
        return [{{"id": s["id"], "aggregate_reward_score": 0.0, "metrics_list": []}} for s in event]
"""

TIMES = st.floats(0, 1e6)


@pytest.mark.parametrize(
    ("before", "computes"),
    [
        ("until = time.process_time() + 0.2\n        while time.process_time() < until: pass", True),
        ("subprocess.run([sys.executable, '-c', 'sum(range(20_000_000))'])", True),
        ("time.sleep(0.2)", False),
    ],
)
def test_computing_time_and_sleeping_time_are_distinguished(tmp_path, before, computes):
    with audited_case(tmp_path, HANDLER.format(before=before), control=False, seconds=20.0) as case:
        target = case.collector.target.target
        start = busy_ms(target) or 0.0
        case.collector.ask([(0, "1")])
        spent = (busy_ms(target) or 0.0) - start
    assert (spent >= 100) == computes


def test_computing_time_is_unknown_without_a_process(tmp_path):
    with audited_case(tmp_path, HANDLER.format(before="pass"), control=False) as case:
        target = case.collector.target.target
        target.close()
        assert busy_ms(target) is None


def test_time_on_a_busy_machine_counts_as_computing_time():
    assert unhurried_ms(1_000, 0, 400) == 500
    assert unhurried_ms(250, 0, 10) == 250  # the process was mostly asleep
    assert unhurried_ms(250, None, 10) == 250


@given(TIMES, TIMES, TIMES)
def test_an_estimate_is_at_most_the_measured_time(ms, before, more):
    assert 0 <= unhurried_ms(ms, before, before + more) <= ms


def test_no_machine_is_faster_than_an_idle_one():
    assert 1 <= busyness() <= 4
