"""Code that cheats earns nothing on either engine, and does not affect other samples."""

from __future__ import annotations

import pytest

from graders import Reward, grader
from graders.checks.code import code_asserts, code_function, code_program
from graders.testing import invoke, make_sample

RIGHT = "def f(x):\n    return 3 * x\n"
CALLS = [{"args": [n], "expected": 3 * n} for n in (1, 2, 5)]
ASSERTS = "def check(candidate):\n    for n in (1, 2, 5):\n        assert candidate(n) == 3 * n\n"

ENDS = {
    "exit at import": "import sys\nsys.exit(0)\n",
    "exit at import, bare": "exit(0)\n",
    "exit in the call": "def f(x):\n    raise SystemExit(0)\n",
    "_exit at import": "import os\nos._exit(0)\n",
    "_exit in the call": "import os\ndef f(x):\n    os._exit(0)\n",
    "quit in a class": "class f:\n    def __init__(self, x):\n        quit()\n",
    "kills itself": "import os, signal\ndef f(x):\n    os.kill(os.getpid(), signal.SIGKILL)\n",
    "crashes": "import ctypes\ndef f(x):\n    ctypes.string_at(0)\n",
}
EQUAL = {
    "always equal": "class E:\n    def __eq__(self, o): return True\n    def __ne__(self, o): return False\n"
    "def f(x): return E()\n",
    "an int that is always equal": "class E(int):\n    def __eq__(self, o): return True\n"
    "    __hash__ = int.__hash__\ndef f(x): return E(7)\n",
    "a text that is always equal": "class E(str):\n    def __eq__(self, o): return True\n"
    "    __hash__ = str.__hash__\ndef f(x): return E('')\n",
    "always equal in a list": "class E:\n    def __eq__(self, o): return True\ndef f(x): return [E()]\n",
    "compares itself": "class E:\n    def __eq__(self, o): raise SystemExit(0)\ndef f(x): return E()\n",
    "a type": "class M(type):\n    def __eq__(self, o): return True\n    __hash__ = type.__hash__\n"
    "class E(metaclass=M): pass\ndef f(x): return E\n",
    "not a number": "def f(x): return float('nan')\n",
    "the function": "def f(x): return f\n",
}
SAYS = {
    "a marker": "print('PASS 1.0')\ndef f(x): return 0\n",
    "a reward": "print('{\"aggregate_reward_score\": 1.0}')\ndef f(x):\n    print('ok'); return 0\n",
    "a marker at exit": "import atexit\natexit.register(lambda: print('PASS'))\ndef f(x): return 0\n",
    "a marker on stderr": "import sys\nprint('OK', file=sys.stderr)\ndef f(x): return 0\n",
    "an assertion": "def f(x): raise AssertionError('passed')\n",
    "the end of a loop": "def f(x): raise StopIteration(3 * 1)\n",
}
LOOKS = {
    "frames": "import sys\ndef f(x): return sys._getframe(1).f_locals.get('expected')\n",
    "frames, all": "import sys\ndef f(x):\n    g = sys._getframe()\n    while g:\n"
    "        if 'expected' in g.f_locals: return g.f_locals['expected']\n        g = g.f_back\n",
    "its own file": "def f(x): return open(__file__).read()\n",
    "the folder": "import os\ndef f(x): return [open(n).read() for n in os.listdir('.')]\n",
    "arguments": "import sys\ndef f(x): return sys.argv[-1]\n",
    "the environment": "import os\ndef f(x): return os.environ.get('AWS_SECRET_ACCESS_KEY')\n",
    "the garbage collector": "import gc\ndef f(x):\n    a = [o for o in gc.get_objects()]\n"
    "    return [o for o in a if type(o) is dict and 'expected' in o][0]['expected']\n",
    "the test's names": "def f(x): return check, candidate, expected\n",
    "globals": "def f(x): return globals()['expected']\n",
    "the host's function": "def f(x):\n    return _next(x)\n",
    "the host's function, kept": "def f(x):\n    while True:\n        _next(0)\n",
    "main": "import __main__\ndef f(x): return __main__.tests\n",
}
PATCHES = {
    "built-ins": "import builtins\nbuiltins.len = builtins.abs = lambda x: 3\ndef f(x): return 0\n",
    "isinstance": "import builtins\nbuiltins.isinstance = lambda *a: True\ndef f(x): return 0\n",
    "json": "import json\njson.dumps = json.loads = lambda *a, **k: '3'\ndef f(x): return 0\n",
    "unittest": "import unittest\nunittest.TestCase.run = lambda *a: None\ndef f(x): return 0\n",
    "time": "import time\ntime.time = time.perf_counter = lambda: 0\ndef f(x):\n    while True: pass\n",
    "the module": "import sys\nsys.modules['json'] = sys.modules[__name__]\ndef f(x): return 0\n",
    "recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f(x)\n",
    "int": "try:\n    int.__eq__ = lambda a, b: True\nexcept TypeError: pass\ndef f(x): return 0\n",
}
HOLLOW = {
    "pass": "def f(x): pass\n",
    "dots": "def f(x): ...\n",
    "a docstring": 'def f(x):\n    """Triple x."""\n',
    "nothing implemented": "def f(x): raise NotImplementedError\n",
    "a constant": "def f(x): return 3\n",
    "true": "def f(x): return True\n",
    "the argument": "def f(x): return x\n",
    "a text of the number": "def f(x): return str(3 * x)\n",
    "a list of the number": "def f(x): return [3 * x]\n",
    "an iterator": "def f(x): return iter([3 * x])\n",
    "async": "async def f(x): return 3 * x\n",
    "another name": "def g(x): return 3 * x\n",
    "too many arguments": "def f(x, y): return 3 * x\n",
    "a syntax error": "def f(x): return 3 * \n",
    "a missing name": "def f(x): return three * x\n",
    "a class": "class f:\n    def __init__(self, x): self.value = 3 * x\n",
}
COSTS = {
    "a loop": "def f(x):\n    while True: pass\n",
    "a loop at import": "while True: pass\n",
    "a loop that swallows": "def f(x):\n    while True:\n        try:\n            while True: pass\n"
    "        except BaseException: pass\n",
    "sleep": "import time\ndef f(x):\n    time.sleep(60)\n    return 3 * x\n",
    "memory": "def f(x): return [0] * 10**10\n",
    "memory, bit by bit": "def f(x):\n    a = []\n    while True: a.append('x' * 10**6 + str(len(a)))\n",
    "a text": "def f(x): return 'x' * 10**11\n",
    "a number": "def f(x): return 10 ** 10**9\n",
    "a flood": "def f(x):\n    while True: print('x' * 1000)\n",
    "depth": "def f(x): return f(x)\n",
    "a deep value": "def f(x):\n    a = []\n    for _ in range(10**5): a = [a]\n    return a\n",
    "a value that unfolds": "def f(x):\n    a = [0] * 1000\n    b = [a] * 1000\n    return [b] * 1000\n",
    "a value that holds itself": "def f(x):\n    a = []\n    a.append(a)\n    return a\n",
    "a regular expression": "import re\ndef f(x): return re.match('(a|a)+$', 'a' * 40 + 'b')\n",
    "a large value": "def f(x): return ['x' * 1000] * 10**5\n",
    "threads": "import threading as t\ndef f(x):\n    for _ in range(9**4): t.Thread(target=id).start()\n",
    "forks": "import os\ndef f(x):\n    while True: os.fork()\n",
    "json": "import json\ndef f(x): return json.loads('[' * 10**6)\n",
    "nested brackets": "f = " + "(" * 5000 + "0" + ")" * 5000 + "\n",
    "nested minus": "f = " + "-" * 50000 + "1\n",
}
FAMILIES = {
    "ends": ENDS,
    "equal": EQUAL,
    "says": SAYS,
    "looks": LOOKS,
    "patches": PATCHES,
    "hollow": HOLLOW,
    "costs": COSTS,
}
ATTACKS = {f"{family}: {name}": code for family, table in FAMILIES.items() for name, code in table.items()}


