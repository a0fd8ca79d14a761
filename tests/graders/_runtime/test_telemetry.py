"""One log line and one set of metrics per batch, only inside Lambda, and without content.

Each run is a separate process, because the tests check which modules it imports and what it prints.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Failure, Reward
from graders._runtime import telemetry
from graders._runtime.telemetry import summary

ROOT = Path(__file__).parents[2]
SECRET = "the-secret-completion"
PROGRAM = """
import json, sys
for name in {blocked!r}:
    sys.modules[name] = None
from graders import Abstain, Reward, grader

@grader(max_error_rate=1)
def graded(sample):
    match sample.completion.split()[0]:
        case "bad": raise ValueError(sample.completion)
        case "abstain": return Abstain(sample.completion)
        case "half": return Reward(0.5, metrics={{"length": 3}}, reason=sample.completion)
    return 1.0

def message(text):
    return [{{"role": "user", "content": "{secret}"}}, {{"role": "assistant", "content": text + " {secret}"}}]

texts = {texts!r}
event = [{{"id": str(at) + (text[4:] if text[:4] == "bad " else ""), "messages": message(text),
          "metadata": {{"reference_answer": "{secret}"}}}} for at, text in enumerate(texts)]
for _ in range({times}):
    answer = graded(event, None)
assert len(answer) == len(texts)
sys.stderr.write(json.dumps([name for name in sys.modules if name.startswith("aws_lambda_powertools")]))
"""


def run(*texts, blocked=(), times=1, **environment):
    """Return a process's log lines, its metrics, and the Powertools modules that it imported."""
    return run_program(
        PROGRAM.format(blocked=blocked, secret=SECRET, texts=texts, times=times), **environment
    )


def run_program(program, **environment):
    """Return a program's log lines, its metrics, and the JSON that it wrote to stderr."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GRADER_", "POWER"))
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    logs = [line for line in lines if "_aws" not in line]
    metrics = [line for line in lines if "_aws" in line]
    return logs, metrics, json.loads(done.stderr)


LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "word-problems", "AWS_REGION": "us-west-2"}
BATCH = ("good", "half", "bad", "abstain", "good")


def test_inside_lambda_a_batch_is_one_log_line_and_one_set_of_metrics_without_content():
    pytest.importorskip("aws_lambda_powertools")
    logs, metrics, _ = run(*BATCH, times=2, **LAMBDA)
    assert len(logs) == len(metrics) == 2
    assert SECRET not in json.dumps([logs, metrics])
    line, blob = logs[0], metrics[0]
    assert (line["message"], line["level"], line["service"]) == ("graded a batch", "WARNING", "word-problems")
    assert (line["samples"], line["errors"], line["abstentions"]) == (5, {"exception": 1}, 1)
    assert line["reward_mean"] == pytest.approx(2.5 / 3)
    assert line["reward_spread"] == pytest.approx(0.2357, abs=1e-4)
    assert line["failed_ids"] == ["2", "3"]
    assert line["origins"] == ["ValueError at <string>:10", "abstain"]
    assert line["batch_ms"] > 0
    assert blob["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "RftGraders"
    assert blob["service"] == "word-problems"
    counts = {"Samples": [5], "Errors": [1], "ErrorsException": [1], "Abstentions": [1]}
    assert {name: blob[name] for name in counts} == counts
    assert blob["RewardMean"] == [pytest.approx(2.5 / 3)]
    assert {"RewardSpread", "BatchMilliseconds"} <= set(blob)


USER = """
import json, sys
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics
from graders import grader

metrics, logger = {metrics}(namespace="Mine", service="{service}"), Logger(service="{service}")

@grader
def graded(sample):
    metrics.add_metric("RewardMean", "Percent", 7)
    metrics.add_dimension("tenant", sample.completion)
    metrics.add_metadata("asked", sample.completion)
    logger.append_keys(asked=sample.completion)
    return 1.0

event = [{{"id": "a", "messages": [{{"role": "assistant", "content": "{secret}"}}]}}]
for _ in range(2):
    graded(event, None)
