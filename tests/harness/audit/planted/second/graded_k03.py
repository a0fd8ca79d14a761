"""MBPP-style reward: the asserts are appended to the code and a marker is printed when all have passed."""

import os
import re
import resource
import signal
import subprocess
import sys
import tempfile

MARK = "ALL TESTS PASSED"


def limits():
    resource.setrlimit(resource.RLIMIT_CPU, (3, 3))
    resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


def passes(code, tests):
    program = code + "\n\n" + "\n".join(tests) + f"\nprint({MARK!r})\n"
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [sys.executable, "-I", "-c", program],
            stdout=output,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={},
            start_new_session=True,
            preexec_fn=limits,
        )
        try:
            code = child.wait(timeout=3)
        except subprocess.TimeoutExpired:
            return False
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()
        output.seek(0)
        return MARK.encode() in output.read(1 << 20)


def flat(content):
    if isinstance(content, list):
        return "".join(flat(c) for c in content)
    if isinstance(content, dict):
        return flat(content.get("text"))
    return content if isinstance(content, str) else ""


def handler(event, context):
    rows = []
    for sample in event:
        reward, failed = 0.0, 0.0
        try:
            tests = sample.get("tests") or sample["metadata"]["tests"]
            last = sample["messages"][-1]
            blocks = re.findall(r"```(?:python)?\n(.*?)```", flat(last.get("content"))[-20000:], re.S)
            if last["role"] in ("assistant", "nova_assistant") and blocks:
                reward = 1.0 if passes(blocks[-1], tests) else 0.0
        except Exception:
            failed = 1.0
        rows.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": reward,
                "metrics_list": [{"name": "failed", "value": failed, "type": "Metric"}],
            }
        )
    return rows
