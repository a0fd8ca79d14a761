import subprocess
import sys
import textwrap
from contextlib import closing

import psutil
import pytest

from harness.audit.case import FamilyStopped, Subject
from harness.audit.opener import CallLimits, Opener
from harness.runs.facts import InProcessFacts
from support.waiting import until

RECORDS = tuple(
    {"messages": [{"role": "user", "content": f"What is {n} + 1?"}], "reference_answer": str(n + 1)}
    for n in range(20)
)


@pytest.fixture
def opened(tmp_path):
    """Open a handler from its source. The limits are short enough for a test."""
    collectors = []

    def open_source(source, seconds=2.0):
        (tmp_path / "g.py").write_text(textwrap.dedent(source))
        subject = Subject(RECORDS, "records.jsonl", tuple(range(1, 21)))
        opener = Opener(
            InProcessFacts(f"{tmp_path}/g.py:handler"), subject, limits=CallLimits(seconds, 1 << 28)
        )
        collectors.append(opener.open())
        return collectors[-1]

    yield open_source
    for one in collectors:
        one.close()


HONEST = """
    def handler(event, context):
        return [entry(s, s["messages"][-1]["content"]) for s in event]

    def entry(s, text):
        {extra}
        right = text == s["metadata"]["reference_answer"]
        return {{"id": s["id"], "aggregate_reward_score": float(right), "metrics_list": []}}
"""


def source(extra="pass"):
    return HONEST.format(extra=extra)


def test_answers_are_in_order_and_cached(opened):
    collector = opened(source())
    replies = collector.ask([(0, "1"), (0, "2"), (1, "2")])
    assert [one.reward for one in replies] == [1.0, 0.0, 1.0]
    assert collector.ask([(1, "2")])[0].reward == 1.0
    assert collector.budget.used == 3
    assert collector.violations == []


@pytest.mark.parametrize(
    ("extra", "rule"),
    [
        ("if text == 'bad': return {'id': 'other', 'aggregate_reward_score': 0.0}", "A02"),
        ("if text == 'bad': return {'id': s['id'], 'aggregate_reward_score': float('nan')}", "A09"),
        ("if text == 'bad': return {'id': s['id'], 'aggregate_reward_score': True}", "A09"),
        ("if text == 'bad': return {'id': s['id'], 'aggregate_reward_score': 7.0}", "A09"),
        ("if text == 'bad': return None", "A01"),
    ],
)
def test_a_contract_violation_is_found_among_valid_neighbors(opened, extra, rule):
    collector = opened(source(extra))
    replies = collector.ask([(at, "bad" if at == 7 else str(at + 1)) for at in range(20)])
    assert [at for at, one in enumerate(replies) if one.reward != 1.0] == [7]
    assert {one.id for one in collector.violations} == {rule}
    assert collector.violations[0].sample["messages"][-1]["content"] == "bad"


def test_a_crash_costs_only_its_own_sample(opened):
    collector = opened(source("if text == 'bad': raise KeyError('no')"))
    replies = collector.ask([(at, "bad" if at == 3 else str(at + 1)) for at in range(20)])
    assert [at for at, one in enumerate(replies) if one.reward is None] == [3]


def test_a_right_answer_among_many_that_raise_is_graded(opened):
    collector = opened(source("if text == 'bad': raise KeyError('no')"))
    replies = collector.ask([(at, str(at + 1) if at > 16 else "bad") for at in range(20)])
    assert [at for at, one in enumerate(replies) if one.reward == 1.0] == [17, 18, 19]


def test_a_grader_that_hangs_is_ended_and_stops_its_family(opened):
    collector = opened(source("while text == 'bad': pass"), seconds=0.2)
    assert collector.ask([(1, "2")])[0].reward == 1.0
    for _ in range(4):
        (one,) = collector.grade([collector.rollout(0, "bad")])
        assert "Sandbox.Timedout" in one.error["message"]
    with pytest.raises(FamilyStopped, match="time limit"):
        collector.grade([collector.rollout(0, "bad")])
    collector.rest()
    assert collector.ask([(0, "1")])[0].reward == 1.0


def test_memory_beyond_the_limit_fails_the_sample(opened):
    collector = opened(source("if text == 'bad': bytearray(1 << 30)"))
    bad, good = collector.ask([(0, "bad"), (1, "2")])
    assert bad.reward is None
    assert "MemoryError" in bad.error["message"]
    assert good.reward == 1.0


def test_output_is_counted_without_blocking_the_grader(opened):
    collector = opened(source("print('x' * 10_000_000)"))
    assert collector.ask([(0, "1")])[0].reward == 1.0
    with closing(collector):
        pass
    assert collector.target.target.output.bytes == 10_000_001


def test_the_environment_can_be_changed(tmp_path):
    (tmp_path / "g.py").write_text(
        textwrap.dedent("""
            import time
            from datetime import datetime

            def handler(event, context):
                late = datetime.now().year > 2100 and time.time() > 4e9
                return [{"id": s["id"], "aggregate_reward_score": float(late)} for s in event]
        """)
    )
    subject = Subject(RECORDS, "records.jsonl", tuple(range(1, 21)))
    opener = Opener(InProcessFacts(f"{tmp_path}/g.py:handler"), subject)
    for ahead, reward in ((0.0, 0.0), (100 * 365 * 86_400, 1.0)):
        with closing(opener.open(clock_ahead_s=ahead)) as collector:
            assert collector.ask([(0, "x")])[0].reward == reward


@pytest.mark.parametrize("extra", ["while True: pass", "import os; os._exit(1)"])
def test_the_audit_gives_up_on_a_grader_that_never_answers(opened, extra):
    collector = opened(source(extra), seconds=0.2)
    with pytest.raises(FamilyStopped, match="never answered a call"):
        collector.ask([(at, "1") for at in range(16)])
    collector.rest()
    with pytest.raises(FamilyStopped, match="never answered a call"):
        collector.ask([(0, "1")])


def test_a_grader_that_keeps_ending_its_process_stops_its_family(opened):
    collector = opened(source("text == 'bad' and __import__('os')._exit(1)"))
    assert collector.ask([(1, "2")])[0].reward == 1.0
    with pytest.raises(FamilyStopped, match="ending its own process"):
        collector.grade([collector.rollout(0, "bad") for _ in range(40)], batch=1)
    collector.rest()
    assert collector.ask([(0, "1")])[0].reward == 1.0


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel ends orphans")
def test_a_grader_stuck_in_c_code_ends_when_its_parent_is_killed(tmp_path):
    (tmp_path / "g.py").write_text(
        "import os, re\n"
        "def handler(event, context):\n"
        "    print(os.getpid(), flush=True)\n"
        "    re.match('(a+)+$', 'a' * 60 + 'b')\n"
    )
    program = (
        "import sys\n"
        "from harness.targets.own_process import OwnProcessTarget, ProcessLimits\n"
        "limits = ProcessLimits(60.0, 1 << 28, 1)\n"
        f"target = OwnProcessTarget({str(tmp_path / 'g.py:handler')!r}, None, limits)\n"
        "target.grade([{'id': 'a', 'messages': []}])\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    grader = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not grader.is_running() or grader.status() == psutil.STATUS_ZOMBIE)
