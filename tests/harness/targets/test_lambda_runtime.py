from __future__ import annotations

from dataclasses import replace

import boto3
import pytest

from harness.errors import InputError
from harness.localaws.platforms import architecture_here
from harness.targets.lambda_runtime import LocalRuntimeTarget
from harness.targets.protocol import Graded, GraderFault, ServiceFault, Target
from support.artifacts import ECHO_GRADER, MISBEHAVING, write_function, write_grader
from support.elf import AARCH64, X86_64, elf
from support.judge_endpoint import Answer, JudgeEndpoint

GRADER = """
from graders import Abstain, Reward, grader

@grader
def same(sample):
    if sample.completion == "skip":
        return Abstain("nothing to say")
    if sample.completion == "raise":
        raise ValueError("no")
    value = sample.completion == sample.reference_answer
    return Reward(float(value), metrics={"length": len(sample.completion)})
"""


def item(number, completion="4", reference="4"):
    messages = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": completion}]
    return {"id": number, "messages": messages, "metadata": {"reference_answer": reference}}


@pytest.fixture
def open_target():
    targets = []

    def open_one(spec, **options):
        targets.append(LocalRuntimeTarget(spec, **options))
        return targets[-1]

    yield open_one
    for target in targets:
        target.close()


JUDGE = """
from graders import grader
from graders.checks.judge import judge_label

by_judge = grader(timeout_s=20)(
    judge_label(ask="Is it right?", labels={"good": 1, "poor": 0}, model="m", service=%r)
)
"""


