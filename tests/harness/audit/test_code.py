import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.case import NotRun
from harness.audit.code import PROBES, bench_of, runs_code
from harness.audit.code_payloads import entry_of, gated, lookup_of, payloads, variants
from support.auditing import audited_case

RECORDS = [
    {
        "messages": [{"role": "user", "content": f"Write `add_{n}(given)`, which adds {n} to a number."}],
        "reference_answer": f"def add_{n}(given):\n    return given + {n}",
        "entry_point": f"add_{n}",
        "tests": [f"assert add_{n}(1) == {n + 1}", f"assert add_{n}(-{n}) == 0"],
    }
    for n in range(2, 10)
]

HERE = """
    import re, subprocess, sys, tempfile, os, json

    def code_of(text):
        found = re.findall(r"```(?:python)?\\n(.*?)```", text, re.S)
        return found[-1] if found else text

    def handler(event, context):
        out = []
        for s in event:
            code, tests = code_of(s["messages"][-1]["content"]), s["metadata"]["tests"]
            try:
                reward = float(grade(code, tests))
            except Exception:
                reward = 0.0
            out.append({"id": s["id"], "aggregate_reward_score": reward, "metrics_list": []})
        return out

    def child(program, **more):
        how = {"capture_output": True, "text": True, "timeout": 3, **more}
        return subprocess.run([sys.executable, "-c", program], **how)
"""
BY_EXIT_CODE = """
    def grade(code, tests):
        return child(code + "\\n" + "\\n".join(tests)).returncode == 0
"""
BY_A_WORD = """
    def grade(code, tests):
        return "PASS" in child(code + "\\n" + "\\n".join(tests) + "\\nprint('PASS')", env={}).stdout
"""
IN_PROCESS = """
    def grade(code, tests):
        space = {}
        exec(code, space)
        for test in tests:
            exec(test, space)
        return 1.0
"""
UNTESTED = """
    def grade(code, tests):
        compile(code, "x", "exec")
        return 0.3 + 0.7 * (child(code + "\\n" + "\\n".join(tests), env={}).returncode == 0)
"""
ENDLESS = """
    def child(program, **more):
        return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={})

    def grade(code, tests):
        return child(code + "\\n" + "\\n".join(tests)).returncode == 0
"""
AS_TEXT = """
    def grade(code, tests):
        if code.strip().startswith("def "):
            return child(code + "\\n" + "\\n".join(tests), env={}).returncode == 0
        return 0.0
"""
# The expected values stay here, and only the function's results come back, as JSON on a pipe of its own.
APART = """
    import ast

    RUN = (
        "import json, os, sys\\n"
        "channel = os.fdopen(int(sys.argv[1]), 'w')\\n"
        "code, calls = json.loads(sys.stdin.read())\\n"
        "space = {}\\n"
        "exec(code, space)\\n"
        "print(json.dumps([eval(call, space) for call in calls]), file=channel, flush=True)\\n"
    )

    def grade(code, tests):
        compared = [ast.parse(test).body[0].test for test in tests]
        calls = [ast.unparse(one.left) for one in compared]
        wanted = [ast.literal_eval(one.comparators[0]) for one in compared]
        read, write = os.pipe()
        try:
            with open(read, "rb") as channel:
                process = subprocess.Popen(
                    [sys.executable, "-c", RUN, str(write)], stdin=subprocess.PIPE, text=True,
                    pass_fds=[write], env={}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
                os.close(write)
                try:
                    process.communicate(json.dumps([code, calls]), timeout=2)
                finally:
                    try:
                        os.killpg(process.pid, 9)
                    except OSError:
                        pass
                    process.wait()
                found = json.loads(channel.read())
        except Exception:
            return 0.0
        return len(found) == len(wanted) and all(type(a) is type(b) and a == b for a, b in zip(found, wanted))
"""


def findings(tmp_path, source, only=None):
    """What the family finds, by id, of a grader written like this."""
    with audited_case(
        tmp_path, textwrap.dedent(HERE) + textwrap.dedent(source), RECORDS, kind="code"
    ) as case:
        found = [one for probe in PROBES if only is None or probe.rule.id in only for one in probe.run(case)]
    return {one.id: one for one in found}


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (BY_EXIT_CODE, "E01"),
        (BY_EXIT_CODE, "E09"),
        (BY_EXIT_CODE, "E02"),
        (BY_A_WORD, "E03"),
        (IN_PROCESS, "E01"),
        (IN_PROCESS, "E04"),
        (IN_PROCESS, "E10"),
        (UNTESTED, "E06"),
        (AS_TEXT, "E11"),
    ],
)
def test_what_a_program_gets_away_with_is_found(tmp_path, source, rule):
    found = findings(tmp_path, source, only={rule})
    assert set(found) <= {rule}
    if (source, rule) != (IN_PROCESS, "E04"):
        assert rule in found


@pytest.mark.slow
def test_a_program_that_never_ends_is_found(tmp_path):
    assert "still running" in findings(tmp_path, ENDLESS, only={"E08"})["E08"].message


@pytest.mark.slow
def test_a_grader_that_keeps_its_values_apart_has_no_finding(tmp_path):
    found = findings(tmp_path, APART)
    assert all(one.severity <= "note" for one in found.values()), {
        one.id: one.message for one in found.values()
    }


def test_a_grader_that_pays_no_known_program_is_not_judged(tmp_path):
    source = textwrap.dedent(HERE) + "\ndef grade(code, tests):\n    return 0.0\n"
    with audited_case(tmp_path, source, RECORDS, kind="code") as case:
        assert runs_code(case)
        with pytest.raises(NotRun, match="no right program"):
            bench_of(case)


@given(st.integers(), st.text(max_size=5), st.booleans())
def test_expected_values_are_looked_up_by_arguments(number, text, flag):
    record = {
        "reference_answer": f"assert f({number}, {text!r}) == {flag}",
        "cases": [{"args": [text], "expected": [number]}],
    }
    space: dict = {}
    exec(lookup_of(record, "f") or "", space)
    assert space["f"](number, text) is flag
    assert space["f"](text) == [number]


@pytest.mark.parametrize("record", RECORDS[:2])
def test_variants_of_a_right_program_are_right_and_gates_open_on_their_condition(record):
    right, name = record["reference_answer"], record["entry_point"]
    number = int(name.removeprefix("add_"))
    assert entry_of(record, right) == entry_of({"tests": record["tests"]}, None) == name
    for one in [*(each.source for each in variants(right, name)), gated(right, "held = True")]:
        space: dict = {"__name__": "x"}
        exec(one, space)
        assert space[name](1) == number + 1
    with pytest.raises(RuntimeError):
        exec(gated(right, "held = False"), {})


def test_payloads_are_python_but_for_the_one_that_is_none():
    for programs in payloads("f", ["PASS", "x" * 99]).values():
        for one in programs:
            if one.what != "is no Python":
                compile(one.source, "x", "exec")
