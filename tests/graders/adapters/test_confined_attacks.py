"""A confined function reaches nothing outside its process, even if it evaluates a completion."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from graders import SampleError
from graders.adapters import ConfinedFunction
from support import like_lambda
from support.code_attacks import ATTACKS, CANARY, Targets, aimed, heard, listeners
from support.lesser_kernel import lacking

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems shut nothing in")

ROOT = Path(__file__).parents[3]
TEXT = f"right = {CANARY!r}\n"
EVALUATES = "import numpy\ndef f(text):\n    scope = {}\n    exec(text, scope)\n    return scope['f'](1)\n"
# Attacks that an imported package could make possible. The tests of the code check run all attacks.
NAMES = """
    exit own_exit frames objects environment c_environment own_environment host_environment
    host_memory host_maps host_files own_files neighbor_memory file pathlib raw_open raw_openat
    open_from_inside linecache import_file source_loader write_answers remove_answers link
    temporary_file connect runtime_api http_client udp unix_socket abstract_socket name_lookup
    kill_host kill_parent kill_group fork fork_bomb daemon subprocess multiprocessing thread_bomb
    library write_to_nowhere loop stubborn_loop memory memory_map flood flood_raw recursion
    deep_value patched_json patched_write forged_early forged_twice forged_length forged_rubbish
    steals_requests closes_all long_answer deep_answer control_characters many_descriptors
    error_that_lies call_clone call_ptrace_seize_host call_process_vm_readv call_executable_memory
""".split()


@pytest.fixture(scope="module")
def scene():
    with tempfile.TemporaryDirectory() as folder, listeners() as (sockets, port, unix):
        answers = Path(folder, "answers.py")
        answers.write_text(TEXT)
        before = dict(os.environ)
        os.environ |= {"AWS_SECRET_ACCESS_KEY": CANARY, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"}
        yield Targets(host=os.getpid(), neighbor=os.getpid(), port=port, answers=answers, unix=unix), sockets
        os.environ.clear()
        os.environ.update(before)


@pytest.mark.parametrize("name", NAMES)
def test_a_completion_that_the_function_evaluates_reaches_nothing(scene, called, name):
    targets, sockets = scene
    function = ConfinedFunction.of_text(
        EVALUATES, "f", place="evaluates", packages=["numpy"], seconds=0.15, memory_mb=64
    )
    try:
        said = repr(called(function, aimed(ATTACKS[name], targets)))
    except SampleError as problem:
        said = str(problem)
        assert len(said) < 600
        assert said.isprintable()
    assert CANARY not in said
    assert targets.answers.read_text() == TEXT
    assert [path.name for path in targets.answers.parent.iterdir()] == [targets.answers.name]
    assert not any(map(heard, sockets))
    assert called(function, "def f(x): return x") == 1


def test_no_call_affects_the_next(rewards, called):
    keeps = rewards(
        "import builtins, json\ndef f():\n    seen = hasattr(builtins, 'kept') or hasattr(json, 'kept')\n"
        "    builtins.kept = json.kept = 1\n    return seen"
    )
    assert [called(keeps) for _ in range(3)] == [False] * 3


def test_a_call_has_only_its_own_files_and_no_environment(rewards, called):
    text = "import numpy, os\ndef f():\n    return [fd for fd in range(64) if there(fd)], dict(os.environ)\n"
    there = "def there(fd):\n    try: return os.fstat(fd) is not None\n    except OSError: return False\n"
    assert called(rewards(text + there, packages=["numpy"])) == ([0, 1, 2, 3], {})


WITHOUT = """
import asyncio
from graders.adapters import ConfinedFunction
for protection in ("full", "limits"):
    function = ConfinedFunction.of_text("def f(): return 3", "f", place="x", protection=protection)
    try:
        print(asyncio.run(function()))
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
"""


def test_without_seccomp_a_function_is_refused_unless_it_is_trusted():
    done = lacking([sys.executable, "-c", WITHOUT], {"PYTHONPATH": str(ROOT)}, "seccomp")
    assert done.returncode == 0, done.stderr
    full, limits = done.stdout.splitlines()
    assert full.startswith("ConfigurationError: this system has no seccomp")
    assert limits == "3"


@pytest.mark.slow
@pytest.mark.skipif(not like_lambda.possible(), reason="needs root and mount namespaces")
def test_these_tests_also_pass_in_a_lambda_like_environment():
    files = [str(file) for file in sorted(Path(__file__).parent.glob("test_confined*.py"))]
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *files]
    needed = [ROOT, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()]
    done = like_lambda.like_lambda(command, needed, {"PYTHONPATH": str(ROOT), "CI": "1"})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
