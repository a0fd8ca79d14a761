"""Imports graders by name, and explains why an object is not a grader.

The folder of a grader's file is put on the import path, so the grader can import its neighbors as in Lambda.
A file that would shadow a module that other code imports is refused.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from graders import Grader, GraderError, grader
from graders._runtime import place_of
from graders.configured import configured_grader, factories, families, grader_of_check
from harness.errors import InputError
from harness.import_path import add_folder, is_taken
from harness.targets.grader_name import GraderName, named

__all__ = ["check_handler", "described", "load", "raised_at"]

_CHECKS = "graders.checks"


@contextmanager
def _uncompiled() -> Iterator[None]:
    """Disable writing bytecode, because a full disk truncates it and Python then fails to load it."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def load(reference: str, folder: Path | None = None) -> tuple[ModuleType, Callable[..., Any]]:
    """Import a grader.

    Args:
        reference: `module:name` or `path/to/file.py:name`, optionally without the name, or with a factory's
            options.
        folder: The folder of the file or module; None for the current folder.

    Returns:
        The module, and the grader or the plain handler in it.

    Raises:
        InputError: The module, file or grader does not exist, or importing it failed.
    """
    asked = named(reference)
    where, name = asked.where, asked.name
    folder = Path.cwd() if folder is None else folder
    with _uncompiled():
        if where.endswith(".py"):
            module = _import_file(folder / where, where)
        else:
            module = _import_module(where, reference, folder)
    graders = {key: value for key, value in vars(module).items() if isinstance(value, Grader)}
    if not name:
        if len(graders) == 1:
            return module, next(iter(graders.values()))
        if not graders:
            fix = f"Put @grader above its scoring function, or name a handler: {where}:my_handler."
            raise InputError("this module has no grader", place=reference, fix=fix)
        found = f"has {len(graders)} graders: {', '.join(graders)}"
        raise InputError(f"this module {found}", place=reference, fix=f"Name one: {where}:{min(graders)}.")
    found_object: Any = module
    for part in name.split("."):
        found_object = getattr(found_object, part, None)
    if found_object is None:
        known = f"Graders there: {', '.join(graders)}." if graders else "There is no @grader in it."
        if where.startswith(_CHECKS):
            known = _checks_in(where)
        raise InputError(f"there is no {name} in {where}", place=reference, fix=known)
    if not callable(found_object):
        raise InputError(f"{name} is a {type(found_object).__name__}", place=reference, fix="Name a grader.")
    if asked.options is not None:
        return module, _made(found_object, asked, reference)
    check_handler(found_object, name, reference)
    return module, found_object


def described(asked: GraderName, folder: Path | None = None) -> Grader[Any, Any]:
    """Make the grader that a TOML file describes.

    Args:
        asked: The file's path.
        folder: The file's folder; None for the current folder.

    Raises:
        InputError: The file does not describe a grader.
    """
    if asked.name:
        raise InputError("a TOML file describes one grader", place=str(asked), fix=f"Write {asked.where}.")
    try:
        return configured_grader(asked.where, str(folder or ""))
    except Exception as error:
        message = str(error).removeprefix(f"{asked.where}: ")
        fix = "`rft graders` lists the checks, and `rft graders NAME --toml` prints a file to start from."
        raise InputError(message, place=asked.where, fix=fix) from None


def _made(factory: Callable[..., Any], asked: GraderName, place: str) -> Grader:
    """Return the grader that a factory makes with the options in the name.

    Raises:
        InputError: The name is not a factory of scoring functions, or the factory refuses the options.
    """
    if isinstance(factory, Grader):
        raise InputError(f"{asked.name} is already a grader", place=place, fix="Leave out the parentheses.")
    options = asked.options or {}
    if asked.where.startswith(f"{_CHECKS}."):
        try:
            return grader_of_check(f"{asked.where}:{asked.name}".removeprefix("graders."), options)
        except Exception as error:
            fix = f"`rft graders {asked.name}` shows its options."
            raise InputError(str(error), place=asked.where, fix=fix) from None
    try:
        made = factory(**options)
        if callable(made):
            return made if isinstance(made, Grader) else grader(made)
    except (Exception, SystemExit) as error:
        fix = f"Its options are {_signature(factory)}."
        what = f"{asked.name} refuses its options: {error}{raised_at(error, __file__)}"
        raise InputError(what, place=place, fix=fix) from None
    raise InputError(f"{asked.name} does not make a check", place=place, fix=_checks_in(asked.where))


def _checks_in(where: str) -> str:
    """List a module's ready checks, or the modules that have ready checks, in a sentence."""
    if where == _CHECKS or where not in sys.modules:
        return f"Ready checks are in {', '.join(f'checks.{name}' for name in families())}."
    return f"Checks there: {', '.join(sorted(factories(sys.modules[where])))}."


def _signature(factory: Callable[..., Any]) -> str:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return "no options that Python can tell"
    return ", ".join(str(each.replace(annotation=each.empty)) for each in parameters) or "no options"