metrics.flush_metrics()
sys.stderr.write("[]")
"""


@pytest.mark.parametrize("metrics", ["Metrics", "EphemeralMetrics"])
@pytest.mark.parametrize("service", ["mine", "word-problems"])
def test_the_scoring_functions_own_metrics_and_log_keys_never_mix_with_ours(metrics, service):
    pytest.importorskip("aws_lambda_powertools")
    program = USER.format(metrics=metrics, service=service, secret=SECRET)
    logs, blobs, _ = run_program(program, **LAMBDA)
    *ours, mine = sorted(
        blobs, key=lambda blob: blob["_aws"]["CloudWatchMetrics"][0]["Namespace"], reverse=True
    )
    assert len(ours) == len(logs) == 2
    for blob in ours:
        (told,) = blob["_aws"]["CloudWatchMetrics"]
        assert (told["Namespace"], told["Dimensions"]) == ("RftGraders", [["service"]])
        assert (blob["RewardMean"], blob["Samples"], blob["service"]) == ([1.0], [1], "word-problems")
    assert SECRET not in json.dumps([ours, logs])
    (told,) = mine["_aws"]["CloudWatchMetrics"]
    assert [metric["Name"] for metric in told["Metrics"]] == ["RewardMean"]
    assert (told["Namespace"], mine["RewardMean"], mine["tenant"]) == ("Mine", [7.0, 7.0], SECRET)
    assert "tenant" in told["Dimensions"][0]


def test_content_is_logged_only_where_the_environment_says_so_and_can_always_be_written():
    pytest.importorskip("aws_lambda_powertools")
    logs, metrics, _ = run("good", "bad", "bad \ud800", GRADER_LOG_CONTENT="1", **LAMBDA)
    assert len(logs) == len(metrics) == 1
    assert logs[0]["failed_ids"] == ["1", "2?"]
    errors = [failed["error"] for failed in logs[0]["failed"]]
    assert errors == [f"ValueError: bad {SECRET}", f"ValueError: bad \ufffd {SECRET}"]
    assert logs[0]["failed"][0]["sample"]["metadata"]["reference_answer"] == SECRET
    logs, _, _ = run("bad", GRADER_LOG_CONTENT="0", **LAMBDA)
    assert SECRET not in json.dumps(logs)


def test_outside_lambda_nothing_is_logged_and_powertools_is_not_imported():
    logs, metrics, imported = run(*BATCH)
    assert (logs, metrics, imported) == ([], [], [])


def test_without_powertools_only_the_log_line_is_written_and_says_what_is_missing():
    logs, metrics, imported = run(*BATCH, blocked=("aws_lambda_powertools",), **LAMBDA)
    assert (len(logs), metrics, imported) == (1, [], ["aws_lambda_powertools"])
    assert "aws-lambda-powertools" in logs[0]["metrics"]
    assert logs[0]["samples"] == 5
    assert SECRET not in json.dumps(logs)


def test_an_empty_namespace_in_the_environment_is_none():
    pytest.importorskip("aws_lambda_powertools")
    _, metrics, _ = run("good", POWERTOOLS_METRICS_NAMESPACE="", **LAMBDA)
    assert metrics[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "RftGraders"


def test_a_report_that_fails_does_not_fail_the_batch(monkeypatch, capsys):
    def broken(_line):
        raise OSError("the secret")

    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "word-problems")
    monkeypatch.setattr(telemetry, "_send", broken)
    telemetry.report([{"id": "a"}], [1.0], 1.0, 0)
    assert capsys.readouterr().err == "graders: a batch could not be reported: OSError\n"


def test_an_empty_batch_has_no_mean():
    assert summary([], [], 0.5, 0) == {"samples": 0, "errors": {}, "abstentions": 0, "batch_ms": 0.5}


@pytest.mark.parametrize(
    ("took", "left", "used"), [(48_000, 12_000, 80), (60_000, 0, 100), (0, 60_000, 0), (0, 0, 0)]
)
def test_time_is_measured_against_the_function_s_own_timeout(took, left, used):
    assert summary([{}], [1.0], took, 0, left)["timeout_used"] == used


def test_without_a_timeout_no_share_of_it_is_reported():
    assert "timeout_used" not in summary([{}], [1.0], 1.0, 0)


TIMED = """
import sys
from graders import grader

@grader
def graded(sample):
    return 1.0

class Context:
    left = iter([60_000, 0])
    def get_remaining_time_in_millis(self):
        return next(self.left)

graded([{"id": "a", "messages": [{"role": "assistant", "content": "x"}]}], Context())
sys.stderr.write("[]")
"""


def test_the_share_of_the_timeout_is_a_metric():
    pytest.importorskip("aws_lambda_powertools")
    _, [blob], _ = run_program(TIMED, **LAMBDA)
    assert blob["TimeoutUsed"] == [100.0]


@given(st.floats(-1e6, 1e6), st.integers(1, 70))
def test_equal_rewards_have_no_spread_and_their_own_value_as_the_mean(reward, count):
    line = summary([{}] * count, [reward] * count, 1.0, 0)
    assert (line["reward_mean"], line["reward_spread"]) == (reward, 0.0)


def test_a_line_lists_at_most_twenty_failing_ids():
    items = [{"id": at} for at in range(100)]
    outcomes = [Failure("value", "m", f"origin {at}") for at in range(100)]
    line = summary(items, outcomes, 1.0, 3)
    assert line["failed_ids"] == list(range(20))
    assert len(line["origins"]) == 20
    assert (line["errors"], line["replaced"]) == ({"value": 100}, 3)
    assert "reward_mean" not in line


def test_floats_and_rewards_count_the_same():
    line = summary([{}, {}], [1.0, Reward(0.0)], 1.0, 0)
    assert (line["reward_mean"], line["reward_spread"]) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("key", "logged"),
    [
        ("a", "a"),
        (7, 7),
        ("x" * 500, "x" * 200),
        ({"prompt": SECRET}, None),
        ([SECRET], None),
        (10**5000, None),
    ],
    ids=range(6),
)
def test_only_a_short_plain_id_may_be_logged(key, logged):
    line = summary([{"id": key}], [Failure("value", "m")], 1.0, 0)
    assert line["failed_ids"] == [logged]
    json.dumps(line).encode()


def test_content_nested_too_deeply_does_not_prevent_the_line(monkeypatch):
    monkeypatch.setenv("GRADER_LOG_CONTENT", "1")
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    line = summary([{"id": 1, "metadata": deep}], [Failure("value", "m")], 1.0, 0)
    assert "nested too deeply" in line["failed"][0]["sample"]
