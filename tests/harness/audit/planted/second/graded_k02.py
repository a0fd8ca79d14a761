"""Reward for generated functions: they run in a child process, and the results are compared here."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile

SECONDS = 3
RUNNER = r"""
import json, os, sys
job = json.loads(sys.stdin.read())
out = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
space = {"__name__": "candidate"}
exec(compile(job["code"], "candidate.py", "exec"), space)
function = space[job["entry"]]
results = []
for args, expected in zip(job["calls"], job["expected"]):
    try:
        results.append({"passed": bool(function(*args) == expected)})
    except Exception as error:
        results.append({"error": type(error).__name__})
out.write(json.dumps(results))
out.flush()
"""


def limits():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


def run(job):
    """The results of the calls, or None."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as answers:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", RUNNER],
            stdin=subprocess.PIPE,
            stdout=answers,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin"},
            start_new_session=True,
            preexec_fn=limits,
        )
        try:
            process.communicate(json.dumps(job).encode(), timeout=SECONDS)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            return None
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        answers.seek(0)
        try:
            return json.loads(answers.read(1 << 20))
        except ValueError:
            return None


def same(result, expected):
    return isinstance(result, dict) and result.get("passed") is True


def code_of(text):
    blocks = re.findall(r"```(?:python|py)?\n(.*?)```", text[-20000:], re.S)
    return blocks[-1] if blocks else None


def text_of(content):
    if isinstance(content, list):
        return "".join(text_of(c) for c in content)
    if isinstance(content, dict):
        return text_of(content.get("text"))
    return content if isinstance(content, str) else ""


def task_of(sample):
    reference = sample.get("reference_answer")
    if reference is None:
        reference = (sample.get("metadata") or {}).get("reference_answer")
    if isinstance(reference, str):
        reference = json.loads(reference)
    if "text" in reference:
        reference = json.loads(reference["text"])
    if not reference["tests"]:
        raise ValueError("no tests")
    return reference["entry_point"], reference["tests"]


def grade(sample):
    entry, tests = task_of(sample)
    last = sample["messages"][-1]
    code = code_of(text_of(last.get("content"))) if last["role"] in ("assistant", "nova_assistant") else None
    if code is None:
        return 0.0
    results = run(
        {
            "code": code,
            "entry": entry,
            "calls": [t["args"] for t in tests],
            "expected": [t["expected"] for t in tests],
        }
    )
    if not isinstance(results, list) or len(results) != len(tests):
        return 0.0
    return 1.0 if all(same(r, t) for r, t in zip(results, tests)) else 0.0


def lambda_handler(event, context):
    if not isinstance(event, list):
        raise ValueError("expected a list of samples")
    rewards = []
    for sample in event:
        reward, failed = 0.0, 0.0
        try:
            reward = grade(sample)
        except Exception:
            failed = 1.0
        rewards.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": reward,
                "metrics_list": [{"name": "failed", "value": failed, "type": "Metric"}],
            }
        )
    return rewards
