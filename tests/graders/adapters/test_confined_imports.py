"""Imports of a confined function: neighboring modules, listed packages and missing ones."""

from __future__ import annotations

import sys
from pathlib import Path
from traceback import walk_tb
from types import ModuleType

import pytest

from graders.adapters import confined
from graders.checks import _code_fork_server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems shut nothing in")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Write files to a user's folder, and packages to a folder on this process's import path."""
    _code_fork_server.end_processes()
    packages = tmp_path / "packages"
    packages.mkdir()
    monkeypatch.syspath_prepend(packages)

    def write(**texts: str) -> Path:
        for name, text in texts.items():
            path = tmp_path / f"{name.replace('_of_', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "rewards.py"

    yield write
    _code_fork_server.end_processes()


@pytest.mark.parametrize(
    "texts",
    [
        {"rewards": "import text\ndef f(): return text.value", "text": "value = 3"},
        {
            "rewards": "from text import *\ndef f(): return value",
            "text": "from more import value",
            "more": "value = 3",
        },
        {"rewards": "def f():\n    from text import value\n    return value", "text": "value = 3"},
        {"rewards": "from parts import text\ndef f(): return text.value", "parts/text": "value = 3"},
        {
            "rewards": "import parts.text\ndef f(): return parts.text.value + parts.one",
            "parts/text": "from . import other\nfrom .other import value",
            "parts/other": "value = 2",
            "parts/__init__": "one = 1",
        },
        {
            "rewards": "from .text import value\nfrom . import text\ndef f(): return value",
            "text": "value = 3",
        },
        {
            "rewards": "try:\n    from .text import f\nexcept ImportError:\n    from text import f",
            "text": "def f(): return 3",
        },
        {
            "rewards": "import text\ndef f(): return text.g()",
            "text": "def g():\n    from parts import value\n    return value",
            "parts/__init__": "value = 3",
        },
        {"rewards": "from text import f", "text": "def f(): return 3"},
        {"rewards": "import rewards\ndef f(): return rewards.g()\ndef g(): return 3"},
    ],
)
def test_modules_next_to_the_file_are_sent_along(folder, called, texts):
    assert called(confined(folder(**texts), "f")) == 3


def test_the_graders_process_imports_none_of_it(folder, called, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    file = folder(
        **{"rewards": "from parts import text\nfrom parts.inner.more import a\ndef f(): return text.two + a"},
        **{"parts/text": "two = 2", "parts/inner/__init__": "", "parts/inner/more": "a = 1"},
    )
    before = {*sys.modules}
    assert called(confined(file, "f")) == 3
    assert not {name for name in sys.modules.keys() - before if name.startswith(("parts", "rewards"))}


def test_an_error_in_a_module_next_to_it_has_that_files_line(folder, failing):
    file = folder(rewards="import text\ndef f(): text.fail()", text="\ndef fail(): 1 / 0")
    assert failing(confined(file, "f")).origin == "ZeroDivisionError at text.py:2"


@pytest.mark.parametrize(
    ("package", "text", "value"),
    [
        ("numpy", "import numpy as np\ndef f(): return np.random.default_rng(0).integers(5, 6)", 5),
        (
            "numpy",
            "import numpy as np\ndef f(): return [np.float32(1.5), np.True_, np.arange(3)]",
            [1.5, True, [0, 1, 2]],
        ),
        ("numpy", "import numpy as np\ndef f(): return float(np.linalg.inv(np.eye(300)).sum())", 300.0),
        ("rapidfuzz", "from rapidfuzz import fuzz, utils\ndef f(): return fuzz.ratio('ab', 'ab')", 100.0),
        (
            "rapidfuzz",
            "def f():\n    from rapidfuzz.distance import Levenshtein as l\n    return l.distance('a', 'b')",
            1,
        ),
        (
            "pydantic",
            "from pydantic import BaseModel\nclass A(BaseModel):\n    x: int\ndef f(): return A(x='3').x",
            3,
        ),
        ("numpy", "import numpy as np\ndef f(): return np.random.rand()", 0.5488135039273248),
        ("yaml", "import yaml\ndef f(): return yaml.safe_load('a: [1]')", {"a": [1]}),
    ],
)
def test_listed_packages_may_be_imported(rewards, called, package, text, value):
    pytest.importorskip(package)
    assert called(rewards(text, packages=[package])) == value


def test_a_package_finds_its_modules_and_others_later(folder, called):
    file = folder(
        rewards="import outer\ndef f(): return outer.late()",
        **{
            "packages/outer/__init__": "def late():\n    from . import inner\n    return inner.value()",
            "packages/outer/inner": "def value():\n    import other.part\n    return other.part.number",
            "packages/other/__init__": "",
            "packages/other/part": "number = 3",
        },
    )
    assert called(confined(file, "f", packages=["outer"])) == 3


@pytest.mark.parametrize(
    "text",
    [
        "import sys; sys.modules.update(dict.fromkeys(['outer.slow', 'side', 'outer.__main__', 'a b']))",
        "import outer.slow",
        "import sys; sys.modules = {'outer.slow': 1, 'side': 1, 'antigravity': 1}",
        "import sys; sys.path.append('/'); sys.meta_path.clear()",
    ],
)
def test_a_completions_effects_in_a_call_change_no_later_calls(folder, called, text):
    file = folder(
        rewards="import outer, sys\ndef f(text):\n    exec(text)\n    return sorted(sys.modules), sys.path",
        **{"packages/outer/__init__": "", "packages/outer/slow": "", "packages/outer/__main__": ""},
        **{"packages/side/__init__": ""},
    )
    function = confined(file, "f", packages=["outer"])
    before, server = called(function, ""), _code_fork_server._started[True]
    assert {"outer.slow", "side"}.isdisjoint(before[0])
    called(confined(file, "f", packages=["outer"]), text)
    called(function, text)
    assert called(function, "") == before
    assert _code_fork_server._started[True] is server


@pytest.mark.parametrize(
    ("text", "packages", "message"),
    [
        (
            "\nimport nowhere.inner\ndef f(): pass",
            [],
            "rewards.py:2 imports nowhere, which is neither next to it nor",
        ),
        (
            "from nowhere import x\ndef f(): pass",
            ["nowhere"],
            "rewards.py:1 imports nowhere, which is not installed",
        ),
        ("def g(): import nowhere\ndef f(): g()", [], "rewards.py:1 imports nowhere, which is neither"),
        ("import text\ndef f(): pass", [], "text.py:1 imports nowhere, which is neither next to it nor"),
    ],
)
def test_a_missing_package_is_named_with_its_line(folder, failing, text, packages, message):
    file = folder(rewards=text, text="import nowhere")
    assert str(failing(confined(file, "f", packages=packages))).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import nowhere\nexcept ImportError: pass\ndef f(): return 3",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import nowhere\ndef f(): return 3",
        "def g(): import nowhere\ndef f(): return 3",
        "value = 3\ntry:\n    from parts import value\nexcept ImportError: pass\ndef f(): return value",
    ],
)
def test_an_optional_import_may_be_missing(folder, called, text):
    file = folder(**{"rewards": text, "parts/__init__": "value = 4"})
    assert called(confined(file, "f")) == 3