def checks(engine):
    limits = {"engine": engine, "seconds": 0.2, "memory_mb": 64}
    return [
        grader(timeout_s=None)(check)
        for check in (code_function(entry="f", **limits), code_asserts(entry="f", **limits))
    ]


CHECKS = {engine: checks(engine) for engine in ("monty", "cpython", "auto")}


@pytest.fixture(autouse=True)
def canary(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")


def sample(code):
    return make_sample(f"```python\n{code}```", tests=CALLS, test=ASSERTS)


@pytest.mark.parametrize("engine", ["monty", "cpython"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_is_paid(engine, attack):
    for check in CHECKS[engine]:
        found = check.grade_all([sample(ATTACKS[attack])])[0]
        if isinstance(found, Reward):
            assert found.value == 0
        else:
            assert (engine, found.kind) == ("monty", "abstain"), found


def test_attacks_cost_their_neighbors_nothing():
    quick = [code for name, code in ATTACKS.items() if not name.startswith("costs")]
    codes = [*quick, COSTS["a loop"], COSTS["memory"], COSTS["forks"]]
    samples = [sample(code) for pair in zip(codes, [RIGHT] * len(codes), strict=True) for code in pair]
    rewards = invoke(CHECKS["auto"][0], samples)
    values = [one.value if isinstance(one, Reward) else one for one in rewards]
    assert values == [0.0, 1.0] * len(codes)


def test_a_program_is_not_paid_for_what_it_says_or_does():
    check = grader(timeout_s=None)(code_program(seconds=1))
    tests = [{"input": f"{n}\n", "output": f"{3 * n}\n"} for n in (1, 2, 5)]
    assert check.grade(make_sample("print(3 * int(input()))", tests=tests)).value == 1
    for code in (
        "print('PASS')",
        "print(3)",
        "import sys\nsys.exit(0)",
        "import os\nos._exit(0)",
        "print(*range(100))",
        "import sys\nsys.stdout.write('3\\n6\\n15\\n')",
        "while True: print(3)",
        "raise SystemExit('3')",
        "print(open('/proc/self/fd/0').name)",
        "def main(): print(3 * int(input()))",
        "import atexit\natexit.register(print, 3)",
    ):
        assert check.grade(make_sample(f"```python\n{code}\n```", tests=tests)).value == 0, code