def test_a_judge_in_its_artifact_asks_with_the_boto3_of_the_runtime(tmp_path, open_target, monkeypatch):
    with JudgeEndpoint() as endpoint:
        endpoint.script = lambda asked: Answer(
            {"reason": "so", "label": "good" if "5, I" in asked.question else "poor"}
        )
        variables = endpoint.variables
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, variables[name])
        address = {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": endpoint.url}
        spec = write_grader(
            tmp_path / "a",
            JUDGE % "bedrock",
            handler="app.by_judge",
            timeout_s=60,
            memory_mb=512,
            environment=address,
        )
        target = open_target(spec, passed=["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        answer = target.grade([item(str(number), f"{number}, I think") for number in range(4, 6)])
        assert answer.fault is None
        assert [graded.reward for graded in answer.items] == [0.0, 1.0]
        assert answer.items[0].metrics["judge_tokens_in"] == 100
        assert {asked.headers["user-agent"].split()[0] for asked in endpoint.seen} == {
            f"Boto3/{boto3.__version__}"
        }


def test_a_judge_that_cannot_be_asked_from_its_artifact_says_why(tmp_path, open_target):
    spec = write_grader(
        tmp_path / "a", JUDGE % "bedrock", handler="app.by_judge", timeout_s=60, memory_mb=512
    )
    fault = open_target(spec).grade([item("4", "4, I think")]).fault
    assert isinstance(fault, GraderFault)
    assert fault.error_type == "ConfigurationError"
    assert "has no AWS credentials" in fault.message
    spec = write_grader(tmp_path / "b", JUDGE % "openai", handler="app.by_judge", timeout_s=60, memory_mb=512)
    fault = open_target(spec).grade([item("4", "4, I think")]).fault
    assert isinstance(fault, GraderFault)
    assert "needs the package openai: pip install 'rft-graders[judge]', and for Lambda" in fault.message


def test_a_grader_of_the_library_grades_in_its_artifact(tmp_path, open_target):
    target: Target = open_target(
        write_grader(tmp_path / "artifact", GRADER, handler="app.same", timeout_s=10)
    )
    answer = target.grade([item("a"), item(2, "5"), item(None, "skip"), item("\ud800", "raise")])
    assert answer.fault is None
    assert [graded.reward for graded in answer.items] == [1.0, 0.0, None, None]
    assert answer.items[0].metrics["length"] == 1
    assert [graded.error and graded.error["kind"] for graded in answer.items] == [
        None,
        None,
        "abstain",
        "exception",
    ]
    assert answer.ms > 0


def test_cold_starts_and_memory_are_kept(tmp_path, open_target):
    target = open_target(write_function(tmp_path, ECHO_GRADER), concurrency=1)
    for _ in range(3):
        assert target.grade([item("a")]).items == [Graded(1.0, {}, None)]
    assert len(target.cold_starts_ms) == 1
    assert 5 < target.peak_memory_mb < 128
    assert (target.name, target.max_bytes, target.notes) == ("lambda-runtime", 6_291_456, ())
    report = target.report()
    assert (report.calls, report.memory_mb, report.timeout_s) == (3, 128, 3)
    assert report.longest_ms is not None
    assert report.longest_ms > 0


@pytest.mark.parametrize("odd", [2**70, 1.5, None, "", "\0"])
def test_an_odd_id_comes_back_as_it_was(tmp_path, open_target, odd):
    target = open_target(write_function(tmp_path, ECHO_GRADER, runtime="python3.11"))
    assert target.grade([item(odd)]).fault is None


@pytest.mark.parametrize(
    ("source", "error_type", "message"),
    [
        ("def handler(event, context): raise KeyError('x')", "KeyError", "'x'"),
        (
            "def handler(event, context): import time; time.sleep(60)",
            "Sandbox.Timedout",
            "after 0.50 seconds",
        ),
        ("import click", "Runtime.ImportModuleError", "No module named 'click'"),
        (
            "def handler(event, context): return 'x' * 7_000_000",
            "Function.ResponseSizeTooLarge",
            "6291556 bytes",
        ),
        (
            "def handler(event, context): return []",
            "AnswerIdError",
            "1 sample was sent and 0 answers came back",
        ),
        ("def handler(event, context): return float('nan')", "InvalidAnswer", "NaN, which is not JSON"),
        ("def handler(event, context): return b'{'", "InvalidJson", "no job could use the answer"),
        ("def handler(event, context): return None", "AnswerShapeError", "NoneType, not a list"),
        (
            "def handler(event, context): return [{'id': 'other', 'aggregate_reward_score': 1.0}]",
            "AnswerIdError",
            "carries the id 'other'",
        ),
    ],
)
def test_a_function_that_fails_is_the_graders_fault(tmp_path, open_target, source, error_type, message):
    timeout = 0.5 if error_type == "Sandbox.Timedout" else 60
    target = open_target(write_function(tmp_path, source, timeout_s=timeout, memory_mb=256))
    for _ in range(2):
        answer = target.grade([item("a")])
        assert isinstance(answer.fault, GraderFault)
        assert (answer.fault.error_type, answer.items) == (error_type, [])
        assert message in answer.fault.message


def test_the_next_event_is_graded_after_a_crash(tmp_path, open_target):
    source = f"{ECHO_GRADER}\ngood = handler\ndef handler(event, context):\n"
    source += "    if event[0]['id'] == 'crash': import os; os._exit(3)\n    return good(event, context)\n"
    target = open_target(write_function(tmp_path, source))
    fault = target.grade([item("crash")]).fault
    assert isinstance(fault, GraderFault)
    assert fault.error_type == "Runtime.ExitError"
    assert target.grade([item("a")]).items[0].reward == 1.0


@pytest.mark.parametrize(
    ("event", "error_type"),
    [
        ([item("a", "x" * 6_291_456)], "RequestEntityTooLargeException"),
        ([item("a", reference=float("nan"))], "InvalidRequestContentException"),
    ],
)
def test_an_event_that_no_service_could_send_is_not_the_graders_fault(
    tmp_path, open_target, event, error_type
):
    fault = open_target(write_function(tmp_path, MISBEHAVING)).grade(event).fault
    assert isinstance(fault, ServiceFault)
    assert (fault.error_type, fault.retryable) == (error_type, False)


def test_a_runtime_that_is_not_here_leaves_a_note(tmp_path, open_target):
    target = open_target(replace(write_function(tmp_path, ECHO_GRADER), runtime="python3.1"))
    assert "parity is not proven for python3.1" in target.notes[0]
    assert target.grade([item("a")]).fault is None


def test_an_artifact_that_was_built_again_meanwhile_is_found_at_the_end(tmp_path):
    spec = write_function(tmp_path, ECHO_GRADER)
    target = LocalRuntimeTarget(spec)
    assert target.grade([item("a")]).fault is None
    (tmp_path / "app.py").write_text(ECHO_GRADER.replace("1.0", "0.5"))
    with pytest.raises(InputError, match="the artifact changed during grading"):
        target.close()


def test_a_failure_says_what_the_grader_logged(tmp_path, open_target):
    target = open_target(write_grader(tmp_path / "artifact", GRADER, handler="app.same", timeout_s=10))
    [right, failed] = target.grade([item("a"), item("b", "raise")]).items
    assert right.error is None
    assert failed.error == {"kind": "exception", "message": "ValueError at app.py:9 (see function.log)"}


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"do": "exit", "code": 3}, "exit status 3 (its log ends: starting)"),
        ({"do": "memory", "mb": 200}, "signal: killed (it used more than its 128 MB of memory)"),
    ],
)
def test_a_process_that_ended_says_why(tmp_path, open_target, event, why):
    source = f"{MISBEHAVING}\nhandle = handler\ndef handler(event, context):\n"
    source += f"    print('starting', flush=True)\n    return handle({event!r}, context)\n"
    fault = open_target(write_function(tmp_path, source, timeout_s=60)).grade([item("a")]).fault
    assert isinstance(fault, GraderFault)
    assert fault.message.endswith(why)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("    raise ConfigurationError('no key')", "(app.py:7)"),
        ("    graders.checks.text.one_of()", "(app.py:7)"),
        ("    helper.fail()", "(helper.py:3)"),
    ],
)
def test_an_error_that_fails_the_call_is_told_with_its_place(tmp_path, open_target, body, place):
    source = f"""import graders.checks.text
from graders import ConfigurationError, grader
import helper

@grader
def same(sample):
{body}
"""
    spec = write_grader(tmp_path / "artifact", source, handler="app.same", timeout_s=10)
    (spec.artifact / "helper.py").write_text(
        "from graders import ConfigurationError\ndef fail():\n    raise ConfigurationError('no key')\n"
    )
    answer = open_target(spec).grade([item("a")])
    text = answer.fault.message if answer.fault else answer.items[0].error["message"]
    assert place in text or place[1:-1] in text


