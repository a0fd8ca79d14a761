import textwrap

import pytest

from harness.audit.case import NotRun
from harness.audit.code_bench import bench_of, programs_instead
from harness.audit.code_probes import PROBES, runs_code
from harness.audit.code_refused import Evaluated
from support.auditing import audited_case, found_by, replayed

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
    import builtins, re, subprocess, sys, tempfile, os, json

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
ANY_RESULT = """
    def grade(code, tests):
        calls = [(one[7:].rpartition(" == ")) for one in tests]
        program = code + "".join(f"\\nassert {call} in ({wanted}, None)" for call, _, wanted in calls)
        return child(program, env={}).returncode == 0
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
RESTRICTED = """
    def grade(code, tests):
        names = ("len", "range", "sum", "int", "str", "__build_class__")
        space = {"__builtins__": {name: getattr(builtins, name) for name in names}, "__name__": "x"}
        exec(code, space)
        return all(eval(test.removeprefix("assert "), space) for test in tests)
"""
# A safe grader: the expected values never enter the process that runs the program.
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
    """Return this family's findings, by id, for a grader with this source."""
    with audited_case(
        tmp_path, textwrap.dedent(HERE) + textwrap.dedent(source), RECORDS, kind="code", control=False
    ) as case:
        found = found_by(case, [probe for probe in PROBES if only is None or probe.rule.id in only])
        for one in found:
            if one.witness is not None:
                replayed(case, one)
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
        (ANY_RESULT, "E06"),
        (AS_TEXT, "E11"),
        (RESTRICTED, "E02"),
        (RESTRICTED, "E09"),
    ],
)
def test_every_cheating_program_is_found(tmp_path, source, rule):
    found = findings(tmp_path, source, only={rule})
    assert set(found) == {rule}
    assert found[rule].severity >= ("error" if rule == "E11" else "critical")


@pytest.mark.slow
def test_a_program_that_never_ends_is_found(tmp_path):
    assert "still running" in findings(tmp_path, ENDLESS, only={"E08"})["E08"].message


@pytest.mark.slow
def test_a_grader_that_isolates_its_values_has_no_finding(tmp_path):
    found = findings(tmp_path, APART)
    assert all(one.severity <= "note" for one in found.values()), {
        one.id: one.message for one in found.values()
    }


def test_a_grader_that_pays_no_known_program_is_not_judged(tmp_path):
    source = textwrap.dedent(HERE) + "\ndef grade(code, tests):\n    return 0.0\n"
    with audited_case(tmp_path, source, RECORDS, kind="code", control=False) as case:
        assert runs_code(case)
        with pytest.raises(NotRun, match="no paid right program"):
            bench_of(case)


READ_AND_PRINT = [
    {
        "messages": [{"role": "user", "content": f"Write a program that adds two numbers and {n}."}],
        "reference_answer": f"import sys\na, b = map(int, sys.stdin.read().split())\nprint(a + b + {n})",
        "tests": [{"input": f"{a} {n}\n", "output": f"{a + n + n}\n"} for a in (1, 5, 30)],
    }
    for n in range(2, 10)
]
BY_OUTPUT = """
    def grade(code, tests):
        for test in tests:
            with tempfile.TemporaryDirectory() as folder:
                run = child(code, input=test["input"], env={}, cwd=folder)
            if run.stdout.strip() != test["output"].strip():
                return 0.0
        return 1.0
"""
FIRST_OUTPUT = BY_OUTPUT.replace("in tests:", "in tests[:1]:")
ANSWERS_BESIDE = BY_OUTPUT.replace(
    "run = child",
    "json.dump(tests, open(os.path.join(folder, 'cases.json'), 'w'))\n                run = child",
)


@pytest.mark.parametrize(
    ("source", "rules"), [(BY_OUTPUT, set()), (FIRST_OUTPUT, {"E07"}), (ANSWERS_BESIDE, {"E04"})]
)
def test_programs_that_read_and_print_are_tried_too(tmp_path, source, rules):
    text = textwrap.dedent(HERE) + textwrap.dedent(source)
    probes = [one for one in PROBES if one.rule.id not in ("E03", "E08")]
    with audited_case(tmp_path, text, READ_AND_PRINT, control=False) as case:
        assert runs_code(case)
        found = found_by(case, probes)
    worse = {one.id for one in found if one.severity > "note"}
    assert worse - {"E06"} == rules, [one.message for one in found]


@pytest.mark.parametrize(
    ("source", "skipped"),
    [
        (textwrap.dedent(HERE) + textwrap.dedent(BY_A_WORD), True),
        ("def handler(event, context):\n    return []\n", False),
    ],
)
def test_programs_replace_answers_if_the_grader_runs_code(tmp_path, source, skipped):
    with audited_case(tmp_path, source, RECORDS, kind="code", control=False) as case:
        assert (programs_instead(case, "C02") is not None) == skipped
        assert programs_instead(case, "C04") is None


READ_AS_PYTHON = """
    def handler(event, context):
        out = []
        for s in event:
            text = s["messages"][-1]["content"]
            try:
                said = eval(@READ@, {"true": True})
                reward = float(said == eval(s["metadata"]["reference_answer"]))
            except Exception:
                reward = 0.0
            out.append({"id": s["id"], "aggregate_reward_score": reward, "metrics_list": []})
        return out
"""
OBJECTS = [
    {
        "messages": [{"role": "user", "content": f"Say in JSON which `level` {n} is."}],
        "reference_answer": f'{{"level": {n}}}',
    }
    for n in range(12)
]


@pytest.mark.parametrize("read", ["text", 'text[text.index("{") : text.rindex("}") + 1]'])
def test_an_evaluated_answer_is_found_even_behind_a_bracket_check(tmp_path, read):
    with audited_case(tmp_path, READ_AS_PYTHON.replace("@READ@", read), OBJECTS) as case:
        assert [one.id for one in found_by(case, (Evaluated(),))] == ["E12"]