def check_handler(found: Any, name: str, place: str | None) -> None:
    """Reject an object that is neither a grader nor a handler. The message names the kind of the object.

    Raises:
        InputError: The object is a class, a factory of checks, or an undecorated function.
    """
    if isinstance(found, Grader):
        return
    word = name.rpartition(".")[2]
    own = getattr(found, "__name__", None) == word
    what, fix = "", f"Put @grader above {name}." if own else f"Write {word} = grader(...) around it."
    origin = str(getattr(found, "__module__", "")), str(getattr(found, "__qualname__", ""))
    if inspect.isclass(found):
        what, fix = "is a class", "Name a function with @grader above it, or a handler."
    elif origin[0].startswith(f"{_CHECKS}.") and "<locals>" not in origin[1]:
        what = "makes a check"
        fix = f"Name it with its options, '{place or word}(...)', or write my_grader = grader({word}(...))."
    elif inspect.iscoroutinefunction(found) and _takes(found, 2):
        what = "is async, but Lambda does not await handlers"
    elif not _takes(found, 2):
        what = "is not decorated"
        if not _takes(found, 1):
            what = "is neither a scoring function nor a handler"
            fix = "A scoring function takes one Sample, and a handler takes (event, context)."
    if what:
        raise InputError(f"{name} {what}", place=place, fix=fix)


def _takes(function: Any, count: int) -> bool:
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # a builtin without a signature
        return True
    return True


def _import_module(where: str, reference: str, folder: Path) -> ModuleType:
    """Import a module by name with a folder on the import path, like the current folder of `python -m`."""
    if not where:
        raise InputError(
            "no module is named", place=reference, fix="Pass --grader module:name or file.py:name."
        )
    top = where.partition(".")[0]
    if is_taken(top) and (folder / f"{top}.py").is_file():
        raise _hidden(top, reference)
    add_folder(str(folder))
    _forget_namesake(where, folder)
    try:
        return importlib.import_module(where)
    except ModuleNotFoundError as error:
        if error.name and (where == error.name or where.startswith(f"{error.name}.")):
            file = f"{where.replace('.', '/')}.py"
            hint = f"Is it in {folder}? Name a file with its extension: {file}:name."
            if where.startswith(f"{_CHECKS}."):
                hint = _checks_in(where)
            raise InputError(f"the module {error.name} does not exist", place=reference, fix=hint) from error
        raise _import_failed(error, reference) from error
    except (Exception, SystemExit) as error:
        raise _import_failed(error, reference) from error


def _forget_namesake(where: str, folder: Path) -> None:
    """Unload a module of this name if it came from another folder, as happens in tests."""
    top = where.partition(".")[0]
    if not is_taken(top) and any(_is_elsewhere(name, folder) for name in (top, where)):
        for name in [name for name in sys.modules if name == top or name.startswith(f"{top}.")]:
            del sys.modules[name]


def _is_elsewhere(name: str, folder: Path) -> bool:
    """Return True if a module was loaded from a file other than the one in this folder."""
    loaded = getattr(sys.modules.get(name), "__file__", None)
    stem = folder.joinpath(*name.split("."))
    files = [file for file in (stem / "__init__.py", Path(f"{stem}.py")) if file.is_file()]
    return loaded is not None and bool(files) and os.path.realpath(loaded) != os.path.realpath(files[0])


def _import_file(path: Path, where: str) -> ModuleType:
    """Import a file by its path, with its folder on the import path so that it finds its neighbors."""
    path = path.resolve()
    if not path.is_file():
        raise InputError("no such file", place=where, fix="Check the path of the grader.")
    if is_taken(path.stem):
        raise _hidden(path.stem, where)
    add_folder(str(path.parent))
    loaded = sys.modules.get(path.stem)
    if loaded is not None and getattr(loaded, "__file__", None) == str(path):
        return loaded
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        sys.modules.pop(path.stem, None)
        raise _import_failed(error, where) from error
    return module


def _hidden(name: str, place: str) -> InputError:
    """Return the error for a grader file with the name of a module that other code imports."""
    message = f"a file with this name shadows the module {name} that others import, in Lambda too"
    return InputError(message, place=place, fix="Rename it.")


def _import_failed(error: BaseException, place: str) -> InputError:
    if isinstance(error, ModuleNotFoundError) and error.name:
        fix = f"Install {error.name}, or run `rft` where it can be found."
        return InputError(f"it imports {error.name}, which is not installed", place=place, fix=fix)
    return InputError(
        f"importing it failed: {type(error).__name__}: {error}{raised_at(error, __file__)}",
        place=place,
        fix="Fix it so that Python can import it.",
    )


def raised_at(error: BaseException, here: str) -> str:
    """Return, in parentheses, the place in the user's code that raised an error or called code that did.

    Args:
        error: The error. Frames of the calling file are removed from its traceback.
        here: The file that called the user's code.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({Path(error.filename).name}:{error.lineno})"
    while (trace := error.__traceback__) is not None and trace.tb_frame.f_code.co_filename == here:
        error = error.with_traceback(trace.tb_next)
    # This library's errors say what is wrong, so only a place in the user's code is added.
    place = place_of(error, isinstance(error, GraderError)) if error.__traceback__ is not None else ""
    return place and f" ({place})"
