"""Small Lambda artifacts: folders with a handler, as `sam build` creates them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from harness.localaws.function import FunctionSpec
from support.meeting import ATTEND

REPOSITORY = Path(__file__).parents[2]

MISBEHAVING = (
    f"""
ATTEND = {ATTEND!r}
"""
    + '''
import json, os, sys, threading, time

calls = 0
leftovers = []

def handler(event, context):
    """Do what the event says."""
    global calls
    calls += 1
    do = event.get("do", "answer") if isinstance(event, dict) else "answer"
    if do == "raise":
        raise ValueError("no such thing: " + event["what"])
    if do == "hang":
        time.sleep(600)
    if do == "meet":
        exec(ATTEND % event["port"])
    if do == "spin":
        while True:
            pass
    if do == "exit":
        sys.exit(event["code"])
    if do == "_exit":
        os._exit(event["code"])
    if do == "abort":
        os.abort()
    if do == "memory":
        held = bytearray(event["mb"] * 1024 * 1024)
        time.sleep(event.get("hold", 5))
        return len(held)
    if do == "child":
        import subprocess
        code = "import time; x = bytearray(%d); time.sleep(600)" % event["bytes"]
        subprocess.Popen([sys.executable, "-c", code])
        time.sleep(event.get("hold", 5))
    if do == "nan":
        return {"reward": float("nan")}
    if do == "surrogate":
        return {"text": chr(0xD800)}
    if do == "large":
        return "x" * event["size"]
    if do == "thread":
        thread = threading.Thread(target=time.sleep, args=(600,), daemon=event["daemon"])
        leftovers.append(thread)
        thread.start()
    if do == "flood":
        for number in range(event["lines"]):
            print(number, "x" * 1000)
        print("the last line")
    if do == "set":
        return {1, 2}
    return {
        "calls": calls,
        "pid": os.getpid(),
        "request_id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis(),
        "memory": context.memory_limit_in_mb,
        "version": context.function_version,
        "environ": dict(os.environ),
        "path": sys.path,
        "cwd": os.getcwd(),
        "event": event,
    }
'''
)
"""A handler that does what the event's `do` says; most of its actions are faults."""

ECHO_GRADER = """
def handler(event, context):
    return [{"id": item["id"], "aggregate_reward_score": 1.0, "metrics_list": []} for item in event]
"""
"""A handwritten grader that gives every sample 1.0."""


def write_artifact(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def write_function(
    folder: Path, source: str, *, handler: str = "app.handler", **settings: object
) -> FunctionSpec:
    """Write an artifact with one module, `app.py`, and return the spec that runs it."""
    write_artifact(folder, {"app.py": source})
    return FunctionSpec(**{"name": "under-test", "artifact": folder, "handler": handler, **settings})  # type: ignore[arg-type]


def write_grader(folder: Path, source: str, *, handler: str, **settings: object) -> FunctionSpec:
    """Write an artifact with one module, `app.py`, and the library that it imports."""
    library = REPOSITORY / "graders"
    shutil.copytree(library, folder / "graders", ignore=shutil.ignore_patterns("__pycache__"))
    return write_function(folder, source, handler=handler, **settings)
