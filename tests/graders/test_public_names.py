"""What the package offers is what it says it offers, and its examples run."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import types

import pytest

import graders

MODULES = sorted(m.name for m in pkgutil.walk_packages(graders.__path__, "graders."))
RUN = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def test_all_is_the_public_namespace():
    public = {
        name
        for name, value in vars(graders).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "annotations"
    }
    assert sorted(public) == graders.__all__
    assert graders.__all__ == sorted(graders.__all__)


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
    for example in finder.find(module, name):
        runner = doctest.DocTestRunner(optionflags=RUN, verbose=False)
        said: list[str] = []
        runner.run(example, out=said.append)
        assert not said, "".join(said)


def test_there_are_examples_to_run():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [t for name in MODULES for t in finder.find(importlib.import_module(name), name) if t.examples]
    assert "graders.decorator.grader" in [test.name for test in found]
