"""No attack by code in the child process earns a reward, escapes, or affects other processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from graders.checks import _code_fork_server
from graders.checks._code_child import CPython
from graders.checks._code_fork_server import fork_server
from graders.checks._code_session import Limits
from support import like_lambda
from support.code_attacks import ATTACKS, CANARY, Targets, aimed, heard, listeners

LIMITS = Limits(seconds=0.15, memory_mb=128, output_bytes=50_000)
HONEST = (
    "import sys\ndef f(x): return x + 2\ndef clean(): return len('ab'), sorted(vars(sys.modules['os']))[:1]"
)
TEXT = f"right = {CANARY!r}\n"
_CALL_FAILED = -1
INSIDE = ("attacks", "child", "lifecycle")
READS = ("host_", "neighbor_", "parent_", "own_environment", "own_files")
REACHES = [
    "file",
    "folder",
    "pathlib",
    "raw_open",
    "environment",
    "c_environment",
    "own_environment",
]
REACHES += ["connect", "udp", "unix_socket", "abstract_socket", "write_answers", "here", "fork", "thread"]


@contextmanager
def secrets_around():
    """Create a file, environment variables and sockets like those in Lambda, which no code may reach."""
    with tempfile.TemporaryDirectory() as folder, listeners() as (sockets, port, unix):
        answers = Path(folder, "answers.py")
        answers.write_text(TEXT)
        before = dict(os.environ)
        os.environ |= {"AWS_SECRET_ACCESS_KEY": CANARY, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"}
        yield answers, sockets, port, unix
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="module")
def scene():
    with secrets_around() as (answers, sockets, port, unix):
        engine = CPython()
        neighbor: Any = engine.session(Limits(seconds=60, memory_mb=128))
        neighbor.run(f"{HONEST}\nkept = {CANARY!r}")
        targets = Targets(host=os.getpid(), neighbor=neighbor._process, port=port, answers=answers, unix=unix)
        yield engine, neighbor, targets, sockets
        neighbor.close()
        _code_fork_server.end_processes()


def attacked(engine, source):
    """Return the results of importing an attack's module and of calling `f(1)`."""
    session = engine.session(LIMITS)
    try:
        return [session.run(source), session.call("f", [1], {})]
    finally:
        session.close()


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_nothing_reaches_nothing_and_harms_nobody(scene, name):
    engine, neighbor, targets, sockets = scene
    server = fork_server()
    folder = targets.answers.parent
    for ran in attacked(engine, aimed(ATTACKS[name], targets)):
        assert ran.value != 3, ran.how
        if name.startswith("call_"):
            assert ran.value in (None, _CALL_FAILED)
        if name.startswith(READS):
            assert ran.value is None
        assert CANARY not in f"{ran.value} {ran.output} {ran.message}", ran.how
        assert len(ran.message) < 400
        assert ran.message.isprintable()
    assert [path.name for path in folder.iterdir()] == [targets.answers.name]
    assert targets.answers.read_text() == TEXT
    assert not any(map(heard, sockets))
    assert fork_server() is server
    assert neighbor.call("f", [1], {}).value == 3
    fresh = engine.session(LIMITS)
    assert (fresh.run(HONEST).how, fresh.call("clean", [], {}).value[0]) == ("done", 2)
    fresh.close()


@pytest.mark.parametrize("name", REACHES)
def test_without_walls_the_same_attack_reaches_its_target(name, tmp_path):
    """If this failed, the attacks would prove nothing."""
    with secrets_around() as (answers, sockets, port, unix):
        targets = Targets(host=os.getpid(), neighbor=os.getpid(), port=port, answers=answers, unix=unix)
        program = f"{aimed(ATTACKS[name], targets)}\nprint(f(1))"
        if name == "fork":
            program = program.replace("while True: pass", "os._exit(0)")
        done = subprocess.run(
            [sys.executable, "-I", "-c", program],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=True,
            timeout=60,
        )
        reached = CANARY in done.stdout or any([*map(heard, sockets)]) or answers.read_text() != TEXT
        reached = reached or bool(list(tmp_path.iterdir())) or name in {"folder", "fork", "thread"}
        assert reached


@pytest.mark.slow
@pytest.mark.skipif(not like_lambda.possible(), reason="needs root and mount namespaces")
def test_these_tests_also_pass_in_a_lambda_like_environment():
    files = [
        str(Path(__file__).with_name(f"test_code_{name}.py")) for name in ("attacks", "child", "lifecycle")
    ]
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *files]
    root = Path(__file__).parents[3]
    needed = [root, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()]
    done = like_lambda.like_lambda(command, needed, {"PYTHONPATH": str(root), "CI": "1"})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
