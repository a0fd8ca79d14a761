"""Checks of imports inside functions, which fail only when the function is called."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.deploy.import_checks import check_imports, standard_library
from harness.localaws.function import FunctionSpec
from harness.localaws.template import NOT_IMITATED
from support.artifacts import write_artifact

HANDLER = "def handler(event, context):\n"


def found(tmp_path, files, *, handler="app.handler", runtime="python3.13", installed=()):
    project = write_artifact(tmp_path / "project", files)
    artifact = write_artifact(tmp_path / "artifact", files)
    write_artifact(artifact, {name: "" for name in installed})
    spec = FunctionSpec(name="App", artifact=artifact, handler=handler, runtime=runtime)
    return [(one.id, str(one.place).removeprefix(f"{artifact}/")) for one in check_imports(spec, project)]


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("    import pandas", ["D034"]),
        ("    import pandas.io as io", ["D034"]),
        ("    from pandas import DataFrame", ["D034"]),
        ("    importlib.import_module('pandas')", ["D034"]),
        ("    return __import__('pandas').x", ["D034"]),
        ("    if event:\n        import pandas", ["D035"]),
        ("    try:\n        import pandas\n    except ImportError:\n        pandas = None", ["D035"]),
        (
            "    try:\n        import pandas\n    except (OSError, ModuleNotFoundError):\n        pass",
            ["D035"],
        ),
        ("    try:\n        import pandas\n    except:\n        pass", ["D035"]),
        ("    try:\n        import pandas\n    except OSError:\n        pass", ["D034"]),
        ("    with suppress(ImportError):\n        import pandas", ["D035"]),
        ("    if TYPE_CHECKING:\n        import pandas", []),
        ("    if typing.TYPE_CHECKING:\n        import pandas\n    else:\n        import polars", ["D034"]),
        ("    import json, os.path, collections.abc", []),
        ("    import boto3, botocore.config", []),
        ("    import numpy.made_as_it_runs", []),
        ("    from . import anything", []),
        ("    importlib.import_module(event)", []),
        ("    importlib.import_module('.relative', 'app')", []),
        ("    import winreg", ["D034"]),
    ],
)
def test_an_import_inside_a_function(tmp_path, body, rules):
    files = {"app.py": f"{HANDLER}{body}\n"}
    assert [rule for rule, _ in found(tmp_path, files, installed=["numpy/__init__.py"])] == rules


def test_a_condition_in_lambda_s_way_does_not_count(tmp_path):
    files = {"app.py": f"{HANDLER}    pass\n\nif __name__ == '__main__':\n    import click\n"}
    assert found(tmp_path, files) == []


def test_every_module_of_the_user_s_that_is_reached_is_read(tmp_path):
    files = {
        "pk/__init__.py": "",
        "pk/app.py": f"{HANDLER}    from .parts import scale\n",
        "pk/parts/__init__.py": "",
        "pk/parts/scale.py": "def f():\n    from .. import last\n    import pk.missing\n",
        "pk/last.py": "def f():\n    import first_package\n",
        "pk/not_reached.py": "import second_package\n",
    }
    assert found(tmp_path, files, handler="pk/app.handler") == [
        ("D034", "pk/last.py:2"),
        ("D034", "pk/parts/scale.py:3"),
    ]


def test_an_installed_package_is_not_read(tmp_path):
    artifact = write_artifact(
        tmp_path / "artifact", {"app.py": "import other\n", "other.py": "def f():\n import x\n"}
    )
    project = write_artifact(tmp_path / "project", {"app.py": ""})
    spec = FunctionSpec(name="App", artifact=artifact, handler="app.handler")
    assert list(check_imports(spec, project)) == []


def test_a_module_that_is_needed_somewhere_is_an_error_once(tmp_path):
    files = {
        "app.py": f"try:\n    import pandas\nexcept ImportError:\n    pass\n{HANDLER}    import pandas\n"
    }
    assert found(tmp_path, files) == [("D034", "app.py:6")]


def test_modules_in_a_circle_end(tmp_path):
    files = {"app.py": f"import b\n{HANDLER}    pass", "b.py": "import app\n"}
    assert found(tmp_path, files) == []


def test_what_a_layer_may_hold_is_not_checked(tmp_path):
    artifact = write_artifact(tmp_path, {"app.py": f"{HANDLER}    import pandas\n"})
    notes = (NOT_IMITATED["Layers"],)
    spec = FunctionSpec(name="App", artifact=artifact, handler="app.handler", notes=notes)
    assert [one.id for one in check_imports(spec, artifact)] == ["D050"]


def test_a_compiled_module_is_there(tmp_path):
    files = {"app.py": f"{HANDLER}    import fast, quick\n"}
    assert found(tmp_path, files, installed=["fast.cpython-313-x86_64-linux-gnu.so", "quick.pyc"]) == []


@pytest.mark.parametrize("source", ["def handler(:", "\0", "\ud800"])
def test_what_is_no_python_is_left_to_its_own_import(tmp_path, source):
    artifact = write_artifact(tmp_path, {})
    (artifact / "app.py").write_bytes(source.encode("utf-8", "surrogatepass"))
    spec = FunctionSpec(name="App", artifact=artifact, handler="app.handler")
    assert list(check_imports(spec, artifact)) == []


@pytest.mark.parametrize(
    ("runtime", "there", "gone"),
    [
        ("python3.11", {"tomllib", "distutils", "cgi"}, {"annotationlib"}),
        ("python3.12", {"tomllib", "cgi"}, {"distutils", "imp"}),
        ("python3.13", {"json", "_thread"}, {"cgi", "telnetlib", "msvcrt"}),
        ("python3.14", {"annotationlib", "compression"}, {"distutils", "cgi"}),
    ],
)
def test_each_runtime_has_its_own_standard_library(runtime, there, gone):
    names = standard_library(runtime)
    assert there <= names
    assert not gone & names


def test_this_python_s_standard_library_is_the_one_it_says():
    script = "import sys; print(*sys.stdlib_module_names)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    here = standard_library(f"python3.{sys.version_info.minor}")
    assert set(said.split()) - here <= {
        "_overlapped",
        "_winapi",
        "msilib",
        "msvcrt",
        "nt",
        "winreg",
        "winsound",
    }


@given(st.text("ab. \n():,=*'", max_size=30))
def test_any_text_is_read_or_passed_over(tmp_path_factory, text):
    artifact = tmp_path_factory.mktemp("any")
    (artifact / "app.py").write_text(f"{HANDLER}    import {text}\n")
    spec = FunctionSpec(name="App", artifact=artifact, handler="app.handler")
    assert {one.id for one in check_imports(spec, artifact)} <= {"D034", "D035"}
