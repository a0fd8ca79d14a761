"""Grades in this very process: the quickest target, and the only one that sees an error's whole text.

The grader is named by `module:name` or `file.py:name`, a check by the call that makes it. A plain
`(event, context)` function, written by hand or by another tool, is called as Lambda would call it.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

from graders import Failure, Grader, Reward, grader
from graders._runtime import Context, place_of, score
from graders.errors import ConfigurationError, EventError
from graders.wire import read_answer, read_event
from harness.errors import InputError
from harness.import_path import add_folder, is_taken
from harness.targets.fingerprint import Fingerprint, GraderFiles
from harness.targets.grader_name import GraderName, named
from harness.targets.protocol import Answer, GraderFault, graded

FUNCTION_SECONDS = 60
"""What a handler written by hand is told of its remaining time."""


class InProcessTarget:
    """A grader in this process.

    Args:
        grader: `module:name` or `path/to/file.py:name` (a lone grader's name may be left out), a check with
            its options (`checks.numbers:number(marker="####")`), or the grader itself.

    Raises:
        InputError: There is no such module, file or grader, or importing it failed.
    """

    name = "in-process"
    max_bytes: int | None = None
    concurrency = 1

    def __init__(self, grader: str | Callable[..., Any]) -> None:
        self.handler: Callable[..., Any]
        module: ModuleType | None
        self.files = GraderFiles()
        """Tells which of the user's files the grader imports and opens."""
        self._check: str | None = None
        if isinstance(grader, str):
            asked = named(grader)
            self._check = str(asked) if asked.options is not None else None
            module, self.handler = load(grader)
        else:
            _check_handler(grader, getattr(grader, "__name__", "it"), None)
            module, self.handler = sys.modules.get(getattr(grader, "__module__", "")), grader
        self._module = module

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """What it is made of, as far as that is known when this is first asked."""
        return self.files.fingerprint(self._module)

    @cached_property
    def sha256(self) -> str | None:
        """Hash of the fingerprint and of how it was declared; None for a grader without a file."""
        file = getattr(self._module, "__file__", None)
        declared = self.options if self._check is None else {"check": self._check, **(self.options or {})}
        return self.fingerprint.digest(Path(file).parent, declared) if file else None

    @property
    def options(self) -> dict[str, Any] | None:
        """How the grader was declared; None for a handler written by hand."""
        return self.handler.options.as_dict() if isinstance(self.handler, Grader) else None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The range that the grader declares; None for a handler written by hand."""
        return self.handler.options.range if isinstance(self.handler, Grader) else None

    def grade(self, event: Any) -> Answer:
        """Grade the samples of one event."""
        started, own = perf_counter(), os.getpid()
        try:
            if isinstance(self.handler, Grader):
                outcomes, took = score(self.handler.declared, read_event(event))
                items = list(map(graded, outcomes, took))
            else:
                items = [graded(outcome) for outcome in self._call_by_hand(event)]
        except (Exception, SystemExit) as error:
            _end_copy(own)
            return Answer([], _since(started), _fault(error))
        _end_copy(own)
        return Answer(items, _since(started))

    @property
    def streams(self) -> bool:
        """Whether `grade_stream` may be used: the grader is async, which may show only when it was called."""
        handler = self.handler
        return isinstance(handler, Grader) and handler.declared.awaits and not handler.options.batch

    def grade_stream(self, events: Iterable[Any], keep: Callable[[list[Answer]], None]) -> None:
        """Grade events of one sample each, as many at once as the grader's `concurrency`.

        Args:
            events: The next one is taken when there is room for it.
            keep: Told the answers, in the order of the events.
        """
        from graders._runtime import score_stream  # and asyncio with it

        assert isinstance(self.handler, Grader)
        items = (item for event in events for item in read_event(event))
        score_stream(self.handler.declared, items, lambda scored: keep([_answer(*one) for one in scored]))

    def _call_by_hand(self, event: Any) -> Any:
        """Call a plain handler through strict JSON, as Lambda would."""
        answer = self.handler(json.loads(json.dumps(event)), Context(FUNCTION_SECONDS * 1000))
        try:
            answer = json.loads(json.dumps(answer, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            raise EventError(f"the answer is not JSON: {error}") from None
        try:
            return read_answer(answer, event)
        except json.JSONDecodeError as error:
            raise EventError(f"the body of the answer is not JSON: {error}") from None

    def close(self) -> None:
        """Nothing is held."""


@contextmanager
def _uncompiled() -> Iterator[None]:
    """Keep no compiled modules: a full disk cuts one short, and Python fails on what is left of it."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def load(reference: str) -> tuple[ModuleType, Callable[..., Any]]:
    """Import a grader.

    Args:
        reference: `module:name`, `path/to/file.py:name`, either without the name, or with a factory's options
            behind it.

    Returns:
        Its module and the grader, or the plain handler.

    Raises:
        InputError: There is no such module, file or grader, or importing it failed.
    """
    asked = named(reference)
    where, name = asked.where, asked.name
    with _uncompiled():
        module = _import_file(where) if where.endswith(".py") else _import_module(where, reference)
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
        if where.startswith("graders.checks"):
            known = _checks_in(where)
        raise InputError(f"there is no {name} in {where}", place=reference, fix=known)
    if not callable(found_object):
        raise InputError(f"{name} is a {type(found_object).__name__}", place=reference, fix="Name a grader.")
    if asked.options is not None:
        return module, _made(found_object, asked, reference)
    _check_handler(found_object, name, reference)
    return module, found_object


def _made(factory: Callable[..., Any], asked: GraderName, place: str) -> Grader:
    """The grader that a factory makes with the options of its name.

    Raises:
        InputError: It is no factory of scoring functions, or refuses the options.
    """
    if isinstance(factory, Grader):
        raise InputError(f"{asked.name} is a grader already", place=place, fix="Leave the brackets out.")
    try:
        made = factory(**asked.options or {})
        if not callable(made):
            raise InputError(f"{asked.name} makes no check", place=place, fix=_checks_in(asked.where))
        return made if isinstance(made, Grader) else grader(made)
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        at = "" if asked.where.startswith("graders.") else _at(error)
        fix = f"It takes {_signature(factory)}."
        raise InputError(f"{asked.name} refuses its options: {error}{at}", place=place, fix=fix) from None


def _checks_in(where: str) -> str:
    """The ready checks that a module offers, or the modules that offer some."""
    checks = importlib.import_module("graders.checks")

    module = sys.modules.get(where)
    if module is None or module is checks:
        import pkgutil

        modules = sorted(one.name for one in pkgutil.iter_modules(checks.__path__) if one.name[0] != "_")
        return f"Ready checks are in {', '.join(f'checks.{name}' for name in modules)}."
    found = inspect.getmembers(module, inspect.isfunction)
    own = [name for name, one in found if name[0] != "_" and one.__module__ == where]
    return f"Checks there: {', '.join(own)}."


def _signature(factory: Callable[..., Any]) -> str:
    """The options of a factory, as a call shows them."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return "no options that Python can tell"
    return ", ".join(str(each.replace(annotation=each.empty)) for each in parameters) or "no options"


def _check_handler(found: Any, name: str, place: str | None) -> None:
    """Refuse what is neither a grader nor a handler, as what it is.

    Raises:
        InputError: It is a class, a factory of checks, or a function that was not decorated.
    """
    if isinstance(found, Grader):
        return
    word = name.rpartition(".")[2]
    own = getattr(found, "__name__", None) == word
    what, fix = "", f"Put @grader above {name}." if own else f"Write {word} = grader(...) around it."
    origin = str(getattr(found, "__module__", "")), str(getattr(found, "__qualname__", ""))
    if inspect.isclass(found):
        what, fix = "is a class", "Name a function with @grader above it, or a handler."
    elif origin[0].startswith("graders.checks.") and "<locals>" not in origin[1]:
        what = "makes a check"
        fix = f"Name it with its options, '{place or word}(...)', or write my_grader = grader({word}(...))."
    elif inspect.iscoroutinefunction(found) and _takes(found, 2):
        what = "is async, and Lambda awaits no handler"
    elif not _takes(found, 2):
        what = "is not decorated"
        if not _takes(found, 1):
            what = "is neither a scoring function nor a handler"
            fix = "A scoring function takes one Sample, a handler (event, context)."
    if what:
        raise InputError(f"{name} {what}", place=place, fix=fix)


def _takes(function: Any, count: int) -> bool:
    """Whether a function can be called with so many arguments."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # a builtin that does not tell its parameters
        return True
    return True


def _import_module(where: str, reference: str) -> ModuleType:
    """Import by name, with the present folder on the path as `python -m` has it."""
    if not where:
        raise InputError(
            "no module is named", place=reference, fix="Write --grader module:name or file.py:name."
        )
    top = where.partition(".")[0]
    if is_taken(top) and Path(f"{top}.py").is_file():
        raise _hidden(top, reference)
    add_folder(os.getcwd())
    try:
        return importlib.import_module(where)
    except ModuleNotFoundError as error:
        if error.name and (where == error.name or where.startswith(f"{error.name}.")):
            file = f"{where.replace('.', '/')}.py"
            hint = f"Is it in {os.getcwd()}? A file is named with its ending: {file}:name."
            if where.startswith("graders.checks."):
                hint = _checks_in(where)
            raise InputError(f"there is no module {error.name}", place=reference, fix=hint) from error
        raise _import_failed(error, reference) from error
    except (Exception, SystemExit) as error:
        raise _import_failed(error, reference) from error


def _import_file(where: str) -> ModuleType:
    """Import a file by its path, with its folder on the path so that it finds its neighbours."""
    path = Path(where).resolve()
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
    """What to say of a grader's file that has the name of a module which others import."""
    message = f"a file of this name hides the module {name} that others import, in Lambda as well"
    return InputError(message, place=place, fix="Give it another name.")


def _import_failed(error: BaseException, place: str) -> InputError:
    """What to say of a module that could not be imported."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        fix = f"Install {error.name}, or call `rft` where it can be found."
        return InputError(f"it imports {error.name}, which is not there", place=place, fix=fix)
    return InputError(
        f"importing it failed: {type(error).__name__}: {error}{_at(error)}",
        place=place,
        fix="Mend it until Python can import it.",
    )


def _at(error: BaseException) -> str:
    """The place of the user's code that raised an error, or that called what did."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({Path(error.filename).name}:{error.lineno})"
    while (trace := error.__traceback__) is not None and trace.tb_frame.f_code.co_filename == __file__:
        error = error.with_traceback(trace.tb_next)
    return "" if error.__traceback__ is None else f" ({place_of(error)})"


def _answer(outcome: float | Reward | Failure | ConfigurationError, ms: float) -> Answer:
    """The answer to an event of one sample."""
    if isinstance(outcome, ConfigurationError):
        return Answer([], ms, _fault(outcome))
    return Answer([graded(outcome, ms)], ms)


def _fault(error: BaseException) -> GraderFault:
    return GraderFault(type(error).__name__, f"{error}{_at(error)}")


def _end_copy(own: int) -> None:
    """End a copy of this process that the grader forked: it would go on with our work beside us."""
    if os.getpid() != own:
        os._exit(1)


def _since(started: float) -> float:
    return (perf_counter() - started) * 1000