# --- Compiled code --------------------------------------------------------------------------------


@pytest.fixture
def other_architecture():
    return "x86_64" if architecture_here() == "arm64" else "arm64"


def with_library(folder, machine, *versions):
    (folder / "fast.so").write_bytes(elf(machine, *versions))


MACHINES = {"x86_64": X86_64, "arm64": AARCH64}


def test_an_artifact_of_another_machine_than_the_function_s_is_refused(
    tmp_path, open_target, other_architecture
):
    spec = write_function(tmp_path / "artifact", ECHO_GRADER, architecture=architecture_here())
    with_library(spec.artifact, MACHINES[other_architecture])
    with pytest.raises(InputError, match=rf"fast\.so: built for {other_architecture}.*`sam build`"):
        open_target(spec)


def test_an_artifact_of_a_newer_glibc_than_the_function_s_is_refused(tmp_path, open_target):
    spec = write_function(tmp_path / "artifact", ECHO_GRADER, architecture=architecture_here())
    with_library(spec.artifact, MACHINES[architecture_here()], "GLIBC_2.99")
    with pytest.raises(InputError, match=r"needs glibc 2\.99"):
        open_target(spec)
    with pytest.raises(InputError, match=r"not measured: .* needs glibc 2\.99, but this machine has"):
        open_target(replace(spec, declared=False))


def test_what_this_machine_cannot_run_is_not_measured(tmp_path, open_target, other_architecture):
    spec = write_function(tmp_path / "artifact", ECHO_GRADER, architecture=other_architecture)
    with_library(spec.artifact, MACHINES[other_architecture])
    with pytest.raises(
        InputError, match=rf"not measured: .*compiled for {other_architecture}.*--arn"
    ) as error:
        open_target(spec)
    assert error.value.exit_code == 2


def test_without_compiled_code_another_machine_s_function_grades_with_a_note(
    tmp_path, open_target, other_architecture
):
    target = open_target(write_function(tmp_path / "a", ECHO_GRADER, architecture=other_architecture))
    assert f"the function is built for {other_architecture}" in target.notes[0]
    assert target.grade([item("a")]).items[0].reward == 1.0
