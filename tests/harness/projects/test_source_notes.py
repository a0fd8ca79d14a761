from __future__ import annotations

import ast

import pytest

from harness.projects.reached_code import ReachedCode
from harness.projects.source_notes import batch_notes, notes_of, refused_by_confinement


def code_of(body, top=""):
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    source = f"{top}\ndef f(completions, **kwargs):\n{lines}\n"
    return ReachedCode({"rewards.py": ast.parse(source)}, ["f"])


@pytest.mark.parametrize(
    ("top", "body", "what", "asks"),
    [
        ("import boto3", "boto3.client('x')", "boto3.client opens a connection", True),
        ("from openai import OpenAI as O", "O().chat", "openai.OpenAI opens a connection", True),
        ("import urllib.request", "urllib.request.urlopen('x')", "urllib.request.urlopen opens", True),
        ("client = None", "import httpx\nhttpx.get('x')", "httpx.get opens a connection", True),
        ("import subprocess as sp", "sp.run(['ls'])", "subprocess.run starts a process", False),
        ("from os import system", "system('ls')", "os.system starts a process", False),
        ("", "open('x')", "open opens a file", False),
        ("from pathlib import Path", "Path('x').read_text()", "read_text opens a file", False),
        ("import os", "os.listdir('.')", "os.listdir opens a file", False),
        ("import json\nWORDS = json.load(open('w.json'))", "pass", "open opens a file", False),
    ],
)
def test_what_confined_code_cannot_do_is_found(top, body, what, asks):
    [found] = {each.what: each for each in refused_by_confinement(code_of(body, top))}.values()
    assert found.what.startswith(what)
    assert found.asks is asks
    assert found.place.startswith("rewards.py:")


@pytest.mark.parametrize(
    ("top", "body"),
    [
        ("import boto3", "pass"),
        ("from urllib.parse import urlparse", "urlparse('x')"),
        (
            "from openai import OpenAI, APIError",
            "def g(x: OpenAI) -> OpenAI: ...\ntry: g()\nexcept APIError: raise",
        ),
        ("import os\nimport threading", "os.path.join('a'); threading.current_thread()"),
        ("def unused(): open('x')", "pass"),
        ("if __name__ == '__main__':\n    open('x')", "pass"),
        ("", "kwargs.open(); document.open('x')"),
    ],
)
def test_what_is_imported_and_not_used_and_what_never_runs_is_no_reason_to_refuse(top, body):
    assert refused_by_confinement(code_of(body, top)) == ()


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("try:\n    g()\nexcept ImportError:\n    return 0.0", "this pays 0 for a failure"),
        ("try:\n    g()\nexcept Exception:\n    return False", "this pays 0 for a failure"),
        ("try:\n    g()\nexcept Exception:\n    return None", "this ignores a failure"),
        (
            "try:\n    g()\nexcept Exception:\n    return [0.0] * len(completions)",
            "this pays 0 for a failure",
        ),
        (
            "from contextlib import suppress\nwith suppress(Exception):\n    g()",
            "this ignores a failure",
        ),
        ("try:\n    g()\nexcept Exception:\n    return 0.5", "this pays 0.5 for a failure"),
        ("try:\n    g()\nexcept:\n    return -1", "this pays -1 for a failure"),
        ("try:\n    g()\nexcept (ValueError, Exception):\n    return [0.0]", "this pays 0 for a failure"),
        ("try:\n    g()\nexcept ClientError:\n    return {'score': 0}", "this pays 0 for a failure"),
        ("try:\n    g()\nexcept Exception as e:\n    rewards.append(0.0)", "this pays 0 for a failure"),
        ("try:\n    g()\nexcept Exception:\n    return Result(score=0.0)", "this pays 0 for a failure"),
        ("try:\n    g()\nexcept Exception:\n    pass", "this ignores a failure"),
        ("random.random()", "random.random returns the same in each call"),
        ("np.random.rand()", "numpy.random.rand returns the same in each call"),
        ("os.urandom(3)", "os.urandom may make the reward"),
        ("datetime.now()", "depend on the time of grading"),
        ("os.environ['X']", "os.environ reads environment variables: confined code has none"),
        ("os.getenv('X')", "os.getenv reads environment variables"),
        ("print('x')", "its output is dropped"),
        ("global SEEN\nSEEN = 1", "SEEN is not kept"),
        ("CACHE['x'] = 1", "CACHE is not kept"),
        ("CACHE.append(1)", "CACHE is not kept"),
    ],
)
def test_what_grades_otherwise_here_is_said_with_its_line(body, what):
    top = "import random, os\nimport numpy as np\nfrom datetime import datetime\nCACHE = {}"
    found = list(notes_of(code_of(body, top), is_confined=True))
    assert [each for each in found if what in each.what], found
    assert {each.how for each in found} == {"approximated"}
    assert all(each.place.startswith("rewards.py:") for each in found)