def test_a_package_that_fails_is_reported_with_its_error_and_affects_no_other_function(
    folder, called, failing
):
    file = folder(
        rewards="import broken\ndef f(): pass",
        packages_of_broken="raise OSError('no library')",
        packages_of_sound="value = 3",
        other="import sound\ndef f(): return sound.value",
    )
    broken = confined(file, "f", packages=["broken"])
    said = "broken cannot be imported to run code: OSError: no library"
    assert [str(failing(broken)) for _ in range(2)] == [said, said]
    assert called(confined(file.with_name("other.py"), "f", packages=["sound"])) == 3


def test_a_packages_error_keeps_no_reference_to_the_calls_that_raised_it(folder, failing):
    file = folder(rewards="import broken\ndef f(): pass", packages_of_broken="raise OSError('no library')")
    broken = confined(file, "f", packages=["broken"])
    depths = [len([*walk_tb(failing(broken).__traceback__)]) for _ in range(3)]
    assert depths[1] == depths[2]


def test_a_stand_in_for_a_package_does_not_count_as_installed(folder, failing, monkeypatch):
    monkeypatch.setitem(sys.modules, "standing_in", ModuleType("standing_in"))
    file = folder(rewards="import standing_in\ndef f(): pass")
    assert "standing_in, which is not installed here" in str(
        failing(confined(file, "f", packages=["standing_in"]))
    )


def test_a_package_that_ends_the_process_affects_no_other_function(folder, called, failing):
    file = folder(
        rewards="import broken\ndef f(): pass",
        packages_of_broken="import os\nos._exit(3)",
        packages_of_sound="value = 3",
        other="import sound\ndef f(): return sound.value",
    )
    broken = confined(file, "f", packages=["broken"])
    sound = confined(file.with_name("other.py"), "f", packages=["sound"])
    for _ in range(2):
        assert str(failing(broken)).startswith("the process that runs code did not start")
        assert called(sound) == 3


def test_one_process_serves_the_functions_of_all_packages(folder, called):
    file = folder(
        rewards="import one\ndef f(): return one.value",
        other="import two\ndef f(): return two.value",
        packages_of_one="value = 1",
        packages_of_two="value = 2",
    )
    functions = [
        confined(file, "f", packages=["one"]),
        confined(file.with_name("other.py"), "f", packages=["two"]),
    ]
    assert [called(function) for function in (*functions, *functions)] == [1, 2, 1, 2]
    assert [*_code_fork_server._started] == [True]


def test_a_file_that_shadows_pythons_own_module_counts(folder, called):
    file = folder(rewards="import queue\ndef f(): return queue.value", queue="value = 3")
    assert called(confined(file, "f")) == 3
