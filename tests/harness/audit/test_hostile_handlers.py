import json
import textwrap
from datetime import UTC, datetime

import pytest

from harness.audit.engine import run_audit
from support.auditing import audited_case, number_records
from support.rft_command import rft

HANDLER = """
    import json, os, signal, subprocess, sys, threading, time
    from datetime import datetime

    def handler(event, context):
        {before}
        found = []
        for s in event:
            try:
                text = s["messages"][-1]["content"] or ""
                text = text if isinstance(text, str) else "".join(b.get("text", "") for b in text)
                gold = (s.get("metadata") or s).get("reference_answer")
                gold = gold.get("text") if isinstance(gold, dict) else gold
                {each}
                right = bool(gold) and text.rpartition("####")[2].strip() == str(gold)
            except Exception:
                right = 0.0
            id = s.get("id") if isinstance(s, dict) else None
            found.append({{"id": id, "aggregate_reward_score": float(right), "metrics_list": []}})
        return found
"""


def handler(before="pass", each="pass"):
    return HANDLER.format(before=before, each=each)


def audited(tmp_path, source, seconds=1.0):
    with audited_case(tmp_path, source, control=False, seconds=seconds) as case:
        return run_audit(case)


def ids(audit):
    return {(one.id, str(one.severity)) for one in audit.findings if one.severity > "note"}


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("while True: pass", ("G04", "critical")),
        pytest.param("time.sleep(1000)", ("G04", "critical"), marks=pytest.mark.slow),
        pytest.param("os.kill(os.getpid(), signal.SIGSTOP)", ("G04", "critical"), marks=pytest.mark.slow),
        ("os._exit(3)", ("A03", "critical")),
        ("sys.exit(0)", ("A03", "critical")),
        ("os.kill(os.getpid(), signal.SIGKILL)", ("A03", "critical")),
        # Closes the audit's own connection too, which gets a high number if many files are open.
        ("os.closerange(0, 10_000)", ("A03", "critical")),
        ("bytearray(2 << 30)", ("A03", "critical")),
        ("return None", ("A01", "critical")),
        ("return object()", ("A01", "critical")),
        ("return [dict()] * len(event)", ("A02", "error")),
    ],
)
def test_a_handler_that_answers_nothing_ends_in_its_finding(tmp_path, before, expected):
    # Only the handlers that never answer get a short limit: on a busy machine, the others would hit it too.
    audit = audited(tmp_path, handler(before), seconds=1.0 if expected[0] == "G04" else 5.0)
    assert ids(audit) == {expected}, audit.outcomes
    assert audit.control is None


@pytest.mark.parametrize(
    ("each", "expected"),
    [
        pytest.param("while text.startswith('The'): pass", ("G04", "critical"), marks=pytest.mark.slow),
        pytest.param("text.startswith('The') and os._exit(3)", ("A03", "critical"), marks=pytest.mark.slow),
    ],
)
def test_a_handler_that_fails_on_some_completions_ends_in_its_finding(tmp_path, each, expected):
    assert expected in ids(audited(tmp_path, handler(each=each)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "before",
    [
        "os.fork()",
        "subprocess.Popen(['sleep', '1000'])",
        "threading.Thread(target=time.sleep, args=(0.01,), daemon=True).start()",
        "print('x' * 1_000_000)",
    ],
)
def test_side_effects_of_a_handler_do_not_disturb_the_audit(tmp_path, before):
    audit = audited(tmp_path, handler(before))
    assert audit.control is not None
    assert not {id for id, _ in ids(audit)} & {"G04", "A01", "A02", "A03"}


@pytest.mark.slow
def test_a_handler_that_answers_differently_later_is_found(tmp_path):
    late = "text = text if datetime.now().timestamp() < LOADED + 86_400 else 'late'"
    source = handler(each=late).replace("    def handler", "    LOADED = {now}\n\n    def handler", 1)
    audit = audited(tmp_path, source.replace("{now}", str(datetime.now(UTC).timestamp())))
    assert ("G01", "critical") in ids(audit)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "code"),
    [("while True: pass", (1, 2)), ("os._exit(3)", (1, 2)), ("print('x' * 10_000_000)", (0, 1))],
)
def test_the_command_ends_with_a_code_and_no_traceback(tmp_path, before, code):
    (tmp_path / "g.py").write_text(textwrap.dedent(handler(before)))
    lines = (json.dumps(one) for one in number_records(12))
    (tmp_path / "records.jsonl").write_text("\n".join(lines))
    done = rft(tmp_path, "audit", "records.jsonl", "--grader", "g.py:handler", "--json")
    assert done.returncode in code, done.stderr
    assert "verdict" in json.loads(done.stdout)
