"""The package exports exactly its documented names, and its examples run."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import pydoc
import re
import types
from pathlib import Path

import pytest

import graders
from graders import GraderError, errors
from graders.testing import make_sample

MODULES = sorted(m.name for m in pkgutil.walk_packages(graders.__path__, "graders."))
RUN = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def test_all_is_the_public_namespace():
    assert sorted(name for name in dir(graders) if name[0] != "_") == sorted(graders.__all__)
    for name in dir(graders):
        assert getattr(graders, name) is not None
    hidden = {name for name in vars(graders) if name[0] != "_"} - set(graders.__all__)
    assert all(
        isinstance(vars(graders)[name], types.ModuleType)
        for name in hidden - {"annotations", "TYPE_CHECKING"}
    ), hidden


def test_every_error_is_at_the_root():
    raised = {
        name
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, GraderError) and one.__module__ == errors.__name__
    }
    assert raised <= set(graders.__all__)


def test_help_lists_only_public_names():
    text = pydoc.plain(pydoc.render_doc(graders))
    for private in ("annotations", "TYPE_CHECKING", "__getattr__", "score_part"):
        assert private not in text


BRITISH = re.compile(
    r"\w*(?:(?:normal|penal|vector|recogn|organ|serial|initial|summar|optim|real|general|minim|maxim|final)is"
    r"(?:e|ed|es|ing|ation)|label+l(?:ed|ing)|behaviour|neighbour|colour|favour|honour|licence|centre|artefact"
    r"|spelt|learnt|judgement|catalogue|whilst|grey)\w*",
    re.IGNORECASE,
)


@pytest.mark.parametrize("file", sorted(Path(graders.__path__[0]).rglob("*.py")), ids=lambda file: file.name)
def test_every_text_uses_american_spelling(file):
    assert BRITISH.findall(file.read_text(encoding="utf-8")) == []


def test_no_module_is_hidden_by_a_name_of_the_package():
    modules = {name.split(".")[1] for name in MODULES}
    assert modules.isdisjoint(graders.__all__)


@pytest.mark.parametrize("name", ["graders", *MODULES])
def test_every_module_says_what_it_is_for(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert module.__doc__.strip().splitlines()[0].strip()


@pytest.mark.parametrize("name", ["graders", *MODULES])
def test_every_public_function_and_class_says_what_it_does(name):
    module = importlib.import_module(name)
    silent = [
        f"{name}.{key}"
        for key, value in vars(module).items()
        if not key.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == name
        and not value.__doc__
    ]
    assert silent == []


@pytest.mark.parametrize("name", ["graders", *MODULES])
def test_the_examples_of_the_docstrings_run(name):
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    for example in finder.find(module, name, extraglobs={"make_sample": make_sample}):
        runner = doctest.DocTestRunner(optionflags=RUN, verbose=False)
        said: list[str] = []
        runner.run(example, out=said.append)
        assert not said, "".join(said)


def test_there_are_examples_to_run():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [t for name in MODULES for t in finder.find(importlib.import_module(name), name) if t.examples]
    assert "graders.decorator.grader" in [test.name for test in found]
