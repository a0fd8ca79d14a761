"""Importing a grader loads only modules of the standard library that import quickly."""

from __future__ import annotations

import functools
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import graders.adapters
import graders.checks
import graders.examples

ROOT = Path(__file__).parents[2]
DEAR = {"typing", "dataclasses", "asyncio", "inspect", "logging", "concurrent.futures", "importlib.metadata"}
DEAR |= {"urllib.request", "ssl", "socket", "random", "decimal", "unittest", "boto3", "botocore"}

CHECKS = [m.name for m in pkgutil.iter_modules(graders.checks.__path__, "graders.checks.")]
ADAPTERS = [m.name for m in pkgutil.iter_modules(graders.adapters.__path__, "graders.adapters.")]
EXAMPLES = [m.name for m in pkgutil.iter_modules(graders.examples.__path__, "graders.examples.")]
CORE = [m.name for m in pkgutil.iter_modules(graders.__path__, "graders.") if not m.ispkg]


@functools.cache
def loaded_by(statement):
    """Return the modules loaded by a statement in an isolated interpreter."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{statement}\nprint('\\n'.join(sys.modules))"
    # -S, because the .pth files of an editable install run code that is not part of the package.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    return frozenset(done.stdout.split())


def beyond_bare(statement):
    return loaded_by(statement) - loaded_by("pass")


def strangers(modules):
    """Return the top-level modules from neither the standard library nor this package."""
    roots = {name.partition(".")[0] for name in modules}
    return sorted(root for root in roots - {"graders", "__main__"} if root not in sys.stdlib_module_names)


@pytest.mark.parametrize("module", ["graders", "graders.examples.word_problems"])
def test_a_grader_loads_only_cheap_modules_of_the_standard_library(module):
    loaded = beyond_bare(f"import {module}")
    assert strangers(loaded) == []
    assert sorted(loaded & DEAR) == []


def test_every_module_of_the_package_loads_only_the_standard_library():
    statement = "\n".join(f"import {name}" for name in (*CORE, *CHECKS, *ADAPTERS, *EXAMPLES))
    assert strangers(beyond_bare(statement)) == []


@pytest.mark.parametrize("module", [*CHECKS, *EXAMPLES, *(name for name in ADAPTERS if "._" not in name)])
def test_every_check_and_adapter_can_be_imported_alone_without_boto3_and_asyncio(module):
    loaded = beyond_bare(f"import {module}")
    assert strangers(loaded) == []
    assert not loaded & {"boto3", "asyncio", "logging", "typing", "dataclasses"}


@pytest.mark.parametrize("adapter", ["trl", "verl", "aws_lambda", "eval_protocol", "llm_eval_kit"])
def test_an_adapter_of_trusted_functions_loads_no_code_that_confines_functions(adapter):
    loaded = beyond_bare(f"import graders.adapters.{adapter}")
    assert not loaded & {"socket", "ctypes", "graders.adapters._confined"}
    # These adapters read evaluators' signatures with `inspect`, which imports `ast`.
    assert "ast" not in loaded or adapter in ("eval_protocol", "llm_eval_kit")


def test_grading_imports_nothing_that_importing_did_not():
    statement = "from graders.examples.word_problems import word_problem"
    event = [
        {"id": 1, "messages": [{"role": "assistant", "content": "#### 72"}], "reference_answer": "#### 72"}
    ]
    call = f"{statement}\nassert word_problem({event!r}, None)[0]['aggregate_reward_score'] == 1.0"
    assert sorted(loaded_by(call) - loaded_by(statement)) == []


def test_no_handler_imports_the_test_helpers():
    assert "graders.testing" not in loaded_by("import graders.examples.word_problems")


def test_the_version_is_looked_up_on_first_use():
    assert "importlib.metadata" not in loaded_by("import graders")
    program = "import graders, json; print(json.dumps(graders.__version__))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert json.loads(done.stdout)[0].isdigit()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        graders.nothing  # type: ignore[attr-defined]  # noqa: B018