@pytest.mark.parametrize(
    "body",
    [
        "try:\n    g()\nexcept ValueError:\n    return 0.0",
        "try:\n    g()\nexcept Exception:\n    raise",
        "try:\n    import json\nexcept ImportError:\n    json = None",
        "random.seed(1)",
        "found = []\nfound.append(1)\nfound[0] = 2",
        "for x in completions:\n    x.update(a=1)",
    ],
)
def test_what_grades_the_same_is_not_said(body):
    assert list(notes_of(code_of(body, "import random"), is_confined=True)) == []


@pytest.mark.parametrize(
    "call",
    [
        *(
            "random.seed()",
            "random.seed(None)",
            "random.seed(a=None)",
            "random.Random()",
            "random.Random(None)",
        ),
        *("random.SystemRandom()", "np.random.default_rng()", "np.random.default_rng(seed=None)"),
        *("np.random.seed()", "np.random.RandomState(None)", "random.seed(None, version=2)"),
    ],
)
@pytest.mark.parametrize("is_confined", [True, False])
def test_chance_without_a_seed_is_said(call, is_confined):
    [note] = notes_of(code_of(call, "import random\nimport numpy as np"), is_confined)
    assert "may make the reward of a completion differ" in note.what


@pytest.mark.parametrize(
    "call",
    [
        *("random.seed(1)", "random.seed(a=text)", "random.Random(0)", "random.Random(x=1)"),
        *("np.random.default_rng(7)", "np.random.default_rng(seed=7)", "np.random.RandomState(3)"),
        *("random.seed(*given)", "random.seed(**given)"),
    ],
)
@pytest.mark.parametrize("is_confined", [True, False])
def test_chance_with_a_seed_is_not(call, is_confined):
    assert [*notes_of(code_of(call, "import random\nimport numpy as np"), is_confined)] == []


@pytest.mark.parametrize(
    ("top", "body"),
    [
        ("from os import environ", "environ['X']"),
        ("from os import environ as e", "e.get('X')"),
        ("import os as system", "system.environ.get('X')"),
        ("from os import getenv", "getenv('X')"),
    ],
)
def test_environment_variables_are_found_however_they_are_imported(top, body):
    [note] = notes_of(code_of(body, top), is_confined=True)
    assert note.place == "rewards.py:3"
    assert "reads environment variables: confined code has none" in note.what


def test_what_a_module_of_a_package_does_is_said_with_its_place():
    files = {
        "rewards.py": "import pkg.b\ndef f(completions): return pkg.b.g()",
        "pkg/b.py": "import random\ndef g(): return random.random()",
    }
    code = ReachedCode({name: ast.parse(text) for name, text in files.items()}, ["f"])
    assert [note.place for note in notes_of(code, is_confined=True)] == ["pkg/b.py:2"]


def test_chance_differs_from_one_grading_to_the_next_where_code_is_trusted():
    [note] = notes_of(code_of("random.random()", "import random"), is_confined=False)
    assert note.what.startswith("random.random may make the reward of a completion differ")


def test_lines_of_one_kind_are_one_note():
    [note] = notes_of(code_of("print(1)\nprint(2)\nprint(3)"), is_confined=False)
    assert note.place == "rewards.py:3"
    assert "the function's log" in note.what
    assert note.what.endswith("(also in lines 4, 5)")


def batch(body):
    code = code_of(body, "import numpy as np\nfrom collections import Counter")
    functions = [part.node for part in code.parts() if hasattr(part.node, "name")]
    return list(batch_notes("rewards.py", functions, code))


@pytest.mark.parametrize(
    "body",
    [
        "return len(set(completions))",
        "texts = [c for c in completions]\nreturn Counter(texts)",
        "lengths = [len(c) for c in completions]\nreturn max(lengths)",
        "lengths = list(map(len, completions))\nreturn np.mean(lengths)",
        "return 1 / len(completions)",
        "return {c for c in completions}",
    ],
)
def test_functions_that_compare_completions_of_a_batch_are_found(body):
    [note] = batch(body)
    assert "compares across the batch" in note.what


@pytest.mark.parametrize(
    "body",
    ["return [0.0] * len(completions)", "return [max(len(c), 1) for c in completions]", "x = set('ab')"],
)
def test_functions_that_take_each_completion_by_itself_are_not(body):
    assert batch(body) == []
